package postgres_test

import (
	"testing"

	"github.com/jackc/pgx/v5"

	"amrutam/internal/postgres"
)

// TestGiSTIndexesAreNotUsedByQueries tests that no query can use a GiST index: a join that rescans one can hide rows
// from it and from its constraint (docs/adr/0030-exclusion-constraints.md). The planner can't use an index whose keys
// are expressions that no query has, and that has no condition.
func TestGiSTIndexesAreNotUsedByQueries(t *testing.T) {
	t.Parallel()
	db := open(t, postgres.Options{MaxConns: 1, Owner: true})
	rows, err := db.Pool.Query(t.Context(), `SELECT i.indexrelid::regclass::text FROM pg_index i
		JOIN pg_class c ON c.oid = i.indexrelid
		JOIN pg_am a ON a.oid = c.relam
		WHERE a.amname = 'gist'
			AND (i.indpred IS NOT NULL OR EXISTS (SELECT FROM unnest(i.indkey) key WHERE key <> 0))`)
	must(t, err)
	usable, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(t, err)
	for _, index := range usable {
		t.Errorf("%s has a plain column as a key, or a condition: make its keys expressions", index)
	}
}

// TestIndexesBuildWithoutSearchPath tests the functions that indexes call: a restore, and PostgreSQL itself from
// version 17 on, builds indexes with an empty search_path.
func TestIndexesBuildWithoutSearchPath(t *testing.T) {
	t.Parallel()
	db := open(t, postgres.Options{MaxConns: 1, Owner: true})
	rows, err := db.Pool.Query(t.Context(), `SELECT c.oid::regclass::text FROM pg_class c
		JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relhasindex`)
	must(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(t, err)
	if len(tables) < 20 {
		t.Fatalf("%d tables with indexes", len(tables))
	}
	_, err = db.Pool.Exec(t.Context(), "SET search_path = ''")
	must(t, err)
	for _, table := range tables {
		if _, err := db.Pool.Exec(t.Context(), "REINDEX TABLE public."+table); err != nil {
			t.Errorf("%s: %v", table, err)
		}
	}
}
