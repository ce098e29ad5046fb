package prescription

import (
	"context"

	"github.com/google/uuid"

	"amrutam/internal/postgres"
)

// batchSize is how many prescriptions ForEach reads at a time.
const batchSize = 200

// ForEach calls fn with every prescription of a patient, the newest first. The export of a person's data has all of
// them.
func (s *Service) ForEach(ctx context.Context, r *postgres.Read, patient uuid.UUID,
	fn func(Prescription) error) error {
	for before := uuid.Max; ; {
		rows, err := listPrescriptionsOfPatient(ctx, r, patient, before, batchSize)
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
		if len(rows) < batchSize {
			return nil
		}
	}
}
