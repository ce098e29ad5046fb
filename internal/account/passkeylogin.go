package account

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/go-webauthn/webauthn/protocol"
	"github.com/go-webauthn/webauthn/webauthn"
	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// ErrInvalidPasskey is the answer to a passkey that proves nothing.
var ErrInvalidPasskey = problem.Define(http.StatusUnauthorized, "invalid-passkey", "The passkey proves nothing here",
	"The passkey is not registered, the challenge was used or is over, or the signature doesn't fit.",
	"Ask for new options with POST /api/v1/auth/passkey-options and try again within five minutes; or sign in with "+
		"the password.")

// PasskeyProof is an assertion by one of the user's passkeys.
type PasskeyProof struct {
	Body struct {
		SessionTransport
		Credential ProvenCredential `json:"credential" doc:"What navigator.credentials.get gave, as its toJSON() writes it"`
	}
}

// ProofOptions begins a proof by any passkey: the authenticator says whose it is.
func (s *Service) ProofOptions(_ context.Context, _ access.Actor, _ NoInput) (out RequestOptions, err error) {
	out.PublicKey.Challenge, out.PublicKey.Timeout = s.RelyingParty.challenge(proveUse, s.DB.Now()),
		challengeLife.Milliseconds()
	out.PublicKey.RPID, out.PublicKey.UserVerification = s.RelyingParty.domain(), "required"
	return out, nil
}

// SignInWithPasskey starts a session by a passkey alone. Errors: ErrInvalidPasskey, problem.CrossSite, or a 422.
func (s *Service) SignInWithPasskey(ctx context.Context, actor access.Actor, in PasskeyProof) (out Tokens, err error) {
	parsed, err := in.Body.Credential.parse("body.credential")
	if err != nil {
		return Tokens{}, err
	}
	if err := in.Body.check(actor); err != nil {
		return Tokens{}, err
	}
	var user uuid.UUID
	proven := false
	err = s.DB.Write(ctx, func(tx *postgres.Tx) error {
		proven = false
		if user, err = findPasskeyOwner(ctx, tx, parsed.RawID); err != nil {
			return err
		}
		// The user before the passkey, as everything that changes second factors locks them.
		if _, err := s.lockUser(ctx, tx, user); err != nil {
			return err
		}
		if proven, err = s.spendPasskey(ctx, tx, user, parsed); err != nil || !proven {
			return err
		}
		row, err := findSignedIn(ctx, tx, user)
		if err != nil {
			return fmt.Errorf("find a user: %w", err)
		}
		out, err = s.startSession(ctx, tx, acting(actor, user, row.Role), findLoginRow(row), &tx.Now,
			in.Body.SessionTransport)
		return err
	})
	switch {
	case postgres.NoRows(err), errors.Is(err, problem.Unauthenticated), err == nil && !proven:
		return Tokens{}, s.refuse(ctx, actor, user, "passkey", ErrInvalidPasskey)
	case err != nil:
		return Tokens{}, fmt.Errorf("sign in with a passkey: %w", err)
	}
	return out, nil
}

// spendPasskey uses up a challenge by a passkey of a held user, and tells whether it was good.
func (s *Service) spendPasskey(ctx context.Context, tx *postgres.Tx, user uuid.UUID,
	parsed *protocol.ParsedCredentialAssertionData) (bool, error) {
	challenge := parsed.Response.CollectedClientData.Challenge
	if !s.RelyingParty.good(proveUse, challenge, tx.Now) {
		return false, nil
	}
	kept, err := lockPasskey(ctx, tx, parsed.RawID, user)
	if postgres.NoRows(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("hold a passkey: %w", err)
	}
	//nolint:gosec // it came from 32 bits
	used, err := s.RelyingParty.asserted(user, webauthn.Credential{ID: parsed.RawID, PublicKey: kept.PublicKey,
		Flags: webauthn.CredentialFlags{UserPresent: true, UserVerified: true,
			BackupEligible: kept.BackupEligible, BackupState: kept.BackupState},
		Authenticator: webauthn.Authenticator{SignCount: uint32(kept.SignCount)}},
		parsed)
	if err != nil {
		return false, nil //nolint:nilerr // whatever is wrong with it, it proves nothing
	}
	if fresh, err := s.spendChallenge(ctx, tx, challenge); err != nil || !fresh {
		return false, err
	}
	err = usePasskey(ctx, tx, usePasskeyParams{ID: kept.ID, SignCount: int64(used.Authenticator.SignCount),
		BackupState: used.Flags.BackupState, Now: &tx.Now})
	return err == nil, err
}

// spendChallenge tells whether this is the challenge's first use.
func (s *Service) spendChallenge(ctx context.Context, tx *postgres.Tx, challenge string) (bool, error) {
	first, err := spendChallenge(ctx, tx, hashToken("passkey challenge:"+challenge), tx.Now,
		tx.Now.Add(challengeLife+time.Minute))
	if err != nil {
		return false, fmt.Errorf("spend a challenge: %w", err)
	}
	return first == 1, nil
}
