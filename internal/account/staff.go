package account

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/limit"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// The refusals of administering users.
var (
	ErrOwnAccount = problem.Conflict("own-account",
		"Administrators don't change their own role, nor disable themselves.", "Ask another administrator.")
	ErrLastAdmin = problem.Conflict("last-admin", "This is the last active administrator.",
		"Make another administrator first.")
	ErrRoleFixed = problem.Conflict("role-fixed", "Patients and doctors keep their role: their records depend on it.",
		"Only SUPPORT and ADMIN can be exchanged. Staff that is also a patient has two accounts.")
)

// RoleChange gives staff another role.
type RoleChange struct {
	httpapi.IfMatch
	ID   uuid.UUID `path:"id" format:"uuid" doc:"The user's id" example:"0199f3a2-7c1e-7000-8000-000000000000"`
	Body struct {
		Role access.Role `json:"role" enum:"SUPPORT,ADMIN" doc:"The new role" example:"SUPPORT"`
	}
}

// Disabling shuts a user out, or lets them in again.
type Disabling struct {
	httpapi.IfMatch
	ID   uuid.UUID `path:"id" format:"uuid" doc:"The user's id" example:"0199f3a2-7c1e-7000-8000-000000000000"`
	Body struct {
		Disabled            bool   `json:"disabled" doc:"true shuts out, false lets in again" example:"true"`
		Reason              string `json:"reason,omitempty" text:"lines" maxLength:"500" doc:"Why; mailed to the user" example:"The registration was not renewed."`
		CancelConsultations bool   `json:"cancelConsultations,omitempty" doc:"Confirms that consultations to come are cancelled" example:"true"`
	}
}

// lockOther locks a user that an administrator is about to change, and gives who else administers.
func (s *Service) lockOther(ctx context.Context, tx *postgres.Tx, actor access.Actor, id uuid.UUID,
	version httpapi.IfMatch) (lockAnyUserRow, []uuid.UUID, error) {
	admins, err := lockAdmins(ctx, tx)
	if err != nil {
		return lockAnyUserRow{}, nil, fmt.Errorf("lock administrators: %w", err)
	}
	if !slices.Contains(admins, actor.ID) { // another one was quicker
		return lockAnyUserRow{}, nil, problem.Unauthenticated
	}
	user, err := lockAnyUser(ctx, tx, id)
	switch {
	case postgres.NoRows(err):
		return user, nil, problem.NotFound
	case err != nil:
		return user, nil, fmt.Errorf("hold a user: %w", err)
	case id == actor.ID:
		return user, nil, ErrOwnAccount
	}
	return user, admins, version.Check(httpapi.ETag(user.UpdatedAt))
}

// ChangeRole exchanges SUPPORT and ADMIN. All sessions of the user end. Errors: problem.NotFound,
// problem.PreconditionFailed, ErrOwnAccount, ErrRoleFixed, ErrLastAdmin.
func (s *Service) ChangeRole(ctx context.Context, tx *postgres.Tx, actor access.Actor, in RoleChange) (StaffUser,
	error) {
	user, admins, err := s.lockOther(ctx, tx, actor, in.ID, in.IfMatch)
	switch {
	case err != nil:
		return StaffUser{}, err
	case user.Role != access.RoleAdmin && user.Role != access.RoleSupport:
		return StaffUser{}, ErrRoleFixed
	case user.Role == access.RoleAdmin && in.Body.Role != user.Role && last(admins, in.ID):
		return StaffUser{}, ErrLastAdmin
	}
	audit.Write(tx, actor, "user.change-role", in.ID, audit.Meta{"from": user.Role, "to": in.Body.Role})
	if user.Role != in.Body.Role {
		if err := setRole(ctx, tx, in.Body.Role, tx.Now, in.ID); err != nil {
			return StaffUser{}, fmt.Errorf("set a role: %w", err)
		}
		if err := s.revokeAccess(ctx, tx, in.ID,
			notification.Mail{To: in.ID, Kind: "role-changed",
				Data: map[string]string{"role": string(in.Body.Role)}}); err != nil {
			return StaffUser{}, err
		}
	}
	return staffUser(ctx, tx, in.ID)
}

// Disable shuts a user out and ends their sessions and what they have to come, or lets them in again. Errors:
// problem.NotFound, problem.PreconditionFailed, ErrOwnAccount, ErrLastAdmin, ErrHasConsultations.
func (s *Service) Disable(ctx context.Context, tx *postgres.Tx, actor access.Actor, in Disabling) (StaffUser, error) {
	user, admins, err := s.lockOther(ctx, tx, actor, in.ID, in.IfMatch)
	switch {
	case err != nil:
		return StaffUser{}, err
	case in.Body.Disabled && user.Role == access.RoleAdmin && last(admins, in.ID):
		return StaffUser{}, ErrLastAdmin
	}
	changes := in.Body.Disabled != (user.DisabledAt != nil)
	audit.Write(tx, actor, map[bool]string{true: "user.disable", false: "user.enable"}[in.Body.Disabled], in.ID,
		audit.Meta{"changed": changes})
	if changes {
		mail := notification.Mail{To: in.ID, Kind: "account-enabled"}
		user.DisabledAt = nil
		if in.Body.Disabled {
			mail.Kind, mail.Data, user.DisabledAt = "account-disabled", map[string]string{"reason": in.Body.Reason},
				&tx.Now
		}
		if err := setDisabled(ctx, tx, user.DisabledAt, tx.Now, in.ID); err != nil {
			return StaffUser{}, fmt.Errorf("disable a user: %w", err)
		}
		if in.Body.Disabled {
			stopping := Stopping{ID: in.ID, Role: user.Role, Confirmed: in.Body.CancelConsultations}
			if err := s.OnStop(ctx, tx, actor, stopping); err != nil {
				return StaffUser{}, err
			}
		}
		if err := s.revokeAccess(ctx, tx, in.ID, mail); err != nil {
			return StaffUser{}, err
		}
	}
	return staffUser(ctx, tx, in.ID)
}

