package account

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/limit"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
	"amrutam/internal/session"
)

// The refusals of administering users.
var (
	ErrOwnAccount = problem.Conflict("own-account", "This is your own account",
		"Administrators don't change their own role, nor disable themselves.", "Ask another administrator.")
	ErrLastAdmin = problem.Conflict("last-admin", "The last administrator must stay",
		"This is the last active administrator.",
		"Make another administrator first.")
	ErrRoleFixed = problem.Conflict("role-fixed", "The role is fixed",
		"Patients and doctors keep their role: their records depend on it.",
		"Only SUPPORT and ADMIN can be exchanged. Staff that is also a patient has two accounts.")
)

// UserRoleUpdateRequest changes the role of a member of staff.
type UserRoleUpdateRequest struct {
	httpapi.IfMatch
	ID   uuid.UUID `path:"id" format:"uuid" doc:"The user's id" example:"0199f3a2-7c1e-7000-8000-000000000000"`
	Body struct {
		_ struct{} `doc:"The new role"`

		Role access.Role `json:"role" enum:"SUPPORT,ADMIN" doc:"The new role" example:"SUPPORT"`
	}
}

// UserDisableRequest disables a user, or enables them again.
type UserDisableRequest struct {
	httpapi.IfMatch
	ID   uuid.UUID `path:"id" format:"uuid" doc:"The user's id" example:"0199f3a2-7c1e-7000-8000-000000000000"`
	Body struct {
		_ struct{} `doc:"Whether the user is disabled, and why"`

		Disabled            bool   `json:"disabled" doc:"true shuts out, false lets in again" example:"true"`
		Reason              string `json:"reason,omitempty" text:"lines" maxLength:"500" doc:"Why; mailed to the user" example:"The registration was not renewed."`
		CancelConsultations bool   `json:"cancelConsultations,omitempty" doc:"Confirms that consultations to come are cancelled" example:"true"`
	}
}

// lockForChange locks a user whom an administrator is about to change, and returns all administrators too. Returns
// problem.NotFound if the user is deleted, ErrOwnAccount, problem.PreconditionFailed if the user has changed,
// problem.Unauthenticated if the caller is no longer an administrator.
func lockForChange(ctx context.Context, tx *postgres.Tx, actor access.Actor, id uuid.UUID,
	version httpapi.IfMatch) (user lockUndeletedUserRow, admins []uuid.UUID, err error) {
	admins, err = lockAdminsBy(ctx, tx, actor)
	if err != nil {
		return user, nil, err
	}
	user, err = lockUndeletedUser(ctx, tx, id)
	switch {
	case postgres.NoRows(err):
		return user, nil, problem.NotFound
	case err != nil:
		return user, nil, fmt.Errorf("lock a user: %w", err)
	case id == actor.ID:
		return user, nil, ErrOwnAccount
	}
	return user, admins, version.Check(httpapi.ETag(user.UpdatedAt))
}

// lockAdminsBy locks all administrators. Returns problem.Unauthenticated if the caller is no longer one of them,
// because of a concurrent change.
func lockAdminsBy(ctx context.Context, tx *postgres.Tx, actor access.Actor) ([]uuid.UUID, error) {
	admins, err := lockAdmins(ctx, tx)
	if err != nil {
		return nil, fmt.Errorf("lock administrators: %w", err)
	}
	if !slices.Contains(admins, actor.ID) {
		return nil, problem.Unauthenticated
	}
	return admins, nil
}

// ChangeRole changes SUPPORT to ADMIN or back, and ends all sessions of the user. Returns ErrRoleFixed for a patient
// or doctor, ErrLastAdmin if no administrator would be left, and what lockForChange returns.
func (s *Service) ChangeRole(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in UserRoleUpdateRequest) (StaffUser, error) {
	user, admins, err := lockForChange(ctx, tx, actor, in.ID, in.IfMatch)
	switch {
	case err != nil:
		return StaffUser{}, err
	case user.Role != access.RoleAdmin && user.Role != access.RoleSupport:
		return StaffUser{}, ErrRoleFixed
	case user.Role == access.RoleAdmin && in.Body.Role != user.Role && isLastAdmin(in.ID, admins):
		return StaffUser{}, ErrLastAdmin
	}
	audit.Write(tx, actor, "user.change-role", in.ID, audit.Meta{"from": user.Role, "to": in.Body.Role})
	if user.Role != in.Body.Role {
		if err := setRole(ctx, tx, in.Body.Role, tx.Now, in.ID); err != nil {
			return StaffUser{}, fmt.Errorf("set a role: %w", err)
		}
		if err := s.revokeAccess(ctx, tx, in.ID, notification.Mail{To: in.ID, Kind: "role-changed",
			Data: map[string]string{"role": string(in.Body.Role)}}); err != nil {
			return StaffUser{}, err
		}
	}
	return readStaffUser(ctx, tx, in.ID)
}

