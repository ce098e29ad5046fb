package account

import (
	"context"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/session"
)

// ReauthenticationRequest has a second factor or, for operations that need a recent sign-in, the password.
type ReauthenticationRequest struct {
	Body struct {
		_ struct{} `doc:"One second factor or, for users without one, the password"`

		SecondFactor
		CurrentPassword string `json:"currentPassword,omitempty" text:"opaque" minLength:"1" maxLength:"1024" doc:"In place of a second factor: counts as a new sign-in, not as a second factor" example:"seven lamps light the well"`
	}
}

// StepUp proves a second factor again, for dangerous operations, or the password, for operations that need a recent
// sign-in. Returns ErrMFANotEnabled for a user without a second factor, ErrInvalidCode, ErrInvalidPasskey or
// ErrInvalidCredentials if the proof is wrong.
func (s *Service) StepUp(ctx context.Context, actor access.Actor, in ReauthenticationRequest) (httpapi.None, error) {
	if in.Body.CurrentPassword != "" && in.Body.empty() {
		return httpapi.None{}, s.stepUpByPassword(ctx, actor, in.Body.CurrentPassword)
	}
	return httpapi.None{}, s.withSecondFactor(ctx, actor, in.Body.SecondFactor, requireMFAEnabled,
		func(tx *postgres.Tx) error {
			audit.Write(tx, actor, "second-factor.prove", actor.ID, nil)
			return session.RecordSecondFactor(ctx, tx, actor.SessionID)
		})
}

func (s *Service) stepUpByPassword(ctx context.Context, actor access.Actor, text string) error {
	if _, err := s.provePassword(ctx, actor, text); err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *postgres.Tx) error {
		audit.Write(tx, actor, "session.prove-password", actor.SessionID, nil)
		session.RecordPassword(tx, actor.SessionID)
		return nil
	})
}
