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

// LockOther is Lock for an administrator who is about to decide about another user. Returns problem.NotFound if there
// is none, ErrOwnAccount, problem.Unauthenticated if the caller is no longer an administrator.
func LockOther(ctx context.Context, tx *postgres.Tx, actor access.Actor, id uuid.UUID) (Locked, error) {
	if _, err := lockAdminsBy(ctx, tx, actor); err != nil {
		return Locked{}, err
	}
	if id == actor.ID {
		return Locked{}, ErrOwnAccount
	}
	user, err := Lock(ctx, tx, id)
	if err == nil && user.Role == access.RoleDependant {
		return Locked{}, problem.NotFound
	}
	return user, err
}

// LockForDeletion locks the actor's own user before its deletion. Returns ErrLastAdmin for the only administrator,
// problem.Unauthenticated if the user is deleted or disabled.
func LockForDeletion(ctx context.Context, tx *postgres.Tx, actor access.Actor) error {
	if err := requireOtherAdmin(ctx, tx, actor); err != nil {
		return err
	}
	_, err := lockActive(ctx, tx, actor.ID)
	return err
}

// requireOtherAdmin returns ErrLastAdmin for the only administrator. It locks all administrators, so that two of them
// can't delete their accounts at the same time.
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

// Delete marks the actor's own user as deleted, also a disabled one: it can't sign in, its sessions end, and its
// address is free for a new sign-up. The user's dependants are deleted too. Other rows still refer to all of them. The
// caller cancels their consultations. Returns ErrLastAdmin for the only administrator, problem.Unauthenticated if the
// user is deleted already.
func (s *Service) Delete(ctx context.Context, tx *postgres.Tx, actor access.Actor) error {
	if err := requireOtherAdmin(ctx, tx, actor); err != nil {
		return err
	}
	// A booking that runs at the same time waits for this row and then finds the user deleted.
	email, err := softDeleteUser(ctx, tx, &tx.Now, actor.ID)
	switch {
	case postgres.NoRows(err):
		return problem.Unauthenticated
	case err != nil:
		return fmt.Errorf("delete a user: %w", err)
	}
	audit.Write(tx, actor, "user.delete", actor.ID, nil)
	if err := deleteDependants(ctx, tx, actor); err != nil {
		return err
	}
	return s.revokeAccess(ctx, tx, actor.ID, notification.Mail{Address: email, Reader: actor.ID,
		Kind: "account-deleted"})
}
