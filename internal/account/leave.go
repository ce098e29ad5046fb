package account

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// ErrHolding: the patient who is there now comes first.
var ErrHolding = problem.Conflict("consultation-in-progress", "A consultation of yours is in progress.",
	"Complete or cancel it first.")

// ErrHasConsultations: an administrator is told first what they are about to cancel; Consultations says how many.
var ErrHasConsultations = problem.Conflict("has-consultations", "Consultations to come would be cancelled.",
	"Send the same again with cancelConsultations: true to cancel them: everything paid is given back, and the "+
		"other side is told by mail.")

// Consultations is ErrHasConsultations with their number.
func Consultations(n int) error {
	if n == 1 {
		return ErrHasConsultations.WithDetail("1 consultation to come would be cancelled.")
	}
	return ErrHasConsultations.WithDetail(fmt.Sprintf("%d consultations to come would be cancelled.", n))
}

// Stopping is a user who stops seeing patients, or doctors: their account ends or is shut, or their approval is
// withdrawn.
type Stopping struct {
	ID   uuid.UUID
	Role access.Role
	// Ends: the account doesn't come back.
	Ends bool
	// OwnWish: nobody else had it end.
	OwnWish bool
	// Confirmed: whoever decides it knows that consultations are cancelled.
	Confirmed bool
}

// Leave deletes one's own user softly: it signs in no more, its sessions end, what OnStop does follows, and the
// address is free again. History keeps pointing at it. Errors: ErrLastAdmin, ErrHolding.
func (s *Service) Leave(ctx context.Context, tx *postgres.Tx, actor access.Actor, _ NoInput) (httpapi.None, error) {
	if err := s.MayLeave(ctx, tx, actor); err != nil {
		return httpapi.None{}, err
	}
	return httpapi.None{}, s.End(ctx, tx, actor, true)
}

// MayLeave is nil when who may end their own account, and holds the user. Error: ErrLastAdmin.
func (s *Service) MayLeave(ctx context.Context, tx *postgres.Tx, actor access.Actor) error {
	if err := s.notLast(ctx, tx, actor); err != nil {
		return err
	}
	_, err := s.lockUser(ctx, tx, actor.ID)
	return err
}

// notLast is ErrLastAdmin for the only administrator there is; the others wait for each other.
func (s *Service) notLast(ctx context.Context, tx *postgres.Tx, actor access.Actor) error {
	if !actor.Is(access.RoleAdmin) {
		return nil
	}
	admins, err := lockAdmins(ctx, tx)
	if err != nil {
		return fmt.Errorf("lock administrators: %w", err)
	}
	if last(admins, actor.ID) {
		return ErrLastAdmin
	}
	return nil
}

// End is what Leave does, without asking whether the user may: for one, disabled or not, whose time has come, by their
// own wish or not. Errors: ErrLastAdmin, ErrHolding; problem.Unauthenticated when the user left before.
func (s *Service) End(ctx context.Context, tx *postgres.Tx, actor access.Actor, ownWish bool) error {
	if err := s.notLast(ctx, tx, actor); err != nil {
		return err
	}
	// From here on the user books nothing: a booking waits for this row and then finds it deleted.
	email, err := deleteUser(ctx, tx, &tx.Now, actor.ID)
	switch {
	case postgres.NoRows(err):
		return problem.Unauthenticated
	case err != nil:
		return fmt.Errorf("delete a user: %w", err)
	}
	if err := s.OnStop(ctx, tx, actor, Stopping{ID: actor.ID, Role: actor.Role, Ends: true, OwnWish: ownWish,
		Confirmed: true}); err != nil {
		return err
	}
	audit.Write(tx, actor, "user.delete", actor.ID, nil)
	return s.revokeAccess(ctx, tx, actor.ID, notification.Mail{Address: email, Kind: "account-deleted"})
}
