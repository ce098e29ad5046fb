package audit_test

import (
	"testing"
	"time"

	"amrutam/internal/apptest"
)

// TestReplayIsAReading checks that the replay of a stored answer with health data is in the access log.
func TestReplayIsAReading(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor("0"), c.Patient()
	readings := func() []map[string]any { return c.Get(patient, "users/me/access-log").Want(200).Items() }

	booking := object{"slotId": c.Slot(doctor, 10*time.Minute, 1), "reason": "Back pain"}
	id := c.Do(patient, "POST", "consultations", booking, "Idempotency-Key", "k").Want(201).Text("id")
	if n := len(readings()); n != 0 {
		t.Fatalf("%d readings after the booking", n)
	}
	c.Do(patient, "POST", "consultations", booking, "Idempotency-Key", "k").Want(201)
	entries := readings()
	if len(entries) != 1 || entries[0]["action"] != "consultation.read" || entries[0]["consultationId"] != id ||
		entries[0]["healthData"] != true {
		t.Fatalf("readings after a replayed booking: %v", entries)
	}

	c.Patch(doctor, "consultations/"+id+"/status", object{"status": "IN_PROGRESS"}).Want(200)
	before := len(readings())
	prescription := object{"consultationId": id,
		"medications": []any{object{"name": "Triphala churna", "dosage": "5 g", "frequency": "twice a day"}}}
	for range 2 {
		c.Do(doctor, "POST", "prescriptions", prescription, "Idempotency-Key", "k").Want(201)
	}
	entries = readings()
	if len(entries) != before+1 || entries[0]["action"] != "prescription.read" ||
		entries[0]["actorId"] != doctor.ID.String() {
		t.Errorf("readings after a replayed prescription: %v", entries)
	}
}
