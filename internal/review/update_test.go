package review_test

import (
	"testing"
	"time"

	"amrutam/internal/apptest"
)

func TestUpdate(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor := c.Patient(), c.Doctor("0.00")
	created := reviewed(c, patient, doctor, object{"rating": 2, "text": "Began late"})
	path := pathOf(created.Text("consultationId"))
	changed := c.Do(patient, "PATCH", path, object{"rating": 5}, "If-Match", created.Header.Get("ETag")).Want(200)
	same(t, "rating", changed.At("rating"), 5.0)
	same(t, "text", changed.Text("text"), "Began late")
	checkRating(t, c, doctor, 5.0, 1)
	c.Do(patient, "PATCH", path, object{"rating": 1}, "If-Match", created.Header.Get("ETag")).
		Want(412, "precondition-failed")
	same(t, "cleared", c.Patch(patient, path, object{"text": nil}).Want(200).At("text"), nil)
	same(t, "unchanged", c.Patch(patient, path, object{}).Want(200).At("rating"), 5.0)
	for _, body := range []object{{"rating": 0}, {"rating": nil}, {"text": " "}} {
		c.Patch(patient, path, body).Want(422, "validation-failed")
	}
	c.Patch(c.Patient(), path, object{"rating": 1}).Want(404, "not-found")
	checkRating(t, c, doctor, 5.0, 1)
	c.CheckInvariants()
}

func TestUpdateForADay(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor := c.Patient(), c.Doctor("0.00")
	created := reviewed(c, patient, doctor, object{"rating": 2})
	path := pathOf(created.Text("consultationId"))
	until, err := time.Parse(time.RFC3339, created.Text("changeableUntil"))
	if err != nil {
		t.Fatal(err)
	}
	c.Clock.Freeze()
	c.Clock.Advance(until.Sub(c.DB.Now()) - time.Second)
	c.Patch(patient, path, object{"rating": 3}).Want(200)
	c.Clock.Advance(2 * time.Second)
	c.Patch(patient, path, object{"rating": 1}).Want(409, "review-final")
	same(t, "changeableUntil", c.Get(patient, path).Want(200).At("changeableUntil"), nil)
	checkRating(t, c, doctor, 3.0, 1)
}

func TestUpdateAfterReplyOrHiding(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor := c.Patient(), c.Doctor("0.00")
	replied := reviewed(c, patient, doctor, object{"rating": 2})
	c.Post(doctor, "reviews/"+replied.Text("id")+"/reply", object{"text": "I am sorry"}).Want(201)
	c.Patch(patient, pathOf(replied.Text("consultationId")), object{"rating": 1}).Want(409, "review-final")
	hidden := reviewed(c, patient, doctor, object{"rating": 2})
	decide(c, hidden.Text("id"), object{"hidden": true, "reason": "Names somebody"}).Want(200)
	c.Patch(patient, pathOf(hidden.Text("consultationId")), object{"rating": 1}).Want(409, "review-hidden")
	checkRating(t, c, doctor, 2.0, 2)
	c.CheckInvariants()
}
