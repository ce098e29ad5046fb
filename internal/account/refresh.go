package account

import (
	"context"
	"fmt"
	"time"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
)

// reuseGrace is how long a used refresh token still gets a pair: a client that lost the answer asks again, and two tabs
// ask at once. Later it can only be a copy.
const reuseGrace = 10 * time.Second

// Renewal spends a refresh token.
type Renewal struct {
	Body struct {
		RefreshToken string `json:"refreshToken" minLength:"1" maxLength:"200" doc:"The refresh token of the latest answer" example:"rt_dGhlIHdlbGwgaXMgbGl0IGJ5IHNldmVuIGxhbXBzIG5vdw"`
	}
}

// Refresh gives a new pair for a refresh token. One that was used before (longer than a moment ago) is in two hands: it
// ends the session for both. That must be kept although the answer is a refusal, so this opens its transaction itself.
// Error: ErrInvalidRefreshToken.
func (s *Service) Refresh(ctx context.Context, who access.Actor, in Renewal) (out Tokens, err error) {
	hash := hashToken(in.Body.RefreshToken)
	copied := false
	err = s.DB.Write(ctx, func(tx *postgres.Tx) error {
		// The UPDATE is what lets one of two through; everything after it reads what is settled.
		first, err := query.useRefreshToken(ctx, tx, &tx.Now, hash)
		if err != nil {
			return fmt.Errorf("use a refresh token: %w", err)
		}
		token, err := query.findRefreshToken(ctx, tx, hash)
		if postgres.NoRows(err) {
			return ErrInvalidRefreshToken
		}
		if err != nil {
			return fmt.Errorf("find a refresh token: %w", err)
		}
		copied = first == 0 && token.UsedAt != nil && tx.Now.Sub(*token.UsedAt) > reuseGrace
		switch {
		case copied:
			return s.endCopied(ctx, tx, who, token)
		case !token.ExpiresAt.After(tx.Now):
			return ErrInvalidRefreshToken
		}
		out, err = s.renew(ctx, tx, who, token)
		return err
	})
	if err == nil && copied {
		err = ErrInvalidRefreshToken
	}
	return out, err
}

func (s *Service) renew(ctx context.Context, tx *postgres.Tx, who access.Actor, token findRefreshTokenRow) (Tokens, error) {
	row, err := query.extendSession(ctx, tx, extendSessionParams{ID: token.SessionID, Now: tx.Now, ExpiresAt: tx.Now.Add(s.Config.SessionLife), MostSeconds: s.Config.SessionMax.Seconds()})
	if postgres.NoRows(err) {
		return Tokens{}, ErrInvalidRefreshToken
	}
	if err != nil {
		return Tokens{}, fmt.Errorf("extend a session: %w", err)
	}
	audit.Write(tx, acting(who, row.ID, row.Role), "session.refresh", token.SessionID, nil)
	return s.issue(ctx, tx, token.SessionID, User{ID: row.ID, Email: row.Email, Role: row.Role, IsEmailVerified: row.IsEmailVerified,
		MFAEnabled: row.MfaEnabled, FullName: row.FullName, CreatedAt: row.CreatedAt})
}

// endCopied ends the session, and tells its user the first time.
func (s *Service) endCopied(ctx context.Context, tx *postgres.Tx, who access.Actor, token findRefreshTokenRow) error {
	ended, err := query.endSession(ctx, tx, &tx.Now, token.SessionID)
	if err != nil || ended == 0 {
		return err
	}
	audit.Write(tx, who, "session.reuse", token.SessionID, audit.Meta{"userId": token.UserID})
	return s.Mails.Enqueue(ctx, tx, notification.Mail{To: token.UserID, Kind: "session-reuse"})
}
