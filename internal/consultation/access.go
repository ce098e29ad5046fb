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

// canSee reports whether the actor may know of the consultation: its patient, its doctor and staff may.
func canSee(actor access.Actor, row ConsultationRow) bool {
	return isPatient(actor, row) || isDoctor(actor, row) || actor.IsStaff()
}

// canSeeHealthData reports whether the actor may see reason, notes and cancellation reason: the patient, the doctor
// and an ADMIN who states a purpose may. SUPPORT never may.
func canSeeHealthData(actor access.Actor, row ConsultationRow, purpose string) bool {
	return isPatient(actor, row) || isDoctor(actor, row) ||
		(actor.Is(access.RoleAdmin) && strings.TrimSpace(purpose) != "")
}
