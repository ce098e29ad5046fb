package consultation

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"amrutam/internal/access"
	"amrutam/internal/postgres"
)

// ForEach hands on every consultation of a patient, with health data, or of a doctor, without, the oldest first and
// one at a time: for the copy of all that is held about them.
func (s *Service) ForEach(ctx context.Context, r *postgres.Read, person uuid.UUID, as access.Role,
	fn func(Consultation) error) error {
	whose, health := ofPatient, true
	if as == access.RoleDoctor {
		whose, health = ofDoctor, false
	}
	scan := func(row pgx.CollectableRow) (Consultation, error) { return s.scan(row, health) }
	return postgres.ForEach(ctx, r, scan, fn, listed("consultations")+" WHERE "+whose+
		" ORDER BY c.scheduled_start, c.id", person)
}
