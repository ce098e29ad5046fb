package account

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/account/webauthn"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
	"amrutam/internal/session"
)

// PasskeySignInRequest is an assertion by one of the user's passkeys.
type PasskeySignInRequest struct {
	Body struct {
		_ struct{} `doc:"What proves a passkey"`

		session.TransportChoice
		Credential webauthn.ProvenCredential `json:"credential" doc:"What navigator.credentials.get gave, as its toJSON() writes it"`
	}
}

// ProofOptions returns the options for a proof by any passkey. The authenticator's answer says whose it is.
func (s *Service) ProofOptions(_ context.Context, _ access.Actor, _ httpapi.None) (webauthn.PasskeySignInOptions,
	error) {
	return s.RelyingParty.RequestOptions(s.DB.Now()), nil
}

// SignInWithPasskey starts a session by a passkey alone. It opens its transaction itself, because a refusal is audited
// and the audit row must be stored. Returns ErrInvalidPasskey if the proof is wrong, problem.CrossSite if another site
// requests a cookie, a 422 if the credential can't be read.
func (s *Service) SignInWithPasskey(ctx context.Context, actor access.Actor,
	in PasskeySignInRequest) (out session.Tokens, err error) {
	proof, err := in.Body.Credential.Parse()
	if err != nil {
		return session.Tokens{}, invalidPasskey("body.credential")
	}
	if err := in.Body.Check(actor); err != nil {
		return session.Tokens{}, err
	}
	var user uuid.UUID
	isValid := false
	err = s.DB.Write(ctx, func(tx *postgres.Tx) error {
		isValid = false
		if user, err = findPasskeyOwner(ctx, tx, proof.CredentialID()); err != nil {
			return err
		}
		// The user is locked before the passkey, as in every change of second factors.
		if _, err := lockActive(ctx, tx, user); err != nil {
			return err
		}
		if isValid, err = s.consumePasskey(ctx, tx, user, proof); err != nil || !isValid {
			return err
		}
		out, err = s.startSessionAfterMFA(ctx, tx, actor, user, in.Body.TransportChoice)
		return err
	})
	switch {
	case postgres.NoRows(err), errors.Is(err, problem.Unauthenticated), err == nil && !isValid:
		return session.Tokens{}, s.refuse(ctx, actor, user, "passkey", ErrInvalidPasskey)
	case err != nil:
		return session.Tokens{}, fmt.Errorf("sign in with a passkey: %w", err)
	}
	return out, nil
}
