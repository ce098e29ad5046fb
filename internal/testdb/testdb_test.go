package testdb_test

import (
	"context"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"amrutam/internal/testdb"
)

func makeTable(ctx context.Context, dsn string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(ctx) //nolint:errcheck // the statement's error counts
	_, err = conn.Exec(ctx, "CREATE TABLE things (id int)")
	return err
}

func TestEachTestHasItsOwnDatabase(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			conn, err := pgx.Connect(ctx, testdb.URL(t, makeTable, "own"))
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close(ctx) //nolint:errcheck // as above
			var n int
			if _, err := conn.Exec(ctx, "INSERT INTO things VALUES (1)"); err != nil {
				t.Error(err)
			}
			if err := conn.QueryRow(ctx, "SELECT count(*) FROM things").Scan(&n); err != nil || n != 1 {
				t.Errorf("%d rows, %v", n, err)
			}
		})
	}
	all.Wait()
}
