package consultation

import (
	"strings"

	"amrutam/internal/access"
)

func isPatient(who access.Actor, row ConsultationRow) bool {
	return who.Is(access.RolePatient) && who.ID == row.PatientID
}

func isDoctor(who access.Actor, row ConsultationRow) bool {
	return who.Is(access.RoleDoctor) && who.ID == row.DoctorID
}

// canSee: its parties and staff; to others it doesn't exist.
func canSee(who access.Actor, row ConsultationRow) bool {
	return isPatient(who, row) || isDoctor(who, row) || who.Staff()
}

// canSeeHealth: its parties, and an ADMIN who states a purpose. SUPPORT never.
func canSeeHealth(who access.Actor, row ConsultationRow, purpose string) bool {
	return isPatient(who, row) || isDoctor(who, row) || (who.Is(access.RoleAdmin) && strings.TrimSpace(purpose) != "")
}
