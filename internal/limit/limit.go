// Package limit counts tries of what must not be guessed, in PostgreSQL: exact, however many come at once and to
// however many servers.
package limit

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"time"

	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// ErrTooMany asks to wait, with Retry-After.
var ErrTooMany = problem.Define(http.StatusTooManyRequests, "too-many-attempts", "Too many attempts",
	"There were too many attempts.", "Wait as long as Retry-After says. The wait grows with each failure, to a "+
		"quarter of an hour at the longest.")

// Policy allows Free tries; from then on each is followed by a wait, First at first and twice as long each time, up to
// Most. What was not tried for Forget begins anew.
type Policy struct {
	Kind               string
	FreeAttempts       int
	FirstWait, MaxWait time.Duration
	ResetAfter         time.Duration
	UndoOnlyOwn        bool // a success takes back its own try only, and not all
}

// The policies.
var (
	// Account is a password of one account.
	Account = Policy{Kind: "account", FreeAttempts: 5, FirstWait: time.Second, MaxWait: 15 * time.Minute, ResetAfter: 24 * time.Hour}
	// Address is a password of any account, from one address.
	Address = Policy{Kind: "address", FreeAttempts: 50, FirstWait: time.Second, MaxWait: 15 * time.Minute, ResetAfter: 15 * time.Minute,
		UndoOnlyOwn: true}
	// Pair is a password of one account from one address, once that address has none left for others' failures.
	Pair = Policy{Kind: "account and address", FreeAttempts: 3, FirstWait: time.Second, MaxWait: 15 * time.Minute,
		ResetAfter: 24 * time.Hour}
	// Pairs are all of those of one address.
	Pairs = Policy{Kind: "pairs of an address", FreeAttempts: 1000, FirstWait: time.Second, MaxWait: 15 * time.Minute,
		ResetAfter: time.Hour, UndoOnlyOwn: true}
	// Proof is the password of a user who is signed in, whatever the address: what whoever stole a token can guess.
	Proof = Policy{Kind: "proof", FreeAttempts: 5, FirstWait: time.Second, MaxWait: 15 * time.Minute, ResetAfter: 24 * time.Hour}
	// Code is a second factor of one account.
	Code = Policy{Kind: "code", FreeAttempts: 10, FirstWait: time.Second, MaxWait: 15 * time.Minute, ResetAfter: 24 * time.Hour}
)

// Mail is one kind of mail that strangers can have sent to somebody: three an hour.
func Mail(kind string) Policy {
	return Policy{Kind: "mail " + kind, FreeAttempts: 3, FirstWait: time.Hour, MaxWait: time.Hour, ResetAfter: time.Hour}
}

// Limiter keeps the policies. The zero one does; Off counts nothing, for load tests.
type Limiter struct{ Off bool }

func (p Policy) key(subject string) []byte {
	sum := sha256.Sum256([]byte(p.Kind + "\x00" + subject))
	return sum[:]
}

// CountAttempt counts a failure before the try is made, so that those made at once can't be more than allowed. It is kept when
// tx commits; a success hands it back by Done. Error: ErrTooMany.
func (l Limiter) CountAttempt(ctx context.Context, tx *postgres.Tx, p Policy, subject string) error {
	if l.Off {
		return nil
	}
	var failures int
	err := tx.QueryRow(ctx, `INSERT INTO attempts AS a (key, failures, locked_until, updated_at) VALUES ($1, 1, $2, $2)
		ON CONFLICT (key) DO UPDATE SET updated_at = $2,
			failures = CASE WHEN a.updated_at < $3 THEN 1 ELSE a.failures + 1 END,
			locked_until = CASE WHEN a.updated_at < $3 OR a.failures + 1 < $4 THEN $2
				ELSE $2 + make_interval(secs => least($5::float8 * power(2, least(a.failures + 1 - $4, 30)), $6)) END
		WHERE a.locked_until <= $2
		RETURNING failures`,
		p.key(subject), tx.Now, tx.Now.Add(-p.ResetAfter), p.FreeAttempts, p.FirstWait.Seconds(), p.MaxWait.Seconds()).Scan(&failures)
	if !postgres.NoRows(err) {
		return err
	}
	var until time.Time
	if err := tx.QueryRow(ctx, "SELECT locked_until FROM attempts WHERE key = $1", p.key(subject)).
		Scan(&until); err != nil && !postgres.NoRows(err) {
		return fmt.Errorf("read a limit: %w", err)
	}
	return ErrTooMany.WithRetryAfter(max(until.Sub(tx.Now), time.Second))
}

// CountSuccess takes a try back that was a success, and with it the failures before.
func (l Limiter) CountSuccess(tx *postgres.Tx, p Policy, subject string) {
	switch {
	case l.Off:
	case p.UndoOnlyOwn:
		l.UndoAttempt(tx, p, subject)
	default:
		tx.Queue("DELETE FROM attempts WHERE key = $1", p.key(subject))
	}
}

// UndoAttempt takes one try back, and nothing of the failures before.
func (l Limiter) UndoAttempt(tx *postgres.Tx, p Policy, subject string) {
	if !l.Off {
		tx.Queue("UPDATE attempts SET failures = greatest(failures - 1, 0) WHERE key = $1", p.key(subject))
	}
}
