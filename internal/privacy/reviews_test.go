package privacy_test

import (
	"testing"
	"time"

	"amrutam/internal/apptest"
)

// markReviews writes a review, a reply, a report and a decision with a mark each, and returns the review's id.
func markReviews(c *apptest.Clinic, patient, doctor, reader apptest.User) (id string) {
	consultation := c.Book(patient, c.Slot(doctor, 5*time.Minute, 1))
	for _, status := range []string{"IN_PROGRESS", "COMPLETED"} {
		c.Patch(doctor, "consultations/"+consultation+"/status", object{"status": status}).Want(200)
	}
	id = c.Post(patient, "consultations/"+consultation+"/review", object{"rating": 2, "text": "MarkText"}).Want(201).
		Text("id")
	c.Post(doctor, "reviews/"+id+"/reply", object{"text": "MarkReply"}).Want(201)
	c.Post(reader, "reviews/"+id+"/report", object{"reason": "MarkReport"}).Want(204)
	c.Patch(c.Support(), "reviews/"+id, object{"reason": "MarkDecision"}).Want(200)
	return id
}

func TestExportOfReviews(t *testing.T) {
	t.Parallel()
	c := open(t)
	patient, doctor, reader := c.Patient(), c.Doctor("0.00"), c.Patient()
	id := markReviews(c, patient, doctor, reader)
	for _, want := range []struct {
		user       apptest.User
		file       string
		idAt, text string
		mark       string
	}{
		{patient, "reviews.json", "id", "text", "MarkText"},
		{patient, "reviews.json", "id", "reply", "MarkReply"},
		{doctor, "review-replies.json", "reviewId", "reply", "MarkReply"},
		{reader, "review-reports.json", "reviewId", "reason", "MarkReport"},
	} {
		files, _ := unzip(t, download(t, c, want.user).Body)
		found := entries(t, files, want.file, "items")
		same(t, want.file, []any{len(found), found[0][want.idAt], found[0][want.text]}, []any{1, id, want.mark})
	}
	author := c.Patient()
	hidden := markReviews(c, author, c.Doctor("0.00"), reader)
	c.Patch(c.Support(), "reviews/"+hidden, object{"reason": "MarkDecision", "replyHidden": true}).Want(200)
	files, _ := unzip(t, download(t, c, author).Body)
	same(t, "a hidden reply", entries(t, files, "reviews.json", "items")[0]["reply"], nil)
	for user, rating := range map[apptest.User]any{doctor: 2.0, c.Doctor("0.00"): nil} {
		files, _ = unzip(t, download(t, c, user).Body)
		same(t, "rating", entries(t, files, "doctor.json", "items")[0]["rating"], rating)
	}
}

func TestErasureOfReviews(t *testing.T) {
	t.Parallel()
	c := open(t)
	patient, doctor, reader := c.Patient(), c.Doctor("0.00"), c.Patient()
	id := markReviews(c, patient, doctor, reader)
	erase := func(user apptest.User) {
		c.Prove(user)
		requestErasure(c, user).Want(202)
		c.Clock.Advance(49 * time.Hour)
		sweep(t, c)
	}
	erase(patient)
	same(t, "marks without the patient's", findMarks(t, c, "MarkText", "MarkDecision"), []string(nil))
	shown := c.Get(anonymous, "doctors/"+doctor.ID.String()+"/reviews").Want(200).Items()[0]
	same(t, "the anonymous review", []any{shown["rating"], shown["text"], shown["author"], shown["reply"]},
		[]any{2.0, nil, nil, "MarkReply"})
	same(t, "the rating", c.Get(anonymous, "doctors/"+doctor.ID.String()).At("rating"), 2.0)
	same(t, "reports", c.Get(c.Support(), "reviews/"+id).At("reportCount"), 1.0)
	erase(reader)
	same(t, "marks without the reader's", findMarks(t, c, "MarkReport"), []string(nil))
	erase(doctor)
	same(t, "marks without the doctor's", findMarks(t, c, "MarkReply"), []string(nil))
	c.CheckInvariants()
}
