package docs_test

import (
	"testing"
	"time"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
)

type object = map[string]any

const architecture = "../../docs/architecture.md"

// TestDiagramsMatchCode takes every step that the state diagrams draw, and meets no other. tests/property looks
// for others at random.
func TestDiagramsMatchCode(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	seen := c.RecordTransitions()
	doctors(c)
	slots(c)
	unpaid(c)
	held(c)
	drawn := apptest.DiagramTransitions(t, architecture)
	for _, step := range seen() {
		if !drawn[step] {
			t.Errorf("not drawn: %+v", step)
		}
		delete(drawn, step)
	}
	for step := range drawn {
		t.Errorf("drawn, but never taken: %+v", step)
	}
	if len(seen()) == 0 {
		t.Error("nothing was seen")
	}
	c.CheckInvariants()
}

func apply(c *apptest.Clinic, fee string) apptest.User {
	doctor := c.User(access.RoleDoctor)
	reapply(c, doctor, fee)
	return doctor
}

func reapply(c *apptest.Clinic, doctor apptest.User, fee string) {
	c.Post(doctor, "doctors", object{"specialization": "Panchakarma", "yearsOfExperience": 12,
		"registrationNumber": "AYU-" + doctor.ID.String(), "consultationFee": fee, "languagesSpoken": []string{"en"},
	}).Want(201)
}

func decide(c *apptest.Clinic, admin, doctor apptest.User, approved bool) {
	c.Prove(admin)
	c.Patch(admin, "doctors/"+doctor.ID.String()+"/approve", object{"approved": approved, "reason": "As checked",
		"cancelConsultations": true}).Want(200)
}

func doctors(c *apptest.Clinic) {
	admin := c.Admin()
	decide(c, admin, apply(c, "500.00"), true)
	doctor := apply(c, "500.00")
	decide(c, admin, doctor, false)
	reapply(c, doctor, "500.00")
	decide(c, admin, doctor, false)
	decide(c, admin, doctor, true)
	decide(c, admin, doctor, false)
	decide(c, admin, doctor, true)
}

func slots(c *apptest.Clinic) {
	doctor := c.Doctor("500.00")
	for i, status := range []string{"AVAILABLE", "BLOCKED"} {
		start := c.DB.Now().Add(time.Duration(i+1) * time.Hour)
		path := "availability/" + c.Post(doctor, "availability", object{"startTime": start,
			"endTime": start.Add(30 * time.Minute), "maxPatients": 1, "status": status}).Want(201).Text("id")
		if status == "BLOCKED" {
			c.Patch(doctor, path, object{"status": "AVAILABLE"}).Want(200)
			c.Patch(doctor, path, object{"status": "BLOCKED"}).Want(200)
		}
		c.Do(doctor, "DELETE", path, nil).Want(204)
	}
}

func cancel(c *apptest.Clinic, by apptest.User, consultation string) {
	c.Post(by, "consultations/"+consultation+"/cancel", object{"reason": "I am travelling"}).Want(200)
}

// unpaid are bookings whose payment fails, comes late or isn't needed.
func unpaid(c *apptest.Clinic) {
	patient, doctor := c.Patient(), c.Doctor("500.00")
	slot := c.Slot(doctor, 5*time.Hour, 1)
	id := c.Book(patient, slot)
	c.Report("payment.failed", c.Initiate(patient, id), "500.00").Want(200)
	cancel(c, patient, id)
	id = c.Book(patient, slot)
	late := c.Initiate(patient, id)
	c.Report("payment.failed", late, "500.00").Want(200)
	c.Initiate(patient, id)
	c.Report("payment.failed", c.Initiate(patient, id), "500.00").Want(200)
	c.Report("payment.succeeded", late, "500.00").Want(200)
	id = c.Book(patient, c.Slot(c.Doctor("0.00"), 7*time.Hour, 1))
	cancel(c, patient, id)
}

// held are consultations of one slot: one is completed, one breaks off, one patient doesn't come.
func held(c *apptest.Clinic) {
	doctor := c.Doctor("500.00")
	slot := c.Slot(doctor, 3*time.Hour, 3)
	book := func() string {
		id, _ := c.BookAndPay(c.Patient(), slot, "500.00")
		return id
	}
	completed, broken, missed := book(), book(), book()
	c.Clock.Advance(3*time.Hour + 11*time.Minute)
	for _, step := range []struct{ id, status string }{{completed, "IN_PROGRESS"}, {broken, "IN_PROGRESS"},
		{missed, "NO_SHOW"}, {completed, "COMPLETED"}} {
		c.Patch(doctor, "consultations/"+step.id+"/status", object{"status": step.status}).Want(200)
	}
	cancel(c, doctor, broken)
}
