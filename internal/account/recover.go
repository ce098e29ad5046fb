package account

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/jobs"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
	"amrutam/internal/session"
)

// resetLife is how long the link of a reset mail works.
const resetLife = time.Hour

// PasswordResetRequest has the token of a reset mail and the new password.
type PasswordResetRequest struct {
	Body struct {
		_ struct{} `doc:"The token of the mail and the new password"`

		Token       string `json:"token" text:"opaque" minLength:"1" maxLength:"200" doc:"The token of the link in the mail; 1 hour, once" example:"b3BlbiBzZXNhbWUsIHNhaWQgdGhlIHJlc2V0dGVyIG5vdw"`
		NewPassword string `json:"newPassword" text:"opaque" minLength:"8" maxLength:"1024" doc:"15 to 128 characters (the least is the server's setting), without your name and not a sequence" example:"nine boats cross the quiet lake"`
	}
}

// RequestPasswordReset mails a reset link if the address has a user.
func (s *Service) RequestPasswordReset(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in EmailRequest) (httpapi.None, error) {
	return httpapi.None{}, s.enqueueForEmail(ctx, tx, actor, in.Body.Email, "user.request-password-reset",
		func(id uuid.UUID) jobs.Args { return mailReset{id} })
}

// mailReset mails a link to set a password. An invited user gets a new invitation instead: a reset link, which works
// for an hour, would replace the invitation, and any stranger could request it.
func (s *Service) mailReset(ctx context.Context, tx *postgres.Tx, id uuid.UUID) error {
	if mailed, err := s.allowMail(ctx, tx, "reset", id.String()); err != nil || !mailed {
		return err
	}
	switch role, err := findInvited(ctx, tx, id, noPassword); {
	case err == nil:
		return s.mailInvitation(ctx, tx, id, role)
	case !postgres.NoRows(err):
		return fmt.Errorf("find an invitation: %w", err)
	}
	return s.mailResetLink(ctx, tx, id, "reset-password")
}

// mailResetLink mails a link to set a password, unless the user is deleted or disabled. It replaces an earlier one.
func (s *Service) mailResetLink(ctx context.Context, tx *postgres.Tx, id uuid.UUID, kind string) error {
	token, hash := session.NewToken("")
	expiry := tx.Now.Add(resetLife)
	found, err := setResetToken(ctx, tx, hash, &expiry, id)
	if err != nil {
		return fmt.Errorf("set a reset token: %w", err)
	}
	if found == 0 {
		return nil
	}
	return s.Mails.Enqueue(ctx, tx, notification.Mail{To: id, Kind: kind,
		Data: map[string]string{"token": token, "expires": expiry.Format(time.RFC3339)}})
}

// ResetPassword sets a new password for the token's user and ends all their sessions. The token still works after a
// password that was not allowed. Returns ErrInvalidToken if the token is wrong or expired.
func (s *Service) ResetPassword(ctx context.Context, actor access.Actor, in PasswordResetRequest) (httpapi.None,
	error) {
	token := session.HashToken(in.Body.Token)
	var user findPasswordResetRow
	err := s.DB.Read(ctx, func(r *postgres.Read) (err error) {
		user, err = findPasswordReset(ctx, r, token, &r.Now)
		return err
	})
	if postgres.NoRows(err) {
		return httpapi.None{}, ErrInvalidToken
	}
	if err != nil {
		return httpapi.None{}, fmt.Errorf("find a password reset: %w", err)
	}
	hash, err := s.hashNewPassword(ctx, in.Body.NewPassword, user.Email, user.FullName)
	if err != nil {
		return httpapi.None{}, err
	}
	return httpapi.None{}, s.DB.Write(ctx, func(tx *postgres.Tx) error {
		reset, err := resetPassword(ctx, tx, hash, tx.Now, token)
		if postgres.NoRows(err) {
			return ErrInvalidToken
		}
		if err != nil {
			return fmt.Errorf("reset a password: %w", err)
		}
		switch {
		case reset.OldHash == noPassword: // the user was invited, or resolveContest removed the password
			err = checkInviter(ctx, tx, reset.ID)
		case !reset.WasVerified:
			err = s.pendingSignUps(reset.ID).addDecoys(ctx, tx, reset.OldHash)
		}
		if err != nil {
			return err
		}
		audit.Write(tx, actor, "user.reset-password", reset.ID, nil)
		if err := s.clearAllFailures(ctx, tx, reset.ID, user.Email, actor.IP); err != nil {
			return err
		}
		return s.revokeAccess(ctx, tx, reset.ID, notification.Mail{To: reset.ID, Kind: "password-changed"})
	})
}
