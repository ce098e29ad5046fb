package review_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
)

func TestCreate(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor := c.Patient(), c.Doctor("0.00")
	checkRating(t, c, doctor, nil, 0)
	before := c.Get(anonymous, "doctors/"+doctor.ID.String()).Text("updatedAt")
	path := pathOf(complete(c, doctor, patient)[0])
	body, key := object{"rating": 4, "text": "Kind and clear"}, newKey()

	created := c.Do(patient, "POST", path, body, "Idempotency-Key", key).Want(201)
	same(t, "Location", created.Header.Get("Location"), "/api/v1/"+path)
	same(t, "rating", created.At("rating"), 4.0)
	same(t, "text", created.Text("text"), "Kind and clear")
	same(t, "hidden", created.At("hidden"), false)
	if id := uuid.MustParse(created.Text("id")); id.Version() != 4 {
		t.Errorf("the id %s tells more than a random one", id)
	}
	again := c.Do(patient, "POST", path, body, "Idempotency-Key", key).Want(201)
	same(t, "Idempotency-Replayed", again.Header.Get("Idempotency-Replayed"), "true")
	same(t, "what the author reads", string(c.Get(patient, path).Want(200).Body), string(created.Body))

	c.Post(patient, path, object{"rating": 1}).Want(409, "already-reviewed")
	c.Post(c.Patient(), path, object{"rating": 1}).Want(404, "not-found")
	c.Get(c.Patient(), path).Want(404, "not-found")
	c.Post(patient, pathOf(uuid.NewString()), object{"rating": 1}).Want(404, "not-found")
	checkRating(t, c, doctor, 4.0, 1)
	same(t, "the profile's version", c.Get(anonymous, "doctors/"+doctor.ID.String()).Text("updatedAt"), before)
	same(t, "audit rows", countAudits(c, "review.create", created.Text("id")), 1)
	c.CheckInvariants()
}

func TestCreateRefusesInvalid(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor := c.Patient(), c.Doctor("0.00")
	path := pathOf(complete(c, doctor, patient)[0])
	for _, body := range []object{{}, {"rating": 0}, {"rating": 6}, {"rating": 4.5}, {"rating": "5"}, {"rating": nil},
		{"rating": 5, "text": " "}, {"rating": 5, "text": ""}, {"rating": 5, "hidden": false}} {
		c.Post(patient, path, body).Want(422, "validation-failed")
	}
	checkRating(t, c, doctor, nil, 0)
}

func TestCreateOnlyForCompleted(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor := c.Patient(), c.Doctor("0.00")
	id := c.Book(patient, c.Slot(doctor, 5*time.Minute, 1))
	cancelled := c.Book(patient, c.Slot(doctor, 5*time.Hour, 1))
	c.Post(patient, "consultations/"+cancelled+"/cancel", object{"reason": "travelling"}).Want(200)
	for _, step := range []string{"", "IN_PROGRESS"} {
		if step != "" {
			setStatus(c, doctor, id, step)
		}
		c.Post(patient, pathOf(id), object{"rating": 5}).Want(409, "consultation-not-completed")
	}
	c.Post(patient, pathOf(cancelled), object{"rating": 5}).Want(409, "consultation-not-completed")
	setStatus(c, doctor, id, "COMPLETED")
	c.Clock.Freeze()
	ended := apptest.QueryOne[time.Time](t, c, "SELECT ended_at FROM consultations WHERE id = $1", id)
	c.Clock.Advance(ended.Add(30*24*time.Hour + time.Microsecond).Sub(c.DB.Now()))
	c.Post(patient, pathOf(id), object{"rating": 5}).Want(409, "review-too-late")
	c.Clock.Advance(-time.Millisecond)
	c.Post(patient, pathOf(id), object{"rating": 5}).Want(201)
	c.CheckInvariants()
}

// Reviews of one doctor at the same time are all counted, beside bookings and changes of the profile. None waits for
// another in a circle: a deadlock would be retried.
func TestConcurrentReviews(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, people := c.Doctor("0.00"), patients(c, 50)
	ids := complete(c, doctor, people...)
	slot := c.Slot(doctor, 5*time.Hour, 50)
	retried := c.App.DB.Retried()
	apptest.Concurrently(90, func(n int) *apptest.Answer {
		return retry(func() *apptest.Answer {
			switch {
			case n < 50:
				return c.Post(people[n], pathOf(ids[n]), object{"rating": 1 + n%5})
			case n < 70:
				return c.Post(people[n-50], "consultations", object{"slotId": slot, "reason": "Cough"})
			default:
				return c.Patch(doctor, "doctors/"+doctor.ID.String(), object{"yearsOfExperience": n - 70})
			}
		})
	})
	checkRating(t, c, doctor, 3.0, 50)
	apptest.Concurrently(50, func(n int) *apptest.Answer {
		change := func() *apptest.Answer { return c.Patch(people[n], pathOf(ids[n]), object{"rating": 4}) }
		return retry(change).Want(200)
	})
	checkRating(t, c, doctor, 4.0, 50)
	same(t, "retried transactions", c.App.DB.Retried(), retried)
	c.CheckInvariants()
}

func TestConcurrentReviewsOfOneConsultation(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor := c.Patient(), c.Doctor("0.00")
	path := pathOf(complete(c, doctor, patient)[0])
	created := 0
	for _, status := range apptest.Concurrently(20, func(int) int {
		return c.Post(patient, path, object{"rating": 5}).Status
	}) {
		switch status {
		case 201:
			created++
		case 409:
		default:
			t.Errorf("status %d", status)
		}
	}
	same(t, "reviews", created, 1)
	checkRating(t, c, doctor, 5.0, 1)
	c.CheckInvariants()
}
