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
	Max    int
	Window time.Duration
}

// SignUps of a neighbourhood in an hour.
func SignUps(most int) Quota { return Quota{Kind: "sign-up", Max: most, Window: time.Hour} }

// MailsPerHour of a kind that reach one mailbox by themselves.
var MailsPerHour = Quota{Kind: "mails to a mailbox", Max: 10, Window: time.Hour}

func (q Quota) key(subject string) []byte { return Policy{Kind: q.Kind}.key(subject) }

// CountUse counts one, and tells when the window ends, also with ErrTooMany. Those at once wait for each other, whether
// they are counted or not.
func (l Limiter) CountUse(ctx context.Context, tx *postgres.Tx, q Quota, subject string) (until time.Time, err error) {
	if l.Off {
		return until, nil
	}
	err = tx.QueryRow(ctx, `INSERT INTO attempts AS a (key, failures, locked_until, updated_at) VALUES ($1, 1, $3, $2)
		ON CONFLICT (key) DO UPDATE SET updated_at = $2,
			failures = CASE WHEN a.locked_until <= $2 THEN 1 ELSE a.failures + 1 END,
			locked_until = CASE WHEN a.locked_until <= $2 THEN $3 ELSE a.locked_until END
		WHERE a.locked_until <= $2 OR a.failures < $4
		RETURNING locked_until`, q.key(subject), tx.Now, tx.Now.Add(q.Window), q.Max).Scan(&until)
	if !postgres.NoRows(err) {
		return until, err
	}
	if err := tx.QueryRow(ctx, "SELECT locked_until FROM attempts WHERE key = $1", q.key(subject)).
		Scan(&until); err != nil {
		return until, fmt.Errorf("read a quota: %w", err)
	}
	return until, ErrTooMany.WithRetryAfter(max(until.Sub(tx.Now), time.Second))
}

// UndoUse takes back one that came to nothing.
func (l Limiter) UndoUse(tx *postgres.Tx, q Quota, subject string) {
	l.UndoAttempt(tx, Policy{Kind: q.Kind}, subject)
}

// RestartWindow begins a window with one that is counted, after those who are counting have finished.
func (l Limiter) RestartWindow(ctx context.Context, tx *postgres.Tx, q Quota, subject string) error {
	_, err := tx.Exec(ctx, `INSERT INTO attempts AS a (key, failures, locked_until, updated_at) VALUES ($1, 1, $3, $2)
		ON CONFLICT (key) DO UPDATE SET failures = 1, locked_until = $3, updated_at = $2`, q.key(subject), tx.Now,
		tx.Now.Add(q.Window))
	return err
}
