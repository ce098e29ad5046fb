package prescription_test

import (
	"testing"
	"time"

	"amrutam/internal/apptest"
)

// The doctor learns who comes, and what they did for them before; nobody else does.
func TestReadPatient(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, other := c.Doctor("0.00"), c.Doctor("0.00")
	patient, first := startConsultation(c, doctor)
	written := write(c, doctor, first).Want(201).Text("id")
	c.Patch(doctor, "consultations/"+first+"/status", object{"status": "COMPLETED", "notes": "Advised rest"}).Want(200)
	elsewhere := c.Book(patient, c.Slot(other, 10*time.Minute, 1))
	c.Patch(other, "consultations/"+elsewhere+"/status", object{"status": "IN_PROGRESS"}).Want(200)
	c.Patch(other, "consultations/"+elsewhere+"/status", object{"status": "COMPLETED", "notes": "Secret"}).Want(200)
	c.Patch(patient, "users/me", object{"dateOfBirth": c.DB.Now().AddDate(-36, 0, -2).Format(time.DateOnly),
		"gender": "FEMALE", "language": "hi-IN", "phone": "+919812345678"}).Want(200)
	id := c.Book(patient, c.Slot(doctor, 50*time.Hour, 1))
	path := "consultations/" + id + "/patient"
	a := c.Get(doctor, path).Want(200)
	if a.Text("fullName") == "" || a.At("age") != 36.0 || a.Text("gender") != "FEMALE" ||
		a.Text("language") != "hi" || a.At("dateOfBirth") != nil ||
		a.At("phone") != nil {
		t.Errorf("the doctor reads %s", a.Body)
	}
	visits, _ := a.At("visits").([]any)
	if len(visits) != 1 {
		t.Fatalf("the doctor reads the visits %v, want one", visits)
	}
	visit, _ := visits[0].(object)
	prescriptions, _ := visit["prescriptions"].([]any)
	prescribed, _ := prescriptions[0].(object)
	if visit["consultationId"] != first || visit["status"] != "COMPLETED" || visit["notes"] != "Advised rest" ||
		len(prescriptions) != 1 || prescribed["id"] != written {
		t.Errorf("the visit is %v", visit)
	}
	if n := c.Count(`SELECT count(*) FROM audit_logs WHERE action = 'consultation.read' AND entity_id = $1
		AND actor_id = $2 AND metadata->>'patientId' = $3`, id, doctor.ID, patient.ID); n != 1 {
		t.Errorf("%d readings are audited, want 1", n)
	}
	for _, stranger := range []apptest.User{other, c.Doctor("0.00")} {
		c.Get(stranger, path).Want(404, "not-found")
	}
	for _, actor := range []apptest.User{patient, c.Admin(), c.Support()} {
		c.Get(actor, path).Want(403, "forbidden")
	}
	// A consultation ends being one to prepare for: it is cancelled, or a prescription can't follow any more.
	c.Post(patient, "consultations/"+id+"/cancel", object{}).Want(200)
	c.Get(doctor, path).Want(404, "not-found")
	c.Clock.Advance(7*24*time.Hour - time.Minute)
	c.Get(doctor, "consultations/"+first+"/patient").Want(200)
	c.Clock.Advance(2 * time.Hour)
	c.Get(doctor, "consultations/"+first+"/patient").Want(404, "not-found")
}

// A doctor prepares for nobody who has withdrawn their consent.
func TestReadPatientNeedsConsent(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor("0.00"), c.Patient()
	id := c.Book(patient, c.Slot(doctor, 50*time.Hour, 1))
	c.Get(doctor, "consultations/"+id+"/patient").Want(200)
	c.Post(patient, "consents/TREATMENT/withdraw", nil).Want(204)
	c.Get(doctor, "consultations/"+id+"/patient").Want(409, "consent-required")
}

func TestDoctorListsOnePatient(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.Doctor("0.00")
	one, other := c.Patient(), c.Patient()
	id := c.Book(one, c.Slot(doctor, time.Hour, 1))
	c.Book(other, c.Slot(doctor, 2*time.Hour, 1))
	items := c.Get(doctor, "consultations/doctor/me?patientId="+one.ID.String()).Want(200).Items()
	if len(items) != 1 || items[0]["id"] != id {
		t.Errorf("the doctor lists %v", items)
	}
	others := c.Get(c.Doctor("0.00"), "consultations/doctor/me?patientId="+one.ID.String()).Want(200).Items()
	if n := len(others); n != 0 {
		t.Errorf("another doctor lists %d", n)
	}
	c.Get(doctor, "consultations/doctor/me?patientId=1").Want(422)
}
