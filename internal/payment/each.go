package payment

import (
	"context"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/postgres"
)

// ForEach hands on every payment of a patient with its attempts and refunds, the oldest first: for the copy of all
// that is held about them.
func (s *Service) ForEach(ctx context.Context, r *postgres.Read, patient uuid.UUID, fn func(Detail) error) error {
	consultations, err := paidConsultations(ctx, r, patient)
	if err != nil {
		return err
	}
	for _, id := range consultations {
		d, err := s.read(ctx, r, access.Actor{ID: patient, Role: access.RolePatient}, ReadIn{ConsultationID: id})
		if err != nil {
			return err
		}
		if err := fn(d); err != nil {
			return err
		}
	}
	return nil
}
