package limit

import (
	"context"
	"fmt"
	"time"

	"amrutam/internal/postgres"
)

// Quota allows Max uses in each Window. A window starts with its first use. Unlike a Policy, a used-up window has no
// effect on the next one.
type Quota struct {
	Kind   string
	Max    int
	Window time.Duration
}

// SignUps limits the sign-ups of one network in an hour.
func SignUps(maximum int) Quota { return Quota{Kind: "sign-up", Max: maximum, Window: time.Hour} }

// MailsPerHour limits the mails that one mailbox gets singly; further mails are put into a digest.
var MailsPerHour = Quota{Kind: "mails to a mailbox", Max: 10, Window: time.Hour}

func (q Quota) key(subject string) []byte { return Policy{Kind: q.Kind}.key(subject) }

// CountUse counts one use and returns when the window ends. Returns ErrTooMany, with the window's end too, if the
// quota is used up. Concurrent calls for the same subject wait for each other's transaction.
func (l Limiter) CountUse(ctx context.Context, tx *postgres.Tx, q Quota, subject string) (until time.Time, err error) {
	if l.Off {
		return until, nil
	}
	until, err = countInWindow(ctx, tx, countInWindowParams{Key: q.key(subject), Now: tx.Now,
		Until: tx.Now.Add(q.Window), Max: int64(q.Max)})
	if err == nil {
		return until, nil
	}
	if !postgres.NoRows(err) {
		return until, fmt.Errorf("count in a window: %w", err)
	}
	if until, err = lockedUntil(ctx, tx, q.key(subject)); err != nil {
		return until, fmt.Errorf("read a quota: %w", err)
	}
	return until, ErrTooMany.WithRetryAfter(max(until.Sub(tx.Now), time.Second))
}

// UndoUse takes back a use that had no effect.
func (l Limiter) UndoUse(tx *postgres.Tx, q Quota, subject string) {
	l.UndoAttempt(tx, Policy{Kind: q.Kind}, subject)
}

// RestartWindow begins a new window in which one use is counted. It waits for transactions that are counting.
func (l Limiter) RestartWindow(ctx context.Context, tx *postgres.Tx, q Quota, subject string) error {
	if err := restartWindow(ctx, tx, q.key(subject), tx.Now.Add(q.Window), tx.Now); err != nil {
		return fmt.Errorf("restart a window: %w", err)
	}
	return nil
}
