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

// tries are what the failures of a password are counted under.
type tries struct {
	account counter
	// network is that of the address, and pair the account's name there; "" where the address isn't counted.
	network, pair string
}

// counter is one count of failures.
type counter struct {
	policy  limit.Policy
	subject string
}

// attemptKeys an account at a sign-in. Who signed in from an address before has a count of their own there: neither
// strangers' failures elsewhere nor their neighbours' keep them out.
func attemptKeys(email string, known bool, ip string) tries {
	name, network := canonicalEmail(email), httpapi.Network(ip)
	if known {
		return tries{account: counter{limit.Account, name + " from " + ip}}
	}
	return tries{counter{limit.Account, name}, network, name + " from network " + network}
}

// attemptKeysOfUser who is signed in: whoever holds a stolen token has one count, from however many addresses.
func attemptKeysOfUser(id uuid.UUID) tries { return tries{account: counter{limit.Proof, id.String()}} }

// tryPassword counts a try before the password is looked at: the same for addresses with and without a user. It gives
// what was counted, in the order in which it was locked: rightPassword and refundAttempt keep to it, or two sign-ins
// at once would wait for each other. Error: limit.ErrTooMany.
func (s *Service) tryPassword(ctx context.Context, of tries) (counted []counter, err error) {
	if s.Limits.Off {
		return nil, nil
	}
	err = s.DB.Write(ctx, func(tx *postgres.Tx) (err error) {
		counted = nil
		if of.network != "" {
			if counted, err = s.tryNetwork(ctx, tx, of); err != nil {
				return err
			}
		}
		counted = append(counted, of.account)
		return s.Limits.Try(ctx, tx, of.account.policy, of.account.subject)
	})
	return counted, err
}

// tryNetwork counts a try under its network. Where the failures of neighbours have used that up, an account that is
// new there has a small budget of its own. Error: limit.ErrTooMany.
func (s *Service) tryNetwork(ctx context.Context, tx *postgres.Tx, of tries) ([]counter, error) {
	err := s.Limits.Try(ctx, tx, limit.Address, of.network)
	if !errors.Is(err, limit.ErrTooMany) {
		return []counter{{limit.Address, of.network}}, err
	}
	err = sooner(err, s.Limits.Try(ctx, tx, limit.Pair, of.pair))
	if err != nil {
		return nil, err
	}
	return []counter{{limit.Pair, of.pair}, {limit.Pairs, of.network}}, s.Limits.Try(ctx, tx, limit.Pairs, of.network)
}

// sooner is nil when the second way is open, and else of two refusals the one with the shorter wait.
func sooner(first, second error) error {
	var a, b *problem.Error
	if errors.As(first, &a) && errors.As(second, &b) && errors.Is(second, limit.ErrTooMany) &&
		a.RetryAfter < b.RetryAfter {
		return first
	}
	return second
}

// rightPassword takes the try back.
func (s *Service) rightPassword(tx *postgres.Tx, counted []counter) {
	for _, c := range counted {
		s.Limits.Done(tx, c.policy, c.subject)
	}
}

// refundAttempt takes back this one try, which was none: the failures before stay, or a password of one's own sign-up
// for somebody's address would forgive the guesses at theirs.
func (s *Service) refundAttempt(ctx context.Context, counted []counter) error {
	return s.DB.Write(ctx, func(tx *postgres.Tx) error {
		for _, c := range counted {
			s.Limits.Undo(tx, c.policy, c.subject)
		}
		return nil
	})
}

// forgetFailures lets a user in again from everywhere, and their codes too: whoever reads the address's mail is no
// guesser.
func (s *Service) forgetFailures(ctx context.Context, tx *postgres.Tx, id uuid.UUID, email, ip string) error {
	addresses, err := knownAddresses(ctx, tx, id, tx.Now.Add(-knownFor))
	if err != nil {
		return fmt.Errorf("list known addresses: %w", err)
	}
	stranger := attemptKeys(email, false, ip)
	forgotten := []counter{{limit.Pair, stranger.pair}, stranger.account, attemptKeysOfUser(id).account,
		{limit.Code, id.String()}}
	for _, known := range addresses {
		forgotten = append(forgotten, attemptKeys(email, true, known).account)
	}
	s.rightPassword(tx, forgotten)
	return nil
}
