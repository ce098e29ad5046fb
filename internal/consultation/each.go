package consultation

import (
	"context"

	"github.com/google/uuid"

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
	rows, err := r.Query(ctx, listColumns+whose+" ORDER BY c.scheduled_start, c.id", person)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		c, err := s.scan(rows, health)
		if err != nil {
			return err
		}
		if err := fn(c); err != nil {
			return err
		}
	}
	return rows.Err()
}
