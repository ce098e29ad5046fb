package analytics_test

import (
	"encoding/csv"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"amrutam/internal/apptest"
)

// own returns a doctor's own figures of days in India.
func own(c *apptest.Clinic, doctor apptest.User, from, to string) *apptest.Answer {
	return c.Get(doctor, "doctors/me/figures?"+url.Values{"from": {from}, "to": {to}, "compare": {"previous"},
		"timezone": {"Asia/Kolkata"}}.Encode()).Want(200)
}

// TestOwnFigures tests what a doctor is told of two days: each visit on the day of its start in the zone, by the
// side that ended it, with its money; and nothing of another doctor's.
func TestOwnFigures(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	today := nextMorning(c)
	doctor, other := c.Doctor("500.00"), c.Doctor("700.00")
	patient := c.Patient()
	first, second := date(today.AddDate(0, 0, 1)), date(today.AddDate(0, 0, 2))
	// 20:00 UTC is half past one of the next day in India.
	evening := today.Add(20 * time.Hour)
	pays := func(doctor apptest.User, at time.Time) string {
		id := book(c, patient, createSlot(c, doctor, at, 1))
		pay(t, c, patient, id)
		return id
	}
	completed := pays(doctor, evening)
	byDoctor := pays(doctor, evening.Add(time.Hour))
	byPatient := pays(doctor, evening.Add(24*time.Hour))
	pays(doctor, evening.Add(25*time.Hour))
	createSlot(c, doctor, evening.Add(26*time.Hour), 3)
	pays(other, evening.Add(2*time.Hour))
	for user, id := range map[apptest.User]string{doctor: byDoctor, patient: byPatient} {
		c.Post(user, "consultations/"+id+"/cancel", object{"reason": "Fell ill"}).Want(200)
	}
	c.Await("what was cancelled is given back", func() bool {
		return c.Count("SELECT count(*) FROM refunds WHERE status = 'SUCCEEDED'") == 2
	})
	advanceTo(c, evening)
	for _, status := range []string{"IN_PROGRESS", "COMPLETED"} {
		c.Patch(doctor, "consultations/"+completed+"/status", object{"status": status}).Want(200)
	}
	c.Post(patient, "consultations/"+completed+"/review", object{"rating": 4}).Want(201)

	a := own(c, doctor, second, second)
	for field, want := range map[string]any{
		"booked": 2.0, "open": 1.0, "completed": 0.0, "cancelled": 1.0, "noShows": 0.0, "seatsOffered": 5.0,
		"seatsTaken": 1.0, "utilization": 0.2, "noShowRate": nil, "rating": 4.0, "ratings": 1.0,
		"cancelledBy.patient": 1.0, "cancelledBy.doctor": 0.0,
		"fees": []any{object{"currency": "INR", "paid": "1000.00", "refunded": "500.00", "net": "500.00"}},
	} {
		wantAt(t, a, want, strings.Split(field, ".")...)
	}
	wantAt(t, a, first, "previous", "from")
	wantAt(t, a, 2.0, "previous", "booked")
	wantAt(t, a, 1.0, "previous", "completed")
	wantAt(t, a, 1.0, "previous", "cancelledBy", "doctor")
	wantAt(t, a, 0.0, "previous", "noShowRate")

	two := own(c, doctor, first, second)
	wantAt(t, two, 4.0, "booked")
	days := two.Items()
	if len(days) != 2 || !reflect.DeepEqual(days[1]["fees"], a.At("fees")) {
		t.Errorf("days: %v", days)
	}
	wantAt(t, own(c, other, first, second), 1.0, "booked")
	c.CheckInvariants()
}

// TestOwnFiguresOfNoPractice tests that a doctor who has not applied has figures: there is nothing in them.
func TestOwnFiguresOfNoPractice(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	a := c.Get(c.User("DOCTOR"), "doctors/me/figures").Want(200)
	wantAt(t, a, 0.0, "booked")
	wantAt(t, a, nil, "rating")
	wantAt(t, a, nil, "utilization")
	wantAt(t, a, nil, "previous")
	if days := a.Items(); len(days) != 30 {
		t.Errorf("%d days, want 30", len(days))
	}
	c.Get(c.Patient(), "doctors/me/figures").Want(403)
	c.Get(c.User("DOCTOR"), "doctors/me/figures?from=2025-01-01&to=2026-11-23").Want(422, "validation-failed")
}

// TestOwnFiguresAsTable tests that each day has a row, and one more for a second currency, whose counts are left out.
func TestOwnFiguresAsTable(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	today := nextMorning(c)
	doctor, patient := c.Doctor("500.00"), c.Patient()
	pay(t, c, patient, book(c, patient, createSlot(c, doctor, today.Add(12*time.Hour), 1)))
	c.Patch(doctor, "doctors/"+doctor.ID.String(), object{"currency": "USD", "consultationFee": "9.00"}).Want(200)
	pay(t, c, patient, book(c, patient, createSlot(c, doctor, today.Add(13*time.Hour), 1)))
	from := date(today.AddDate(0, 0, -1))
	a := c.Get(doctor, "doctors/me/figures?format=csv&from="+from+"&to="+date(today)).Want(http.StatusOK)
	rows, err := csv.NewReader(strings.NewReader(string(a.Body))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := func(name string) (cells []string) {
		for i, title := range rows[0] {
			if title == name {
				for _, row := range rows[1:] {
					cells = append(cells, row[i])
				}
			}
		}
		return cells
	}
	for name, want := range map[string][]string{
		"day": {from, date(today), date(today)}, "booked": {"0", "2", ""}, "seatsTaken": {"0", "2", ""},
		"currency": {"", "INR", "USD"}, "net": {"", "500.00", "9.00"},
	} {
		if got := column(name); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}
