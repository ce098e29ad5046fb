package account

import (
	"context"
	"fmt"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// ErrHolding: the patient who is there now comes first.
var ErrHolding = problem.Conflict("consultation-in-progress", "A consultation of yours is in progress.", "Complete or cancel it first.")

// Leave deletes one's own user softly: it signs in no more, its sessions end, what OnLeave does follows, and the address is
// free again. History keeps pointing at it. Whoever has a second factor proves it first.
// Errors: problem.MFARequired, ErrLastAdmin, ErrHolding.
func (s *Service) Leave(ctx context.Context, tx *postgres.Tx, who access.Actor, _ NoInput) (httpapi.None, error) {
	if err := s.MayLeave(ctx, tx, who); err != nil {
		return httpapi.None{}, err
	}
	return httpapi.None{}, s.End(ctx, tx, who)
}

// MayLeave is nil when who may end their own account, and holds the user. Errors: problem.MFARequired, ErrLastAdmin.
func (s *Service) MayLeave(ctx context.Context, tx *postgres.Tx, who access.Actor) error {
	if err := s.notLast(ctx, tx, who); err != nil {
		return err
	}
	user, err := s.holdUser(ctx, tx, who.ID)
	if err != nil || !user.MfaEnabled {
		return err
	}
	return httpapi.Fresh(tx.Now, who)
}

// notLast is ErrLastAdmin for the only administrator there is; the others wait for each other.
func (s *Service) notLast(ctx context.Context, tx *postgres.Tx, who access.Actor) error {
	if !who.Is(access.RoleAdmin) {
		return nil
	}
	admins, err := query.lockAdmins(ctx, tx)
	if err != nil {
		return fmt.Errorf("lock administrators: %w", err)
	}
	if last(admins, who.ID) {
		return ErrLastAdmin
	}
	return nil
}

// End is what Leave does, without asking whether who may: for a user, disabled or not, whose time has come.
// Errors: ErrLastAdmin, ErrHolding; problem.Unauthenticated for who left before.
func (s *Service) End(ctx context.Context, tx *postgres.Tx, who access.Actor) error {
	if err := s.notLast(ctx, tx, who); err != nil {
		return err
	}
	// From here on the user books nothing: a booking waits for this row and then finds it deleted.
	email, err := query.deleteUser(ctx, tx, &tx.Now, who.ID)
	switch {
	case postgres.NoRows(err):
		return problem.Unauthenticated
	case err != nil:
		return fmt.Errorf("delete a user: %w", err)
	}
	if err := s.OnLeave(ctx, tx, who); err != nil {
		return err
	}
	audit.Write(tx, who, "user.delete", who.ID, nil)
	return s.shutOut(ctx, tx, who.ID, notification.Mail{Address: email, Kind: "account-deleted"})
}
