package analytics_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"amrutam/internal/apptest"
)

func TestMain(m *testing.M) {
	flag.Parse()
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		checks := "12"
		if os.Getenv("AMRUTAM_TEST_LONG") != "" {
			checks = "300"
		}
		_ = f.Value.Set(checks)
	}
	_ = flag.Set("rapid.nofailfile", "true")
	os.Exit(m.Run())
}

// history makes random things happen in a clinic.
type history struct {
	c        *apptest.Clinic
	t        *testing.T
	admin    apptest.User
	doctors  []apptest.User
	patients []apptest.User
	slots    []string
	bookings []booked
	first    time.Time
}

type booked struct {
	id      string
	patient apptest.User
	doctor  apptest.User
}

var specializations = []string{"Panchakarma", "panchakarma", "Rasayana", "Kayachikitsa"}

func newHistory(t *testing.T) *history {
	t.Helper()
	c := apptest.Open(t)
	h := &history{c: c, t: t, admin: c.Admin(), first: c.Clock.Now()}
	for i, fee := range []string{"500.00", "299.99", "0.00"} {
		doctor := c.Doctor(fee)
		c.Exec("UPDATE doctors SET specialization = $2, currency = $3 WHERE id = $1", doctor.ID, specializations[i],
			[]string{"INR", "USD", "INR"}[i])
		h.doctors = append(h.doctors, doctor)
	}
	for range 9 {
		h.patients = append(h.patients, c.Patient())
	}
	return h
}

func (h *history) step(rt *rapid.T) {
	switch rapid.SampledFrom([]string{"slot", "slot", "slot", "book", "book", "book", "end", "end", "end", "time",
		"import", "import", "rule", "block", "field", "person"}).Draw(rt, "step") {
	case "slot":
		doctor := rapid.SampledFrom(h.doctors).Draw(rt, "doctor")
		in := time.Duration(rapid.IntRange(10, 5*24*60).Draw(rt, "minutes")) * time.Minute
		at := h.c.Clock.Now().Add(in).Truncate(time.Minute)
		a := h.c.Post(doctor, "availability", object{"startTime": at, "endTime": at.Add(25 * time.Minute),
			"maxPatients": rapid.IntRange(1, 3).Draw(rt, "seats")})
		if a.Status == 201 {
			h.slots = append(h.slots, a.Text("id"))
		}
	case "book":
		h.book(rt)
	case "end":
		h.end(rt)
	case "time":
		h.c.Clock.Advance(time.Duration(rapid.IntRange(1, 20*60).Draw(rt, "minutes")) * time.Minute)
	case "import":
		h.importDay(rt)
	case "rule":
		h.addRule(rt)
	case "block":
		if len(h.slots) > 0 {
			slot := rapid.SampledFrom(h.slots).Draw(rt, "slot")
			doctor := rapid.SampledFrom(h.doctors).Draw(rt, "doctor")
			if rapid.Bool().Draw(rt, "delete") {
				h.c.Do(doctor, "DELETE", "availability/"+slot, nil) // only its doctor may, and only an empty one
				return
			}
			h.c.Patch(doctor, "availability/"+slot, object{"status": rapid.SampledFrom([]string{"BLOCKED",
				"AVAILABLE"}).Draw(rt, "status")})
		}
	case "field":
		h.c.Exec("UPDATE doctors SET specialization = $2 WHERE id = $1",
			rapid.SampledFrom(h.doctors).Draw(rt, "doctor").ID, rapid.SampledFrom(specializations).Draw(rt, "field"))
	case "person":
		if rapid.Bool().Draw(rt, "deleted") {
			h.c.Exec("UPDATE users SET deleted_at = now() WHERE id = $1", h.c.Patient().ID)
			return
		}
		h.patients = append(h.patients, h.c.Patient())
	}
}

func (h *history) book(rt *rapid.T) {
	if len(h.slots) == 0 {
		return
	}
	patient := rapid.SampledFrom(h.patients).Draw(rt, "patient")
	a := h.c.Post(patient, "consultations", object{"slotId": rapid.SampledFrom(h.slots).Draw(rt, "slot"),
		"reason": "Back pain for two weeks"})
	if a.Status != 201 {
		return
	}
	b := booked{id: a.Text("id"), patient: patient}
	for _, doctor := range h.doctors {
		if doctor.ID.String() == a.Text("doctorId") {
			b.doctor = doctor
		}
	}
	h.bookings = append(h.bookings, b)
	if a.Text("status") == "REQUESTED" && rapid.Bool().Draw(rt, "pays") {
		pay(h.t, h.c, patient, b.id)
	}
}

