package limit

import (
	"context"
	"fmt"
	"time"

	"amrutam/internal/postgres"
)

// Quota allows Most of a kind in each Window, which begins with the first: unlike the waits of a Policy, it is as
// generous after a busy window as before.
type Quota struct {
	Kind   string
	Most   int
	Window time.Duration
}

// SignUps of a neighbourhood in an hour.
func SignUps(most int) Quota { return Quota{Kind: "sign-up", Most: most, Window: time.Hour} }

// MailsAnHour of a kind that reach one mailbox by themselves.
var MailsAnHour = Quota{Kind: "mails to a mailbox", Most: 10, Window: time.Hour}

func (q Quota) key(subject string) []byte { return Policy{Kind: q.Kind}.key(subject) }

// Take counts one, and tells when the window ends, also with ErrTooMany. Those at once wait for each other, whether
// they are counted or not.
func (l Limiter) Take(ctx context.Context, tx *postgres.Tx, q Quota, subject string) (until time.Time, err error) {
	if l.Off {
		return until, nil
	}
	until, err = countInWindow(ctx, tx, countInWindowParams{Key: q.key(subject), Now: tx.Now, Until: tx.Now.Add(q.Window),
		Most: int64(q.Most)})
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

// Return takes back one that came to nothing.
func (l Limiter) Return(tx *postgres.Tx, q Quota, subject string) {
	l.Undo(tx, Policy{Kind: q.Kind}, subject)
}

// Restart begins a window with one that is counted, after those who are counting have finished.
func (l Limiter) Restart(ctx context.Context, tx *postgres.Tx, q Quota, subject string) error {
	if err := restartWindow(ctx, tx, q.key(subject), tx.Now.Add(q.Window), tx.Now); err != nil {
		return fmt.Errorf("restart a window: %w", err)
	}
	return nil
}
