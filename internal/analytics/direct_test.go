package analytics_test

import (
	"context"
	"encoding/json"
	"net/url"
	"reflect"
	"regexp"
	"strings"

	"pgregory.net/rapid"
)

// report is the direct count of a report. Its statement gets the first and the last day and the zone, and returns the
// fields of the answer that are named, as JSON.
type report struct {
	path, sql string
	isRolled  bool // its newest figures are the job's
}

// within is how the statements write that an instant belongs to the period.
var within = regexp.MustCompile(`WITHIN\((\w+)\)`)

var reports = []report{
	{path: "summary", sql: `SELECT json_build_object(
		'consultations.booked', (SELECT count(*) FROM consultations WHERE WITHIN(created_at)),
		'consultations.byStatus', (SELECT json_object_agg(s, (SELECT count(*) FROM consultations
				WHERE status = s AND WITHIN(created_at)))
			FROM unnest(enum_range(NULL::consultation_status)) s),
		'consultations.averageSecondsToStart', (SELECT
				round(extract(epoch FROM sum(started_at - created_at)) / count(*))
			FROM consultations WHERE started_at IS NOT NULL AND WITHIN(scheduled_start)),
		'people.newPatients', (SELECT count(*) FROM users WHERE role = 'PATIENT' AND WITHIN(created_at)),
		'users', (SELECT json_object_agg(r, (SELECT count(*) FROM users WHERE role = r AND deleted_at IS NULL))
			FROM unnest(enum_range(NULL::user_role)) r WHERE r <> 'DEPENDANT'),
		'slots.seatsOffered', (SELECT coalesce(sum(max_patients), 0) FROM availability_slots
			WHERE status <> 'BLOCKED' AND WITHIN(start_time)),
		'revenue', (SELECT coalesce(json_agg(json_build_object('currency', c.currency, 'captured', c.captured::text,
				'refunded', c.refunded::text, 'net', (c.captured - c.refunded)::text) ORDER BY c.currency), '[]')
			FROM (SELECT m.currency, sum(m.captured)::numeric(12, 2) AS captured,
					sum(m.refunded)::numeric(12, 2) AS refunded
				FROM (SELECT currency, captured, 0 AS refunded FROM payment_attempts
					WHERE captured > 0 AND WITHIN(updated_at)
					UNION ALL SELECT currency, 0, amount FROM refunds
					WHERE status = 'SUCCEEDED' AND unmatched_id IS NULL AND WITHIN(updated_at)) m
				GROUP BY 1) c))`},
	{path: "consultations-per-day", sql: `SELECT json_build_object('items', json_agg(item)) FROM (
		SELECT json_build_object('day', d::date,
			'booked', (SELECT count(*) FROM consultations WHERE (created_at AT TIME ZONE $3)::date = d::date),
			'due', count(c.id), 'completed', count(c.id) FILTER (WHERE c.status = 'COMPLETED'),
			'cancelled', count(c.id) FILTER (WHERE c.status = 'CANCELLED'),
			'noShows', count(c.id) FILTER (WHERE c.status = 'NO_SHOW')) AS item
		FROM generate_series($1::date, $2::date, '1 day') d
		LEFT JOIN consultations c ON (c.scheduled_start AT TIME ZONE $3)::date = d::date
		GROUP BY d ORDER BY d) items`},
	{path: "conversion-rate", sql: `SELECT json_build_object(
		'listed', (SELECT coalesce(sum(max_patients), 0) FROM availability_slots
			WHERE status <> 'BLOCKED' AND WITHIN(start_time)),
		'booked', count(*), 'paid', count(*) FILTER (WHERE payment_status = 'PAID'),
		'completed', count(*) FILTER (WHERE status = 'COMPLETED'),
		'open', count(*) FILTER (WHERE status IN ('REQUESTED', 'CONFIRMED', 'IN_PROGRESS')),
		'lostUnpaid.system', count(*) FILTER (
			WHERE status = 'CANCELLED' AND payment_status <> 'PAID' AND cancelled_by IS NULL),
		'lostUnpaid.patient', count(*) FILTER (
			WHERE status = 'CANCELLED' AND payment_status <> 'PAID' AND cancelled_by = 'PATIENT'),
		'lostPaid.doctor', count(*) FILTER (
			WHERE status = 'CANCELLED' AND payment_status = 'PAID' AND cancelled_by = 'DOCTOR'),
		'lostPaid.staff', count(*) FILTER (
			WHERE status = 'CANCELLED' AND payment_status = 'PAID' AND cancelled_by IN ('ADMIN', 'SUPPORT')),
		'lostToNoShow.patient', count(*) FILTER (WHERE absent = 'PATIENT'),
		'lostToNoShow.doctor', count(*) FILTER (WHERE absent = 'DOCTOR'))
		FROM consultations WHERE WITHIN(scheduled_start)`},
	{path: "no-show-rate", sql: `SELECT json_build_object('completed', count(*) FILTER (WHERE status = 'COMPLETED'),
		'cancelled', count(*) FILTER (WHERE status = 'CANCELLED'),
		'noShows', count(*) FILTER (WHERE status = 'NO_SHOW'),
		'noShowRate', round(count(*) FILTER (WHERE status = 'NO_SHOW')::numeric
			/ nullif(count(*) FILTER (WHERE status IN ('NO_SHOW', 'COMPLETED')), 0), 4))
		FROM consultations WHERE WITHIN(scheduled_start)`},
	{path: "doctor-utilization", isRolled: true, sql: `WITH usage AS (
			SELECT doctor_id, sum(offered) AS offered, sum(booked) AS booked FROM (
				SELECT doctor_id, extract(epoch FROM end_time - start_time) * max_patients / 60 AS offered, 0 AS booked
				FROM availability_slots WHERE status <> 'BLOCKED' AND WITHIN(start_time)
				UNION ALL SELECT doctor_id, 0, extract(epoch FROM scheduled_end - scheduled_start) / 60
				FROM consultations WHERE status <> 'CANCELLED' AND WITHIN(scheduled_start)) x
			GROUP BY 1)
		SELECT json_build_object('doctors', count(*), 'offeredMinutes', coalesce(sum(offered), 0)::int,
			'bookedMinutes', coalesce(sum(booked), 0)::int,
			'items', coalesce(json_agg(json_build_object('doctorId', u.doctor_id, 'doctorName', p.full_name,
				'specialization', d.specialization,
				'offeredMinutes', offered::int, 'bookedMinutes', booked::int,
				'utilization', CASE WHEN offered > 0 THEN round(booked / offered, 4) END)
				ORDER BY coalesce(booked / nullif(offered, 0), -1) DESC, offered DESC, u.doctor_id), '[]'))
		FROM usage u JOIN doctors d ON d.id = u.doctor_id JOIN profiles p ON p.user_id = d.id`},
	{path: "top-specializations", isRolled: true, sql: `SELECT json_build_object('total', count(*)) FROM consultations
		WHERE status = 'COMPLETED' AND (scheduled_start AT TIME ZONE 'UTC')::date BETWEEN $1 AND $2 AND $3 <> ''`},
	{path: "repeat-patients", isRolled: true, sql: `SELECT json_build_object('total', count(*)) FROM consultations
		WHERE status = 'COMPLETED' AND (scheduled_start AT TIME ZONE 'UTC')::date BETWEEN $1 AND $2 AND $3 <> ''`},
}

// count returns the fields of the direct count.
func (h *history) count(r report, from, to, zone string) (fields object) {
	h.t.Helper()
	statement := within.ReplaceAllString(r.sql, "(($1 AT TIME ZONE $$3)::date BETWEEN $$1 AND $$2)")
	var text []byte
	err := h.c.DB.Pool.QueryRow(context.Background(), "SELECT ("+statement+")::text", from, to, zone).Scan(&text)
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
	rows, err := h.c.DB.Pool.Query(context.Background(), `
		SELECT day, label, count(*) FILTER (WHERE nth = 1), count(*) FROM (
			SELECT (c.scheduled_start AT TIME ZONE 'UTC')::date::text AS day, `+label+` AS label, row_number() OVER (
				PARTITION BY (c.scheduled_start AT TIME ZONE 'UTC')::date, c.patient_id
				ORDER BY c.scheduled_start, c.id) AS nth
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
		}
		var groups, wantGroups map[string]float64
		switch r.path {
		case "top-specializations":
			groups, wantGroups = map[string]float64{}, h.wantGroups("search_fold(d.specialization)", from, to)
			for name, n := range itemCounts(a) {
				groups[fold(name)] += n
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
