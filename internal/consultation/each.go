package consultation

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"amrutam/internal/access"
	"amrutam/internal/postgres"
)

// ForEach calls fn with every consultation of a patient, with health data, or of a doctor, without it, archived ones
// too. The oldest comes first. Only one is in memory at a time: the export of a person's data has all of them.
func (s *Service) ForEach(ctx context.Context, r *postgres.Read, person uuid.UUID, role access.Role,
	fn func(Consultation) error) error {
	condition, sight := ofPatient, releasedData
	if role == access.RoleDoctor {
		condition, sight = ofDoctor, noHealthData
	}
	scan := func(row pgx.CollectableRow) (Consultation, error) { return s.scan(row, sight) }
	query := selectConsultations(allRows) + " WHERE " + condition + " ORDER BY c.scheduled_start, c.id"
	return postgres.ForEach(ctx, r, scan, fn, query, person)
}
