package schedule_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
	"amrutam/internal/schedule"
)

// noon returns how long it is until the early afternoon in India, in two days.
func noon(c *apptest.Clinic) time.Duration {
	now := c.DB.Now()
	return now.Truncate(24 * time.Hour).Add(2*24*time.Hour + 8*time.Hour).Sub(now)
}

// A move within a day that is full doesn't fail because somebody waits.
func TestMoveWithinAFullDayWhileSomebodyWaits(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor("0.00"), c.Patient()
	setRules(c, doctor, map[string]any{"dailyMaximum": 1}).Want(200)
	from, to := c.Slot(doctor, noon(c), 1), c.Slot(doctor, noon(c)+time.Hour, 1)
	id := c.Book(patient, from)
	join(c, c.Patient(), doctor)
	c.Post(patient, "consultations/"+id+"/reschedule", map[string]any{"slotId": to}).Want(200)
	c.CheckInvariants()
}

// The seat that somebody gives up isn't offered to themselves.
func TestOwnSeatIsNotOfferedBack(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor("0.00"), c.Patient()
	id := c.Book(patient, c.Slot(doctor, noon(c), 1))
	entry := join(c, patient, doctor)
	cancelBooking(c, patient, id)
	wantStatus(t, c, patient, entry, "WAITING")
}

func offered(t *testing.T) (c *apptest.Clinic, doctor, patient apptest.User, entry string, slot uuid.UUID) {
	t.Helper()
	c = apptest.Open(t)
	doctor, patient = c.Doctor("0.00"), c.Patient()
	holder := c.Patient()
	slot = c.Slot(doctor, noon(c), 1)
	id := c.Book(holder, slot)
	entry = join(c, patient, doctor)
	cancelBooking(c, holder, id)
	wantStatus(t, c, patient, entry, "OFFERED")
	return c, doctor, patient, entry, slot
}

// A leave ends the offers of its slots: what is offered can be accepted.
func TestLeaveOverAHeldSlot(t *testing.T) {
	t.Parallel()
	c, doctor, patient, entry, _ := offered(t)
	start := c.DB.Now().Add(noon(c))
	c.Post(doctor, "availability/exceptions", map[string]any{"kind": "LEAVE", "from": start.Add(-time.Hour),
		"to": start.Add(3 * time.Hour)}).Want(201)
	wantStatus(t, c, patient, entry, "WAITING")
	c.CheckInvariants()
}

// A doctor isn't told of a consultation that doesn't exist.
func TestDoctorBlocksAHeldSlot(t *testing.T) {
	t.Parallel()
	c, doctor, _, _, slot := offered(t)
	a := c.Patch(doctor, "availability/"+slot.String(), map[string]any{"status": "BLOCKED"})
	if strings.Contains(string(a.Body), "1 consultation") {
		t.Errorf("the answer is %s", a.Body)
	}
	c.CheckInvariants()
}

// An entry ends with its doctor.
func TestDoctorStopsWhileSomebodyWaits(t *testing.T) {
	t.Parallel()
	c, doctor, patient, entry, _ := offered(t)
	second := c.Patient()
	waits := join(c, second, doctor)
	c.Patch(c.Admin(), "users/"+doctor.ID.String()+"/disable", map[string]any{"disabled": true, "reason": "asked",
		"cancelConsultations": true}).Want(200)
	for user, id := range map[apptest.User]string{patient: entry, second: waits} {
		if s := waiting(t, c, user, id)["status"]; s == "OFFERED" || s == "WAITING" {
			t.Errorf("the entry is %v", s)
		}
	}
	c.CheckInvariants()
}

// Nobody is offered the seat of a doctor who stops, not even in the transaction in which they do.
func TestNoOfferByADoctorWhoStops(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, holder, patient := c.Doctor("0.00"), c.Patient(), c.Patient()
	c.Book(holder, c.Slot(doctor, noon(c), 1))
	join(c, patient, doctor)
	c.Patch(c.Admin(), "users/"+doctor.ID.String()+"/disable", map[string]any{"disabled": true, "reason": "asked",
		"cancelConsultations": true}).Want(200)
	if n := c.Count("SELECT count(*) FROM waitlist_offers"); n != 0 {
		t.Errorf("%d offers", n)
	}
	c.CheckInvariants()
}

// A time zone that PostgreSQL doesn't know is no reason to refuse a cancellation.
func TestCancelWhileSomebodyInAnUnknownZoneWaits(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, holder, patient := c.Doctor("0.00"), c.Patient(), c.Patient()
	id := c.Book(holder, c.Slot(doctor, noon(c), 1))
	entry := join(c, patient, doctor)
	c.Exec("UPDATE waitlist_entries SET timezone = 'Mars/Base', part_of_day = 'MORNING' WHERE id = $1", entry)
	cancelBooking(c, holder, id)
}

// A sweep that waited for another server's doesn't end the offer that this one made.
func TestSweepLeavesNewOffersAlone(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	ctx := context.Background()
	doctor, patient, holder := c.Doctor("0.00"), c.Patient(), c.Patient()
	second := c.Slot(doctor, noon(c)+2*time.Hour, 1)
	first := c.Slot(doctor, noon(c), 1)
	id := c.Book(holder, first)
	entry := join(c, patient, doctor)
	cancelBooking(c, holder, id)
	c.Exec("UPDATE waitlist_offers SET mailed_at = now()") // the sweep below sends no mails
	tx, err := c.DB.Pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	run := func(sql string, args ...any) {
		if _, err := tx.Exec(ctx, sql, args...); err != nil {
			t.Error(err)
		}
	}
	run("SELECT FROM waitlist_entries WHERE id = $1 FOR UPDATE", entry)
	c.Clock.Advance(16 * time.Minute)
	now := c.DB.Now()
	sweep := make(chan error)
	go func() { sweep <- (&schedule.Service{DB: c.DB, Metrics: c.App.Metrics}).SweepWaitlist(ctx) }()
	c.Await("the wait for the lock", func() bool {
		return c.Count(`SELECT count(*) FROM pg_stat_activity
			WHERE wait_event_type = 'Lock' AND datname = current_database()`) > 0
	})
	// What another server does: it passes the seat on, and somebody cancels.
	run("UPDATE waitlist_offers SET ended_at = $2 WHERE entry_id = $1", entry, now)
	run("UPDATE availability_slots SET seats_taken = 0, status = 'AVAILABLE' WHERE id = $1", first)
	run("UPDATE availability_slots SET seats_taken = 1, status = 'BOOKED' WHERE id = $1", second)
	run(`INSERT INTO waitlist_offers (entry_id, slot_id, created_at, mailed_at, expires_at)
		VALUES ($1, $2, $3, $3, $4)`, entry, second, now, now.Add(15*time.Minute))
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	if err := <-sweep; err != nil {
		t.Error(err)
	}
	wantStatus(t, c, patient, entry, "OFFERED")
	c.CheckInvariants()
}
