package audit_test

import (
	"testing"
	"time"

	"amrutam/internal/apptest"
)

// Administrators read who did something, to whom, and about which visit; of an erased person nothing.
func TestEntriesNamePeopleAndVisits(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	admin, patient, doctor := c.Admin(), c.Patient(), c.Doctor("0.00")
	id := c.Book(patient, c.Slot(doctor, time.Hour, 1))
	c.Exec("UPDATE profiles SET full_name = 'Asha Rao' WHERE user_id = $1", patient.ID)
	c.Exec("UPDATE profiles SET full_name = 'Dr. Meera Iyer' WHERE user_id = $1", doctor.ID)
	entry := func(query string) object {
		t.Helper()
		listed := c.Get(admin, "audit-logs?"+query).Want(200).Items()[0]
		entryID, _ := listed["id"].(string)
		read := c.Get(admin, "audit-logs/"+entryID).Want(200).Map()
		for _, field := range []string{"actorName", "entityName"} {
			if listed[field] != read[field] {
				t.Errorf("%s of %s is listed as %v and read as %v", field, query, listed[field], read[field])
			}
		}
		return listed
	}
	booked := entry("action=consultation.book&entityId=" + id)
	visit, _ := booked["visit"].(object)
	if booked["actorName"] != "Asha Rao" || booked["entityName"] != nil || visit["patientName"] != "Asha Rao" ||
		visit["doctorName"] != "Dr. Meera Iyer" ||
		visit["startTime"] != c.Get(patient, "consultations/"+id).Want(200).Text("startTime") {
		t.Errorf("the booking is listed as %v", booked)
	}
	c.Patch(doctor, "doctors/"+doctor.ID.String(), object{"bio": "Ten years"}).Want(200)
	if updated := entry("action=doctor.update"); updated["entityName"] != "Dr. Meera Iyer" || updated["visit"] != nil {
		t.Errorf("the change of a doctor is listed as %v", updated)
	}
	c.Exec("UPDATE data_keys SET destroyed_at = now(), wrapped = NULL WHERE user_id = $1", patient.ID)
	booked = entry("action=consultation.book&entityId=" + id)
	visit, _ = booked["visit"].(object)
	if booked["actorName"] != nil || visit["patientName"] != nil || visit["doctorName"] == nil {
		t.Errorf("after the erasure the booking is listed as %v", booked)
	}
}
