package account

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"time"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
)

// reuseGrace is how long a used refresh token still gets the pair that followed: a client that lost the answer asks
// again, and two tabs ask at once. Later it can only be a copy.
const reuseGrace = 10 * time.Second

// Renewal spends a refresh token.
type Renewal struct {
	Body struct {
		RefreshToken string `json:"refreshToken" text:"opaque" minLength:"1" maxLength:"200" doc:"The refresh token of the latest answer" example:"rt_dGhlIHdlbGwgaXMgbGl0IGJ5IHNldmVuIGxhbXBzIG5vdw"`
	}
}

// pair is what a client holds of a session.
type pair struct{ access, refresh string }

const (
	accessPrefix  = "at_"
	refreshPrefix = "rt_"
)

func newPair() (p pair) {
	p.access, _ = newToken(accessPrefix)
	p.refresh, _ = newToken(refreshPrefix)
	return p
}

// next is the pair that follows a refresh token: derived from it and a secret of the installation, so that every use
// of the token gets the same pair, and the database holds nothing by which it could be read.
func (s *Service) next(refresh string) (p pair, err error) {
	secret, err := s.Sealer.Derive("amrutam refresh successors", sha256.Size)
	if err != nil {
		return p, fmt.Errorf("derive a secret: %w", err)
	}
	derive := func(prefix string) string {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(prefix + refresh))
		return prefix + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	}
	return pair{derive(accessPrefix), derive(refreshPrefix)}, nil
}

func (p pair) tokens(user User, left time.Duration) Tokens {
	return Tokens{AccessToken: p.access, RefreshToken: p.refresh, TokenType: "Bearer",
		ExpiresIn: int(max(left, 0) / time.Second), User: user}
}

// Refresh gives the next pair for a refresh token. One that was used before (longer than a moment ago) is in two
// hands: it ends the session for both. That must be kept although the answer is a refusal, so this opens its
// transaction itself. Error: ErrInvalidRefreshToken.
func (s *Service) Refresh(ctx context.Context, actor access.Actor, in Renewal) (out Tokens, err error) {
	hash := hashToken(in.Body.RefreshToken)
	copied := false
	err = s.DB.Write(ctx, func(tx *postgres.Tx) error {
		// The UPDATE is what lets one of two through; everything after it reads what is settled.
		first, err := useRefreshToken(ctx, tx, &tx.Now, hash)
		if err != nil {
			return fmt.Errorf("use a refresh token: %w", err)
		}
		token, err := findRefresh(ctx, tx, hash)
		if err != nil {
			return err
		}
		copied = first == 0 && token.UsedAt != nil && tx.Now.Sub(*token.UsedAt) > reuseGrace
		switch {
		case copied:
			return s.endCopied(ctx, tx, actor, token)
		case !token.ExpiresAt.After(tx.Now):
			return ErrInvalidRefreshToken
		}
		user, err := s.renew(ctx, tx, actor, token, first == 0)
		if err != nil {
			return err
		}
		p, err := s.next(in.Body.RefreshToken)
		switch {
		case err != nil:
			return err
		case first == 0:
			out, err = s.latest(ctx, tx, user, p)
			return err
		}
		out, err = s.issue(ctx, tx, token.SessionID, user, p)
		return err
	})
	if err == nil && copied {
		err = ErrInvalidRefreshToken
	}
	return out, err
}

// findRefresh finds a refresh token in any state. Error: ErrInvalidRefreshToken.
func findRefresh(ctx context.Context, tx *postgres.Tx, hash []byte) (findRefreshTokenRow, error) {
	token, err := findRefreshToken(ctx, tx, hash)
	if postgres.NoRows(err) {
		return token, ErrInvalidRefreshToken
	}
	if err != nil {
		return token, fmt.Errorf("find a refresh token: %w", err)
	}
	return token, nil
}

// latest gives the pair at the end of the chain that p is part of: whoever lost an answer, or another tab, may have
// used it since. Error: ErrInvalidRefreshToken.
func (s *Service) latest(ctx context.Context, tx *postgres.Tx, user User, p pair) (Tokens, error) {
	for {
		token, err := findRefresh(ctx, tx, hashToken(p.refresh))
		if err != nil {
			return Tokens{}, err
		}
		if token.UsedAt == nil {
			return p.tokens(user, token.CreatedAt.Add(s.Config.AccessTokenLife).Sub(tx.Now)), nil
		}
		if p, err = s.next(p.refresh); err != nil {
			return Tokens{}, err
		}
	}
}

// renew has the session live on. again: its token was used a moment ago.
func (s *Service) renew(ctx context.Context, tx *postgres.Tx, actor access.Actor, token findRefreshTokenRow,
	again bool) (User, error) {
	row, err := extendSession(ctx, tx,
		extendSessionParams{ID: token.SessionID, Now: tx.Now, ExpiresAt: tx.Now.Add(s.Config.SessionLife),
			MostSeconds: s.Config.SessionMax.Seconds()})
	if postgres.NoRows(err) {
		return User{}, ErrInvalidRefreshToken
	}
	if err != nil {
		return User{}, fmt.Errorf("extend a session: %w", err)
	}
	audit.Write(tx, acting(actor, row.ID, row.Role), "session.refresh", token.SessionID, audit.Meta{"again": again})
	return User{ID: row.ID, Email: row.Email, Role: row.Role, IsEmailVerified: row.IsEmailVerified,
		MFAEnabled: row.MFAEnabled, FullName: row.FullName, CreatedAt: row.CreatedAt}, nil
}

// endCopied ends the session, and tells its user the first time.
func (s *Service) endCopied(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	token findRefreshTokenRow) error {
	ended, err := endSession(ctx, tx, &tx.Now, token.SessionID)
	if err != nil || ended == 0 {
		return err
	}
	audit.Write(tx, actor, "session.reuse", token.SessionID, audit.Meta{"userId": token.UserID})
	return s.Mails.Enqueue(ctx, tx, notification.Mail{To: token.UserID, Kind: "session-reuse"})
}
