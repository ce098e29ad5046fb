package account

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
)

// DeleteDependant ends the bookings for a dependant of the actor. The record stays, and the actor may read it. Returns
// problem.NotFound, ErrDependantHasConsultations.
func (s *Service) DeleteDependant(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in DependantRequest) (httpapi.None, error) {
	if _, _, err := s.ownDependant(ctx, tx, actor, in.ID); err != nil {
		return httpapi.None{}, err
	}
	if err := requireNoSeats(ctx, tx, in.ID); err != nil {
		return httpapi.None{}, err
	}
	if err := endTransferOfDependant(ctx, tx, tx.Now, in.ID); err != nil {
		return httpapi.None{}, fmt.Errorf("end the transfer of a dependant: %w", err)
	}
	if err := deleteDependant(ctx, tx, tx.Now, in.ID); err != nil {
		return httpapi.None{}, fmt.Errorf("delete a dependant: %w", err)
	}
	if err := deletePeople(ctx, tx, tx.Now, []uuid.UUID{in.ID}); err != nil {
		return httpapi.None{}, fmt.Errorf("delete the person of a dependant: %w", err)
	}
	audit.Write(tx, actor, "dependant.delete", in.ID, nil)
	return httpapi.None{}, nil
}

// deleteDependants deletes all dependants of an account that is being deleted, and ends the transfers from and to it.
func deleteDependants(ctx context.Context, tx *postgres.Tx, actor access.Actor) error {
	if err := endTransfersOfAccount(ctx, tx, actor.ID, tx.Now); err != nil {
		return fmt.Errorf("end transfers: %w", err)
	}
	ids, err := deleteDependantsOf(ctx, tx, tx.Now, actor.ID)
	if err != nil {
		return fmt.Errorf("delete dependants: %w", err)
	}
	if len(ids) == 0 {
		return nil
	}
	if err := deletePeople(ctx, tx, tx.Now, ids); err != nil {
		return fmt.Errorf("delete the people of dependants: %w", err)
	}
	for _, id := range ids {
		audit.Write(tx, actor, "dependant.delete", id, nil)
	}
	return nil
}

// PeopleOf returns the dependants of an account, deleted ones too.
func PeopleOf(ctx context.Context, db postgres.Querier, account uuid.UUID) ([]uuid.UUID, error) {
	ids, err := listPeopleOf(ctx, db, account)
	if err != nil {
		return nil, fmt.Errorf("list the dependants of an account: %w", err)
	}
	return ids, nil
}
