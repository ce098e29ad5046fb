package review_test

import (
	"testing"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
	"amrutam/internal/config"
)

func TestReply(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor := c.Patient(), c.Doctor("0.00")
	created := reviewed(c, patient, doctor, object{"rating": 3})
	path, id := "reviews/"+created.Text("id"), created.Text("id")
	c.Post(c.Doctor("0.00"), path+"/reply", object{"text": "Thank you"}).Want(404, "not-found")
	c.Post(doctor, path+"/reply", object{"text": " "}).Want(422, "validation-failed")
	replied := 0
	for _, status := range apptest.Concurrently(10, func(int) int {
		return c.Post(doctor, path+"/reply", object{"text": "Thank you"}).Status
	}) {
		if status == 201 {
			replied++
		}
	}
	same(t, "replies", replied, 1)
	c.Post(doctor, path+"/reply", object{"text": "Once more"}).Want(409, "already-replied")
	same(t, "the public reply", public(c, doctor)[0]["reply"], "Thank you")
	decide(c, id, object{"replyHidden": true, "reason": "It tells of an illness"}).Want(200)
	same(t, "the hidden reply", public(c, doctor)[0]["reply"], nil)
	same(t, "what the author sees", c.Get(patient, pathOf(created.Text("consultationId"))).At("reply"), nil)
	decide(c, id, object{"hidden": true, "reason": "Names somebody"}).Want(200)
	other := reviewed(c, patient, doctor, object{"rating": 3}).Text("id")
	decide(c, other, object{"hidden": true, "reason": "Names somebody"}).Want(200)
	c.Post(doctor, "reviews/"+other+"/reply", object{"text": "Thank you"}).Want(404, "not-found")
	same(t, "audit rows", countAudits(c, "review.reply", id), 1)
	c.CheckInvariants()
}

func TestDecide(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor := c.Patient(), c.Doctor("0.00")
	reviewed(c, patient, doctor, object{"rating": 5})
	created := reviewed(c, patient, doctor, object{"rating": 1, "text": "Mr. Menon said so too"})
	id, own := created.Text("id"), pathOf(created.Text("consultationId"))
	for _, body := range []object{{}, {"hidden": true}, {"hidden": true, "reason": "..."},
		{"hidden": nil, "reason": "No"}, {"isFalse": true, "reason": "Made up"},
		{"hidden": false, "isFalse": true, "reason": "Made up"},
		{"replyHidden": true, "reason": "Made up"}} {
		decide(c, id, body).Want(422, "validation-failed")
	}
	decide(c, uuid.NewString(), object{"hidden": true, "reason": "Made up"}).Want(404, "not-found")
	steps := []struct {
		body   object
		action string
		mean   float64
		count  int
		shown  int
	}{
		{object{"hidden": true, "reason": "Names somebody"}, "review.hide", 3, 2, 1},
		{object{"isFalse": true, "reason": "Made up"}, "review.decide", 5, 1, 1},
		{object{"isFalse": true, "reason": "Made up"}, "review.keep", 5, 1, 1},
		{object{"hidden": false, "reason": "An error of ours"}, "review.show", 3, 2, 2},
		{object{"hidden": true, "isFalse": true, "reason": "Made up"}, "review.hide", 5, 1, 1},
		{object{"isFalse": false, "reason": "An error of ours"}, "review.decide", 3, 2, 1},
	}
	actions := map[string]int{}
	for _, step := range steps {
		decide(c, id, step.body).Want(200)
		checkRating(t, c, doctor, step.mean, step.count)
		same(t, "shown reviews", len(public(c, doctor)), step.shown)
		actions[step.action]++
	}
	for action, n := range actions {
		same(t, action, countAudits(c, action, id), n)
	}
	mine := c.Get(patient, own).Want(200)
	same(t, "hidden", mine.At("hidden"), true)
	same(t, "hiddenReason", mine.Text("hiddenReason"), "An error of ours")
	same(t, "text", mine.Text("text"), "Mr. Menon said so too")
	version := c.Get(c.Admin(), "reviews/"+id).Want(200).Header.Get("ETag")
	support := c.Support()
	c.Do(support, "PATCH", "reviews/"+id, object{"reason": "Stays hidden"}, "If-Match", version).Want(200)
	c.Do(support, "PATCH", "reviews/"+id, object{"reason": "Stays hidden"}, "If-Match", version).
		Want(412, "precondition-failed")
	c.CheckInvariants()
}

// Moderators who decide at the same time count a rating once.
func TestConcurrentDecisions(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor, support := c.Patient(), c.Doctor("0.00"), c.Support()
	id := reviewed(c, patient, doctor, object{"rating": 1}).Text("id")
	apptest.Concurrently(30, func(n int) int {
		hide := n%2 == 0
		return c.Patch(support, "reviews/"+id, object{"hidden": hide, "isFalse": hide, "reason": "Made up"}).Want(200).
			Status
	})
	c.CheckInvariants()
	c.Patch(support, "reviews/"+id, object{"hidden": true, "isFalse": true, "reason": "Made up"}).Want(200)
	checkRating(t, c, doctor, nil, 0)
}

