package schedule_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"amrutam/internal/apptest"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
	"amrutam/internal/schedule"
)

// book takes a seat with a consultation, as the consultation package does.
func book(db *postgres.DB, slot, patient uuid.UUID) (id uuid.UUID, seat schedule.Seat, err error) {
	ctx := context.Background()
	id = uuid.Must(uuid.NewV7())
	err = db.Write(ctx, func(tx *postgres.Tx) error {
		if seat, err = schedule.TakeSeat(ctx, tx, slot, patient, id, func(*pgx.Batch) {}); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, consultationSQL, id, patient, seat.DoctorID, slot, "REQUESTED", seat.Start)
		return err
	})
	return id, seat, err
}

func release(t *testing.T, db *postgres.DB, consultation uuid.UUID) {
	t.Helper()
	ctx := context.Background()
	if err := db.Write(ctx, func(tx *postgres.Tx) error {
		return schedule.ReleaseSeat(ctx, tx, consultation)
	}); err != nil {
		t.Error(err)
	}
}

// wide is the clinic's database with a connection for each of many transactions.
func wide(t *testing.T, c *apptest.Clinic, conns int32) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(context.Background(), c.DB.Pool.Config().ConnString(),
		postgres.Options{MaxConns: conns, Clock: c.Clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

// checkSeats asks for the first invariant of the domain.
func checkSeats(t *testing.T, c *apptest.Clinic) {
	t.Helper()
	want(t, "slots that miscount", count(t, c, `SELECT count(*) FROM availability_slots s
		WHERE seats_taken <> (SELECT count(*) FROM seats x WHERE x.slot_id = s.id)
			OR (status = 'BOOKED') <> (seats_taken = max_patients)`), 0)
}

func refused(t *testing.T, what string, err error, by *problem.Error) {
	t.Helper()
	if !errors.Is(err, by) {
		t.Errorf("%s: %v, want %s", what, err, by.Slug)
	}
}

func TestTakeSeat(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor("450.50"), c.Patient()
	slot := c.Slot(doctor, time.Hour, 2)
	id, seat, err := book(c.DB, slot, patient.ID)
	if err != nil {
		t.Fatal(err)
	}
	if seat.SlotID != slot || seat.DoctorID != doctor.ID || seat.Fee != 45050 || seat.Currency != "INR" ||
		seat.End.Sub(seat.Start) != 30*time.Minute {
		t.Errorf("seat is %+v", seat)
	}
	_, _, err = book(c.DB, slot, patient.ID)
	refused(t, "the same slot again", err, schedule.ErrOverlap)
	_, _, err = book(c.DB, c.Slot(c.Doctor("1.00"), 80*time.Minute, 1), patient.ID)
	refused(t, "another doctor at that time", err, schedule.ErrOverlap)
	if _, _, err = book(c.DB, slot, c.Patient().ID); err != nil {
		t.Error(err)
	}
	_, _, err = book(c.DB, slot, c.Patient().ID)
	refused(t, "a full slot", err, schedule.ErrSlotTaken)
	_, _, err = book(c.DB, uuid.New(), patient.ID)
	refused(t, "no slot", err, problem.NotFound)
	checkSeats(t, c)

	release(t, c.DB, id)
	release(t, c.DB, id)
	release(t, c.DB, uuid.New())
	checkSeats(t, c)
	want(t, "free again", count(t, c,
		"SELECT count(*) FROM availability_slots WHERE id = $1 AND status = 'AVAILABLE' AND seats_taken = 1", slot), 1)
	if _, _, err = book(c.DB, slot, patient.ID); err != nil {
		t.Error(err)
	}
}

func TestTakeSeatRefusesWhatCannotBeBooked(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient := c.Patient()
	for name, spoil := range map[string]string{
		"blocked": "UPDATE availability_slots SET status = 'BLOCKED' WHERE doctor_id = $1",
		"begun":   "UPDATE availability_slots SET start_time = now() WHERE doctor_id = $1",
		"begun, full": "UPDATE availability_slots SET start_time = now(), status = 'BOOKED', seats_taken = 1 WHERE " +
			"doctor_id = $1",
		"unapproved": "UPDATE doctors SET is_approved = false WHERE id = $1",
		"disabled":   "UPDATE users SET disabled_at = now() WHERE id = $1",
		"deleted":    "UPDATE users SET deleted_at = now() WHERE id = $1",
	} {
		doctor := c.Doctor("1.00")
		slot := c.Slot(doctor, time.Hour, 1)
		exec(t, c, spoil, doctor.ID)
		_, _, err := book(c.DB, slot, patient.ID)
		refused(t, name, err, schedule.ErrSlotNotBookable)
	}
}

func TestTakeSeatRace(t *testing.T) {
	t.Parallel()
	for _, seats := range []int{1, 3} {
		c := apptest.Open(t)
		db, slot := wide(t, c, 60), c.Slot(c.Doctor("1.00"), time.Hour, seats)
		errs := make([]error, 60)
		var all sync.WaitGroup
		for i := range errs {
			patient := c.Patient()
			all.Go(func() { _, _, errs[i] = book(db, slot, patient.ID) })
		}
		all.Wait()
		won := 0
		for _, err := range errs {
			if err == nil {
				won++
				continue
			}
			refused(t, "a loser", err, schedule.ErrSlotTaken)
		}
		want(t, "winners", won, seats)
		checkSeats(t, c)
	}
}

// One patient can't be in two places, however many bookings arrive at once; they queue and don't deadlock.
func TestTakeSeatRaceOfOnePatient(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	db, patient := wide(t, c, 30), c.Patient()
	slots, errs := make([]uuid.UUID, 30), make([]error, 30)
	for i := range slots {
		slots[i] = c.Slot(c.Doctor("1.00"), time.Hour+time.Duration(i)*time.Second, 1)
	}
	var all sync.WaitGroup
	for i, slot := range slots {
		all.Go(func() { _, _, errs[i] = book(db, slot, patient.ID) })
	}
	all.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		refused(t, "a loser", err, schedule.ErrOverlap)
	}
	want(t, "winners", won, 1)
	want(t, "deadlocks", count(t, c, "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"), 0)
	checkSeats(t, c)
}

// Should two slots of a doctor overlap for whatever reason, still only one of them is booked. The seats of one slot
// are one.
func TestADoctorIsNotBookedTwice(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	exec(t, c, "ALTER TABLE availability_slots DROP CONSTRAINT availability_slots_overlap")
	doctor := c.Doctor("1.00")
	slots := []uuid.UUID{c.Slot(doctor, time.Hour, 3), c.Slot(doctor, 80*time.Minute, 3)}
	db, errs := wide(t, c, 12), make([]error, 6)
	var all sync.WaitGroup
	for i := range errs {
		patient := c.Patient()
		all.Go(func() { _, _, errs[i] = book(db, slots[i%2], patient.ID) })
	}
	all.Wait()
	won := 0
	for _, err := range errs {
		if err == nil {
			won++
			continue
		}
		refused(t, "a seat of the other slot", err, schedule.ErrSlotNotBookable)
	}
	want(t, "seats taken", won, 3)
	want(t, "slots with seats", count(t, c, "SELECT count(DISTINCT slot_id) FROM seats"), 1)
	checkSeats(t, c)
}

// Bookings, cancellations (each twice at once) and a doctor who blocks and deletes, all on the same few slots.
func TestSeatsUnderEverythingAtOnce(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	db, doctor := wide(t, c, 40), c.Doctor("1.00")
	var slots []uuid.UUID
	for i := range 3 {
		slots = append(slots, c.Slot(doctor, time.Duration(i+1)*time.Hour, 2))
		// With a past a slot stays, whoever deletes it.
		insertConsultation(t, c, uuid.Must(uuid.NewV7()), c.Patient().ID, doctor.ID, slots[i], "CANCELLED")
	}
	var all sync.WaitGroup
	for i := range 12 {
		patient := c.Patient()
		all.Go(func() {
			for round := range 8 {
				id, _, err := book(db, slots[(i+round)%3], patient.ID)
				if err != nil {
					if !errors.Is(err, schedule.ErrSlotTaken) && !errors.Is(err, schedule.ErrSlotNotBookable) {
						t.Error(err)
					}
					continue
				}
				var twice sync.WaitGroup
				twice.Go(func() { release(t, db, id) })
				twice.Go(func() { release(t, db, id) })
				twice.Wait()
			}
		})
	}
	all.Go(func() {
		for round := range 20 {
			path := "availability/" + slots[round%3].String()
			for _, status := range []string{"BLOCKED", "AVAILABLE"} {
				if a := c.Patch(doctor, path, map[string]any{"status": status}); a.Status != 200 && a.Status != 409 {
					t.Errorf("%s: %s", status, a.Body)
				}
			}
			c.Do(doctor, "DELETE", path, nil).Want(409)
		}
	})
	all.Wait()
	checkSeats(t, c)
	want(t, "seats left", count(t, c, "SELECT count(*) FROM seats"), 0)
}
