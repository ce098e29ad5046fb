package app_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"amrutam/internal/app"
	"amrutam/internal/apptest"
)

// TestEveryTableHasItsRetention checks that each table has a rule of retention or is said to be kept, and that no
// other table is named.
func TestEveryTableHasItsRetention(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	named := map[string]bool{}
	for _, rule := range app.NewRetention(nil).Rules {
		named[rule.Table] = true
	}
	for _, kept := range app.Kept {
		for _, table := range kept.Names() {
			named[table] = true
		}
	}
	rows, err := c.DB.Pool.Query(t.Context(), `SELECT relname FROM pg_class
		WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'm') AND NOT relispartition`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(tables) < 40 {
		t.Fatalf("%d tables: %v", len(tables), err)
	}
	for _, table := range tables {
		if !named[table] {
			t.Errorf("%s: add a rule to the Retention of the package that owns it, or say in kept.go why it is kept",
				table)
		}
		delete(named, table)
	}
	for table := range named {
		t.Errorf("there is no table %s", table)
	}
}

// TestDataPage checks that docs/data.md is what the rules say.
func TestDataPage(t *testing.T) {
	t.Parallel()
	var page strings.Builder
	if err := app.NewRetention(nil).WritePage(&page, app.Kept, app.Outside); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../../docs/data.md")
	if err != nil || string(text) != page.String() {
		t.Errorf("docs/data.md is not up to date: run make generate (%v)", err)
	}
}

// TestRetentionMetric checks the metric of a rule whose rows were not removed in time.
func TestRetentionMetric(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	if err := c.App.Queue.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	c.Clock.Freeze()
	c.Exec("INSERT INTO attempts (key, failures, locked_until, updated_at) VALUES ('x', 1, $1, $1)",
		c.DB.Now().Add(-50*time.Hour))
	for rule, want := range map[string]string{"attempts": "7200", "mails": "0"} {
		if late := metric(c, `amrutam_retention_overdue_seconds{rule="`+rule+`"}`); late != want {
			t.Errorf("%s is overdue for %s s, want %s", rule, late, want)
		}
	}
}
