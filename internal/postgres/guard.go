package postgres

import (
	"context"
	"time"
)

// guardSQLState is the SQLSTATE that the statement of a Guard raises. PostgreSQL uses no class AM.
const guardSQLState = "AM401"

// Guard is a statement that every Write of a context runs right before its COMMIT, in the same round trip. It raises
// guardSQLState if the work is no longer allowed, for example because the session has ended; then nothing is stored.
// It locks the rows it reads until the COMMIT. Nothing is locked after it, so a transaction that waits for these rows
// waits only for a COMMIT and can't be part of a deadlock.
type Guard struct {
	SQL string
	// Args returns the arguments of the statement at the transaction's instant.
	Args func(now time.Time) []any
	// Err is what Write returns if the statement refuses.
	Err error
}

type guardKey struct{}

// WithGuard returns a context whose Writes commit only if g allows it.
func WithGuard(ctx context.Context, g *Guard) context.Context {
	return context.WithValue(ctx, guardKey{}, g)
}

func guardOf(ctx context.Context) *Guard {
	g, _ := ctx.Value(guardKey{}).(*Guard)
	return g
}

// isRefusal tells whether err is from the guard's statement. It is false for a nil guard.
func (g *Guard) isRefusal(err error) bool { return g != nil && sqlState(err) == guardSQLState }

// guardedError returns the guard's error if the guard refuses, and err otherwise: a caller whose session has ended
// must learn nothing from err. After an error of PostgreSQL the transaction can't run the guard, and err is returned.
func (tx *Tx) guardedError(ctx context.Context, g *Guard, err error) error {
	if g == nil || ctx.Err() != nil || sqlState(err) != "" {
		return err
	}
	if _, guardErr := tx.Exec(ctx, g.SQL, g.Args(tx.Now)...); g.isRefusal(guardErr) {
		return g.Err
	}
	return err
}
