// Package limit limits attempts to guess passwords and codes, and how many mails and sign-ups there may be. It counts
// in PostgreSQL, so that the counts are exact with many concurrent requests and servers.
package limit

import (
	"context"
	"crypto/sha256"
	"fmt"
	"net/http"
	"time"

	"amrutam/internal/postgres"
	"amrutam/internal/problem"
	"amrutam/internal/retention"
)

// ErrTooMany says that the caller must wait; Retry-After says how long.
var ErrTooMany = problem.Define(http.StatusTooManyRequests, "too-many-attempts", "Too many attempts",
	"There were too many attempts.",
	"Wait as long as Retry-After says. The wait grows with each failure, to a quarter of an hour at the longest.")

// Policy allows FreeAttempts failures. Each further failure is followed by a wait: FirstWait at first, then twice as
// long each time, up to MaxWait. The count starts again after ResetAfter without an attempt.
type Policy struct {
	Kind         string
	FreeAttempts int
	FirstWait    time.Duration
	MaxWait      time.Duration
	ResetAfter   time.Duration
	// UndoOnlyOwn means that a success takes back only its own attempt, not the failures before it.
	UndoOnlyOwn bool
}

// The policies.
var (
	// Account limits wrong passwords of one account.
	Account = Policy{
		Kind:         "account",
		FreeAttempts: 5,
		FirstWait:    time.Second,
		MaxWait:      15 * time.Minute,
		ResetAfter:   24 * time.Hour,
	}
	// Address limits wrong passwords of any accounts from one address.
	Address = Policy{
		Kind:         "address",
		FreeAttempts: 50,
		FirstWait:    time.Second,
		MaxWait:      15 * time.Minute,
		ResetAfter:   15 * time.Minute,
		UndoOnlyOwn:  true,
	}
	// Pair limits wrong passwords of one account from one address. It replaces Address once that is used up, so that
	// users who share the address can still sign in.
	Pair = Policy{
		Kind:         "account and address",
		FreeAttempts: 3,
		FirstWait:    time.Second,
		MaxWait:      15 * time.Minute,
		ResetAfter:   24 * time.Hour,
	}
	// Pairs limits the wrong passwords that count for Pair, of all accounts from one address.
	Pairs = Policy{
		Kind:         "pairs of an address",
		FreeAttempts: 1000,
		FirstWait:    time.Second,
		MaxWait:      15 * time.Minute,
		ResetAfter:   time.Hour,
		UndoOnlyOwn:  true,
	}
	// Proof limits wrong passwords that a signed-in user gives to prove their identity, from any address: it stops a
	// thief of a token who guesses.
	Proof = Policy{
		Kind:         "proof",
		FreeAttempts: 5,
		FirstWait:    time.Second,
		MaxWait:      15 * time.Minute,
		ResetAfter:   24 * time.Hour,
	}
	// Code limits wrong second factors of one account.
	Code = Policy{
		Kind:         "code",
		FreeAttempts: 10,
		FirstWait:    time.Second,
		MaxWait:      15 * time.Minute,
		ResetAfter:   24 * time.Hour,
	}
)

// Mail limits one kind of mail that strangers can have sent to an address: three an hour.
func Mail(kind string) Policy {
	return Policy{
		Kind:         "mail " + kind,
		FreeAttempts: 3,
		FirstWait:    time.Hour,
		MaxWait:      time.Hour,
		ResetAfter:   time.Hour,
	}
}

// Limiter counts attempts and uses. With Off, for load tests, it counts and refuses nothing.
type Limiter struct{ Off bool }

func (p Policy) key(subject string) []byte {
	sum := sha256.Sum256([]byte(p.Kind + "\x00" + subject))
	return sum[:]
}

// CountAttempt counts a failure before the attempt is made, so that concurrent attempts can't exceed the limit. The
// count is stored when tx commits; after a success, CountSuccess takes it back. Returns ErrTooMany during a wait.
func (l Limiter) CountAttempt(ctx context.Context, tx *postgres.Tx, p Policy, subject string) error {
	if l.Off {
		return nil
	}
	_, err := countFailure(ctx, tx, countFailureParams{Key: p.key(subject), Now: tx.Now,
		Oldest: tx.Now.Add(-p.ResetAfter), FreeAttempts: int64(p.FreeAttempts),
		FirstWaitSeconds: p.FirstWait.Seconds(), MaxWaitSeconds: p.MaxWait.Seconds()})
	if err == nil {
		return nil
	}
	if !postgres.NoRows(err) {
		return fmt.Errorf("count an attempt: %w", err)
	}
	until, err := lockedUntil(ctx, tx, p.key(subject))
	if err != nil && !postgres.NoRows(err) {
		return fmt.Errorf("read a limit: %w", err)
	}
	return ErrTooMany.WithRetryAfter(max(until.Sub(tx.Now), time.Second))
}

// CountSuccess takes back an attempt that succeeded and, unless the policy says UndoOnlyOwn, the failures before it.
func (l Limiter) CountSuccess(tx *postgres.Tx, p Policy, subject string) {
	switch {
	case l.Off:
	case p.UndoOnlyOwn:
		l.UndoAttempt(tx, p, subject)
	default:
		queueDeleteAttempts(tx, p.key(subject))
	}
}

// UndoAttempt takes back one attempt, not the failures before it.
func (l Limiter) UndoAttempt(tx *postgres.Tx, p Policy, subject string) {
	if !l.Off {
		queueUndoAttempt(tx, p.key(subject))
	}
}

// Retention says how long counts are kept.
var Retention = []retention.Rule{{
	Name:  "attempts",
	What:  "Counts of failed sign-ins, of mails and of sign-ups",
	After: "the last attempt",
	Why:   "no limit looks back further than a day",
	Table: "attempts",
	Since: "updated_at",
	Keep:  2 * retention.Day,
}}
