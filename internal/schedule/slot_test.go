package schedule_test

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
)

// Two slots of the same times would prevent each other from being blocked, so the second is refused, blocked or not.
func TestSlotOfSameTimesIsRefused(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, other := c.Doctor("500.00"), c.Doctor("500.00")
	wantExists := func(a *apptest.Answer, id string) {
		t.Helper()
		if a.Want(409, "slot-exists"); !strings.Contains(a.Text("detail"), id) {
			t.Errorf("%s doesn't name %s", a.Body, id)
		}
	}
	hour := slotBody(c, time.Hour, time.Hour)
	first := c.Post(doctor, "availability", hour).Want(201).Text("id")
	c.Post(other, "availability", hour).Want(201)
	blocked := slotBody(c, time.Hour, time.Hour, "status", "BLOCKED")
	wantExists(c.Post(doctor, "availability", hour), first)
	wantExists(c.Post(doctor, "availability", blocked), first)
	c.Patch(doctor, "availability/"+first, map[string]any{"status": "BLOCKED"}).Want(200)
	wantExists(c.Post(doctor, "availability", hour), first)
	wantExists(c.Post(doctor, "availability", blocked), first)
	second := c.Post(doctor, "availability", slotBody(c, time.Hour, 50*time.Minute, "status", "BLOCKED")).Want(201).
		Text("id")
	wantExists(c.Patch(doctor, "availability/"+second, hour), first)
	c.Patch(doctor, "availability/"+second, map[string]any{"status": "AVAILABLE"}).Want(200)
	insertConsultation(t, c, uuid.Must(uuid.NewV7()), c.Patient().ID, doctor.ID, uuid.MustParse(second), "CANCELLED")
	wantExists(c.Patch(doctor, "availability/"+second, hour), first)
	c.Patch(doctor, "availability/"+second, map[string]any{"status": "BLOCKED"}).Want(200)
	c.Patch(doctor, "availability/"+first, map[string]any{"status": "AVAILABLE"}).Want(200)
}

func TestConcurrentSlotsOfSameTimes(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.Doctor("500.00")
	answers := make([]int, 12)
	var wg sync.WaitGroup
	for i := range answers {
		status := []string{"AVAILABLE", "BLOCKED"}[i%2]
		wg.Go(func() {
			answers[i] = c.Post(doctor, "availability", slotBody(c, time.Hour, time.Hour, "status", status)).Status
		})
	}
	wg.Wait()
	slices.Sort(answers)
	want(t, "opened", answers[0], 201)
	want(t, "refused", answers[1], 409)
	want(t, "slots", c.Count("SELECT count(*) FROM availability_slots"), 1)
}

// The constraint isn't the only check for overlaps: without it the answers are the same.
func TestOverlapsAreRefusedWithoutConstraint(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	c.Exec("ALTER TABLE availability_slots DROP CONSTRAINT availability_slots_overlap")
	doctor := c.Doctor("500.00")
	c.Post(doctor, "availability", slotBody(c, 2*time.Hour, 8*time.Hour)).Want(201)
	for _, body := range []map[string]any{
		slotBody(c, time.Hour, 61*time.Minute),
		slotBody(c, 9*time.Hour, 8*time.Hour),
		slotBody(c, 3*time.Hour, time.Hour),
		slotBody(c, time.Hour, 8*time.Hour),
	} {
		c.Post(doctor, "availability", body).Want(409, "slot-overlap")
	}
	c.Post(doctor, "availability", slotBody(c, time.Hour, time.Hour)).Want(201) // they touch
	path := "availability/" + c.Post(doctor, "availability", slotBody(c, 20*time.Hour, time.Hour)).Want(201).Text("id")
	c.Patch(doctor, path, slotBody(c, 9*time.Hour, 2*time.Hour)).Want(409, "slot-overlap")
	c.Patch(doctor, path, map[string]any{"status": "BLOCKED"}).Want(200)
	c.Patch(doctor, path, slotBody(c, 9*time.Hour, 2*time.Hour)).Want(200)
	c.Patch(doctor, path, map[string]any{"status": "AVAILABLE"}).Want(409, "slot-overlap")
	answers := make([]int, 12)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() {
			in := 30*time.Hour + time.Duration(i)*time.Minute
			answers[i] = c.Post(doctor, "availability", slotBody(c, in, time.Hour)).Status
		})
	}
	wg.Wait()
	slices.Sort(answers)
	want(t, "opened", answers[0], 201)
	want(t, "refused", answers[1], 409)
	c.CheckInvariants()
}

