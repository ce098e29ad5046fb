package docs_test

import (
	"testing"
	"time"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
)

type object = map[string]any

const architecture = "../../docs/architecture.md"

// TestDiagramsMatchCode makes every transition in the state diagrams, and checks that there was no other.
// tests/property looks for others with random requests.
func TestDiagramsMatchCode(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	recorded := c.RecordTransitions()
	changeDoctors(c)
	changeSlots(c)
	changeUnpaidConsultations(c)
	changePaidConsultations(c)
	changeReviews(c)
	drawn := apptest.DiagramTransitions(t, architecture)
	for _, transition := range recorded() {
		if !drawn[transition] {
			t.Errorf("not in a diagram: %+v", transition)
		}
		delete(drawn, transition)
	}
	for transition := range drawn {
		t.Errorf("in a diagram, but not made: %+v", transition)
	}
	if len(recorded()) == 0 {
		t.Error("no transition was recorded")
	}
	c.CheckInvariants()
}

func applyAsDoctor(c *apptest.Clinic, fee string) apptest.User {
	doctor := c.User(access.RoleDoctor)
	submitApplication(c, doctor, fee)
	return doctor
}

func submitApplication(c *apptest.Clinic, doctor apptest.User, fee string) {
	c.Post(doctor, "doctors", object{
		"specialization":     "Panchakarma",
		"yearsOfExperience":  12,
		"registrationNumber": "AYU-" + doctor.ID.String(),
		"consultationFee":    fee,
		"languagesSpoken":    []string{"en"},
	}).Want(201)
}

func decideApplication(c *apptest.Clinic, admin, doctor apptest.User, approved bool) {
	c.Prove(admin)
	decision := object{"approved": approved, "reason": "As checked", "cancelConsultations": true}
	c.Patch(admin, "doctors/"+doctor.ID.String()+"/approve", decision).Want(200)
}

// changeDoctors makes the transitions of doctors.
func changeDoctors(c *apptest.Clinic) {
	admin := c.Admin()
	decideApplication(c, admin, applyAsDoctor(c, "500.00"), true)
	doctor := applyAsDoctor(c, "500.00")
	decideApplication(c, admin, doctor, false)
	submitApplication(c, doctor, "500.00")
	decideApplication(c, admin, doctor, false)
	decideApplication(c, admin, doctor, true)
	decideApplication(c, admin, doctor, false)
	decideApplication(c, admin, doctor, true)
}

// changeSlots makes the transitions of slots that no consultation causes.
func changeSlots(c *apptest.Clinic) {
	doctor := c.Doctor("500.00")
	for i, status := range []string{"AVAILABLE", "BLOCKED"} {
		start := c.DB.Now().Add(time.Duration(i+1) * time.Hour)
		slot := object{"startTime": start, "endTime": start.Add(30 * time.Minute), "maxPatients": 1, "status": status}
		path := "availability/" + c.Post(doctor, "availability", slot).Want(201).Text("id")
		if status == "BLOCKED" {
			c.Patch(doctor, path, object{"status": "AVAILABLE"}).Want(200)
			c.Patch(doctor, path, object{"status": "BLOCKED"}).Want(200)
		}
		c.Do(doctor, "DELETE", path, nil).Want(204)
	}
	// The approval ends while the only consultation of a slot is in progress, early.
	slot := c.Slot(doctor, 10*time.Minute, 1)
	id, _ := c.BookAndPay(c.Patient(), slot, "500.00")
	c.Patch(doctor, "consultations/"+id+"/status", object{"status": "IN_PROGRESS"}).Want(200)
	decideApplication(c, c.Admin(), doctor, false)
	c.Patch(doctor, "consultations/"+id+"/status", object{"status": "COMPLETED"}).Want(200)
}

func cancelConsultation(c *apptest.Clinic, by apptest.User, consultation string) {
	c.Post(by, "consultations/"+consultation+"/cancel", object{"reason": "I am travelling"}).Want(200)
}

// changeUnpaidConsultations makes the transitions of consultations whose payment fails, is late or isn't needed.
func changeUnpaidConsultations(c *apptest.Clinic) {
	patient, doctor := c.Patient(), c.Doctor("500.00")
	slot := c.Slot(doctor, 5*time.Hour, 1)
	id := c.Book(patient, slot)
	c.Report("payment.failed", c.Initiate(patient, id), "500.00").Want(200)
	cancelConsultation(c, patient, id)
	id = c.Book(patient, slot)
	late := c.Initiate(patient, id)
	c.Report("payment.failed", late, "500.00").Want(200)
	c.Initiate(patient, id)
	c.Report("payment.failed", c.Initiate(patient, id), "500.00").Want(200)
	c.Report("payment.succeeded", late, "500.00").Want(200)
	id = c.Book(patient, c.Slot(c.Doctor("0.00"), 7*time.Hour, 1))
	cancelConsultation(c, patient, id)
}

// changePaidConsultations makes the transitions of paid consultations: one is completed, one is cancelled after its
// start, and one patient doesn't come.
func changePaidConsultations(c *apptest.Clinic) {
	doctor := c.Doctor("500.00")
	slot := c.Slot(doctor, 3*time.Hour, 3)
	book := func() string {
		id, _ := c.BookAndPay(c.Patient(), slot, "500.00")
		return id
	}
	completed, cancelled, missed := book(), book(), book()
	c.Clock.Advance(3*time.Hour + 11*time.Minute)
	for _, change := range []struct{ id, status string }{
		{completed, "IN_PROGRESS"},
		{cancelled, "IN_PROGRESS"},
		{missed, "NO_SHOW"},
		{completed, "COMPLETED"},
	} {
		c.Patch(doctor, "consultations/"+change.id+"/status", object{"status": change.status}).Want(200)
	}
	cancelConsultation(c, doctor, cancelled)
}

// changeReviews makes the transitions of reviews.
func changeReviews(c *apptest.Clinic) {
	patient, doctor, support := c.Patient(), c.Doctor("0.00"), c.Support()
	id := c.Book(patient, c.Slot(doctor, 5*time.Minute, 1))
	for _, status := range []string{"IN_PROGRESS", "COMPLETED"} {
		c.Patch(doctor, "consultations/"+id+"/status", object{"status": status}).Want(200)
	}
	review := c.Post(patient, "consultations/"+id+"/review", object{"rating": 1}).Want(201).Text("id")
	for _, decision := range []object{{"hidden": true}, {"isFalse": true}, {"isFalse": false}, {"hidden": false},
		{"hidden": true, "isFalse": true}, {"hidden": false}} {
		decision["reason"] = "As checked"
		c.Patch(support, "reviews/"+review, decision).Want(200)
	}
}
