package consultation

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"amrutam/internal/access"
	"amrutam/internal/postgres"
)

// Each hands on every consultation of a patient, with health data, or of a doctor, without, the oldest first and one at a time:
// for the copy of all that is held about them.
func (s *Service) Each(ctx context.Context, r *postgres.Read, person uuid.UUID, as access.Role, fn func(Consultation) error) error {
	whose, health := " WHERE c.patient_id = $1", true
	if as == access.RoleDoctor {
		whose, health = " WHERE c.doctor_id = $1", false
	}
	scan := func(row pgx.CollectableRow) (Consultation, error) { return s.scan(row, health) }
	return postgres.Each(ctx, r, scan, fn, listColumns+whose+" ORDER BY c.scheduled_start, c.id", person)
}