func TestUnapprovedDoctorOnlyBlocks(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.Doctor("500.00")
	blocked, open := c.Slot(doctor, time.Hour, 1), c.Slot(doctor, 2*time.Hour, 1)
	c.Exec("UPDATE availability_slots SET status = 'BLOCKED' WHERE id = $1", blocked)
	c.Exec("UPDATE doctors SET is_approved = false WHERE id = $1", doctor.ID)
	c.Patch(doctor, "availability/"+blocked.String(), map[string]any{"status": "AVAILABLE"}).Want(403,
		"doctor-not-approved")
	c.Patch(doctor, "availability/"+open.String(), map[string]any{"maxPatients": 5}).Want(403, "doctor-not-approved")
	c.Patch(doctor, "availability/"+open.String(), map[string]any{"status": "BLOCKED"}).Want(200)
	c.Patch(doctor, "availability/"+open.String(), slotBody(c, 5*time.Hour, time.Hour)).Want(200)
}

func TestCreate(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.Doctor("500.00")
	a := c.Post(doctor, "availability", slotBody(c, time.Hour, 30*time.Minute)).Want(201)
	want(t, "doctorId", a.Text("doctorId"), doctor.ID.String())
	want(t, "status", a.Text("status"), "AVAILABLE")
	want(t, "maxPatients", a.At("maxPatients"), 1.0)
	want(t, "seatsFree", a.At("seatsFree"), 1.0)
	want(t, "Location", a.Header.Get("Location"), "/api/v1/availability/"+a.Text("id"))
	want(t, "audit rows", c.Count(
		"SELECT count(*) FROM audit_logs WHERE action = 'slot.create' AND entity_id = $1", a.Text("id")), 1)

	c.Post(doctor, "availability", slotBody(c, 65*time.Minute, 10*time.Minute)).Want(409, "slot-overlap")
	c.Post(doctor, "availability", slotBody(c, 90*time.Minute, 30*time.Minute, "maxPatients", 5)).Want(201)
	// blocked ones may overlap
	c.Post(doctor, "availability", slotBody(c, time.Hour, 40*time.Minute, "status", "BLOCKED")).Want(201)
	c.Post(c.Doctor("500.00"), "availability", slotBody(c, time.Hour, 30*time.Minute)).Want(201)

	c.Post(doctor, "availability", slotBody(c, 5*time.Hour, 5*time.Minute)).Want(201)
	c.Post(doctor, "availability", slotBody(c, 10*time.Hour, 8*time.Hour, "maxPatients", 100)).Want(201)
	for name, body := range map[string]map[string]any{
		"in the past":               slotBody(c, -time.Hour, 2*time.Hour),
		"a second too short":        slotBody(c, 30*time.Hour, 5*time.Minute-time.Second),
		"a second too long":         slotBody(c, 30*time.Hour, 8*time.Hour+time.Second),
		"ends before it starts":     slotBody(c, 30*time.Hour, -time.Hour),
		"over a year ahead":         slotBody(c, 366*24*time.Hour, time.Hour),
		"no seats":                  slotBody(c, 30*time.Hour, time.Hour, "maxPatients", 0),
		"too many seats":            slotBody(c, 30*time.Hour, time.Hour, "maxPatients", 101),
		"status only bookings give": slotBody(c, 30*time.Hour, time.Hour, "status", "BOOKED"),
		"unknown field":             slotBody(c, 30*time.Hour, time.Hour, "doctorId", uuid.New()),
		"no time zone":              {"startTime": "2027-01-01T10:00:00", "endTime": "2027-01-01T10:30:00"},
		"no end":                    {"startTime": c.DB.Now().Add(time.Hour)},
	} {
		if a := c.Post(doctor, "availability", body); a.Status != 422 {
			t.Errorf("%s: status %d: %s", name, a.Status, a.Body)
		}
	}
	unapproved := c.User(access.RoleDoctor)
	c.Post(unapproved, "availability", slotBody(c, time.Hour, time.Hour)).Want(403, "doctor-not-approved")
	c.Post(c.Patient(), "availability", slotBody(c, time.Hour, time.Hour)).Want(403, "forbidden")
	c.Post(anonymous, "availability", slotBody(c, time.Hour, time.Hour)).Want(401)
}

