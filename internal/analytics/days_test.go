package analytics_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
)

func TestDaysInKolkata(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	day := nextMorning(c)
	midnight := day.Add(18*time.Hour + 30*time.Minute) // of the next day in Kolkata
	advanceTo(c, midnight.Add(-5*time.Minute))
	admin, doctor := c.Admin(), c.Doctor("500.00")
	createSlot(c, doctor, midnight.Add(-time.Minute), 1)
	createSlot(c, doctor, midnight.Add(30*time.Minute), 2)
	createSlot(c, doctor, midnight.Add(24*time.Hour), 4)
	next := createSlot(c, doctor, midnight.Add(72*time.Hour), 3)
	book(c, c.Patient(), next)
	advanceTo(c, midnight.Add(time.Minute))
	book(c, c.Patient(), next)
	book(c, c.Patient(), next)
	// The slot that starts at the first instant of the fourth day belongs to it.
	for days, taken := range map[int]float64{3: 0, 4: 3, 5: 0} {
		on := date(day.AddDate(0, 0, days))
		wantAt(t, readSummary(c, admin, on, on, "Asia/Kolkata"), taken, "slots", "seatsTaken")
	}
	first, second, third := date(day), date(day.AddDate(0, 0, 1)), date(day.AddDate(0, 0, 2))
	for _, q := range []struct {
		from, to, zone            string
		booked, patients, offered float64
	}{
		{first, first, "Asia/Kolkata", 1, 1, 1},
		{second, second, "Asia/Kolkata", 2, 2, 2},
		{third, third, "Asia/Kolkata", 0, 0, 4},
		{first, second, "Asia/Kolkata", 3, 3, 3},
		{first, first, "UTC", 3, 3, 3},
		{second, second, "UTC", 0, 0, 4},
	} {
		a := readSummary(c, admin, q.from, q.to, q.zone)
		for at, expected := range map[[2]string]float64{
			{"consultations", "booked"}: q.booked,
			{"people", "newPatients"}:   q.patients,
			{"slots", "seatsOffered"}:   q.offered,
		} {
			if got := a.At(at[0], at[1]); got != expected {
				t.Errorf("%s to %s in %s: %s is %v, want %v", q.from, q.to, q.zone, at[1], got, expected)
			}
		}
	}
}

// In New York the second Sunday of March has 23 hours, from 05:00 to 04:00 UTC.
func TestShortDayInNewYork(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	sunday := time.Date(c.Clock.Now().Year()+1, 3, 8, 0, 0, 0, 0, time.UTC)
	for sunday.Weekday() != time.Sunday {
		sunday = sunday.AddDate(0, 0, 1)
	}
	advanceTo(c, sunday.AddDate(0, 0, -2))
	admin, doctor := c.Admin(), c.Doctor("500.00")
	begins, ends := sunday.Add(5*time.Hour), sunday.Add(28*time.Hour)
	for i, at := range []time.Time{begins.Add(-time.Hour), begins, ends.Add(-time.Hour), ends} {
		createSlot(c, doctor, at, []int{1, 10, 20, 5}[i])
	}
	for i, seats := range []float64{1, 30, 5} {
		on := date(sunday.AddDate(0, 0, i-1))
		wantAt(t, readSummary(c, admin, on, on, "America/New_York"), seats, "slots", "seatsOffered")
	}
	wantAt(t, readSummary(c, admin, date(sunday), date(sunday), "UTC"), 11.0, "slots", "seatsOffered")
}

// Bookings are in partitions by the month of their id. The figures are read with bounds of the ids.
func TestBookingsInOtherMonths(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	nextMorning(c)
	admin, doctor := c.Admin(), c.Doctor("0.00")
	var days []string
	for range 4 {
		days = append(days, date(c.Clock.Now()))
		id := book(c, c.Patient(), createSlot(c, doctor, c.Clock.Now().Add(30*24*time.Hour).Truncate(time.Second), 1))
		a := c.Get(admin, "consultations/"+id).Want(200)
		created, err := time.Parse(time.RFC3339Nano, a.Text("createdAt"))
		if err != nil {
			t.Fatal(err)
		}
		parsed := uuid.MustParse(id)
		seconds, nanos := parsed.Time().UnixTime()
		if time.Unix(seconds, nanos).UnixMilli() != created.UnixMilli() || parsed.Version() != 7 {
			t.Errorf("the id %s isn't a UUIDv7 of %s", id, created)
		}
		c.Clock.Advance(50 * 24 * time.Hour)
	}
	for _, day := range days {
		wantAt(t, readSummary(c, admin, day, day, "UTC"), 1.0, "consultations", "booked")
	}
	wantAt(t, readSummary(c, admin, days[0], days[3], "UTC"), 4.0, "consultations", "booked")
	wantAt(t, readSummary(c, admin, days[1], days[2], "America/Los_Angeles"), 2.0, "consultations", "booked")
}
