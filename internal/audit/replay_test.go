package audit_test

import (
	"testing"
	"time"

	"amrutam/internal/apptest"
)

// TestReplayIsAReading: the stored answer of a key shows health data anew, to whoever holds the session now.
func TestReplayIsAReading(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor("0"), c.Patient()
	readings := func() []map[string]any { return c.Get(patient, "users/me/access-log").Want(200).Items() }

	booking := object{"slotId": c.Slot(doctor, 10*time.Minute, 1), "reason": "Back pain"}
	id := c.Do(patient, "POST", "consultations", booking, "Idempotency-Key", "k").Want(201).Text("id")
	if n := len(readings()); n != 0 {
		t.Fatalf("%d readings of what was only booked", n)
	}
	c.Do(patient, "POST", "consultations", booking, "Idempotency-Key", "k").Want(201)
	told := readings()
	if len(told) != 1 || told[0]["action"] != "consultation.read" || told[0]["consultationId"] != id ||
		told[0]["healthData"] != true {
		t.Fatalf("a replayed booking is told as %v", told)
	}

	c.Patch(doctor, "consultations/"+id+"/status", object{"status": "IN_PROGRESS"}).Want(200)
	before := len(readings())
	script := object{"consultationId": id,
		"medications": []any{object{"name": "Triphala churna", "dosage": "5 g", "frequency": "twice a day"}}}
	for range 2 {
		c.Do(doctor, "POST", "prescriptions", script, "Idempotency-Key", "k").Want(201)
	}
	told = readings()
	if len(told) != before+1 || told[0]["action"] != "prescription.read" || told[0]["actorId"] != doctor.ID.String() {
		t.Errorf("a replayed prescription is told as %v", told)
	}
}
