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
	for _, actor := range []apptest.User{c.Patient(), c.Support()} {
		c.Get(actor, path).Want(403, "forbidden")
		c.Get(actor, "availability").Want(403, "forbidden")
	}
}
