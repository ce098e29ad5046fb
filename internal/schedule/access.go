package schedule

import (
	"github.com/google/uuid"

	"amrutam/internal/access"
)

// canRead tells whether who may see a doctor's slots of every status.
func canRead(actor access.Actor, doctor uuid.UUID) bool {
	return actor.Is(access.RoleAdmin) || actor.ID == doctor
}

// owns tells whether a slot is who's own: only its doctor may change it.
func owns(actor access.Actor, row AvailabilitySlot) bool { return actor.ID == row.DoctorID }
