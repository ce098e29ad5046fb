package account

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

const (
	mfaTicket     = "MFA"
	mfaTicketLife = 5 * time.Minute
	// mfaTries are the codes that one right password is good for.
	mfaTries = 5
)

// ErrInvalidTicket: a sign-in can't be continued.
var ErrInvalidTicket = problem.Define(http.StatusUnauthorized, "invalid-ticket", "This sign-in can't be continued",
	"The ticket is wrong, was used, has expired, or was tried too often.", "Begin again with POST /api/v1/auth/login.")

// MFAInput continues a sign-in.
type MFAInput struct {
	Body struct {
		MFAToken string `json:"mfaToken" text:"opaque" minLength:"1" maxLength:"200" doc:"The ticket of the answer to the password" example:"mt_dGhlIHdlbGwgaXMgbGl0IGJ5IHNldmVuIGxhbXBzIG5vdw"`
		SecondFactor
		SessionTransport
	}
}

// askSecondFactor gives the ticket with which a sign-in goes on.
func (s *Service) askSecondFactor(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	user findLoginRow) (SignedIn, error) {
	if err := unchanged(ctx, tx, user); err != nil {
		return SignedIn{}, err
	}
	token, hash := newToken("mt_")
	err := insertTicket(ctx, tx, insertTicketParams{Hash: hash, Kind: mfaTicket, UserID: &user.ID, Now: tx.Now,
		ExpiresAt: tx.Now.Add(mfaTicketLife)})
	if err != nil {
		return SignedIn{}, fmt.Errorf("insert a ticket: %w", err)
	}
	audit.WriteFor(tx, actor, "session.ask-second-factor", "user", user.ID.String(), nil)
	return SignedIn{MFARequired: true, MFAToken: token, Methods: methods(user)}, nil
}

// methods are what can be the user's second factor, the best first.
func methods(user findLoginRow) (all []string) {
	if user.HasPasskey {
		all = append(all, "passkey")
	}
	if user.HasTotp {
		all = append(all, "totp")
	}
	return append(all, "recovery-code")
}

// VerifyMFA finishes a sign-in. Each try is counted before the code is looked at, and that is kept although the answer
// is a refusal. Errors: ErrInvalidTicket, ErrInvalidCode, ErrInvalidPasskey, problem.CrossSite.
func (s *Service) VerifyMFA(ctx context.Context, actor access.Actor, in MFAInput) (out Tokens, err error) {
	factor := in.Body.SecondFactor
	if err := factor.check(); err != nil {
		return Tokens{}, err
	}
	if err := in.Body.SessionTransport.check(actor); err != nil {
		return Tokens{}, err
	}
	hash := hashToken(in.Body.MFAToken)
	refusal := error(nil)
	err = s.DB.Write(ctx, func(tx *postgres.Tx) error {
		out, refusal = Tokens{}, ErrInvalidTicket
		id, err := findTicket(ctx, tx, hash, mfaTicket, tx.Now)
		if postgres.NoRows(err) {
			return ErrInvalidTicket
		}
		if err != nil {
			return fmt.Errorf("find a ticket: %w", err)
		}
		// The user before the ticket, as a change of the password locks them.
		user, err := s.lockUser(ctx, tx, *id)
		if errors.Is(err, problem.Unauthenticated) {
			return ErrInvalidTicket
		}
		if err != nil {
			return err
		}
		tried, err := tryTicket(ctx, tx,
			tryTicketParams{Hash: hash, Kind: mfaTicket, Now: tx.Now, Most: mfaTries})
		if err != nil {
			return fmt.Errorf("try a ticket: %w", err)
		}
		if tried == 0 {
			return ErrInvalidTicket
		}
		right, err := s.verifySecondFactor(ctx, tx, actor, user, factor)
		if err != nil || !right {
			refusal = factor.wrong()
			return err
		}
		refusal = nil
		out, err = s.finishSignIn(ctx, tx, actor, user.id, hash, in.Body.SessionTransport)
		return err
	})
	if err == nil {
		err = refusal
	}
	return out, err
}

func (s *Service) finishSignIn(ctx context.Context, tx *postgres.Tx, actor access.Actor, user uuid.UUID, ticket []byte,
	how SessionTransport) (Tokens, error) {
	if _, err := useTicket(ctx, tx, &tx.Now, ticket); err != nil {
		return Tokens{}, fmt.Errorf("use a ticket: %w", err)
	}
	row, err := findSignedIn(ctx, tx, user)
	if err != nil {
		return Tokens{}, fmt.Errorf("find a user: %w", err)
	}
	return s.startSession(ctx, tx, acting(actor, user, row.Role), findLoginRow(row), &tx.Now, how)
}