// SetDisabled disables a user and ends their sessions, or enables the user again, and reports whether that changed
// anything. The caller cancels the user's consultations. Returns ErrLastAdmin if no administrator would be left, and
// what lockForChange returns.
func (s *Service) SetDisabled(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in UserDisableRequest) (out StaffUser, changed bool, err error) {
	user, admins, err := lockForChange(ctx, tx, actor, in.ID, in.IfMatch)
	switch {
	case err != nil:
		return StaffUser{}, false, err
	case in.Body.Disabled && user.Role == access.RoleAdmin && isLastAdmin(in.ID, admins):
		return StaffUser{}, false, ErrLastAdmin
	}
	changed = in.Body.Disabled != (user.DisabledAt != nil)
	action, mail := "user.enable", notification.Mail{To: in.ID, Kind: "account-enabled"}
	user.DisabledAt = nil
	if in.Body.Disabled {
		action, user.DisabledAt = "user.disable", &tx.Now
		mail.Kind, mail.Data = "account-disabled", map[string]string{"reason": in.Body.Reason}
	}
	audit.Write(tx, actor, action, in.ID, audit.Meta{"changed": changed})
	if changed {
		if err := setDisabled(ctx, tx, user.DisabledAt, tx.Now, in.ID); err != nil {
			return StaffUser{}, false, fmt.Errorf("disable a user: %w", err)
		}
		if err := s.revokeAccess(ctx, tx, in.ID, mail); err != nil {
			return StaffUser{}, false, err
		}
	}
	out, err = readStaffUser(ctx, tx, in.ID)
	return out, changed, err
}

// ResetFactors removes all second factors of a user who has lost them, and ends the user's sessions. After that the
// password alone signs in; staff can then only set up a new factor. Returns problem.NotFound if the user is deleted or
// disabled, ErrOwnAccount, ErrMFANotEnabled if the user has no second factor.
func (s *Service) ResetFactors(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in UserRequest) (httpapi.Changed, error) {
	if _, _, err := lockForChange(ctx, tx, actor, in.ID, httpapi.IfMatch{}); err != nil {
		return httpapi.Changed{}, err
	}
	user, err := lockActive(ctx, tx, in.ID)
	switch {
	case errors.Is(err, problem.Unauthenticated): // disabled
		return httpapi.Changed{}, problem.NotFound
	case err != nil:
		return httpapi.Changed{}, err
	case !user.MFAEnabled:
		return httpapi.Changed{}, ErrMFANotEnabled
	}
	if _, err := deletePasskeys(ctx, tx, in.ID); err != nil {
		return httpapi.Changed{}, fmt.Errorf("delete passkeys: %w", err)
	}
	if err := removeTOTP(ctx, tx, in.ID); err != nil {
		return httpapi.Changed{}, fmt.Errorf("remove an authenticator: %w", err)
	}
	if _, err := deleteRecoveryCodes(ctx, tx, in.ID); err != nil {
		return httpapi.Changed{}, fmt.Errorf("delete recovery codes: %w", err)
	}
	if _, err := updateMFAEnabled(ctx, tx, tx.Now, in.ID); err != nil {
		return httpapi.Changed{}, fmt.Errorf("update the second factors: %w", err)
	}
	s.Limits.CountSuccess(tx, limit.Code, in.ID.String())
	audit.Write(tx, actor, "user.reset-second-factors", in.ID, nil)
	return httpapi.Changed{Type: "user", ID: in.ID},
		s.revokeAccess(ctx, tx, in.ID, notification.Mail{To: in.ID, Kind: "second-factors-reset"})
}

// revokeAccess ends the sessions and unfinished sign-ins of a user, and sends a mail. The user's row must be locked;
// see lockUnchanged.
func (s *Service) revokeAccess(ctx context.Context, tx *postgres.Tx, id uuid.UUID, mail notification.Mail) error {
	session.EndAll(tx, id)
	if err := deleteAccessTickets(ctx, tx, &id); err != nil {
		return fmt.Errorf("delete tickets: %w", err)
	}
	return s.Mails.Enqueue(ctx, tx, mail)
}
