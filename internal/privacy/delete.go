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

// deleteAccount deletes the actor's account, cancels their upcoming consultations, and frees a doctor's registration
// number. ownRequest says that the user asked for it, and not an administrator: a patient then gets no refund for what
// starts so soon that they could not cancel it. Returns account.ErrLastAdmin for the only administrator,
// schedule.ErrConsultationInProgress for a doctor with a consultation in progress, problem.Unauthenticated if the
// account is deleted already.
func (s *Service) deleteAccount(ctx context.Context, tx *postgres.Tx, actor access.Actor, ownRequest bool) error {
	if err := s.Accounts.Delete(ctx, tx, actor); err != nil {
		return err
	}
	deactivation := consultation.Deactivation{
		UserID: actor.ID, Role: actor.Role, Deleted: true, OwnRequest: ownRequest, Confirmed: true,
	}
	err := s.Consultations.CancelUpcoming(ctx, tx, actor, deactivation)
	if err != nil || !actor.Is(access.RoleDoctor) {
		return err
	}
	return doctor.FreeRegistration(ctx, tx, actor.ID)
}
