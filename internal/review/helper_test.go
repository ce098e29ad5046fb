package review_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
)

type object = map[string]any

// anonymous sends requests without a session.
var anonymous apptest.User

// complete holds a consultation of each patient with the doctor, all in one slot, and returns their ids. The clock is
// an hour later then.
func complete(c *apptest.Clinic, doctor apptest.User, patients ...apptest.User) (ids []string) {
	slot := c.Slot(doctor, 5*time.Minute, len(patients))
	for _, patient := range patients {
		id := c.Book(patient, slot)
		setStatus(c, doctor, id, "IN_PROGRESS")
		setStatus(c, doctor, id, "COMPLETED")
		ids = append(ids, id)
	}
	c.Clock.Advance(time.Hour)
	return ids
}

func setStatus(c *apptest.Clinic, doctor apptest.User, id, status string) {
	c.Patch(doctor, "consultations/"+id+"/status", object{"status": status}).Want(200)
}

func pathOf(consultation string) string { return "consultations/" + consultation + "/review" }

// reviewed returns the answer to a new review of a new consultation.
func reviewed(c *apptest.Clinic, patient, doctor apptest.User, body object) *apptest.Answer {
	return c.Post(patient, pathOf(complete(c, doctor, patient)[0]), body).Want(201)
}

func decide(c *apptest.Clinic, review string, body object) *apptest.Answer {
	return c.Patch(c.Support(), "reviews/"+review, body)
}

// public returns the doctor's reviews that everybody sees.
func public(c *apptest.Clinic, doctor apptest.User) []map[string]any {
	return c.Get(anonymous, "doctors/"+doctor.ID.String()+"/reviews").Want(200).Items()
}

// checkRating fails the test unless the doctor is shown with this mean, or nil, of so many ratings.
func checkRating(t *testing.T, c *apptest.Clinic, doctor apptest.User, mean any, count int) {
	t.Helper()
	shown := c.Get(anonymous, "doctors/"+doctor.ID.String()).Want(200)
	if shown.At("rating") != mean || shown.At("ratingCount") != float64(count) {
		t.Errorf("the rating is %v of %v, want %v of %d", shown.At("rating"), shown.At("ratingCount"), mean, count)
	}
}

// same fails the test unless an answer has this value.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func countAudits(c *apptest.Clinic, action, review string) int {
	return c.Count("SELECT count(*) FROM audit_logs WHERE action = $1 AND entity_id = $2", action, review)
}

func patients(c *apptest.Clinic, n int) []apptest.User {
	all := make([]apptest.User, n)
	for i := range all {
		all[i] = c.Patient()
	}
	return all
}

func newKey() string { return uuid.NewString() }

// retry repeats a request that a busy server refused.
func retry(send func() *apptest.Answer) *apptest.Answer {
	for {
		if a := send(); a.Status != 503 {
			return a
		}
	}
}