// end ends a consultation in any way. Most of them are refused at most times.
func (h *history) end(rt *rapid.T) {
	if len(h.bookings) == 0 {
		return
	}
	b := rapid.SampledFrom(h.bookings).Draw(rt, "booking")
	way := rapid.SampledFrom([]string{"COMPLETED", "NO_SHOW", "patient", "doctor", "admin"}).Draw(rt, "way")
	switch way {
	case "COMPLETED", "NO_SHOW":
		var start time.Time
		if err := h.c.DB.Pool.QueryRow(context.Background(), "SELECT scheduled_start FROM consultations WHERE id = $1",
			b.id).Scan(&start); err != nil {
			h.t.Fatal(err)
		}
		if wait := start.Add(14 * time.Minute).Sub(h.c.Clock.Now()); wait > 0 && wait < 24*time.Hour {
			h.c.Clock.Advance(wait)
		}
		if way == "COMPLETED" {
			h.c.Patch(b.doctor, "consultations/"+b.id+"/status", object{"status": "IN_PROGRESS"})
		}
		h.c.Patch(b.doctor, "consultations/"+b.id+"/status", object{"status": way})
	default:
		by := map[string]apptest.User{"patient": b.patient, "doctor": b.doctor, "admin": h.admin}[way]
		h.c.Post(by, "consultations/"+b.id+"/cancel", object{"reason": "travelling"})
	}
}

// importDay stores completed consultations of one day of the past at once, each in a slot of its own.
func (h *history) importDay(rt *rapid.T) {
	count := rapid.SampledFrom([]int{3, 9, 9, 14, 130}).Draw(rt, "imported")
	begin := h.first.UTC().Truncate(24*time.Hour).AddDate(0, 0, -rapid.IntRange(1, 60).Draw(rt, "days ago"))
	begin = begin.Add(time.Duration(rapid.IntRange(0, 1000).Draw(rt, "minute")) * time.Minute)
	ids := make([]uuid.UUID, len(h.patients))
	for i, p := range h.patients {
		ids[i] = p.ID
	}
	doctor := h.c.Doctor("100.00")
	h.c.Exec("UPDATE doctors SET specialization = $2 WHERE id = $1", doctor.ID,
		rapid.SampledFrom(specializations).Draw(rt, "specialization"))
	h.c.Exec(`WITH n AS (SELECT i, gen_random_uuid() AS slot, $1::timestamptz + i * interval '3 minutes' AS at
			FROM generate_series(1, $2::int) i),
		made AS (INSERT INTO availability_slots (id, doctor_id, start_time, end_time, created_at, updated_at)
			SELECT slot, $3, at, at + interval '3 minutes', at, at FROM n)
		INSERT INTO consultations (id, patient_id, doctor_id, slot_id, status, reason, payment_status, fee, currency,
			scheduled_start, scheduled_end, started_at, ended_at, created_at, updated_at)
		SELECT (overlay(uuid7_floor(at - interval '1 day')::text placing right(slot::text, 20) from 17))::uuid,
			($4::uuid[])[1 + (i * $5::int) % cardinality($4::uuid[])], $3, slot, 'COMPLETED', '\x00', 'PAID', 0, 'INR',
			at, at + interval '3 minutes', at, at, at - interval '1 day', at FROM n`,
		begin, count, doctor.ID, ids, rapid.IntRange(1, 4).Draw(rt, "stride"))
	if count > 100 { // the days of so many rows are left to the job
		h.catchUp()
	}
}

// addRule gives a doctor a rule, which makes many slots at once.
func (h *history) addRule(rt *rapid.T) {
	begin := rapid.IntRange(0, 20).Draw(rt, "hour")
	a := h.c.Post(rapid.SampledFrom(h.doctors).Draw(rt, "doctor"), "availability/rules", object{
		"rrule":     rapid.SampledFrom([]string{"FREQ=DAILY", "FREQ=WEEKLY;BYDAY=MO,TH"}).Draw(rt, "days"),
		"startTime": fmt.Sprintf("%02d:00", begin), "endTime": fmt.Sprintf("%02d:00", begin+2),
		"timezone":    rapid.SampledFrom([]string{"Asia/Kolkata", "America/New_York"}).Draw(rt, "rule's zone"),
		"slotMinutes": 40, "validFrom": h.c.Clock.Now().Format(time.DateOnly),
		"maxPatients": rapid.IntRange(1, 2).Draw(rt, "seats")})
	if a.Status == 201 {
		h.catchUp() // so many slots are left to the job
	}
}

func (h *history) catchUp() {
	h.t.Helper()
	if err := h.c.App.Rollups.CatchUp(context.Background()); err != nil {
		h.t.Fatal(err)
	}
}

// TestReportsEqualDirectCounts makes random histories and compares every report with a direct count, in random periods
// and zones.
func TestReportsEqualDirectCounts(t *testing.T) {
	t.Parallel()
	h := newHistory(t)
	rapid.Check(t, func(rt *rapid.T) {
		for range rapid.IntRange(5, 25).Draw(rt, "steps") {
			h.step(rt)
		}
		zone := rapid.SampledFrom([]string{"UTC", "Asia/Kolkata", "Asia/Kathmandu", "America/New_York",
			"Australia/Lord_Howe", "Pacific/Kiritimati"}).Draw(rt, "zone")
		days := int(h.c.Clock.Now().Sub(h.first)/(24*time.Hour)) + 66
		from := h.first.AddDate(0, 0, rapid.IntRange(-61, days-61).Draw(rt, "first day"))
		to := from.AddDate(0, 0, rapid.IntRange(0, min(days, 300)).Draw(rt, "days"))
		for _, r := range reports {
			h.compare(rt, r, date(from), date(to), zone)
		}
	})
}
