package account

import (
	"context"
	"errors"
	"fmt"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// PasswordChangeRequest replaces the caller's password.
type PasswordChangeRequest struct {
	Body struct {
		_ struct{} `doc:"The present password and the new one"`

		CurrentPassword string `json:"currentPassword" text:"opaque" minLength:"1" maxLength:"1024" doc:"The password until now" example:"seven lamps light the well"`
		NewPassword     string `json:"newPassword" text:"opaque" minLength:"8" maxLength:"1024" doc:"15 to 128 characters (the least is the server's setting), without your name and not a sequence" example:"nine boats cross the quiet lake"`
	}
}

// ChangePassword sets a new password and ends all sessions of the user, the caller's too. Returns
// ErrInvalidCredentials if the current password is wrong, limit.ErrTooMany after too many failures, a 422 if the new
// one is not allowed.
func (s *Service) ChangePassword(ctx context.Context, actor access.Actor, in PasswordChangeRequest) (httpapi.None,
	error) {
	return httpapi.None{}, retryOnPasswordChange(func() error { return s.changePassword(ctx, actor, in) })
}

func (s *Service) changePassword(ctx context.Context, actor access.Actor, in PasswordChangeRequest) error {
	user, err := s.provePassword(ctx, actor, in.Body.CurrentPassword)
	if err != nil {
		return err
	}
	hash, err := s.hashNewPassword(ctx, in.Body.NewPassword, user.Email, user.FullName)
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
			return errPasswordChanged
		}
		audit.Write(tx, actor, "user.change-password", actor.ID, nil)
		return s.revokeAccess(ctx, tx, actor.ID, notification.Mail{To: actor.ID, Kind: "password-changed"})
	})
}

// provePassword compares the password of a user who is signed in. Returns ErrInvalidCredentials if it is wrong,
// limit.ErrTooMany after too many failures, problem.Unauthenticated if the user was deleted or disabled meanwhile.
func (s *Service) provePassword(ctx context.Context, actor access.Actor, text string) (findPasswordOfUserRow, error) {
	var user findPasswordOfUserRow
	err := s.DB.Read(ctx, func(r *postgres.Read) (err error) {
		user, err = findPasswordOfUser(ctx, r, actor.ID)
		return err
	})
	if postgres.NoRows(err) {
		return user, problem.Unauthenticated
	}
	if err != nil {
		return user, fmt.Errorf("find a password: %w", err)
	}
	counted, err := s.countAttempt(ctx, proofKeys(actor.ID))
	if err != nil {
		return user, err
	}
	right, _, err := s.Passwords.Compare(ctx, text, user.PasswordHash)
	switch {
	case err != nil: // the password was not compared
		return user, errors.Join(err, s.refundAttempt(ctx, counted))
	case !right:
		return user, s.refuse(ctx, actor, actor.ID, "wrong-password",
			ErrInvalidCredentials.WithDetail(detailWrongPassword))
	}
	return user, s.DB.Write(ctx, func(tx *postgres.Tx) error {
		s.clearFailures(tx, counted)
		return nil
	})
}

// hashNewPassword hashes a new password. Returns a 422 if it is not allowed.
func (s *Service) hashNewPassword(ctx context.Context, text, email, fullName string) (string, error) {
	var wrong faults
	wrong.add("body.newPassword", s.passwordFault(text, email, fullName))
	if err := wrong.err(); err != nil {
		return "", err
	}
	return s.Passwords.Hash(ctx, text)
}
