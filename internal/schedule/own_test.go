package schedule_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
)

func TestListOwnShowsSlotsOfEveryStatus(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, other, admin := c.Doctor("500.00"), c.Doctor("500.00"), c.Admin()
	c.Slot(other, time.Hour, 1)
	past := c.Slot(doctor, -time.Hour, 1)
	var all []string
	for i := range 7 {
		all = append(all, c.Slot(doctor, time.Duration(3*i+1)*time.Hour, 2).String())
	}
	path := "availability/" + all[1]
	want(t, "blocked", c.Patch(doctor, path, map[string]any{"status": "BLOCKED"}).Want(200).Text("status"), "BLOCKED")
	// Another slot may have the same start as a blocked one.
	start, err := time.Parse(time.RFC3339, c.Get(doctor, path).Want(200).Text("startTime"))
	if err != nil {
		t.Fatal(err)
	}
	created := c.Post(doctor, "availability", map[string]any{
		"startTime":   start,
		"endTime":     start.Add(20 * time.Minute),
		"maxPatients": 1,
	}).Want(201)
	location := created.Header.Get("Location")
	read := c.Get(doctor, location[len("/api/v1/"):]).Want(200)
	want(t, "id at "+location, read.Text("id"), created.Text("id"))
	fillSeats(t, c, uuid.MustParse(all[3]), 2)

	seen := map[string]string{}
	listAll := func(actor apptest.User, query string) (n int) {
		t.Helper()
		for cursor := ""; ; {
			a := c.Get(actor, "availability?limit=3&cursor="+cursor+query).Want(200)
			for _, item := range a.Items() {
				seen[fmt.Sprint(item["id"])] = fmt.Sprint(item["status"])
				n++
			}
			if cursor = a.Text("nextCursor"); cursor == "" {
				return n
			}
		}
	}
	want(t, "own slots", listAll(doctor, ""), 8)
	want(t, "different ones", len(seen), 8)
	want(t, "the blocked one", seen[all[1]], "BLOCKED")
	want(t, "the full one", seen[all[3]], "BOOKED")
	if _, listed := seen[past.String()]; listed {
		t.Error("a past slot is listed without from")
	}
	want(t, "blocked ones", listAll(doctor, "&status=BLOCKED"), 1)
	since := "&from=" + c.DB.Now().Add(-2*time.Hour).UTC().Format(time.RFC3339)
	want(t, "with the past one", listAll(doctor, since), 9)
	want(t, "for an administrator", listAll(admin, "&doctorId="+doctor.ID.String()), 8)

	c.Get(admin, "availability").Want(422, "validation-failed")
	c.Get(other, "availability?doctorId="+doctor.ID.String()).Want(404, "not-found")
	c.Get(other, path).Want(404, "not-found")
	c.Get(doctor, "availability/"+uuid.NewString()).Want(404, "not-found")
	want(t, "for an administrator", c.Get(admin, path).Want(200).Text("status"), "BLOCKED")
	c.Get(c.Patient(), path).Want(404, "not-found")
	c.Get(c.Support(), path).Want(403, "forbidden")
	for _, actor := range []apptest.User{c.Patient(), c.Support()} {
		c.Get(actor, "availability").Want(403, "forbidden")
	}
}

// A patient reads a slot that can be booked now, of a doctor whom patients find; any other slot isn't there for them.
func TestPatientReadsBookableSlot(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor("500.00"), c.Patient()
	free, full, past := c.Slot(doctor, 3*time.Hour, 1), c.Slot(doctor, 5*time.Hour, 1), c.Slot(doctor, -time.Hour, 1)
	fillSeats(t, c, full, 1)
	read := c.Get(patient, "availability/"+free.String()).Want(200)
	want(t, "doctorId", read.Text("doctorId"), doctor.ID.String())
	want(t, "status", read.Text("status"), "AVAILABLE")
	want(t, "visitEndTime", read.Text("visitEndTime"), read.Text("endTime"))
	for _, id := range []uuid.UUID{full, past, uuid.New()} {
		c.Get(patient, "availability/"+id.String()).Want(404, "not-found")
	}
	c.Patch(doctor, "doctors/me/booking-rules", map[string]any{"minimumNoticeMinutes": 24 * 60}).Want(200)
	c.Get(patient, "availability/"+free.String()).Want(404)
	c.Patch(doctor, "doctors/me/booking-rules", map[string]any{"minimumNoticeMinutes": 0}).Want(200)
	c.Get(patient, "availability/"+free.String()).Want(200)
	c.Exec("UPDATE doctors SET is_approved = false WHERE id = $1", doctor.ID)
	c.Get(patient, "availability/"+free.String()).Want(404)
	c.Get(doctor, "availability/"+free.String()).Want(200)
}
