package consultation_test

import (
	"testing"
	"time"

	"amrutam/internal/apptest"
	"amrutam/internal/config"
)

// A consultation says from when it can be started and a no-show recorded, by the configured times.
func TestConsultationTellsItsTimes(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t, func(cfg *config.Config) { cfg.StartEarly, cfg.NoShowAfter = 7*time.Minute, 4*time.Minute })
	doctor, patient := c.Doctor("0.00"), c.Patient()
	id := c.Book(patient, c.Slot(doctor, time.Hour, 1))
	start, _ := startOf(t, c, id)
	for _, user := range []apptest.User{patient, doctor} {
		a := c.Get(user, "consultations/"+id).Want(200)
		from, until := start.Add(-7*time.Minute), start.Add(4*time.Minute)
		if a.Text("startableFrom") != from.UTC().Format(time.RFC3339Nano) ||
			a.Text("noShowFrom") != until.UTC().Format(time.RFC3339Nano) {
			t.Errorf("it begins at %s, and tells %s and %s", start, a.Text("startableFrom"), a.Text("noShowFrom"))
		}
	}
	c.Post(patient, "consultations/"+id+"/arrive", nil).Want(409, "too-early")
	advanceTo(t, c, start.Add(-7*time.Minute))
	c.Post(patient, "consultations/"+id+"/arrive", nil).Want(200)
	updateStatus(c, doctor, id, "NO_SHOW").Want(409, "too-early")
	advanceTo(t, c, start.Add(4*time.Minute))
	updateStatus(c, doctor, id, "NO_SHOW").Want(200)
}

// A consultation says whether it has its consent, its dispute and, to its patient alone, its review: a doctor must not
// learn which patient a review is from.
func TestConsultationTellsWhatItHas(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient, support := c.Doctor("0.00"), c.Patient(), c.Support()
	check := func(id, member string, want any, users ...apptest.User) {
		t.Helper()
		lists := map[string]string{patient.Token: "consultations/me", doctor.Token: "consultations/doctor/me",
			support.Token: "consultations"}
		for _, user := range users {
			if got := c.Get(user, "consultations/"+id).Want(200).Map()[member]; got != want {
				t.Errorf("%s reads %s %v, want %v", user.Role, member, got, want)
			}
			for _, listed := range c.Get(user, lists[user.Token]).Want(200).Items() {
				if listed["id"] == id && listed[member] != want {
					t.Errorf("%s lists %s %v, want %v", user.Role, member, listed[member], want)
				}
			}
		}
	}
	id := c.Book(patient, c.Slot(doctor, 10*time.Minute, 1))
	check(id, "hasConsent", true, patient, doctor, support)
	c.Post(patient, "consents/TREATMENT/withdraw", nil).Want(204)
	check(id, "hasConsent", false, patient, doctor, support)
	updateStatus(c, doctor, id, "IN_PROGRESS").Want(409, "consent-required")
	c.Post(patient, "consultations/"+id+"/consent", nil).Want(201)
	check(id, "hasConsent", true, patient, doctor, support)
	updateStatus(c, doctor, id, "IN_PROGRESS").Want(200)
	updateStatus(c, doctor, id, "COMPLETED").Want(200)
	check(id, "hasConsent", nil, patient, doctor, support)
	check(id, "hasReview", false, patient)
	c.Post(patient, "consultations/"+id+"/review", object{"rating": 2}).Want(201)
	check(id, "hasReview", true, patient)
	check(id, "hasReview", nil, doctor, support)

	c.Post(patient, "consents", object{"purpose": "TREATMENT", "noticeVersion": 1}).Want(201)
	missed := c.Book(patient, c.Slot(doctor, time.Hour, 1))
	start, _ := startOf(t, c, missed)
	advanceTo(t, c, start.Add(12*time.Minute))
	updateStatus(c, doctor, missed, "NO_SHOW").Want(200)
	check(missed, "hasDispute", false, patient, doctor, support)
	c.Post(patient, "consultations/"+missed+"/dispute", object{"reason": "I was there"}).Want(201)
	check(missed, "hasDispute", true, patient, doctor, support)
}

// A refusal because of consultations has their number for programs, whatever the language of its texts.
func TestRefusalCountsConsultations(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, admin := c.Doctor("0.00"), c.Admin()
	slot := c.Slot(doctor, 30*time.Hour, 1)
	c.Book(c.Patient(), slot)
	c.Book(c.Patient(), c.Slot(doctor, 40*time.Hour, 1))
	for _, language := range []string{"en", "hi"} {
		a := c.Do(admin, "PATCH", "doctors/"+doctor.ID.String()+"/approve",
			object{"approved": false, "reason": "Lapsed."}, "Accept-Language", language).Want(409, "has-consultations")
		if a.At("count") != 2.0 {
			t.Errorf("the refusal in %s is %s", language, a.Body)
		}
	}
	a := c.Patch(doctor, "availability/"+slot.String(), object{"status": "BLOCKED"}).
		Want(409, "slot-has-consultations")
	if a.At("count") != 1.0 {
		t.Errorf("the refusal of a change is %s", a.Body)
	}
	now := c.DB.Now()
	a = c.Post(doctor, "availability/exceptions", object{"kind": "LEAVE", "from": now.Add(time.Hour),
		"to": now.Add(60 * time.Hour)}).Want(409, "has-consultations")
	if a.At("count") != 2.0 {
		t.Errorf("the refusal of a leave is %s", a.Body)
	}
}
