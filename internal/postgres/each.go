package postgres

import (
	"context"

	"github.com/jackc/pgx/v5"
)

// ForEach runs a statement and calls fn for each row, for results that are too large for memory.
func ForEach[T any](ctx context.Context, r *Read, scan func(pgx.CollectableRow) (T, error), fn func(T) error,
	sql string, args ...any) error {
	rows, err := r.Query(ctx, sql, args...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return err
		}
		if err := fn(v); err != nil {
			return err
		}
	}
	return rows.Err()
}
