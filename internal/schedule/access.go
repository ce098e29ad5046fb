package schedule

import (
	"github.com/google/uuid"

	"amrutam/internal/access"
)

// canRead tells whether who may see a doctor's slots of every status.
func canRead(who access.Actor, doctor uuid.UUID) bool {
	return who.Is(access.RoleAdmin) || who.ID == doctor
}

// owns tells whether a slot is who's own: only its doctor may change it.
func owns(who access.Actor, row AvailabilitySlot) bool { return who.ID == row.DoctorID }
