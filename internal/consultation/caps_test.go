package consultation_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"amrutam/internal/apptest"
	"amrutam/internal/config"
)

func capped(c *config.Config) { c.MaxBookings, c.MaxBookingsWithDoctor = 5, 2 }

// Free bookings cost nothing, so how many a patient holds is bounded, exactly, however many are asked for at once.
func TestBookingsOfAPatientAreFew(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t, capped)
	patient, doctors := c.Patient(), []apptest.User{c.Doctor("0.00"), c.Doctor("0.00"), c.Doctor("0.00"),
		c.Doctor("0.00")}
	answers := make([]*apptest.Answer, 16)
	var all sync.WaitGroup
	for i := range answers {
		slot := c.Slot(doctors[i%4], time.Duration(i+3)*time.Hour, 1)
		all.Go(func() { answers[i] = calm(func() *apptest.Answer { return ask(c, patient, slot) }) })
	}
	all.Wait()
	var booked []string
	for _, a := range answers {
		switch a.Status {
		case 201:
			booked = append(booked, a.Text("id"))
		case 409:
			if slug := a.Text("type"); slug != "/problems/too-many-bookings" &&
				slug != "/problems/too-many-with-doctor" {
				t.Errorf("refused as %s", a.Body)
			}
		default:
			t.Errorf("answered %d %s", a.Status, a.Body)
		}
	}
	if len(booked) != 5 {
		t.Fatalf("%d are booked, want 5", len(booked))
	}
	if n := count(t, c, "SELECT max(n) FROM (SELECT count(*) AS n FROM seats GROUP BY doctor_id) s"); n > 2 {
		t.Errorf("%d are booked with one doctor, want at most 2", n)
	}
	fresh := c.Doctor("0.00")
	ask(c, patient, c.Slot(fresh, 40*time.Hour, 1)).Want(409, "too-many-bookings")
	for _, id := range booked {
		cancel(c, patient, id, "").Want(200)
	}
	ask(c, patient, c.Slot(fresh, 41*time.Hour, 1)).Want(201)
	ask(c, patient, c.Slot(fresh, 42*time.Hour, 1)).Want(201)
	last := c.Slot(fresh, 44*time.Hour, 1)
	ask(c, patient, last).Want(409, "too-many-with-doctor")
	ask(c, c.Patient(), last).Want(201)
	c.CheckInvariants()
}

// Whoever books and doesn't pay, five times in a day, waits until the oldest is a day old.
func TestAbandonedBookings(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	if err := c.App.Queue.Stop(t.Context()); err != nil { // nothing depends on when the sweep comes by
		t.Fatal(err)
	}
	patient, doctor := c.Patient(), c.Doctor(fee)
	next := 30 * time.Hour
	book := func() *apptest.Answer {
		next += time.Hour
		return ask(c, patient, c.Slot(doctor, next, 1))
	}
	cancel(c, doctor, book().Want(201).Text("id"), "unwell").Want(200) // not the patient's doing
	first := c.DB.Now()
	for range 3 {
		cancel(c, patient, book().Want(201).Text("id"), "").Want(200)
		c.Clock.Advance(time.Minute)
	}
	for range 2 {
		book().Want(201)
	}
	c.Clock.Advance(15*time.Minute + time.Second) // they were due
	a := book().Want(409, "too-many-abandoned")
	if when := first.Add(24 * time.Hour).Truncate(time.Minute).
		Format("2006-01-02T15:"); !strings.Contains(a.Text("detail"), when) {
		t.Errorf("%s doesn't say %s", a.Body, when)
	}
	at(t, c, first.Add(24*time.Hour-time.Minute))
	book().Want(409, "too-many-abandoned")
	at(t, c, first.Add(24*time.Hour+time.Minute))
	book().Want(201)
}

func TestAbandonedBookingsAtOnce(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor := c.Patient(), c.Doctor(fee)
	var mu sync.Mutex
	ended := 0
	var all sync.WaitGroup
	for i := range 4 {
		slot := c.Slot(doctor, time.Duration(i+3)*time.Hour, 1)
		all.Go(func() {
			for range 5 {
				a := calm(func() *apptest.Answer { return ask(c, patient, slot) })
				if a.Status != 201 {
					continue
				}
				if calm(func() *apptest.Answer { return cancel(c, patient, a.Text("id"), "") }).Status == 200 {
					mu.Lock()
					ended++
					mu.Unlock()
				}
			}
		})
	}
	all.Wait()
	// Up to three may be unpaid while the fifth ends.
	if ended < 5 || ended > 7 {
		t.Errorf("%d were booked and given up, want 5 to 7", ended)
	}
	ask(c, patient, c.Slot(doctor, 40*time.Hour, 1)).Want(409, "too-many-abandoned")
	c.CheckInvariants()
}

// A new booking says with whom it is.
func TestABookingNamesItsDoctor(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	for _, fee := range []string{"0.00", "500.00"} {
		a := ask(c, c.Patient(), c.Slot(c.Doctor(fee), 5*time.Hour, 1)).Want(201)
		if a.Text("doctorName") != "Test DOCTOR" || a.Text("patientName") != "Test PATIENT" {
			t.Errorf("booked as %s", a.Body)
		}
	}
}
