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

// attemptKeys are what the failures of a password are counted under.
type attemptKeys struct {
	account counter
	// network is that of the caller's address, and pair the account's name there; "" if the network isn't counted.
	network, pair string
}

// counter is one count of failures.
type counter struct {
	policy  limit.Policy
	subject string
}

// signInKeys are those of a sign-in. A user who signed in from an address before has a count of their own there:
// neither strangers' failures elsewhere nor their neighbours' lock them out.
func signInKeys(email string, known bool, ip string) attemptKeys {
	name, network := normalizeEmail(email), httpapi.SubscriberNetwork(ip)
	if known {
		return attemptKeys{account: counter{limit.Account, name + " from " + ip}}
	}
	return attemptKeys{counter{limit.Account, name}, network, name + " from network " + network}
}

// proofKeys are those of a user who is signed in: a stolen token has one count, from however many addresses.
func proofKeys(id uuid.UUID) attemptKeys {
	return attemptKeys{account: counter{limit.Proof, id.String()}}
}

// countAttempt counts an attempt before the password is compared: the same for addresses with and without a user. It
// returns what was counted, in the order in which it was locked: clearFailures and refundAttempt keep to it, or two
// sign-ins at once would wait for each other. Returns limit.ErrTooMany if the caller has to wait.
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

// countInNetwork counts an attempt under its network. Where the failures of neighbours have used that up, an account
// that is new there has a small budget of its own. Returns limit.ErrTooMany if that is used up too.
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

// shorterWait is nil when the second way is open, and else of two refusals the one with the shorter wait.
func shorterWait(first, second error) error {
	var a, b *problem.Error
	if errors.As(first, &a) && errors.As(second, &b) && errors.Is(second, limit.ErrTooMany) &&
		a.RetryAfter < b.RetryAfter {
		return first
	}
	return second
}

// clearFailures takes an attempt back that was right, and the failures before it.
func (s *Service) clearFailures(tx *postgres.Tx, counted []counter) {
	for _, c := range counted {
		s.Limits.CountSuccess(tx, c.policy, c.subject)
	}
}

// refundAttempt takes back this one attempt, which was none. The failures before stay, or the password of a sign-up
// for somebody else's address would forgive the guesses at theirs.
func (s *Service) refundAttempt(ctx context.Context, counted []counter) error {
	return s.DB.Write(ctx, func(tx *postgres.Tx) error {
		for _, c := range counted {
			s.Limits.UndoAttempt(tx, c.policy, c.subject)
		}
		return nil
	})
}

// clearAllFailures lets a user sign in again from everywhere, and use codes again: a caller who reads the address's
// mail is no guesser.
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
