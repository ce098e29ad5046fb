package schedule

import "amrutam/internal/access"

// owns tells whether a slot is who's own: only its doctor may change it.
func owns(who access.Actor, row AvailabilitySlot) bool { return who.ID == row.DoctorID }
