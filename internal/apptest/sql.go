package apptest

import (
	"context"
	"testing"

	"amrutam/internal/audit"
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

// Seal seals the entries of the audit log that are there now. It waits for transactions that hold them back.
func (c *Clinic) Seal(log *audit.Service) {
	c.t.Helper()
	newest := QueryOne[string](c.t, c, "SELECT coalesce(max(xid::text::bigint), 0)::text FROM audit_logs")
	c.Await("sealed the audit log", func() bool {
		must(c.t, log.SealNow(c.t.Context()))
		return c.Count(`SELECT count(*) FROM audit_logs l, audit_tree t
			WHERE l.xid >= t.xid AND l.xid <= $1::text::xid8`, newest) == 0
	})
}
