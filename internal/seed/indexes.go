package seed

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sync/errgroup"

	"amrutam/internal/postgres"
)

// index is one that only speeds up reading: no constraint needs it. It is made again after the rows, because sorting
// all of them once costs a third of inserting each, and audit_logs alone has seven. What checks rows stays: primary
// keys, unique and exclusion constraints, foreign keys and triggers.
type index struct{ Name, Definition string }

// dropIndexes drops those indexes of the tables, on all partitions, and returns them.
func dropIndexes(ctx context.Context, conn *pgx.Conn, tables []*table) ([]index, error) {
	names := make([]string, len(tables))
	for i, t := range tables {
		names[i] = t.name
	}
	rows, err := conn.Query(ctx, `SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid)
		FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
		WHERE c.oid = ANY ($1::text[]::regclass[]) AND NOT i.indisunique AND NOT i.indisexclusion ORDER BY 1`, names)
	if err != nil {
		return nil, fmt.Errorf("list the indexes: %s", postgres.Describe(err))
	}
	all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[index])
	if err != nil {
		return nil, fmt.Errorf("list the indexes: %s", postgres.Describe(err))
	}
	for _, i := range all {
		if _, err := conn.Exec(ctx, "DROP INDEX "+i.Name); err != nil {
			return nil, fmt.Errorf("drop the index %s: %s", i.Name, postgres.Describe(err))
		}
	}
	return all, nil
}

// makeIndexes makes them again, one at a time on each connection.
func makeIndexes(ctx context.Context, conns []*pgx.Conn, all []index, report func(done int)) error {
	group, ctx := errgroup.WithContext(ctx)
	var done atomic.Int32
	waiting := make(chan index, len(all))
	for _, i := range all {
		waiting <- i
	}
	close(waiting)
	for _, conn := range conns {
		group.Go(func() error {
			for i := range waiting {
				// The definition of an index on a partitioned table leaves out its partitions.
				definition := strings.Replace(i.Definition, " ON ONLY ", " ON ", 1)
				if _, err := conn.Exec(ctx, definition); err != nil {
					return fmt.Errorf("make the index %s: %s", i.Name, postgres.Describe(err))
				}
				report(int(done.Add(1)))
			}
			return nil
		})
	}
	return group.Wait()
}
