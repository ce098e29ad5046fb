package account

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// Locked is a user in any state, whose row is locked.
type Locked struct {
	ID        uuid.UUID
	Role      access.Role
	Email     string
	DeletedAt *time.Time
}

// Lock locks a user, deleted and disabled ones too. Returns problem.NotFound if there is none.
func Lock(ctx context.Context, tx *postgres.Tx, id uuid.UUID) (Locked, error) {
	row, err := lockUserInAnyState(ctx, tx, id)
	switch {
	case postgres.NoRows(err):
		return Locked{}, problem.NotFound
	case err != nil:
		return Locked{}, fmt.Errorf("lock a user: %w", err)
	}
	return Locked(row), nil
}

// LockOther is Lock for an administrator who is about to decide on somebody else. Returns problem.NotFound if there is
// none, ErrOwnAccount, and problem.Unauthenticated if the caller is no administrator any more.
func LockOther(ctx context.Context, tx *postgres.Tx, actor access.Actor, id uuid.UUID) (Locked, error) {
	if _, err := lockAdminsBy(ctx, tx, actor); err != nil {
		return Locked{}, err
	}
	if id == actor.ID {
		return Locked{}, ErrOwnAccount
	}
	return Lock(ctx, tx, id)
}

// LockForDeletion locks the actor's own user, who is about to have it deleted. Returns ErrLastAdmin for the only
// administrator there is, problem.Unauthenticated if the user is deleted or disabled.
func LockForDeletion(ctx context.Context, tx *postgres.Tx, actor access.Actor) error {
	if err := requireOtherAdmin(ctx, tx, actor); err != nil {
		return err
	}
	_, err := lockActive(ctx, tx, actor.ID)
	return err
}

// requireOtherAdmin returns ErrLastAdmin for the only administrator there is. Administrators who leave at once wait
// for each other.
func requireOtherAdmin(ctx context.Context, tx *postgres.Tx, actor access.Actor) error {
	if !actor.Is(access.RoleAdmin) {
		return nil
	}
	admins, err := lockAdmins(ctx, tx)
	if err != nil {
		return fmt.Errorf("lock administrators: %w", err)
	}
	if isLastAdmin(actor.ID, admins) {
		return ErrLastAdmin
	}
	return nil
}

// Delete deletes the actor's own user softly, disabled or not: it signs in no more, its sessions end, and its address
// can sign up again. History keeps pointing at it; what it has to come is left to the caller. Returns ErrLastAdmin for
// the only administrator there is, problem.Unauthenticated if it is deleted already.
func (s *Service) Delete(ctx context.Context, tx *postgres.Tx, actor access.Actor) error {
	if err := requireOtherAdmin(ctx, tx, actor); err != nil {
		return err
	}
	// From here on the user books nothing: a booking waits for this row and then finds it deleted.
	email, err := softDeleteUser(ctx, tx, &tx.Now, actor.ID)
	switch {
	case postgres.NoRows(err):
		return problem.Unauthenticated
	case err != nil:
		return fmt.Errorf("delete a user: %w", err)
	}
	audit.Write(tx, actor, "user.delete", actor.ID, nil)
	return s.revokeAccess(ctx, tx, actor.ID, notification.Mail{Address: email, Kind: "account-deleted"})
}
