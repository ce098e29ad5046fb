package review_test

import (
	"encoding/base64"
	"regexp"
	"strings"
	"testing"
	"time"

	"amrutam/internal/apptest"
)

// What everybody reads tells no more of the author than a letter and a month, and neither does a cursor.
func TestListShowsNoPatient(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor := c.Patient(), c.Doctor("0.00")
	c.Exec("UPDATE profiles SET full_name = $2 WHERE user_id = $1", patient.ID, "’आशा Rao")
	var id, consultation string
	for range 3 {
		created := reviewed(c, patient, doctor, object{"rating": 5, "text": "Kind"})
		id, consultation = created.Text("id"), created.Text("consultationId")
	}
	c.Post(doctor, "reviews/"+id+"/reply", object{"text": "Thank you"}).Want(201)
	path := "doctors/" + doctor.ID.String() + "/reviews?limit=1"
	seen := map[string]bool{}
	day := regexp.MustCompile(`\d{4}-\d{2}-\d{2}|\d{2}:\d{2}`)
	for next := path; next != ""; {
		page := c.Get(anonymous, next).Want(200)
		item := page.Items()[0]
		itemID, _ := item["id"].(string)
		seen[itemID] = true
		same(t, "author", item["author"], "आ.")
		same(t, "month", item["month"], c.DB.Now().UTC().Format("2006-01"))
		cursor := page.Text("nextCursor")
		opened, err := base64.RawURLEncoding.DecodeString(cursor)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range []string{string(page.Body), string(opened)} {
			if strings.Contains(text, patient.ID.String()) || strings.Contains(text, consultation) ||
				strings.Contains(text, "Rao") || day.MatchString(strings.ReplaceAll(text, itemID, "")) {
				t.Errorf("everybody reads %s", text)
			}
		}
		if next = ""; cursor != "" {
			next = path + "&cursor=" + cursor
		}
	}
	same(t, "reviews", len(seen), 3)
	other := c.Get(anonymous, path).Want(200).Text("nextCursor")
	c.Get(anonymous, "doctors/"+c.Doctor("0.00").ID.String()+"/reviews?cursor="+other).Want(422, "validation-failed")
}

func TestListIsByMonth(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor := c.Patient(), c.Doctor("0.00")
	var months []string
	for range 4 {
		reviewed(c, patient, doctor, object{"rating": 3})
		months = append([]string{c.DB.Now().UTC().Format("2006-01")}, months...)
		c.Clock.Advance(32 * 24 * time.Hour)
	}
	for i, item := range public(c, doctor) {
		same(t, "month", item["month"], months[i])
	}
	same(t, "reviews", len(public(c, doctor)), 4)
}

func TestListOfDoctorNobodyFinds(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor, admin := c.Patient(), c.Doctor("0.00"), c.Admin()
	id := reviewed(c, patient, doctor, object{"rating": 5}).Text("id")
	path := "doctors/" + doctor.ID.String()
	c.Prove(admin)
	c.Patch(admin, path+"/approve", object{"approved": false, "reason": "As checked", "cancelConsultations": true}).
		Want(200)
	c.Get(anonymous, path+"/reviews").Want(404, "not-found")
	c.Post(patient, "reviews/"+id+"/report", object{"reason": "Wrong doctor"}).Want(404, "not-found")
	c.Post(doctor, "reviews/"+id+"/reply", object{"text": "Thank you"}).Want(403, "doctor-not-approved")
	same(t, "the doctor's own list", len(c.Get(doctor, path+"/reviews").Want(200).Items()), 1)
	c.Exec("UPDATE doctors SET is_approved = true WHERE id = $1", doctor.ID)
	c.Exec("UPDATE users SET deleted_at = $2 WHERE id = $1", patient.ID, c.DB.Now())
	same(t, "the author who left", public(c, doctor)[0]["author"], nil)
}

// A single best rating doesn't beat two hundred very good ones, a doctor without ratings is in between, and minRating
// compares what is shown.
func TestFairOrder(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	var order []string
	for _, stars := range [][2]int{{200, 960}, {1, 5}, {0, 0}, {1, 1}, {30, 90}} { // best first
		doctor := c.Doctor("0.00")
		c.Exec(`UPDATE doctors SET rating_count = $2::int, rating_sum = $3::int,
			rating = coalesce(round($3::int::numeric / nullif($2::int, 0), 2), 0) WHERE id = $1`,
			doctor.ID, stars[0], stars[1])
		order = append(order, doctor.ID.String())
	}
	next := "doctors?limit=1"
	for i, want := range order {
		page := c.Get(anonymous, next).Want(200)
		if got := page.Items()[0]["id"]; got != want {
			t.Errorf("doctor %d is %v, want %s", i, got, want)
		}
		next = "doctors?limit=1&cursor=" + page.Text("nextCursor")
	}
	found := c.Get(anonymous, "doctors?minRating=4.8").Want(200).Items()
	if len(found) != 2 || found[0]["id"] != order[0] || found[1]["id"] != order[1] {
		t.Errorf("minRating finds %v", found)
	}
}
