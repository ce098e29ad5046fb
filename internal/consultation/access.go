package consultation

import (
	"strings"

	"amrutam/internal/access"
)

// isPatient reports whether the actor is the patient, or the patient's account that acts for them.
func isPatient(actor access.Actor, row ConsultationRow) bool {
	return actor.Is(access.RolePatient) && actor.ActsFor(row.PatientID)
}

func isDoctor(actor access.Actor, row ConsultationRow) bool {
	return actor.Is(access.RoleDoctor) && actor.ID == row.DoctorID
}

// canSee reports whether the actor may know of the consultation: its patient, its doctor and staff may.
func canSee(actor access.Actor, row ConsultationRow) bool {
	return isPatient(actor, row) || isDoctor(actor, row) || actor.IsStaff()
}

// sight is how much of a consultation's health data somebody sees.
type sight int

const (
	// noHealthData shows none.
	noHealthData sight = iota
	// releasedData shows what the patient may see: notes that the doctor has released.
	releasedData
	// allData shows unreleased notes too.
	allData
)

// sightOf returns how much the actor may see.
func sightOf(actor access.Actor, row ConsultationRow, purpose string) sight {
	switch {
	case !canSeeHealthData(actor, row, purpose):
		return noHealthData
	case isPatient(actor, row):
		return releasedData
	}
	return allData
}

// canSeeHealthData reports whether the actor may see reason, notes and cancellation reason: the patient, the doctor
// and an ADMIN who states a purpose may. SUPPORT never may.
func canSeeHealthData(actor access.Actor, row ConsultationRow, purpose string) bool {
	return isPatient(actor, row) || isDoctor(actor, row) ||
		(actor.Is(access.RoleAdmin) && strings.TrimSpace(purpose) != "")
}
