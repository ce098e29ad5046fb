package postgres

import (
	"context"
	"time"
)

// guardFailed is the SQLSTATE a Guard's statement raises; PostgreSQL's own codes begin with other classes.
const guardFailed = "AM401"

// Guard is a statement that every Write of a context makes right before its COMMIT, in the same round trip: it raises
// guardFailed when what the work was admitted by no longer stands, and nothing is stored. It locks what it looks at
// until the COMMIT, and nothing is locked after it: a transaction that waits for a Guard waits for a COMMIT alone, and
// can't be part of a deadlock.
type Guard struct {
	SQL string
	// Args of the statement at the transaction's instant.
	Args func(now time.Time) []any
	// Err is what Write returns then.
	Err error
}

type guardKey struct{}

// Guarded is a context whose Writes commit only while g stands.
func Guarded(ctx context.Context, g *Guard) context.Context {
	return context.WithValue(ctx, guardKey{}, g)
}

func guardOf(ctx context.Context) *Guard {
	g, _ := ctx.Value(guardKey{}).(*Guard)
	return g
}

// refusedBy tells whether err is the guard's refusal. There may be no guard.
func (g *Guard) refusedBy(err error) bool { return g != nil && sqlState(err) == guardFailed }

// stands asks the guard before a refusal is told, so that whoever was shut out meanwhile learns nothing from it. A
// transaction that PostgreSQL gave up can't ask, and keeps its own error.
func (tx *Tx) stands(ctx context.Context, g *Guard, refusal error) error {
	if g == nil || ctx.Err() != nil || sqlState(refusal) != "" {
		return refusal
	}
	if _, err := tx.Exec(ctx, g.SQL, g.Args(tx.Now)...); g.refusedBy(err) {
		return g.Err
	}
	return refusal
}
