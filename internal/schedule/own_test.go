package schedule_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
)

// A doctor's app is opened anew: what was blocked or booked before is found again.
func TestADoctorSeesAllOwnSlots(t *testing.T) {
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
	// A blocked one may stand beside another of the same start.
	begins, err := time.Parse(time.RFC3339, c.Get(doctor, path).Want(200).Text("startTime"))
	if err != nil {
		t.Fatal(err)
	}
	twin := c.Post(doctor, "availability", map[string]any{"startTime": begins, "endTime": begins.Add(20 * time.Minute),
		"maxPatients": 1}).Want(201)
	if location := twin.Header.Get("Location"); c.Get(doctor, location[len("/api/v1/"):]).Want(200).
		Text("id") != twin.Text("id") {
		t.Errorf("Location leads to %s", location)
	}
	take(t, c, uuid.MustParse(all[3]), 2)

	seen := map[string]string{}
	walk := func(actor apptest.User, query string) (n int) {
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
	want(t, "own slots", walk(doctor, ""), 8)
	want(t, "different ones", len(seen), 8)
	want(t, "the blocked one", seen[all[1]], "BLOCKED")
	want(t, "the full one", seen[all[3]], "BOOKED")
	if _, there := seen[past.String()]; there {
		t.Error("a past slot is shown without being asked for")
	}
	want(t, "blocked ones", walk(doctor, "&status=BLOCKED"), 1)
	since := "&from=" + c.DB.Now().Add(-2*time.Hour).UTC().Format(time.RFC3339)
	want(t, "with the past one", walk(doctor, since), 9)
	want(t, "for an administrator", walk(admin, "&doctorId="+doctor.ID.String()), 8)

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
