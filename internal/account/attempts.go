package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/httpapi"
	"amrutam/internal/limit"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// attemptKeys say under which subjects the attempts at a password are counted.
type attemptKeys struct {
	account counter
	// network is the network of the caller's address, and pair is the account in that network. Both are "" if attempts
	// are not counted by network.
	network, pair string
}

// counter identifies one count of failures.
type counter struct {
	policy  limit.Policy
	subject string
}

// signInKeys returns the keys of a sign-in. A user who signed in from an address before has a separate count there, so
// that failures of other people, elsewhere or in the same network, can't lock the user out.
func signInKeys(email string, known bool, ip string) attemptKeys {
	name, network := normalizeEmail(email), httpapi.SubscriberNetwork(ip)
	if known {
		return attemptKeys{account: counter{limit.Account, name + " from " + ip}}
	}
	return attemptKeys{counter{limit.Account, name}, network, name + " from network " + network}
}

// proofKeys returns the keys of a signed-in user who proves the password again: guesses with a stolen token have one
// count, whatever addresses they come from.
func proofKeys(id uuid.UUID) attemptKeys {
	return attemptKeys{account: counter{limit.Proof, id.String()}}
}

// countAttempt counts an attempt before the password is compared. It does the same for addresses with and without a
// user. It returns the counters in the order in which it locked them: clearFailures and refundAttempt use the same
// order, so that concurrent sign-ins don't deadlock. Returns limit.ErrTooMany if the caller has to wait.
func (s *Service) countAttempt(ctx context.Context, keys attemptKeys) (counted []counter, err error) {
	if s.Limits.Off {
		return nil, nil
	}
	err = s.DB.Write(ctx, func(tx *postgres.Tx) (err error) {
		counted = nil
		if keys.network != "" {
			if counted, err = s.countInNetwork(ctx, tx, keys); err != nil {
				return err
			}
		}
		counted = append(counted, keys.account)
		return s.Limits.CountAttempt(ctx, tx, keys.account.policy, keys.account.subject)
	})
	return counted, err
}

// countInNetwork counts an attempt in its network. If the network has had too many failures, an account that is new
// there still has a few attempts of its own. Returns limit.ErrTooMany if these are used up too.
func (s *Service) countInNetwork(ctx context.Context, tx *postgres.Tx, keys attemptKeys) ([]counter, error) {
	err := s.Limits.CountAttempt(ctx, tx, limit.Address, keys.network)
	if !errors.Is(err, limit.ErrTooMany) {
		return []counter{{limit.Address, keys.network}}, err
	}
	err = shorterWait(err, s.Limits.CountAttempt(ctx, tx, limit.Pair, keys.pair))
	if err != nil {
		return nil, err
	}
	return []counter{{limit.Pair, keys.pair}, {limit.Pairs, keys.network}},
		s.Limits.CountAttempt(ctx, tx, limit.Pairs, keys.network)
}

// shorterWait returns nil if the second check allows the attempt. If both refuse it, it returns the error with the
// shorter wait.
func shorterWait(first, second error) error {
	var a, b *problem.Error
	if errors.As(first, &a) && errors.As(second, &b) && errors.Is(second, limit.ErrTooMany) &&
		a.RetryAfter < b.RetryAfter {
		return first
	}
	return second
}

// clearFailures takes back a successful attempt and the failures before it.
func (s *Service) clearFailures(tx *postgres.Tx, counted []counter) {
	for _, c := range counted {
		s.Limits.CountSuccess(tx, c.policy, c.subject)
	}
}

// refundAttempt takes back one attempt that counts neither as a failure nor as a success. The failures before it stay:
// otherwise a stranger with a pending sign-up for the address could clear the failures at its user's password.
func (s *Service) refundAttempt(ctx context.Context, counted []counter) error {
	return s.DB.Write(ctx, func(tx *postgres.Tx) error {
		for _, c := range counted {
			s.Limits.UndoAttempt(tx, c.policy, c.subject)
		}
		return nil
	})
}

// clearAllFailures lets a user sign in again from everywhere, and use codes again. A caller who reads the mail of the
// address is the user.
func (s *Service) clearAllFailures(ctx context.Context, tx *postgres.Tx, id uuid.UUID, email, ip string) error {
	addresses, err := listKnownAddresses(ctx, tx, id, tx.Now.Add(-knownFor))
	if err != nil {
		return fmt.Errorf("list known addresses: %w", err)
	}
	unknown := signInKeys(email, false, ip)
	all := []counter{{limit.Pair, unknown.pair}, unknown.account, proofKeys(id).account, {limit.Code, id.String()}}
	for _, known := range addresses {
		all = append(all, signInKeys(email, true, known).account)
	}
	s.clearFailures(tx, all)
	return nil
}