// Of many overlapping slots at once exactly one is opened, without a deadlock.
func TestConcurrentOverlappingSlots(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.Doctor("500.00")
	answers := make([]*apptest.Answer, 30)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() {
			answers[i] = &apptest.Answer{Status: 503}
			for answers[i].Status == 503 { // a busy machine refuses; try again
				in := time.Hour + time.Duration(i)*time.Minute
				answers[i] = c.Post(doctor, "availability", slotBody(c, in, time.Hour))
			}
		})
	}
	wg.Wait()
	opened := 0
	for _, a := range answers {
		if a.Status == 201 {
			opened++
			continue
		}
		a.Want(409, "slot-overlap")
	}
	want(t, "opened slots", opened, 1)
	want(t, "slots", c.Count("SELECT count(*) FROM availability_slots"), 1)
	want(t, "deadlocks", c.Count("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"), 0)
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.Doctor("500.00")
	id := c.Slot(doctor, 3*time.Hour, 2)
	path := "availability/" + id.String()

	a := c.Patch(doctor, path, slotBody(c, 5*time.Hour, time.Hour)).Want(200)
	b := c.Do(doctor, "PATCH", path, map[string]any{"maxPatients": 3}, "If-Match", a.Header.Get("ETag")).Want(200)
	want(t, "startTime", b.Text("startTime"), a.Text("startTime"))
	want(t, "seatsFree", b.At("seatsFree"), 3.0)
	c.Do(doctor, "PATCH", path, map[string]any{"maxPatients": 4}, "If-Match", a.Header.Get("ETag")).Want(412)
	same := c.Patch(doctor, path, map[string]any{}).Want(200)
	want(t, "ETag after an empty patch", same.Header.Get("ETag"), b.Header.Get("ETag"))

	other := c.Slot(doctor, 8*time.Hour, 1)
	c.Patch(doctor, path, slotBody(c, 8*time.Hour, time.Hour)).Want(409, "slot-overlap")
	want(t, "status", c.Patch(doctor, path, map[string]any{"status": "BLOCKED"}).Want(200).Text("status"), "BLOCKED")
	// blocked ones may overlap
	want(t, "seatsFree", c.Patch(doctor, path, slotBody(c, 8*time.Hour, time.Hour)).Want(200).At("seatsFree"), 0.0)
	c.Patch(doctor, path, map[string]any{"status": "AVAILABLE"}).Want(409, "slot-overlap")
	c.Do(doctor, "DELETE", "availability/"+other.String(), nil).Want(204)
	opened := c.Patch(doctor, path, map[string]any{"status": "AVAILABLE"}).Want(200)
	want(t, "status", opened.Text("status"), "AVAILABLE")

	for _, patch := range []map[string]any{
		slotBody(c, -time.Hour, 2*time.Hour),
		slotBody(c, 9*time.Hour, time.Minute),
		{"endTime": c.DB.Now()},
		{"maxPatients": 0},
		{"status": "BOOKED"},
		{"status": nil},
		{"startTime": nil},
		{"seatsTaken": 1},
	} {
		c.Patch(doctor, path, patch).Want(422, "validation-failed")
	}
	for _, other := range []apptest.User{c.Doctor("1.00"), c.User(access.RoleDoctor)} {
		c.Patch(other, path, map[string]any{"status": "BLOCKED"}).Want(404, "not-found")
		c.Do(other, "DELETE", path, nil).Want(404, "not-found")
	}
	c.Patch(c.Admin(), path, map[string]any{"status": "BLOCKED"}).Want(403)
	c.Patch(doctor, "availability/"+uuid.NewString(), map[string]any{"status": "BLOCKED"}).Want(404)

	c.Clock.Advance(10 * time.Hour)
	c.Patch(doctor, path, map[string]any{"maxPatients": 9}).Want(409, "slot-begun")
}

