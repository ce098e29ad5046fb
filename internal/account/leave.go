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
	var none httpapi.None
	if who.Is(access.RoleAdmin) {
		admins, err := query.lockAdmins(ctx, tx)
		if err != nil {
			return none, fmt.Errorf("lock administrators: %w", err)
		}
		if last(admins, who.ID) {
			return none, ErrLastAdmin
		}
	}
	// From here on the user books nothing: a booking waits for this row and then finds it deleted.
	user, err := query.deleteUser(ctx, tx, &tx.Now, who.ID)
	switch {
	case postgres.NoRows(err):
		return none, problem.Unauthenticated
	case err != nil:
		return none, fmt.Errorf("delete a user: %w", err)
	}
	if user.MfaEnabled {
		if err := httpapi.Fresh(tx.Now, who); err != nil {
			return none, err
		}
	}
	if err := s.OnLeave(ctx, tx, who); err != nil {
		return none, err
	}
	audit.Write(tx, who, "user.delete", who.ID, nil)
	return none, s.shutOut(ctx, tx, who.ID, notification.Mail{Address: user.Email, Kind: "account-deleted"})
}