func TestReport(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor, support := c.Patient(), c.Doctor("0.00"), c.Support()
	reviewed(c, patient, doctor, object{"rating": 5})
	id := reviewed(c, patient, doctor, object{"rating": 1}).Text("id")
	path := "reviews/" + id + "/report"
	reporters := patients(c, 20)
	apptest.Concurrently(40, func(n int) int {
		status := c.Post(reporters[n/2], path, object{"reason": "It names somebody"}).Status
		if status != 204 && status != 409 {
			t.Errorf("status %d", status)
		}
		return status
	})
	c.Post(reporters[0], path, object{"reason": "Once more"}).Want(409, "already-reported")
	c.Post(doctor, path, object{"reason": "..."}).Want(422, "validation-failed")
	c.Post(doctor, path, object{"reason": "Never here"}).Want(204)

	listed := c.Get(support, "reviews?reported=true").Want(200).Items()
	if len(listed) != 1 || listed[0]["id"] != id {
		t.Fatalf("reported are %v", listed)
	}
	same(t, "openReports", listed[0]["openReports"], 21.0)
	same(t, "reportCount", listed[0]["reportCount"], 21.0)
	reports, _ := listed[0]["reports"].([]any)
	same(t, "shown reports", len(reports), 20)
	newest, _ := reports[0].(object)
	same(t, "the newest reason", newest["reason"], "Never here")
	same(t, "the newest reporter", newest["reporterId"], doctor.ID.String())
	nameOf := func(user apptest.User) any { return c.Get(support, "users/"+user.ID.String()).Want(200).At("fullName") }
	same(t, "the reporter's name", newest["reporterName"], nameOf(doctor))
	same(t, "the doctor's name", listed[0]["doctorName"], nameOf(doctor))
	same(t, "the patient's name", listed[0]["patientName"], nameOf(patient))
	c.CheckInvariants()

	kept := c.Patch(support, "reviews/"+id, object{"reason": "It names nobody"}).Want(200)
	same(t, "openReports", kept.At("openReports"), 0.0)
	same(t, "hidden", kept.At("hidden"), false)
	same(t, "decidedByName", kept.At("decidedByName"), nameOf(support))
	c.Exec("UPDATE users SET deleted_at = now() WHERE id = $1", patient.ID)
	same(t, "a deleted patient's name", c.Get(support, "reviews/"+id).Want(200).At("patientName"), nil)
	same(t, "reported", len(c.Get(support, "reviews?reported=true").Want(200).Items()), 0)
	c.Post(reporters[0], path, object{"reason": "Once more"}).Want(409, "already-reported")
	c.Post(c.Patient(), path, object{"reason": "It names me"}).Want(204)
	same(t, "reported", len(c.Get(support, "reviews?reported=true").Want(200).Items()), 1)
	same(t, "audit rows", countAudits(c, "review.report", id), 22)
}

func TestReportsAreLimited(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t, func(cfg *config.Config) { cfg.LoginLimit = "on" })
	doctor, reader, people := c.Doctor("0.00"), c.Patient(), patients(c, 21)
	for i, id := range complete(c, doctor, people...) {
		review := c.Post(people[i], pathOf(id), object{"rating": 5}).Want(201).Text("id")
		a := c.Post(reader, "reviews/"+review+"/report", object{"reason": "I dislike it"})
		if i < 20 {
			a.Want(204)
		} else if a.Want(429, "too-many-attempts").Header.Get("Retry-After") == "" {
			t.Error("the refusal doesn't say how long")
		}
	}
}

func TestModeratorsList(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor, other, support := c.Patient(), c.Doctor("0.00"), c.Doctor("0.00"), c.Support()
	first := reviewed(c, patient, doctor, object{"rating": 5}).Text("id")
	second := reviewed(c, patient, other, object{"rating": 5}).Text("id")
	third := reviewed(c, patient, doctor, object{"rating": 5}).Text("id")
	decide(c, first, object{"hidden": true, "reason": "Names somebody"}).Want(200)
	for query, want := range map[string][]string{
		"": {third, second, first}, "hidden=true": {first}, "hidden=false": {third, second, first},
		"doctorId=" + doctor.ID.String(): {third, first}, "doctorId=" + other.ID.String() + "&hidden=true": {},
		"reported=true": {},
	} {
		var got []string
		for next := "reviews?limit=1&" + query; next != ""; {
			page := c.Get(support, next).Want(200)
			for _, item := range page.Items() {
				id, _ := item["id"].(string)
				got = append(got, id)
			}
			if next = ""; page.Text("nextCursor") != "" {
				next = "reviews?limit=1&" + query + "&cursor=" + page.Text("nextCursor")
			}
		}
		if len(got) != len(want) {
			t.Errorf("%s: %v, want %v", query, got, want)
			continue
		}
		for i := range want {
			same(t, query, got[i], want[i])
		}
	}
	if n := c.Count(`SELECT count(*) FROM audit_logs WHERE action = 'review.list' AND actor_id = $1
		AND metadata->'patientIds' ? $2`, support.ID, patient.ID.String()); n == 0 {
		t.Error("the readings are not audited")
	}
}