// ResetFactors takes away all second factors of somebody who has lost them, and signs them out: their password signs
// in, and for staff reaches nothing but enrolment. Errors: problem.NotFound, ErrOwnAccount, ErrMFANotEnabled.
func (s *Service) ResetFactors(ctx context.Context, tx *postgres.Tx, actor access.Actor, in UserID) (httpapi.Changed,
	error) {
	if _, _, err := s.lockOther(ctx, tx, actor, in.ID, httpapi.IfMatch{}); err != nil {
		return httpapi.Changed{}, err
	}
	user, err := s.lockUser(ctx, tx, in.ID)
	switch {
	case errors.Is(err, problem.Unauthenticated): // disabled
		return httpapi.Changed{}, problem.NotFound
	case err != nil:
		return httpapi.Changed{}, err
	case !user.MFAEnabled:
		return httpapi.Changed{}, ErrMFANotEnabled
	}
	err = errors.Join(deletePasskeys(ctx, tx, in.ID), removeTOTP(ctx, tx, in.ID),
		deleteRecoveryCodes(ctx, tx, in.ID))
	if err != nil {
		return httpapi.Changed{}, fmt.Errorf("take second factors away: %w", err)
	}
	if _, err := settleFactors(ctx, tx, tx.Now, in.ID); err != nil {
		return httpapi.Changed{}, fmt.Errorf("settle the second factors: %w", err)
	}
	s.Limits.Done(tx, limit.Code, in.ID.String())
	audit.Write(tx, actor, "user.reset-second-factors", in.ID, nil)
	return httpapi.Changed{Type: "user", ID: in.ID},
		s.revokeAccess(ctx, tx, in.ID, notification.Mail{To: in.ID, Kind: "second-factors-reset"})
}

func last(admins []uuid.UUID, id uuid.UUID) bool { return len(admins) == 1 && admins[0] == id }

// revokeAccess ends what lets the user in now, and tells them. The user's row is locked by then, see lockForSignIn.
// Sessions are ended last of all: whoever holds one asks whether it stands right before their COMMIT.
func (s *Service) revokeAccess(ctx context.Context, tx *postgres.Tx, id uuid.UUID, mail notification.Mail) error {
	queueLastEndSessions(tx, tx.Now, id)
	if err := endTickets(ctx, tx, &id); err != nil {
		return fmt.Errorf("end tickets: %w", err)
	}
	return s.Mails.Enqueue(ctx, tx, mail)
}

func (s *Service) staffRoutes(api *httpapi.API) {
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodPost, Path: "/users", ID: "invite-user", Tag: "users",
		Summary: "Invite somebody to the staff",
		Doc:     "They get a mail with a link, good for seven days, and choose a password themselves.",
		Roles:   access.Admin, Status: http.StatusCreated, Key: httpapi.Honoured,
		Refusals: []*problem.Error{ErrAddressTaken},
		Fresh:    true,
	}, s.Invite)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodPatch, Path: "/users/{id}/role", ID: "change-user-role", Tag: "users",
		Summary:  "Give a member of staff another role",
		Doc:      "All their devices are signed out, and they are told by mail.",
		Roles:    access.Admin,
		Refusals: []*problem.Error{ErrOwnAccount, ErrRoleFixed, ErrLastAdmin},
		Fresh:    true,
	}, s.ChangeRole)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodPost, Path: "/users/{id}/reset-mfa", ID: "reset-second-factors", Tag: "users",
		Summary: "Take away somebody's second factors",
		Doc: "For who has lost the authenticator, the passkeys and the recovery codes: make sure first that it " +
			"is them. All their devices are signed out, and they are told by mail.",
		Roles: access.Admin, Status: http.StatusNoContent, Key: httpapi.Honoured,
		Refusals: []*problem.Error{ErrOwnAccount, ErrMFANotEnabled},
		Fresh:    true,
	}, s.ResetFactors)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodPatch, Path: "/users/{id}/disable", ID: "disable-user", Tag: "users",
		Summary: "Shut a user out, or let them in again",
		Doc: "All their devices are signed out, and they are told by mail. A disabled doctor is not found and not " +
			"booked. " +
			"Consultations to come are cancelled: everything paid is given back, the other side is told, and a " +
			"doctor's slots are blocked. " +
			"The first answer is then 409 with their number; confirm with cancelConsultations. One in progress " +
			"goes on.",
		Roles:    access.Admin,
		Refusals: []*problem.Error{ErrOwnAccount, ErrLastAdmin, ErrHasConsultations},
		Fresh:    true,
	}, s.Disable)
}
