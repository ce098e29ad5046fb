package consultation

import (
	"strings"

	"amrutam/internal/access"
)

func isPatient(actor access.Actor, row ConsultationRow) bool {
	return actor.Is(access.RolePatient) && actor.ID == row.PatientID
}

func isDoctor(actor access.Actor, row ConsultationRow) bool {
	return actor.Is(access.RoleDoctor) && actor.ID == row.DoctorID
}

// canSee: its parties and staff; to others it doesn't exist.
func canSee(actor access.Actor, row ConsultationRow) bool {
	return isPatient(actor, row) || isDoctor(actor, row) || actor.IsStaff()
}

// canSeeHealth: its parties, and an ADMIN who states a purpose. SUPPORT never.
func canSeeHealth(actor access.Actor, row ConsultationRow, purpose string) bool {
	return isPatient(actor, row) || isDoctor(actor, row) ||
		(actor.Is(access.RoleAdmin) && strings.TrimSpace(purpose) != "")
}
