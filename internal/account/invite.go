package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
	"amrutam/internal/session"
)

const (
	// invitationLife is how long the link of an invitation works.
	invitationLife = 7 * 24 * time.Hour
	// noPassword is stored as the hash of a user without a password: no password matches it.
	noPassword = "none"
)

// UserInvitationRequest invites a person to join the staff.
type UserInvitationRequest struct {
	Body struct {
		_ struct{} `doc:"Whom to invite, and in which role"`

		Email    string      `json:"email" text:"opaque" format:"idn-email" minLength:"3" maxLength:"320" doc:"Where the invitation goes" example:"meera@example.org"`
		FullName string      `json:"fullName" minLength:"1" maxLength:"200" doc:"The name others see" example:"Meera Nair"`
		Role     access.Role `json:"role" enum:"SUPPORT,ADMIN" doc:"What the user will be" example:"SUPPORT"`
	}
}

// Invite creates a member of staff without a password and mails a link to set one. Returns ErrAddressTaken if another
// user has the address, and a 422 with all faults if fields are wrong.
func (s *Service) Invite(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in UserInvitationRequest) (StaffUser, error) {
	u := NewUser{Email: normalizeEmail(in.Body.Email), FullName: trimText(in.Body.FullName), Role: in.Body.Role,
		PasswordHash: noPassword}
	var wrong faults
	wrong.add("body.email", emailFault(u.Email))
	wrong.add("body.email", reachFault(s.Mails.MayReach(u.Email)))
	wrong.add("body.fullName", nameFault(u.FullName))
	if err := wrong.err(); err != nil {
		return StaffUser{}, err
	}
	id, err := s.provisionInvited(ctx, tx, actor, u)
	if err != nil {
		return StaffUser{}, err
	}
	if err := setInviter(ctx, tx, &actor.ID, id); err != nil {
		return StaffUser{}, fmt.Errorf("set the inviter: %w", err)
	}
	audit.Write(tx, actor, "user.invite", id, audit.Meta{"role": u.Role})
	if err := s.mailInvitation(ctx, tx, id, u.Role); err != nil {
		return StaffUser{}, err
	}
	return readStaffUser(ctx, tx, id)
}

// provisionInvited creates the user of an invitation. It replaces an earlier invitation that was not accepted, and a
// sign-up whose address was never verified. Returns ErrAddressTaken if another user has the address.
func (s *Service) provisionInvited(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	u NewUser) (uuid.UUID, error) {
	id, err := s.Provision(ctx, tx, u)
	if errors.Is(err, ErrAddressTaken) {
		id, err = s.inviteAgain(ctx, tx, u)
	}
	if !errors.Is(err, ErrAddressTaken) {
		return id, err // created, invited again, or failed
	}
	released, releaseErr := s.releaseUnverifiedEmail(ctx, tx, actor, u.Email)
	switch {
	case releaseErr != nil:
		return uuid.Nil, releaseErr
	case len(released) == 0:
		return uuid.Nil, err
	}
	if id, err = s.Provision(ctx, tx, u); err != nil {
		return uuid.Nil, err
	}
	// The passwords of those sign-ups get the same answer as before, so nobody learns of the new owner.
	return id, s.pendingSignUps(id).addDecoys(ctx, tx, released...)
}

// inviteAgain replaces an invitation that was not accepted yet. Returns ErrAddressTaken if there is none.
func (s *Service) inviteAgain(ctx context.Context, tx *postgres.Tx, u NewUser) (uuid.UUID, error) {
	id, err := inviteAgain(ctx, tx, inviteAgainParams{Email: u.Email, Role: u.Role, NoPassword: noPassword,
		Now: tx.Now})
	if postgres.NoRows(err) {
		return uuid.Nil, ErrAddressTaken
	}
	if err != nil {
		return uuid.Nil, fmt.Errorf("invite again: %w", err)
	}
	if err := renameProfile(ctx, tx, u.FullName, tx.Now, id); err != nil {
		return uuid.Nil, fmt.Errorf("rename a profile: %w", err)
	}
	return id, nil
}

// mailInvitation mails a link that works for seven days; an earlier link stops working.
func (s *Service) mailInvitation(ctx context.Context, tx *postgres.Tx, id uuid.UUID, role access.Role) error {
	token, hash := session.NewToken("")
	expiry := tx.Now.Add(invitationLife)
	if _, err := setResetToken(ctx, tx, hash, &expiry, id); err != nil {
		return fmt.Errorf("set the token of an invitation: %w", err)
	}
	return s.Mails.Enqueue(ctx, tx, notification.Mail{To: id, Kind: "invitation",
		Data: map[string]string{"token": token, "expires": expiry.Format(time.RFC3339), "role": string(role)}})
}

// checkInviter returns ErrInvalidToken if the administrator who invited a user is no longer one.
func checkInviter(ctx context.Context, tx *postgres.Tx, invited uuid.UUID) error {
	switch isAdmin, err := isInviterAdmin(ctx, tx, invited); {
	case postgres.NoRows(err): // the command line created the user
		return nil
	case err != nil:
		return fmt.Errorf("find an inviter: %w", err)
	case !isAdmin:
		return ErrInvalidToken
	}
	return nil
}
