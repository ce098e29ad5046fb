package session

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

// RefreshRequest asks for the tokens that follow a refresh token.
type RefreshRequest struct {
	Body struct {
		_ struct{} `doc:"The refresh token"`

		RefreshToken string `json:"refreshToken" text:"opaque" minLength:"1" maxLength:"200" doc:"The refresh token of the latest answer" example:"rt_dGhlIHdlbGwgaXMgbGl0IGJ5IHNldmVuIGxhbXBzIG5vdw"`
	}
}

// Refresh returns the next pair for a refresh token. A token that is used again after reuseGrace was copied, which
// ends the session. That must be committed although the answer is a refusal, so Refresh opens its transaction itself.
// Returns ErrInvalidRefreshToken if the token or its session has ended.
func (s *Service) Refresh(ctx context.Context, actor access.Actor, in RefreshRequest) (out Tokens, err error) {
	hash := HashToken(in.Body.RefreshToken)
	reused := false
	err = s.DB.Write(ctx, func(tx *postgres.Tx) error {
		// The UPDATE is what lets one of two through; everything after it reads what that one stored.
		first, err := useRefreshToken(ctx, tx, &tx.Now, hash)
		if err != nil {
			return fmt.Errorf("use a refresh token: %w", err)
		}
		token, err := refreshTokenOf(ctx, tx, hash)
		if err != nil {
			return err
		}
		reused = first == 0 && token.UsedAt != nil && tx.Now.Sub(*token.UsedAt) > reuseGrace
		switch {
		case reused:
			return s.endReused(ctx, tx, actor, token)
		case !token.ExpiresAt.After(tx.Now):
			return ErrInvalidRefreshToken
		}
		user, err := s.extend(ctx, tx, actor, token, first == 0)
		if err != nil {
			return err
		}
		next, err := s.successor(in.Body.RefreshToken)
		switch {
		case err != nil:
			return err
		case first == 0:
			out, err = s.latestTokens(ctx, tx, user, next)
			return err
		}
		out, err = s.issuePair(ctx, tx, token.SessionID, user, next)
		return err
	})
	if err == nil && reused {
		err = ErrInvalidRefreshToken
	}
	return out, err
}

// refreshTokenOf finds a refresh token in any state. Returns ErrInvalidRefreshToken if there is none.
func refreshTokenOf(ctx context.Context, tx *postgres.Tx, hash []byte) (findRefreshTokenRow, error) {
	token, err := findRefreshToken(ctx, tx, hash)
	if postgres.NoRows(err) {
		return token, ErrInvalidRefreshToken
	}
	if err != nil {
		return token, fmt.Errorf("find a refresh token: %w", err)
	}
	return token, nil
}

// successor is the pair that follows a refresh token. It is derived from the token and a secret of the installation:
// every use of the token gets the same pair, and the database holds nothing by which it could be read.
func (s *Service) successor(refreshToken string) (p tokenPair, err error) {
	secret, err := s.Sealer.Derive("amrutam refresh successors", sha256.Size)
	if err != nil {
		return p, fmt.Errorf("derive a secret: %w", err)
	}
	derive := func(prefix string) string {
		mac := hmac.New(sha256.New, secret)
		mac.Write([]byte(prefix + refreshToken))
		return prefix + base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
	}
	return tokenPair{derive(accessPrefix), derive(refreshPrefix)}, nil
}

// latestTokens are the pair at the end of the chain that p is part of: a client that lost an answer, or another tab,
// may have used p since. Returns ErrInvalidRefreshToken if the chain has no end.
func (s *Service) latestTokens(ctx context.Context, tx *postgres.Tx, user User, p tokenPair) (Tokens, error) {
	for {
		token, err := refreshTokenOf(ctx, tx, HashToken(p.refresh))
		if err != nil {
			return Tokens{}, err
		}
		if token.UsedAt == nil {
			return p.tokens(user, token.CreatedAt.Add(s.Config.AccessTokenLife).Sub(tx.Now)), nil
		}
		if p, err = s.successor(p.refresh); err != nil {
			return Tokens{}, err
		}
	}
}

// extend moves the session's expiry; again says that its token was used within reuseGrace. Returns
// ErrInvalidRefreshToken if the session has ended.
func (s *Service) extend(ctx context.Context, tx *postgres.Tx, actor access.Actor, token findRefreshTokenRow,
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
	audit.Write(tx, actor.SignedInAs(row.ID, row.Role), "session.refresh", token.SessionID,
		audit.Meta{"again": again})
	return User{ID: row.ID, Email: row.Email, Role: row.Role, IsEmailVerified: row.IsEmailVerified,
		MFAEnabled: row.MFAEnabled, FullName: row.FullName, CreatedAt: row.CreatedAt}, nil
}

// endReused ends the session of a reused token, and mails its user the first time.
func (s *Service) endReused(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	token findRefreshTokenRow) error {
	ended, err := endSession(ctx, tx, &tx.Now, token.SessionID)
	if err != nil {
		return fmt.Errorf("end a session: %w", err)
	}
	if ended == 0 {
		return nil
	}
	audit.Write(tx, actor, "session.reuse", token.SessionID, audit.Meta{"userId": token.UserID})
	return s.Mails.Enqueue(ctx, tx, notification.Mail{To: token.UserID, Kind: "session-reuse"})
}
