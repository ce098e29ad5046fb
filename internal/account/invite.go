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
)

const (
	// invitationLife is how long an invitation is good for.
	invitationLife = 7 * 24 * time.Hour
	// noPassword is a hash that no password fits: who is invited sets the first one.
	noPassword = "none"
)

// Invitation asks somebody to join the staff.
type Invitation struct {
	Body struct {
		Email    string      `json:"email" text:"opaque" format:"idn-email" minLength:"3" maxLength:"320" doc:"Where the invitation goes" example:"meera@example.org"`
		FullName string      `json:"fullName" minLength:"1" maxLength:"200" doc:"The name others see" example:"Meera Nair"`
		Role     access.Role `json:"role" enum:"SUPPORT,ADMIN" doc:"What the user will be" example:"SUPPORT"`
	}
}

// Entity names the user for a stored answer.
func (u StaffUser) Entity() (string, uuid.UUID) { return "user", u.ID }

// Location is where the user is read.
func (u StaffUser) Location() string { return "/api/v1/users/" + u.ID.String() }

// Invite makes a member of staff without a password, who sets one by the link in a mail. Errors: ErrAddressTaken, or a
// 422 of all faults.
func (s *Service) Invite(ctx context.Context, tx *postgres.Tx, actor access.Actor, in Invitation) (StaffUser, error) {
	u := NewUser{Email: canonicalEmail(in.Body.Email), FullName: trimText(in.Body.FullName), Role: in.Body.Role,
		PasswordHash: noPassword}
	var wrong faults
	wrong.add("body.email", emailFault(u.Email))
	wrong.add("body.email", reachFault(s.Mails.MayReach(u.Email)))
	wrong.add("body.fullName", nameFault(u.FullName))
	if err := wrong.err(); err != nil {
		return StaffUser{}, err
	}
	id, err := s.Provision(ctx, tx, u)
	if errors.Is(err, ErrAddressTaken) {
		id, err = s.inviteAgain(ctx, tx, u)
	}
	if errors.Is(err, ErrAddressTaken) {
		if freed, freeErr := s.releaseUnverifiedEmail(ctx, tx, actor, u.Email); freeErr != nil {
			return StaffUser{}, freeErr
		} else if len(freed) > 0 {
			if id, err = s.Provision(ctx, tx, u); err == nil {
				err = s.cover(ctx, tx, id, freed...)
			}
		}
	}
	if err != nil {
		return StaffUser{}, err
	}
	if err := setInviter(ctx, tx, &actor.ID, id); err != nil {
		return StaffUser{}, fmt.Errorf("keep who invited: %w", err)
	}
	audit.Write(tx, actor, "user.invite", id, audit.Meta{"role": u.Role})
	if err := s.mailInvitation(ctx, tx, id, u.Role); err != nil {
		return StaffUser{}, err
	}
	return staffUser(ctx, tx, id)
}

// inviteAgain is for who was invited and hasn't come yet: the newest invitation counts. Error: ErrAddressTaken.
func (s *Service) inviteAgain(ctx context.Context, tx *postgres.Tx, u NewUser) (uuid.UUID, error) {
	id, err := inviteAgain(ctx, tx, inviteAgainParams{Email: u.Email, Role: u.Role, NoPassword: noPassword,
		Now: tx.Now})
	if postgres.NoRows(err) {
		return uuid.Nil, ErrAddressTaken
	}
	if err != nil {
		return uuid.Nil, fmt.Errorf("invite again: %w", err)
	}
	return id, renameProfile(ctx, tx, u.FullName, tx.Now, id)
}

// mailInvitation makes a link good for seven days; an earlier one stops working.
func (s *Service) mailInvitation(ctx context.Context, tx *postgres.Tx, id uuid.UUID, role access.Role) error {
	token, hash := newToken("")
	expiry := tx.Now.Add(invitationLife)
	if _, err := setResetToken(ctx, tx, hash, &expiry, id); err != nil {
		return fmt.Errorf("keep an invitation: %w", err)
	}
	return s.Mails.Enqueue(ctx, tx,
		notification.Mail{To: id, Kind: "invitation",
			Data: map[string]string{"token": token, "expires": expiry.Format(time.RFC3339), "role": string(role)}})
}