func TestUpdateWithSeatsTaken(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.Doctor("500.00")
	id := c.Slot(doctor, 3*time.Hour, 3)
	path := "availability/" + id.String()
	fillSeats(t, c, id, 2)
	for _, patch := range []map[string]any{{"status": "BLOCKED"}, slotBody(c, 6*time.Hour, time.Hour),
		{"maxPatients": 1}} {
		a := c.Patch(doctor, path, patch).Want(409, "slot-has-consultations")
		want(t, "detail", a.Text("detail"), "The slot has 2 consultations.")
	}
	c.Do(doctor, "DELETE", path, nil).Want(409, "slot-has-consultations")
	want(t, "full", c.Patch(doctor, path, map[string]any{"maxPatients": 2}).Want(200).Text("status"), "BOOKED")
	c.Patch(doctor, path, map[string]any{"status": "AVAILABLE"}).Want(409, "illegal-transition")
	a := c.Patch(doctor, path, map[string]any{"maxPatients": 5}).Want(200)
	want(t, "raised", a.Text("status"), "AVAILABLE")
	want(t, "seatsFree", a.At("seatsFree"), 3.0)
	fillSeats(t, c, id, 1)
	want(t, "detail", c.Do(doctor, "DELETE", path, nil).Want(409).Text("detail"), "The slot has 1 consultation.")
}

func TestDelete(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor("500.00"), c.Patient()
	empty, used := c.Slot(doctor, time.Hour, 1), c.Slot(doctor, 3*time.Hour, 1)
	c.Do(doctor, "DELETE", "availability/"+empty.String(), nil).Want(204)
	c.Do(doctor, "DELETE", "availability/"+empty.String(), nil).Want(404)
	want(t, "audit rows", c.Count(
		"SELECT count(*) FROM audit_logs WHERE action = 'slot.delete' AND entity_id = $1", empty.String()), 1)

	cancelled := uuid.Must(uuid.NewV7())
	insertConsultation(t, c, cancelled, patient.ID, doctor.ID, used, "CANCELLED")
	c.Do(doctor, "DELETE", "availability/"+used.String(), nil).Want(409, "slot-has-history")
	c.Patch(doctor, "availability/"+used.String(), map[string]any{"status": "BLOCKED"}).Want(200)
}

