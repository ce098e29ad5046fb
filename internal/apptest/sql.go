package apptest

import (
	"context"
	"testing"
)

// Exec runs a statement as the owner of the database, and fails the test if it fails.
func (c *Clinic) Exec(sql string, args ...any) {
	c.t.Helper()
	_, err := c.DB.Pool.Exec(context.Background(), sql, args...)
	must(c.t, err)
}

// Count returns the number that a statement selects.
func (c *Clinic) Count(sql string, args ...any) int {
	c.t.Helper()
	return QueryOne[int](c.t, c, sql, args...)
}

// QueryOne returns the only column of a statement's first row, and fails the test if there is no row.
func QueryOne[T any](t testing.TB, c *Clinic, sql string, args ...any) (value T) {
	t.Helper()
	must(t, c.DB.Pool.QueryRow(context.Background(), sql, args...).Scan(&value))
	return value
}
