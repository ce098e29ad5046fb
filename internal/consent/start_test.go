package consent_test

import (
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
)

func TestStartAfterWithdrawal(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, other, doctor := c.Patient(), c.Patient(), c.Doctor("0.00")
	id := c.Book(patient, c.Slot(doctor, 5*time.Minute, 1))
	othersID := c.Book(other, c.Slot(c.Doctor("0.00"), 5*time.Minute, 1))
	withdraw(c, patient, "TREATMENT")
	if s := c.Get(patient, "consultations/"+id).Want(200).Text("status"); s != "CONFIRMED" {
		t.Fatalf("what is booked is now %s", s)
	}
	startConsultation(c, doctor, id).Want(409, "consent-required")
	// A new consent to treatment is for new bookings only.
	give(c, patient, "TREATMENT", 1).Want(201)
	startConsultation(c, doctor, id).Want(409, "consent-required")
	path := "consultations/" + id + "/consent"
	c.Post(other, path, nil).Want(404, "not-found")
	c.Post(patient, "consultations/"+uuid.NewString()+"/consent", nil).Want(404, "not-found")
	c.Post(doctor, path, nil).Want(403, "forbidden")
	c.Post(patient, path, object{"noticeVersion": 9}).Want(409, "notice-outdated")
	startConsultation(c, doctor, id).Want(409, "consent-required")
	given := c.Post(patient, path, object{"noticeVersion": 1}).Want(201)
	again := c.Post(patient, path, nil).Want(200)
	if again.Text("givenAt") != given.Text("givenAt") || given.Text("basis") != "EXPLICIT" ||
		given.Text("consultationId") != id {
		t.Errorf("the consents differ: %s %s", given.Body, again.Body)
	}
	// A withdrawal ends the explicit consent too, even if no other is left.
	withdraw(c, patient, "TREATMENT")
	c.Post(patient, path, nil).Want(201)
	withdraw(c, patient, "TREATMENT")
	startConsultation(c, doctor, id).Want(409, "consent-required")
	c.Post(patient, path, nil).Want(201)
	startConsultation(c, doctor, id).Want(200)
	// A consultation in progress can be completed after a withdrawal.
	withdraw(c, patient, "TREATMENT")
	c.Patch(doctor, "consultations/"+id+"/status", object{"status": "COMPLETED"}).Want(200)
	c.Post(patient, path, nil).Want(409, "illegal-transition")
	if n := c.Count("SELECT count(*) FROM consultation_consents WHERE consultation_id::text = $1 AND "+
		"withdrawn_at IS NULL", othersID); n != 1 {
		t.Error("another patient's consent was withdrawn")
	}
	for action, want := range map[string]int{"consultation.consent": 4, "consultation.withdraw-consent": 4} {
		if n := c.Count("SELECT count(*) FROM audit_logs WHERE action = $1 AND actor_id = $2 AND entity_id = $3",
			action, patient.ID, id); n != want {
			t.Errorf("%d times %s, want %d", n, action, want)
		}
	}
	checkConsents(t, c)
}

// A consultation without a stored consent needs an explicit one.
func TestStartWithoutConsent(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor := c.Patient(), c.Doctor("0.00")
	id := c.Book(patient, c.Slot(doctor, 5*time.Minute, 1))
	c.Exec("ALTER TABLE consultation_consents DISABLE TRIGGER USER")
	c.Exec("DELETE FROM consultation_consents")
	startConsultation(c, doctor, id).Want(409, "consent-required")
	c.Post(patient, "consultations/"+id+"/consent", nil).Want(201)
	startConsultation(c, doctor, id).Want(200)
	checkConsents(t, c)
}

// The patient withdraws while booking, or while the doctor starts: no consultation starts after its consent was
// withdrawn.
func TestConcurrentWithdrawal(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	for range 20 {
		patient, doctor := c.Patient(), c.Doctor("0.00")
		slot := c.Slot(doctor, 5*time.Minute, 1)
		var booked *apptest.Answer
		var both sync.WaitGroup
		both.Go(func() { booked = tryBooking(c, patient, slot) })
		both.Go(func() { withdraw(c, patient, "TREATMENT") })
		both.Wait()
		if booked.Status != 201 {
			booked.Want(409, "consent-required")
			continue
		}
		// The booking came first, so the withdrawal found it.
		startConsultation(c, doctor, booked.Text("id")).Want(409, "consent-required")
	}
	for range 20 {
		patient, doctor := c.Patient(), c.Doctor("0.00")
		id := c.Book(patient, c.Slot(doctor, 5*time.Minute, 1))
		var started *apptest.Answer
		var both sync.WaitGroup
		both.Go(func() { started = startConsultation(c, doctor, id) })
		both.Go(func() { withdraw(c, patient, "TREATMENT") })
		both.Wait()
		if started.Status != 200 {
			started.Want(409, "consent-required")
		}
		if n := c.Count("SELECT count(*) FROM consultation_consents WHERE consultation_id::text = $1 AND "+
			"withdrawn_at IS NULL", id); n != 0 {
			t.Error("the withdrawal missed the consultation")
		}
	}
	// Consenting many times at once is one consent.
	patient := c.Patient()
	var all sync.WaitGroup
	ids := make([]string, 8)
	for i := range ids {
		all.Go(func() { ids[i] = give(c, patient, "MESSAGES", 1).Text("id") })
	}
	all.Wait()
	if slices.Sort(ids); len(slices.Compact(ids)) != 1 {
		t.Error("there are several consents, want 1")
	}
	checkConsents(t, c)
}
