package session

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// EndRequest identifies a session.
type EndRequest struct {
	ID uuid.UUID `path:"id" format:"uuid" doc:"The session's id" example:"0199f3a2-7c1e-7000-8000-000000000000"`
}

// SignOut ends the session that the caller uses. The statement is sent last, so the user needs no lock: sessions are
// locked after their users (ADR 14).
func (s *Service) SignOut(_ context.Context, tx *postgres.Tx, actor access.Actor, _ httpapi.None) (httpapi.SignedOut,
	error) {
	queueLastEndSession(tx, tx.Now, actor.SessionID)
	audit.Write(tx, actor, "session.end", actor.SessionID, nil)
	return httpapi.SignedOut{}, nil
}

// End ends one of the caller's own sessions. Ending another session than the current one needs a recent proof of
// identity: a stolen session must not sign its owner out. Returns problem.Reauthenticate without that proof, NotFound
// if the session belongs to another user, or has ended or expired.
func (s *Service) End(ctx context.Context, tx *postgres.Tx, actor access.Actor, in EndRequest) (httpapi.None, error) {
	if in.ID != actor.SessionID {
		if err := httpapi.RequireRecentProof(tx.Now, actor); err != nil {
			return httpapi.None{}, err
		}
	}
	if err := lockUser(ctx, tx, actor.ID); err != nil {
		return httpapi.None{}, fmt.Errorf("lock a user: %w", err)
	}
	ended, err := endOwnSession(ctx, tx, &tx.Now, in.ID, actor.ID)
	switch {
	case err != nil:
		return httpapi.None{}, fmt.Errorf("end a session: %w", err)
	case ended == 0:
		return httpapi.None{}, problem.NotFoundAudited("session", in.ID)
	}
	audit.Write(tx, actor, "session.end", in.ID, nil)
	return httpapi.None{}, nil
}

// EndOthers ends all of the caller's sessions except the current one.
func (s *Service) EndOthers(ctx context.Context, tx *postgres.Tx, actor access.Actor, _ httpapi.None) (httpapi.None,
	error) {
	if err := lockUser(ctx, tx, actor.ID); err != nil {
		return httpapi.None{}, fmt.Errorf("lock a user: %w", err)
	}
	return httpapi.None{}, EndOthers(ctx, tx, actor)
}

// EndOthers ends all sessions of the actor except the current one. The caller has locked the actor's row.
func EndOthers(ctx context.Context, tx *postgres.Tx, actor access.Actor) error {
	ended, err := endOtherSessions(ctx, tx, &tx.Now, actor.ID, actor.SessionID)
	if err != nil {
		return fmt.Errorf("end other sessions: %w", err)
	}
	audit.Write(tx, actor, "session.end-others", actor.SessionID, audit.Meta{"ended": ended})
	return nil
}

// EndAll queues the statement that ends all sessions of a user, whose row the caller has locked. It runs last in the
// transaction: a request of one of these sessions checks right before its COMMIT that the session has not ended.
func EndAll(tx *postgres.Tx, user uuid.UUID) { queueLastEndAllSessions(tx, tx.Now, user) }

// Erase deletes all sessions of a user, and returns the number of deleted rows by table.
func Erase(ctx context.Context, tx *postgres.Tx, user uuid.UUID) (deleted map[string]int64, err error) {
	deleted = map[string]int64{}
	if deleted["session_tokens"], err = deleteTokensOfUser(ctx, tx, user); err != nil {
		return nil, fmt.Errorf("delete tokens: %w", err)
	}
	if deleted["sessions"], err = deleteSessionsOfUser(ctx, tx, user); err != nil {
		return nil, fmt.Errorf("delete sessions: %w", err)
	}
	return deleted, nil
}
