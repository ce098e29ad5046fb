package schedule_test

import (
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
	"amrutam/internal/schedule"
)

// ruleBody is the body of a rule for all days, from 09:00 to 11:00 in India; more are names and values of other
// members.
func ruleBody(c *apptest.Clinic, more ...any) map[string]any {
	body := map[string]any{"rrule": "FREQ=DAILY", "startTime": "09:00", "endTime": "11:00",
		"timezone": "Asia/Kolkata", "slotMinutes": 30, "validFrom": c.DB.Now().Format(time.DateOnly)}
	for i := 0; i+1 < len(more); i += 2 {
		if body[fmt.Sprint(more[i])] = more[i+1]; more[i+1] == nil {
			delete(body, fmt.Sprint(more[i]))
		}
	}
	return body
}

// openAtNoon starts a clinic at noon of a Tuesday in India, so that the slots of the day are over.
func openAtNoon(t *testing.T) *apptest.Clinic {
	t.Helper()
	c := apptest.Open(t)
	c.Clock.Freeze()
	c.Clock.Advance(c.DB.Now().Truncate(24 * time.Hour).Add(30*time.Hour + 30*time.Minute).Sub(c.DB.Now()))
	return c
}

func openSlots(c *apptest.Clinic, doctor apptest.User) int {
	return c.Count("SELECT count(*) FROM availability_slots WHERE doctor_id = $1 AND status = 'AVAILABLE'", doctor.ID)
}

