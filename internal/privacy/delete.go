package privacy

import (
	"context"

	"amrutam/internal/access"
	"amrutam/internal/consultation"
	"amrutam/internal/doctor"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
)

// DeleteAccount deletes the caller's own account. Returns what deleteAccount returns.
func (s *Service) DeleteAccount(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	_ httpapi.None) (httpapi.None, error) {
	return httpapi.None{}, s.deleteAccount(ctx, tx, actor, true)
}

// deleteAccount deletes the actor's account and cancels what it has to come; a doctor's registration number is free
// again. ownRequest says that nobody else decided it. Returns account.ErrLastAdmin for the only administrator there
// is, schedule.ErrConsultationInProgress for a doctor who is seeing a patient, problem.Unauthenticated if it is
// deleted already.
func (s *Service) deleteAccount(ctx context.Context, tx *postgres.Tx, actor access.Actor, ownRequest bool) error {
	if err := s.Accounts.Delete(ctx, tx, actor); err != nil {
		return err
	}
	err := s.Consultations.CancelUpcoming(ctx, tx, actor, consultation.Deactivation{UserID: actor.ID, Role: actor.Role,
		Deleted: true, OwnRequest: ownRequest, Confirmed: true})
	if err != nil || !actor.Is(access.RoleDoctor) {
		return err
	}
	return doctor.FreeRegistration(ctx, tx, actor.ID)
}
