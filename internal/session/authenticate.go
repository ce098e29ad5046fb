package session

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// extendEvery limits how often the use of a cookie is stored.
const extendEvery = time.Minute

// Authenticate adds to the actor the user and the session of its token, and extends a session in a cookie. Returns
// problem.Unauthenticated if the token has expired or its session has ended.
func (s *Service) Authenticate(ctx context.Context, actor access.Actor,
	credential httpapi.Credential) (access.Actor, error) {
	kind := accessToken
	if credential.Cookie {
		kind = cookieToken
	}
	hash := HashToken(credential.Token)
	var found findSessionRow
	var now time.Time
	err := s.DB.Read(ctx, func(r *postgres.Read) (err error) {
		now = r.Now
		found, err = findSession(ctx, r, hash, kind, now)
		return err
	})
	if postgres.NoRows(err) {
		return actor, problem.Unauthenticated
	}
	if err != nil {
		return actor, fmt.Errorf("find a session: %w", err)
	}
	actor.ID, actor.Role, actor.SessionID = found.ID, found.Role, found.SessionID
	actor.AuthenticatedAt, actor.HasFactor = found.AuthenticatedAt, found.MFAEnabled
	actor.TokenExpiresAt = found.ExpiresAt
	actor.Dependants = found.Dependants
	if found.SecondFactorAt != nil {
		actor.SecondFactorAt = *found.SecondFactorAt
	}
	if credential.Cookie && !credential.Background && found.ExpiresAt.Sub(now) < s.Config.BrowserIdle-extendEvery {
		err = s.extendCookie(ctx, actor.SessionID, hash)
	}
	return actor, err
}

// extendCookie moves the expiry of a used cookie, at most to that of its session.
func (s *Service) extendCookie(ctx context.Context, session uuid.UUID, hash []byte) error {
	return s.DB.Write(ctx, func(tx *postgres.Tx) error {
		queueExtendCookie(tx, tx.Now.Add(s.Config.BrowserIdle), hash)
		queueUseSession(tx, tx.Now, session)
		return nil
	})
}

// Guard is the statement that every transaction of the actor runs before its COMMIT: it fails if the session has ended
// or the user's role or second factor has changed since the request was admitted. Its lock makes the end of a session
// wait for such transactions, so that nothing of the session is stored after the answer to its end. Guard returns nil
// for an actor who isn't signed in.
func Guard(actor access.Actor) *postgres.Guard {
	if actor.ID == uuid.Nil {
		return nil
	}
	return &postgres.Guard{SQL: "SELECT require_session($1, $2, $3, $4, $5)", Err: problem.Unauthenticated,
		Args: func(now time.Time) []any {
			return []any{actor.SessionID, now, actor.Role, actor.HasFactor, !actor.SecondFactorAt.IsZero()}
		}}
}