// runFill runs the job that makes the slots of rules.
func runFill(t *testing.T, c *apptest.Clinic) {
	t.Helper()
	if err := (&schedule.Service{DB: c.DB}).FillRules(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestRuleMakesSlots(t *testing.T) {
	t.Parallel()
	c := openAtNoon(t)
	doctor := c.Doctor("500.00")
	created := c.Post(doctor, "availability/rules", ruleBody(c)).Want(201)
	want(t, "made", created.At("slots", "made"), 240.0)
	want(t, "slots", openSlots(c, doctor), 240)
	path := created.Header.Get("Location")[len("/api/v1/"):]
	read := c.Get(doctor, path).Want(200)
	want(t, "startTime", read.Text("startTime"), "09:00")
	want(t, "rules", len(c.Get(doctor, "availability/rules").Want(200).Items()), 1)
	preview := c.Do(doctor, "POST", "availability/rules/preview", ruleBody(c)).Want(200)
	want(t, "previewed", len(preview.Items()), 240)

	first := c.Get(anonymous, "availability/doctor/"+doctor.ID.String()+"?timezone=Asia/Kolkata").Want(200).Items()[0]
	if start := fmt.Sprint(first["localStartTime"]); !strings.HasSuffix(start, "T09:00:00+05:30") {
		t.Errorf("the first slot begins at %s", start)
	}
	// The days that come nearer get slots too, once.
	for range 3 {
		c.Clock.Advance(24 * time.Hour)
		apptest.Concurrently(3, func(int) error {
			return (&schedule.Service{DB: c.DB}).FillRules(t.Context())
		})
	}
	want(t, "slots after three days", c.Count("SELECT count(*) FROM availability_slots"), 252)
	c.CheckInvariants()

	for _, other := range []apptest.User{c.Doctor("1.00"), c.User(access.RoleDoctor)} {
		c.Get(other, path).Want(404, "not-found")
		c.Patch(other, path, map[string]any{"slotMinutes": 20}).Want(404, "not-found")
		c.Do(other, "DELETE", path, nil).Want(404, "not-found")
	}
	c.Post(c.Patient(), "availability/rules", ruleBody(c)).Want(403, "forbidden")
	c.Post(c.User(access.RoleDoctor), "availability/rules", ruleBody(c)).Want(403, "doctor-not-approved")
}

func TestRuleIsRefused(t *testing.T) {
	t.Parallel()
	c := openAtNoon(t)
	doctor := c.Doctor("500.00")
	for _, f := range []struct {
		field string
		more  []any
	}{
		{"rrule", []any{"rrule", "FREQ=SECONDLY"}},
		{"rrule", []any{"rrule", "FREQ=DAILY;UNTIL=99991231"}},
		{"rrule", []any{"rrule", "FREQ=DAILY;BYMONTH=" + strings.Repeat("1,", 32<<10) + "1"}},
		{"rrule", []any{"rrule", nil}},
		{"timezone", []any{"timezone", "Mars/Base"}},
		{"timezone", []any{"timezone", strings.Repeat("x", 64<<10)}},
		{"timezone", []any{"timezone", "../../etc/passwd"}},
		{"bufferMinutes", []any{"bufferMinutes", 31}},
		{"slotMinutes", []any{"slotMinutes", 4}},
		{"slotMinutes", []any{"slotMinutes", 481}},
		{"slotMinutes", []any{"slotMinutes", 121}},
		{"endTime", []any{"endTime", "08:00"}},
		{"endTime", []any{"endTime", "24:01"}},
		{"startTime", []any{"startTime", "9:00"}},
		{"startTime", []any{"startTime", "24:00"}},
		{"validFrom", []any{"validFrom", "9999-01-01"}},
		{"validFrom", []any{"validFrom", "2026-02-30"}},
		{"validFrom", []any{"validFrom", "0001-01-01"}},
		{"validTo", []any{"validTo", "9999-12-31"}},
		{"validTo", []any{"validTo", "2020-01-01"}},
		{"maxPatients", []any{"maxPatients", 101}},
	} {
		for _, path := range []string{"availability/rules", "availability/rules/preview"} {
			method := c.Post
			if strings.HasSuffix(path, "preview") {
				method = func(u apptest.User, path string, body any) *apptest.Answer {
					return c.Do(u, "POST", path, body)
				}
			}
			a := method(doctor, path, ruleBody(c, f.more...)).Want(422, "validation-failed")
			if !strings.Contains(string(a.Body), `body`) || !strings.Contains(string(a.Body), f.field) {
				t.Errorf("%v: %s doesn't name the field", f, a.Body)
			}
		}
	}
	c.Post(doctor, "availability/rules", ruleBody(c)).Want(201)
	overlapping := ruleBody(c, "rrule", "FREQ=MONTHLY;BYMONTHDAY=28", "startTime", "10:30", "endTime", "12:00")
	c.Post(doctor, "availability/rules", overlapping).Want(422, "validation-failed")
	overlapping["timezone"], overlapping["startTime"], overlapping["endTime"] = "Asia/Kathmandu", "11:10", "12:00"
	c.Post(doctor, "availability/rules", overlapping).Want(422, "validation-failed")
	overlapping["startTime"] = "11:15"
	other := c.Post(doctor, "availability/rules", overlapping).Want(201).Text("id")
	c.Patch(doctor, "availability/rules/"+other, map[string]any{"startTime": "11:10"}).Want(422, "validation-failed")
	for i := range 48 {
		start := fmt.Sprintf("%02d:%02d", 12+i/6, i%6*10)
		end := fmt.Sprintf("%02d:%02d", 12+(i+1)/6, (i+1)%6*10)
		c.Post(doctor, "availability/rules", ruleBody(c, "rrule", "FREQ=WEEKLY", "startTime", start, "endTime", end,
			"slotMinutes", 10)).Want(201)
	}
	c.Post(doctor, "availability/rules", ruleBody(c, "startTime", "21:00", "endTime", "22:00")).
		Want(409, "too-many-rules")
}

func TestChangedRuleKeepsBookedSlots(t *testing.T) {
	t.Parallel()
	c := openAtNoon(t)
	doctor, patient := c.Doctor("0.00"), c.Patient()
	path := "availability/rules/" + c.Post(doctor, "availability/rules", ruleBody(c)).Want(201).Text("id")
	slots := c.Get(anonymous, "availability/doctor/"+doctor.ID.String()).Want(200).Items()
	book := func(i int) string {
		t.Helper()
		return c.Post(patient, "consultations", map[string]any{"slotId": slots[i]["id"], "reason": "Pain"}).Want(201).
			Text("id")
	}
	kept, freed := book(1), book(5)
	etag := c.Get(doctor, path).Want(200).Header.Get("ETag")
	c.Clock.Advance(time.Second)
	changed := c.Do(doctor, "PATCH", path, map[string]any{"startTime": "10:00", "endTime": "12:00"}, "If-Match", etag).
		Want(200)
	want(t, "made", changed.At("slots", "made"), 120.0)
	want(t, "removed", changed.At("slots", "removed"), 118.0)
	outside, _ := changed.At("slots", "outside").([]any)
	want(t, "outside", len(outside), 2)
	first, _ := outside[0].(map[string]any)
	want(t, "its consultation", first["consultationId"], kept)
	want(t, "its slot", first["slotId"], slots[1]["id"])
	c.Do(doctor, "PATCH", path, map[string]any{}, "If-Match", etag).Want(412)

	// A seat that becomes free outside the rule isn't sold again.
	c.Post(patient, "consultations/"+freed+"/cancel", nil).Want(200)
	want(t, "the freed slot", c.Get(doctor, "availability/"+fmt.Sprint(slots[5]["id"])).Text("status"), "BLOCKED")
	// Where the rule has it again, it is opened again.
	back := c.Patch(doctor, path, map[string]any{"startTime": "09:00", "endTime": "11:00"}).Want(200)
	want(t, "made", back.At("slots", "made"), 120.0)
	want(t, "the freed slot", c.Get(doctor, "availability/"+fmt.Sprint(slots[5]["id"])).Text("status"), "AVAILABLE")
	want(t, "slots", openSlots(c, doctor), 239)
	c.CheckInvariants()

	deleted := c.Do(doctor, "DELETE", path, nil).Want(200)
	want(t, "removed", deleted.At("removed"), 239.0)
	outside, _ = deleted.At("outside").([]any)
	want(t, "outside", len(outside), 1)
	want(t, "open slots", openSlots(c, doctor), 0)
	want(t, "the consultation", c.Get(patient, "consultations/"+kept).Text("status"), "CONFIRMED")
	c.Get(doctor, path).Want(404)
	c.CheckInvariants()
}

func TestHandDecidesOverRule(t *testing.T) {
	t.Parallel()
	c := openAtNoon(t)
	doctor := c.Doctor("500.00")
	other := c.Post(doctor, "availability", map[string]any{ // 10:15 in India
		"startTime": c.DB.Now().Truncate(24 * time.Hour).Add(28*time.Hour + 45*time.Minute),
		"endTime":   c.DB.Now().Truncate(24 * time.Hour).Add(28*time.Hour + 55*time.Minute),
	}).Want(201).Text("id")
	created := c.Post(doctor, "availability/rules", ruleBody(c)).Want(201)
	leftOut, _ := created.At("slots", "leftOut").([]any)
	want(t, "left out", len(leftOut), 1)
	path := "availability/rules/" + created.Text("id")
	slots := c.Get(anonymous, "availability/doctor/"+doctor.ID.String()+"?limit=100").Want(200).Items()
	id := func(i int) string { return "availability/" + fmt.Sprint(slots[i]["id"]) }
	c.Do(doctor, "DELETE", id(4), nil).Want(204)
	c.Patch(doctor, id(5), map[string]any{"status": "BLOCKED"}).Want(200)
	start, _ := time.Parse(time.RFC3339, fmt.Sprint(slots[6]["startTime"]))
	c.Patch(doctor, id(6), map[string]any{"startTime": start.Add(8 * time.Hour), "endTime": start.Add(9 * time.Hour)}).
		Want(200)
	c.Patch(doctor, id(8), map[string]any{"maxPatients": 7}).Want(200)
	c.Do(doctor, "DELETE", "availability/"+other, nil).Want(204)

	changed := c.Patch(doctor, path, map[string]any{"maxPatients": 2}).Want(200)
	want(t, "made", changed.At("slots", "made"), 1.0) // where the other slot was
	want(t, "seats set by hand", c.Get(doctor, id(8)).At("maxPatients"), 7.0)
	want(t, "seats of the rule", c.Get(doctor, id(9)).At("maxPatients"), 2.0)
	changed = c.Patch(doctor, path, map[string]any{"slotMinutes": 20}).Want(200)
	// Six slots a day, on 60 days, but for five at the times of the three slots.
	want(t, "made", changed.At("slots", "made"), 355.0)
	c.Clock.Advance(25 * time.Hour)
	runFill(t, c)
	want(t, "blocked slots", c.Count("SELECT count(*) FROM availability_slots WHERE status = 'BLOCKED'"), 1)
	c.CheckInvariants()
}

func TestRuleOfUnapprovedDoctor(t *testing.T) {
	t.Parallel()
	c := openAtNoon(t)
	doctor, admin := c.Doctor("500.00"), c.Admin()
	c.Exec("UPDATE doctors SET is_approved = false WHERE id = $1", doctor.ID)
	created := c.Post(doctor, "availability/rules", ruleBody(c)).Want(201)
	want(t, "made", created.At("slots", "made"), 0.0)
	runFill(t, c)
	want(t, "slots", openSlots(c, doctor), 0)
	approve := func(approved bool) {
		t.Helper()
		c.Prove(admin)
		c.Patch(admin, "doctors/"+doctor.ID.String()+"/approve",
			map[string]any{"approved": approved, "reason": "Checked"}).Want(200)
	}
	for range 2 {
		approve(true)
		runFill(t, c)
		want(t, "slots once approved", openSlots(c, doctor), 240)
		approve(false)
		runFill(t, c)
		want(t, "slots without the approval", openSlots(c, doctor), 0)
	}
	want(t, "all slots", c.Count("SELECT count(*) FROM availability_slots WHERE doctor_id = $1", doctor.ID), 240)
	c.CheckInvariants()
}

// A change of the time zone moves slots to the local start of others.
func TestRuleMovesToAnotherZone(t *testing.T) {
	t.Parallel()
	c := openAtNoon(t)
	doctor := c.Doctor("500.00")
	path := "availability/rules/" + c.Post(doctor, "availability/rules", ruleBody(c)).Want(201).Text("id")
	changed := c.Patch(doctor, path, map[string]any{"timezone": "Asia/Karachi"}).Want(200) // half an hour behind
	want(t, "made", changed.At("slots", "made"), 60.0)
	want(t, "removed", changed.At("slots", "removed"), 60.0)
	want(t, "slots", openSlots(c, doctor), 240)
	want(t, "local starts", c.Count(`SELECT count(*) FROM availability_slots
		WHERE local_start <> start_time AT TIME ZONE 'Asia/Karachi'`), 0)
	c.CheckInvariants()
}

func TestConcurrentRulesAndBookings(t *testing.T) {
	t.Parallel()
	c := openAtNoon(t)
	doctor, patient := c.Doctor("0.00"), c.Patient()
	path := "availability/rules/" + c.Post(doctor, "availability/rules", ruleBody(c)).Want(201).Text("id")
	slots := c.Get(anonymous, "availability/doctor/"+doctor.ID.String()+"?limit=20").Want(200).Items()
	apptest.Concurrently(12, func(i int) int {
		switch i % 3 {
		case 0:
			return c.Post(patient, "consultations", map[string]any{"slotId": slots[i]["id"], "reason": "Pain"}).Status
		case 1:
			minutes := []int{20, 30, 40, 60}[i/3]
			return c.Patch(doctor, path, map[string]any{"slotMinutes": minutes}).Status
		}
		return c.Post(doctor, "availability/rules", ruleBody(c, "startTime", "14:00", "endTime", "15:00")).Status
	})
	want(t, "rules", c.Count("SELECT count(*) FROM availability_rules"), 2)
	c.CheckInvariants()
}

func TestRuleAnswersAgain(t *testing.T) {
	t.Parallel()
	c := openAtNoon(t)
	doctor := c.Doctor("500.00")
	body, key := ruleBody(c), uuid.NewString()
	first := c.Do(doctor, "POST", "availability/rules", body, "Idempotency-Key", key).Want(201)
	again := c.Do(doctor, "POST", "availability/rules", maps.Clone(body), "Idempotency-Key", key).Want(201)
	want(t, "id", again.Text("id"), first.Text("id"))
	c.Do(doctor, "DELETE", "availability/rules/"+first.Text("id"), nil).Want(200)
	c.CheckInvariants()
}
