package consultation_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"amrutam/internal/apptest"
	"amrutam/internal/config"
)

func lowLimits(c *config.Config) { c.MaxBookings, c.MaxBookingsWithDoctor = 5, 2 }

// Of 16 concurrent free bookings exactly as many succeed as a patient may have.
func TestBookLimitsBookingsOfPatient(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t, lowLimits)
	patient := c.Patient()
	doctors := []apptest.User{c.Doctor("0.00"), c.Doctor("0.00"), c.Doctor("0.00"), c.Doctor("0.00")}
	answers := make([]*apptest.Answer, 16)
	var all sync.WaitGroup
	for i := range answers {
		slot := c.Slot(doctors[i%4], time.Duration(i+3)*time.Hour, 1)
		all.Go(func() {
			answers[i] = retry(func() *apptest.Answer { return postBooking(c, patient, slot) })
		})
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
		t.Fatalf("%d bookings succeeded, want 5", len(booked))
	}
	if n := c.Count("SELECT max(n) FROM (SELECT count(*) AS n FROM seats GROUP BY doctor_id) s"); n > 2 {
		t.Errorf("%d bookings with one doctor, want at most 2", n)
	}
	other := c.Doctor("0.00")
	postBooking(c, patient, c.Slot(other, 40*time.Hour, 1)).Want(409, "too-many-bookings")
	for _, id := range booked {
		cancel(c, patient, id, "").Want(200)
	}
	postBooking(c, patient, c.Slot(other, 41*time.Hour, 1)).Want(201)
	postBooking(c, patient, c.Slot(other, 42*time.Hour, 1)).Want(201)
	last := c.Slot(other, 44*time.Hour, 1)
	postBooking(c, patient, last).Want(409, "too-many-with-doctor")
	postBooking(c, c.Patient(), last).Want(201)
	c.CheckInvariants()
}

// After five unpaid bookings within a day the next is refused, until the oldest of them is a day old.
func TestBookLimitsAbandonedBookings(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	if err := c.App.Queue.Stop(t.Context()); err != nil { // the result is the same without the sweep
		t.Fatal(err)
	}
	patient, doctor := c.Patient(), c.Doctor(fee)
	next := 30 * time.Hour
	book := func() *apptest.Answer {
		next += time.Hour
		return postBooking(c, patient, c.Slot(doctor, next, 1))
	}
	cancel(c, doctor, book().Want(201).Text("id"), "unwell").Want(200) // doesn't count: the patient didn't cancel
	first := c.DB.Now()
	for range 3 {
		cancel(c, patient, book().Want(201).Text("id"), "").Want(200)
		c.Clock.Advance(time.Minute)
	}
	for range 2 {
		book().Want(201)
	}
	c.Clock.Advance(15*time.Minute + time.Second) // their payment was due
	a := book().Want(409, "too-many-abandoned")
	hour := first.Add(24 * time.Hour).Format("2006-01-02T15:")
	if !strings.Contains(a.Text("detail"), hour) {
		t.Errorf("%s doesn't name the hour %s", a.Body, hour)
	}
	advanceTo(t, c, first.Add(24*time.Hour-time.Minute))
	book().Want(409, "too-many-abandoned")
	advanceTo(t, c, first.Add(24*time.Hour+time.Minute))
	book().Want(201)
}

func TestBookLimitsConcurrentAbandonedBookings(t *testing.T) {
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
				a := retry(func() *apptest.Answer { return postBooking(c, patient, slot) })
				if a.Status != 201 {
					continue
				}
				if retry(func() *apptest.Answer { return cancel(c, patient, a.Text("id"), "") }).Status == 200 {
					mu.Lock()
					ended++
					mu.Unlock()
				}
			}
		})
	}
	all.Wait()
	// Up to three more may be unpaid while the fifth is cancelled.
	if ended < 5 || ended > 7 {
		t.Errorf("%d bookings were cancelled, want 5 to 7", ended)
	}
	postBooking(c, patient, c.Slot(doctor, 40*time.Hour, 1)).Want(409, "too-many-abandoned")
	c.CheckInvariants()
}

func TestBookReturnsNames(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	for _, fee := range []string{"0.00", "500.00"} {
		a := postBooking(c, c.Patient(), c.Slot(c.Doctor(fee), 5*time.Hour, 1)).Want(201)
		if a.Text("doctorName") != "Test DOCTOR" || a.Text("patientName") != "Test PATIENT" {
			t.Errorf("booked as %s", a.Body)
		}
	}
}
