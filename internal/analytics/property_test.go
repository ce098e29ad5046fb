package analytics_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/url"
	"os"
	"reflect"
	"strings"
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
	switch rapid.SampledFrom([]string{"slot", "slot", "slot", "book", "book", "book", "end", "end", "end", "time", "import",
		"import", "block", "field", "person"}).Draw(rt, "step") {
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
	switch way := rapid.SampledFrom([]string{"COMPLETED", "NO_SHOW", "patient", "doctor", "admin"}).Draw(rt, "way"); way {
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

func (h *history) catchUp() {
	h.t.Helper()
	if err := h.c.App.Rollups.CatchUp(context.Background()); err != nil {
		h.t.Fatal(err)
	}
}

// report is the direct count of a report. Its statement gets the first and the last day and the zone, and returns the
// fields of the answer that are named, as JSON.
type report struct {
	path, sql string
	isRolled  bool // its newest figures are the job's
}

const inPeriod = `(%s AT TIME ZONE $3)::date BETWEEN $1 AND $2`

var reports = []report{
	{path: "summary", sql: `SELECT json_build_object(
		'consultations.booked', (SELECT count(*) FROM consultations WHERE ` + fmt.Sprintf(inPeriod, "created_at") + `),
		'consultations.byStatus', (SELECT json_object_agg(s, (SELECT count(*) FROM consultations
			WHERE status = s AND ` + fmt.Sprintf(inPeriod, "created_at") + `)) FROM unnest(enum_range(NULL::consultation_status)) s),
		'consultations.averageSecondsToStart', (SELECT round(extract(epoch FROM avg(started_at - created_at))) FROM consultations
			WHERE started_at IS NOT NULL AND ` + fmt.Sprintf(inPeriod, "scheduled_start") + `),
		'people.newPatients', (SELECT count(*) FROM users WHERE role = 'PATIENT' AND ` + fmt.Sprintf(inPeriod, "created_at") + `),
		'users', (SELECT json_object_agg(r, (SELECT count(*) FROM users WHERE role = r AND deleted_at IS NULL))
			FROM unnest(enum_range(NULL::user_role)) r),
		'slots.seatsOffered', (SELECT coalesce(sum(max_patients), 0) FROM availability_slots
			WHERE status <> 'BLOCKED' AND ` + fmt.Sprintf(inPeriod, "start_time") + `),
		'revenue', (SELECT coalesce(json_agg(json_build_object('currency', c.currency, 'captured', c.captured::text,
				'refunded', c.refunded::text, 'net', (c.captured - c.refunded)::text) ORDER BY c.currency), '[]')
			FROM (SELECT m.currency, sum(m.captured)::numeric(12, 2) AS captured, sum(m.refunded)::numeric(12, 2) AS refunded FROM (
				SELECT currency, captured, 0 AS refunded FROM payment_attempts
				WHERE captured > 0 AND ` + fmt.Sprintf(inPeriod, "updated_at") + `
				UNION ALL SELECT currency, 0, amount FROM refunds
				WHERE status = 'SUCCEEDED' AND unmatched_id IS NULL AND ` + fmt.Sprintf(inPeriod, "updated_at") + `) m
				GROUP BY 1) c))`},
	{path: "consultations-per-day", sql: `SELECT json_build_object('items', json_agg(item)) FROM (
		SELECT json_build_object('day', d::date,
			'booked', (SELECT count(*) FROM consultations WHERE (created_at AT TIME ZONE $3)::date = d::date),
			'due', count(c.id), 'completed', count(c.id) FILTER (WHERE c.status = 'COMPLETED'),
			'cancelled', count(c.id) FILTER (WHERE c.status = 'CANCELLED'),
			'noShows', count(c.id) FILTER (WHERE c.status = 'NO_SHOW')) AS item
		FROM generate_series($1::date, $2::date, '1 day') d
		LEFT JOIN consultations c ON (c.scheduled_start AT TIME ZONE $3)::date = d::date GROUP BY d ORDER BY d) items`},
	{path: "conversion-rate", sql: `SELECT json_build_object(
		'listed', (SELECT coalesce(sum(max_patients), 0) FROM availability_slots WHERE status <> 'BLOCKED' AND ` + fmt.Sprintf(inPeriod, "start_time") + `),
		'booked', count(*), 'paid', count(*) FILTER (WHERE payment_status = 'PAID'),
		'completed', count(*) FILTER (WHERE status = 'COMPLETED'),
		'open', count(*) FILTER (WHERE status IN ('REQUESTED', 'CONFIRMED', 'IN_PROGRESS')),
		'lostUnpaid.system', count(*) FILTER (WHERE status = 'CANCELLED' AND payment_status <> 'PAID' AND cancelled_by IS NULL),
		'lostUnpaid.patient', count(*) FILTER (WHERE status = 'CANCELLED' AND payment_status <> 'PAID' AND cancelled_by = 'PATIENT'),
		'lostPaid.doctor', count(*) FILTER (WHERE status = 'CANCELLED' AND payment_status = 'PAID' AND cancelled_by = 'DOCTOR'),
		'lostPaid.staff', count(*) FILTER (WHERE status = 'CANCELLED' AND payment_status = 'PAID' AND cancelled_by IN ('ADMIN', 'SUPPORT')),
		'lostToNoShow.patient', count(*) FILTER (WHERE absent = 'PATIENT'),
		'lostToNoShow.doctor', count(*) FILTER (WHERE absent = 'DOCTOR'))
		FROM consultations WHERE ` + fmt.Sprintf(inPeriod, "scheduled_start")},
	{path: "no-show-rate", sql: `SELECT json_build_object('completed', count(*) FILTER (WHERE status = 'COMPLETED'),
		'cancelled', count(*) FILTER (WHERE status = 'CANCELLED'), 'noShows', count(*) FILTER (WHERE status = 'NO_SHOW'),
		'noShowRate', round(count(*) FILTER (WHERE status = 'NO_SHOW')::numeric
			/ nullif(count(*) FILTER (WHERE status IN ('NO_SHOW', 'COMPLETED')), 0), 4))
		FROM consultations WHERE ` + fmt.Sprintf(inPeriod, "scheduled_start")},
	{path: "doctor-utilization", isRolled: true, sql: `WITH usage AS (
			SELECT doctor_id, sum(offered) AS offered, sum(booked) AS booked FROM (
				SELECT doctor_id, extract(epoch FROM end_time - start_time) * max_patients / 60 AS offered, 0 AS booked
				FROM availability_slots WHERE status <> 'BLOCKED' AND ` + fmt.Sprintf(inPeriod, "start_time") + `
				UNION ALL SELECT doctor_id, 0, extract(epoch FROM scheduled_end - scheduled_start) / 60
				FROM consultations WHERE status <> 'CANCELLED' AND ` + fmt.Sprintf(inPeriod, "scheduled_start") + `) x GROUP BY 1)
		SELECT json_build_object('doctors', count(*), 'offeredMinutes', coalesce(sum(offered), 0)::int,
			'bookedMinutes', coalesce(sum(booked), 0)::int,
			'items', coalesce(json_agg(json_build_object('doctorId', u.doctor_id, 'specialization', d.specialization,
				'offeredMinutes', offered::int, 'bookedMinutes', booked::int,
				'utilization', CASE WHEN offered > 0 THEN round(booked / offered, 4) END)
				ORDER BY coalesce(booked / nullif(offered, 0), -1) DESC, offered DESC, u.doctor_id), '[]'))
		FROM usage u JOIN doctors d ON d.id = u.doctor_id`},
	{path: "top-specializations", isRolled: true, sql: `SELECT json_build_object('total', count(*)) FROM consultations
		WHERE status = 'COMPLETED' AND (scheduled_start AT TIME ZONE 'UTC')::date BETWEEN $1 AND $2 AND $3 <> ''`},
	{path: "repeat-patients", isRolled: true, sql: `SELECT json_build_object('total', count(*)) FROM consultations
		WHERE status = 'COMPLETED' AND (scheduled_start AT TIME ZONE 'UTC')::date BETWEEN $1 AND $2 AND $3 <> ''`},
}

// count returns the fields of the direct count.
func (h *history) count(r report, from, to, zone string) (fields object) {
	h.t.Helper()
	var text []byte
	err := h.c.DB.Pool.QueryRow(context.Background(), "SELECT ("+r.sql+")::text", from, to, zone).Scan(&text)
	if err != nil {
		h.t.Fatalf("%s: %v", r.path, err)
	}
	if err := json.Unmarshal(text, &fields); err != nil {
		h.t.Fatal(err)
	}
	return fields
}

// wantGroups returns the groups of a period as the rule of folding says it: of each day in UTC those of at least five
// patients, but not if the others are fewer than five, then the smallest of those are folded as well.
func (h *history) wantGroups(label, from, to string) map[string]float64 {
	h.t.Helper()
	rows, err := h.c.DB.Pool.Query(context.Background(), `SELECT day, label, count(*) FILTER (WHERE nth = 1), count(*) FROM (
			SELECT (c.scheduled_start AT TIME ZONE 'UTC')::date::text AS day, `+label+` AS label, row_number() OVER (PARTITION BY
				(c.scheduled_start AT TIME ZONE 'UTC')::date, c.patient_id ORDER BY c.scheduled_start, c.id) AS nth
			FROM consultations c JOIN doctors d ON d.id = c.doctor_id WHERE c.status = 'COMPLETED') x
		WHERE day::date BETWEEN $1 AND $2 GROUP BY 1, 2 ORDER BY 1, 3, 2`, from, to)
	if err != nil {
		h.t.Fatal(err)
	}
	defer rows.Close()
	want := map[string]float64{}
	var lastDay string
	var hidden, folded int
	for rows.Next() { // the smallest group of a day first
		var day, label string
		var patients, n int
		if err := rows.Scan(&day, &label, &patients, &n); err != nil {
			h.t.Fatal(err)
		}
		if day != lastDay {
			lastDay, hidden, folded = day, 0, 0
		}
		if patients < 5 || hidden > 0 && folded < 5 {
			hidden += n
			folded += patients
			want["OTHER"] += float64(n)
			continue
		}
		want[label] += float64(n)
	}
	return want
}

// compare compares the answer of each report with the direct count. Jobs may change the data in between: then it
// counts again.
func (h *history) compare(rt *rapid.T, r report, from, to, zone string) {
	query := url.Values{"from": {from}, "to": {to}, "timezone": {zone}}.Encode()
	for range 20 {
		if r.isRolled {
			h.catchUp()
		}
		want := h.count(r, from, to, zone)
		a := h.c.Get(h.admin, "admin/analytics/"+r.path+"?"+query).Want(200)
		got := object{}
		for field := range want {
			got[field] = pick(a.Map(), field)
			if items, ok := got[field].([]any); ok && r.path == "doctor-utilization" {
				for _, item := range items {
					delete(item.(object), "previousUtilization")
				}
			}
		}
		var groups, wantGroups map[string]float64
		switch r.path {
		case "top-specializations":
			groups, wantGroups = map[string]float64{}, h.wantGroups("search_fold(d.specialization)", from, to)
			for _, item := range a.At("items").([]any) {
				groups[fold(item.(object)["specialization"].(string))] = item.(object)["consultations"].(float64)
			}
		case "repeat-patients":
			groups, wantGroups = map[string]float64{}, h.wantGroups(`CASE WHEN EXISTS (SELECT FROM consultations e
				WHERE e.patient_id = c.patient_id AND e.status = 'COMPLETED'
				AND (e.scheduled_start, e.id) < (c.scheduled_start, c.id)) THEN 'later' ELSE 'first' END`, from, to)
			for name, field := range map[string]string{"first": "first", "later": "later", "OTHER": "folded"} {
				if n, _ := a.At(field).(float64); n > 0 {
					groups[name] = n
				}
			}
		}
		if reflect.DeepEqual(got, want) && reflect.DeepEqual(groups, wantGroups) {
			return
		}
		if again := h.count(r, from, to, zone); reflect.DeepEqual(again, want) {
			rt.Fatalf("%s?%s:\n%v %v, want\n%v %v", r.path, query, got, groups, want, wantGroups)
		}
	}
	rt.Fatal("the data never rest")
}

// fold is how specializations are compared.
func fold(specialization string) string {
	if specialization == "OTHER" {
		return specialization
	}
	return strings.ToLower(specialization)
}

// pick returns a field of an answer, by its path with points.
func pick(m object, path string) any {
	first, rest, deeper := strings.Cut(path, ".")
	if inner, ok := m[first].(object); ok && deeper {
		return pick(inner, rest)
	}
	return m[first]
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
