package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/jobs"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// PasswordReset spends the token of a reset mail.
type PasswordReset struct {
	Body struct {
		Token       string `json:"token" text:"opaque" minLength:"1" maxLength:"200" doc:"The token of the link in the mail; 1 hour, once" example:"b3BlbiBzZXNhbWUsIHNhaWQgdGhlIHJlc2V0dGVyIG5vdw"`
		NewPassword string `json:"newPassword" text:"opaque" minLength:"8" maxLength:"1024" doc:"15 to 128 characters (the least is the server's setting), without your name and not a sequence" example:"nine boats cross the quiet lake"`
	}
}

// PasswordChange replaces the password of who is signed in.
type PasswordChange struct {
	Body struct {
		CurrentPassword string `json:"currentPassword" text:"opaque" minLength:"1" maxLength:"1024" doc:"The password until now" example:"seven lamps light the well"`
		NewPassword     string `json:"newPassword" text:"opaque" minLength:"8" maxLength:"1024" doc:"15 to 128 characters (the least is the server's setting), without your name and not a sequence" example:"nine boats cross the quiet lake"`
	}
}

// RequestPasswordReset mails a reset token when the address has a user.
func (s *Service) RequestPasswordReset(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in AddressOnly) (httpapi.None, error) {
	return httpapi.None{}, s.enqueueForEmail(ctx, tx, actor, in.Body.Email, "user.request-password-reset",
		func(id uuid.UUID) jobs.Args { return resetMail{id} })
}

// resetMail is the job that mails a reset token.
type resetMail struct {
	UserID uuid.UUID `json:"userId"`
}

// Kind names the job.
func (resetMail) Kind() string { return "user.mail-reset" }

func (s *Service) mailReset(ctx context.Context, tx *postgres.Tx, id uuid.UUID) error {
	if mailed, err := s.allowMail(ctx, tx, "reset", id.String()); err != nil || !mailed {
		return err
	}
	// Who was invited gets the invitation anew: a link of an hour in its place would let strangers end it.
	if invited, err := findInvited(ctx, tx, id, noPassword); err == nil {
		return s.mailInvitation(ctx, tx, id, invited)
	} else if !postgres.NoRows(err) {
		return fmt.Errorf("find an invitation: %w", err)
	}
	return s.mailResetLink(ctx, tx, id, "reset-password")
}

// mailResetLink mails a link to set a password, unless the user is gone. It replaces an earlier one.
func (s *Service) mailResetLink(ctx context.Context, tx *postgres.Tx, id uuid.UUID, kind string) error {
	token, hash := newToken("")
	expiry := tx.Now.Add(resetLife)
	there, err := setResetToken(ctx, tx, hash, &expiry, id)
	if err != nil || there == 0 {
		return err
	}
	return s.Mails.Enqueue(ctx, tx,
		notification.Mail{To: id, Kind: kind,
			Data: map[string]string{"token": token, "expires": expiry.Format(time.RFC3339)}})
}

// ResetPassword sets a new password for the token's user and ends all their sessions. A password that is refused
// leaves the token good. Error: ErrInvalidToken.
func (s *Service) ResetPassword(ctx context.Context, actor access.Actor, in PasswordReset) (httpapi.None, error) {
	token := hashToken(in.Body.Token)
	var user findResetRow
	err := s.DB.Read(ctx, func(r *postgres.Read) (err error) {
		user, err = findReset(ctx, r, token, &r.Now)
		return err
	})
	if postgres.NoRows(err) {
		return httpapi.None{}, ErrInvalidToken
	}
	if err != nil {
		return httpapi.None{}, fmt.Errorf("find a reset: %w", err)
	}
	hash, err := s.newPassword(ctx, in.Body.NewPassword, user.Email, user.FullName)
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
		if reset.OldHash == noPassword {
			if stands, err := inviterStands(ctx, tx, reset.ID); err == nil && !stands {
				return ErrInvalidToken
			} else if err != nil && !postgres.NoRows(err) {
				return fmt.Errorf("find who invited: %w", err)
			}
		}
		audit.Write(tx, actor, "user.reset-password", reset.ID, nil)
		if !reset.WasVerified && reset.OldHash != noPassword {
			if err := s.cover(ctx, tx, reset.ID, reset.OldHash); err != nil {
				return err
			}
		}
		if err := s.forgetFailures(ctx, tx, reset.ID, user.Email, actor.IP); err != nil {
			return err
		}
		return s.revokeAccess(ctx, tx, reset.ID, notification.Mail{To: reset.ID, Kind: "password-changed"})
	})
}

// ChangePassword sets a new password and ends all the user's sessions, this one too. Error: ErrInvalidCredentials.
func (s *Service) ChangePassword(ctx context.Context, actor access.Actor, in PasswordChange) (httpapi.None, error) {
	return httpapi.None{}, retryOnPasswordChange(func() error { return s.changePassword(ctx, actor, in) })
}

func (s *Service) changePassword(ctx context.Context, actor access.Actor, in PasswordChange) error {
	user, err := s.provePassword(ctx, actor, in.Body.CurrentPassword)
	if err != nil {
		return err
	}
	hash, err := s.newPassword(ctx, in.Body.NewPassword, user.Email, user.FullName)
	if err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *postgres.Tx) error {
		changed, err := changePassword(ctx, tx, changePasswordParams{ID: actor.ID, OldHash: user.PasswordHash,
			PasswordHash: hash, Now: tx.Now})
		if err != nil {
			return fmt.Errorf("change a password: %w", err)
		}
		if changed == 0 {
			return errReplaced
		}
		audit.Write(tx, actor, "user.change-password", actor.ID, nil)
		return s.revokeAccess(ctx, tx, actor.ID, notification.Mail{To: actor.ID, Kind: "password-changed"})
	})
}

// provePassword compares the password of who is signed in. Errors: ErrInvalidCredentials, limit.ErrTooMany.
func (s *Service) provePassword(ctx context.Context, actor access.Actor, password string) (findPasswordRow, error) {
	var user findPasswordRow
	err := s.DB.Read(ctx, func(r *postgres.Read) (err error) {
		user, err = findPassword(ctx, r, actor.ID)
		return err
	})
	if postgres.NoRows(err) { // disabled or deleted since the pipeline let them in
		return user, problem.Unauthenticated
	}
	if err != nil {
		return user, fmt.Errorf("find a password: %w", err)
	}
	counted, err := s.tryPassword(ctx, attemptKeysOfUser(actor.ID))
	if err != nil {
		return user, err
	}
	right, _, err := comparePassword(ctx, password, user.PasswordHash)
	if err == nil && !right {
		return user, s.refuse(ctx, actor, actor.ID, "wrong-password",
			ErrInvalidCredentials.WithDetail("The current password is wrong."))
	}
	if err != nil { // it was not looked at
		return user, errors.Join(err, s.refundAttempt(ctx, counted))
	}
	return user, s.DB.Write(ctx, func(tx *postgres.Tx) error {
		s.rightPassword(tx, counted)
		return nil
	})
}

func (s *Service) newPassword(ctx context.Context, password, email, fullName string) (string, error) {
	var wrong faults
	wrong.add("body.newPassword", passwordFault(password, s.Config.PasswordMin, email, fullName))
	if err := wrong.err(); err != nil {
		return "", err
	}
	return HashPassword(ctx, password)
}
