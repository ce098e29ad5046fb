package consultation

import (
	"context"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/account"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/schedule"
)

// DeleteDependant deletes a dependant of the actor, who waits for no seat any more. Returns what
// account.DeleteDependant returns.
func (s *Service) DeleteDependant(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in account.DependantRequest) (httpapi.None, error) {
	if _, err := s.Accounts.DeleteDependant(ctx, tx, actor, in); err != nil {
		return httpapi.None{}, err
	}
	return httpapi.None{}, schedule.EndWaiting(ctx, tx, actor, []uuid.UUID{in.ID})
}

// AcceptTransfer confirms a transfer for the account that gets the record. Returns what account.AcceptTransfer
// returns.
func (s *Service) AcceptTransfer(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in account.TransferRequest) (account.Transfer, error) {
	t, err := s.Accounts.AcceptTransfer(ctx, tx, actor, in)
	if err != nil {
		return t, err
	}
	return t, endWaitingOfMoved(ctx, tx, actor, t)
}

// ApproveTransfer confirms a transfer for staff. Returns what account.ApproveTransfer returns.
func (s *Service) ApproveTransfer(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in account.TransferRequest) (account.Transfer, error) {
	t, err := s.Accounts.ApproveTransfer(ctx, tx, actor, in)
	if err != nil {
		return t, err
	}
	return t, endWaitingOfMoved(ctx, tx, actor, t)
}

// endWaitingOfMoved takes a person whose record was moved out of every line: nobody books for them any more.
func endWaitingOfMoved(ctx context.Context, tx *postgres.Tx, actor access.Actor, t account.Transfer) error {
	if !t.IsDone() {
		return nil
	}
	return schedule.EndWaiting(ctx, tx, actor, []uuid.UUID{t.DependantID})
}
