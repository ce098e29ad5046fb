package schedule

import (
	"github.com/google/uuid"

	"amrutam/internal/access"
)

// canRead reports whether the actor may see a doctor's slots of every status.
func canRead(actor access.Actor, doctor uuid.UUID) bool {
	return actor.Is(access.RoleAdmin) || actor.ID == doctor
}

// canChange reports whether the actor may change a slot: only its doctor may.
func canChange(actor access.Actor, row AvailabilitySlot) bool { return actor.ID == row.DoctorID }

// canChangeHours reports whether the actor may read and change rules and exceptions of a doctor: only the doctor may.
func canChangeHours(actor access.Actor, doctor uuid.UUID) bool { return actor.ID == doctor }