func TestList(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.Doctor("500.00")
	path := "availability/doctor/" + doctor.ID.String()
	want(t, "items", len(c.Get(anonymous, path).Want(200).Items()), 0)

	c.Slot(doctor, -time.Hour, 1)
	blocked, full := c.Slot(doctor, time.Hour, 1), c.Slot(doctor, 2*time.Hour, 1)
	c.Exec("UPDATE availability_slots SET status = 'BLOCKED' WHERE id = $1", blocked)
	fillSeats(t, c, full, 1)
	var free []string
	for i := range 7 {
		free = append(free, c.Slot(doctor, time.Duration(24*i+5)*time.Hour, 2).String())
	}
	late := c.Slot(doctor, 15*24*time.Hour, 1)
	fillSeats(t, c, uuid.MustParse(free[0]), 1)

	var listed []string
	cursor := ""
	for {
		a := c.Get(anonymous, path+"?limit=3&cursor="+cursor).Want(200)
		for _, item := range a.Items() {
			listed = append(listed, fmt.Sprint(item["id"]))
		}
		if cursor = a.Text("nextCursor"); cursor == "" {
			break
		}
		c.Get(anonymous, "availability/doctor/"+c.Doctor("1.00").ID.String()+"?cursor="+cursor).Want(422)
	}
	want(t, "list", fmt.Sprint(listed), fmt.Sprint(free))
	first := c.Get(anonymous, path+"?limit=1").Items()[0]
	want(t, "seatsFree", first["seatsFree"], 1.0)
	if _, there := first["seatsTaken"]; there || first["localStartTime"] != nil {
		t.Errorf("shows too much: %v", first)
	}

	at := func(d time.Duration) string { return url.QueryEscape(c.DB.Now().Add(d).Format(time.RFC3339)) }
	window := c.Get(anonymous, path+"?from="+at(14*24*time.Hour)+"&to="+at(16*24*time.Hour)).Want(200).Items()
	if len(window) != 1 || window[0]["id"] != late.String() {
		t.Errorf("window shows %v", window)
	}
	past := c.Get(anonymous, path+"?from="+at(-24*time.Hour)+"&to="+at(6*time.Hour)).Want(200).Items()
	want(t, "items with a past from", len(past), 1)
	for _, query := range []string{
		"from=x",
		"from=" + at(0) + "&to=" + at(93*24*time.Hour),
		"to=" + at(-time.Hour),
		"limit=0",
		"limit=101",
		"cursor=abcd",
		"timezone=Local",
		"timezone=Mars%2FBase",
		"timezone=..%2F..%2Fetc%2Fpasswd",
		"zone=UTC",
	} {
		if a := c.Get(anonymous, path+"?"+query); a.Status != 422 {
			t.Errorf("%s: status %d: %s", query, a.Status, a.Body)
		}
	}

	c.Get(anonymous, "availability/doctor/"+uuid.NewString()).Want(404)
	c.Exec("UPDATE doctors SET is_approved = false WHERE id = $1", doctor.ID)
	c.Get(anonymous, path).Want(404)
}

// At the end of summer time the same hour comes twice, with different offsets.
func TestListInTimezone(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.Doctor("500.00")
	// The next night in which New York sets its clocks back is the first Sunday of a November.
	back := time.Date(c.DB.Now().Year(), time.November, 1, 5, 0, 0, 0, time.UTC)
	for back.Weekday() != time.Sunday || !back.After(c.DB.Now()) {
		if back = back.AddDate(0, 0, 1); back.Day() > 7 {
			back = time.Date(back.Year()+1, time.November, 1, 5, 0, 0, 0, time.UTC)
		}
	}
	for i := range 2 {
		start := back.Add(time.Duration(i)*time.Hour + 30*time.Minute)
		c.Post(doctor, "availability", map[string]any{"startTime": start, "endTime": start.Add(time.Hour)}).Want(201)
	}
	list := func(zone string) []map[string]any {
		query := url.Values{"from": {back.Format(time.RFC3339)}, "timezone": {zone}}
		return c.Get(anonymous, "availability/doctor/"+doctor.ID.String()+"?"+query.Encode()).Want(200).Items()
	}
	day := back.Format("2006-01-02")
	items := list("America/New_York")
	want(t, "startTime", items[0]["startTime"], day+"T05:30:00Z")
	want(t, "first", items[0]["localStartTime"], day+"T01:30:00-04:00")
	want(t, "its end", items[0]["localEndTime"], day+"T01:30:00-05:00")
	want(t, "second", items[1]["localStartTime"], day+"T01:30:00-05:00")
	want(t, "India", list("Asia/Kolkata")[0]["localStartTime"], day+"T11:00:00+05:30")
	want(t, "UTC", list("UTC")[0]["localStartTime"], day+"T05:30:00Z")
}
