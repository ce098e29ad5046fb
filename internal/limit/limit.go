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
	Kind         string
	Free         int
	First, Most  time.Duration
	Forget       time.Duration
	PerTryReturn bool // a success takes back its own try only, and not all
}

// The policies.
var (
	// Account is a password of one account.
	Account = Policy{Kind: "account", Free: 5, First: time.Second, Most: 15 * time.Minute, Forget: 24 * time.Hour}
	// Address is a password of any account, from one address.
	Address = Policy{Kind: "address", Free: 50, First: time.Second, Most: 15 * time.Minute, Forget: 15 * time.Minute,
		PerTryReturn: true}
	// Pair is a password of one account from one address, once that address has none left for others' failures.
	Pair = Policy{Kind: "account and address", Free: 3, First: time.Second, Most: 15 * time.Minute,
		Forget: 24 * time.Hour}
	// Pairs are all of those of one address.
	Pairs = Policy{Kind: "pairs of an address", Free: 1000, First: time.Second, Most: 15 * time.Minute,
		Forget: time.Hour, PerTryReturn: true}
	// Proof is the password of a user who is signed in, whatever the address: what whoever stole a token can guess.
	Proof = Policy{Kind: "proof", Free: 5, First: time.Second, Most: 15 * time.Minute, Forget: 24 * time.Hour}
	// Code is a second factor of one account.
	Code = Policy{Kind: "code", Free: 10, First: time.Second, Most: 15 * time.Minute, Forget: 24 * time.Hour}
)

// Mail is one kind of mail that strangers can have sent to somebody: three an hour.
func Mail(kind string) Policy {
	return Policy{Kind: "mail " + kind, Free: 3, First: time.Hour, Most: time.Hour, Forget: time.Hour}
}

// Limiter keeps the policies. The zero one does; Off counts nothing, for load tests.
type Limiter struct{ Off bool }

func (p Policy) key(subject string) []byte {
	sum := sha256.Sum256([]byte(p.Kind + "\x00" + subject))
	return sum[:]
}

// Try counts a failure before the try is made, so that those made at once can't be more than allowed. It is kept when
// tx commits; a success hands it back by Done. Error: ErrTooMany.
func (l Limiter) Try(ctx context.Context, tx *postgres.Tx, p Policy, subject string) error {
	if l.Off {
		return nil
	}
	_, err := countFailure(ctx, tx, countFailureParams{Key: p.key(subject), Now: tx.Now, Oldest: tx.Now.Add(-p.Forget),
		Free: int64(p.Free), FirstSeconds: p.First.Seconds(), MostSeconds: p.Most.Seconds()})
	if err == nil {
		return nil
	}
	if !postgres.NoRows(err) {
		return fmt.Errorf("count a try: %w", err)
	}
	until, err := lockedUntil(ctx, tx, p.key(subject))
	if err != nil && !postgres.NoRows(err) {
		return fmt.Errorf("read a limit: %w", err)
	}
	return ErrTooMany.WithRetryAfter(max(until.Sub(tx.Now), time.Second))
}

// Done takes a try back that was a success, and with it the failures before.
func (l Limiter) Done(tx *postgres.Tx, p Policy, subject string) {
	switch {
	case l.Off:
	case p.PerTryReturn:
		l.Undo(tx, p, subject)
	default:
		queueDeleteAttempts(tx, p.key(subject))
	}
}

// Undo takes one try back, and nothing of the failures before.
func (l Limiter) Undo(tx *postgres.Tx, p Policy, subject string) {
	if !l.Off {
		queueUndoAttempt(tx, p.key(subject))
	}
}
