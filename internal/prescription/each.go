package prescription

import (
	"context"

	"github.com/google/uuid"

	"amrutam/internal/postgres"
)

const batch = 200

// ForEach hands on every prescription of a patient, the newest first: for the copy of all that is held about them.
func (s *Service) ForEach(ctx context.Context, r *postgres.Read, patient uuid.UUID,
	fn func(Prescription) error) error {
	for before := uuid.Max; ; {
		rows, err := prescriptionsOfPatient(ctx, r, patient, before, batch)
		if err != nil {
			return err
		}
		for _, row := range rows {
			before = row.PrescriptionRow.ID
			p, err := s.open(row.PrescriptionRow, row.Wrapped, row.SupersededBy)
			if err != nil {
				return err
			}
			if err := fn(p); err != nil {
				return err
			}
		}
		if len(rows) < batch {
			return nil
		}
	}
}
