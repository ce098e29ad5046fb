package schedule_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
)

// A slot that loses a seat keeps the offers for which there is still one: the oldest.
func TestFewerSeatsEndNoMoreOffersThanTheyMust(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.Doctor("0.00")
	slot := c.Slot(doctor, noon(c), 3)
	var holders, patients []apptest.User
	var booked, entries []string
	for range 3 {
		holders = append(holders, c.Patient())
		booked = append(booked, c.Book(holders[len(holders)-1], slot))
	}
	for i := range 2 {
		patients = append(patients, c.Patient())
		entries = append(entries, join(c, patients[i], doctor))
		cancelBooking(c, holders[i], booked[i])
		wantStatus(t, c, patients[i], entries[i], "OFFERED")
		c.Clock.Advance(time.Second)
	}
	c.Patch(doctor, "availability/"+slot.String(), map[string]any{"maxPatients": 2}).Want(200)
	wantStatus(t, c, patients[0], entries[0], "OFFERED")
	wantStatus(t, c, patients[1], entries[1], "WAITING")
	bookSlot(c, c.Patient(), slot).Want(409, "slot-taken")
	c.CheckInvariants()

	// One that is booked can't be closed, and then no offer ends.
	c.Patch(doctor, "availability/"+slot.String(), map[string]any{"status": "BLOCKED"}).
		Want(409, "slot-has-consultations")
	wantStatus(t, c, patients[0], entries[0], "OFFERED")
	accept(c, patients[0], entries[0]).Want(201)
	c.CheckInvariants()
}

// An acceptance locks the doctor's rules before the slot, as a booking does: they can't wait for each other.
func TestAcceptanceLocksTheRulesFirst(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	ctx := context.Background()
	doctor, patient, holder := c.Doctor("0.00"), c.Patient(), c.Patient()
	setRules(c, doctor, map[string]any{"dailyMaximum": 9}).Want(200)
	slot := c.Slot(doctor, noon(c), 2)
	id := c.Book(holder, slot)
	entry := join(c, patient, doctor)
	cancelBooking(c, holder, id)

	tx, err := c.DB.Pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	_, err = tx.Exec(ctx, "SELECT FROM booking_rules WHERE doctor_id = $1 FOR NO KEY UPDATE", doctor.ID)
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan *apptest.Answer)
	go func() { done <- accept(c, patient, entry) }()
	c.Await("the wait for the rules", func() bool {
		return c.Count(`SELECT count(*) FROM pg_stat_activity
			WHERE wait_event_type = 'Lock' AND datname = current_database()`) > 0
	})
	if _, err := tx.Exec(ctx, "SELECT FROM availability_slots WHERE id = $1 FOR UPDATE NOWAIT", slot); err != nil {
		t.Errorf("the slot is locked before the rules: %v", err)
	}
	if err := tx.Rollback(ctx); err != nil {
		t.Fatal(err)
	}
	(<-done).Want(201)
	c.CheckInvariants()
}

// Who was never seen isn't offered a slot that is long enough for a later visit only.
func TestOffersKnowHowLongAVisitTakes(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, fresh, seen := c.Doctor("0.00"), c.Patient(), c.Patient()
	past := c.Slot(doctor, -5*time.Hour, 1)
	insertConsultation(t, c, uuid.Must(uuid.NewV7()), seen.ID, doctor.ID, past, "COMPLETED")
	slot := c.Slot(doctor, noon(c), 1)
	id := c.Book(c.Patient(), slot)
	setRules(c, doctor, map[string]any{"firstVisitMinutes": 60, "followUpMinutes": 10}).Want(200)
	waits, next := join(c, fresh, doctor), join(c, seen, doctor)
	c.Post(doctor, "consultations/"+id+"/cancel", nil).Want(200)
	wantStatus(t, c, fresh, waits, "WAITING")
	wantStatus(t, c, seen, next, "OFFERED")
	accept(c, seen, next).Want(201)
}
