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

// openPool opens the clinic's database with more connections, so that many transactions run at once.
func openPool(t *testing.T, c *apptest.Clinic, conns int32) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(context.Background(), c.DB.Pool.Config().ConnString(),
		postgres.Options{MaxConns: conns, Clock: c.Clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(db.Close)
	return db
}

// checkSeatCounts checks that seats_taken and the status of every slot agree with its seats.
func checkSeatCounts(t *testing.T, c *apptest.Clinic) {
	t.Helper()
	want(t, "slots with a wrong count", c.Count(`SELECT count(*) FROM availability_slots s
		WHERE seats_taken <> (SELECT count(*) FROM seats x WHERE x.slot_id = s.id)
			OR (status = 'BOOKED') <> (seats_taken = max_patients)`), 0)
}

func wantError(t *testing.T, name string, got error, want *problem.Error) {
	t.Helper()
	if !errors.Is(got, want) {
		t.Errorf("%s: %v, want %s", name, got, want.Slug)
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
	wantError(t, "the same slot again", err, schedule.ErrOverlap)
	_, _, err = book(c.DB, c.Slot(c.Doctor("1.00"), 80*time.Minute, 1), patient.ID)
	wantError(t, "another doctor at that time", err, schedule.ErrOverlap)
	if _, _, err = book(c.DB, slot, c.Patient().ID); err != nil {
		t.Error(err)
	}
	_, _, err = book(c.DB, slot, c.Patient().ID)
	wantError(t, "a full slot", err, schedule.ErrSlotTaken)
	_, _, err = book(c.DB, uuid.New(), patient.ID)
	wantError(t, "no slot", err, problem.NotFound)
	checkSeatCounts(t, c)

	release(t, c.DB, id)
	release(t, c.DB, id)
	release(t, c.DB, uuid.New())
	checkSeatCounts(t, c)
	want(t, "free again", c.Count(
		"SELECT count(*) FROM availability_slots WHERE id = $1 AND status = 'AVAILABLE' AND seats_taken = 1", slot), 1)
	if _, _, err = book(c.DB, slot, patient.ID); err != nil {
		t.Error(err)
	}
}

func TestTakeSeatRefusesUnbookableSlots(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient := c.Patient()
	for name, change := range map[string]string{
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
		c.Exec(change, doctor.ID)
		_, _, err := book(c.DB, slot, patient.ID)
		wantError(t, name, err, schedule.ErrSlotNotBookable)
	}
}

func TestConcurrentBookingsOfOneSlot(t *testing.T) {
	t.Parallel()
	for _, seats := range []int{1, 3} {
		c := apptest.Open(t)
		doctor := c.Doctor("1.00")
		db, slot := openPool(t, c, 60), c.Slot(doctor, time.Hour, seats)
		if seats > 1 { // what waited for the slot's lock asks the rules again
			setRules(c, doctor, map[string]any{"minimumNoticeMinutes": 5, "firstVisitMinutes": 20}).Want(200)
		}
		errs := make([]error, 60)
		var wg sync.WaitGroup
		for i := range errs {
			patient := c.Patient()
			wg.Go(func() { _, _, errs[i] = book(db, slot, patient.ID) })
		}
		wg.Wait()
		booked := 0
		for _, err := range errs {
			if err == nil {
				booked++
				continue
			}
			wantError(t, "another booking", err, schedule.ErrSlotTaken)
		}
		want(t, "bookings", booked, seats)
		checkSeatCounts(t, c)
	}
}

// Of many overlapping bookings of one patient at once exactly one succeeds, without a deadlock.
func TestConcurrentBookingsOfOnePatient(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	db, patient := openPool(t, c, 30), c.Patient()
	slots, errs := make([]uuid.UUID, 30), make([]error, 30)
	for i := range slots {
		slots[i] = c.Slot(c.Doctor("1.00"), time.Hour+time.Duration(i)*time.Second, 1)
	}
	var wg sync.WaitGroup
	for i, slot := range slots {
		wg.Go(func() { _, _, errs[i] = book(db, slot, patient.ID) })
	}
	wg.Wait()
	booked := 0
	for _, err := range errs {
		if err == nil {
			booked++
			continue
		}
		wantError(t, "another booking", err, schedule.ErrOverlap)
	}
	want(t, "bookings", booked, 1)
	want(t, "deadlocks", c.Count("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"), 0)
	checkSeatCounts(t, c)
}

// Without the constraint on slots two slots of a doctor can overlap; the constraint on seats still lets patients book
// only one of them. The seats of one slot don't exclude each other.
func TestOverlappingSlotsAreNotBothBooked(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	c.Exec("ALTER TABLE availability_slots DROP CONSTRAINT availability_slots_overlap")
	doctor := c.Doctor("1.00")
	slots := []uuid.UUID{c.Slot(doctor, time.Hour, 3), c.Slot(doctor, 80*time.Minute, 3)}
	db, errs := openPool(t, c, 12), make([]error, 6)
	var wg sync.WaitGroup
	for i := range errs {
		patient := c.Patient()
		wg.Go(func() { _, _, errs[i] = book(db, slots[i%2], patient.ID) })
	}
	wg.Wait()
	booked := 0
	for _, err := range errs {
		if err == nil {
			booked++
			continue
		}
		wantError(t, "a seat of the other slot", err, schedule.ErrSlotNotBookable)
	}
	want(t, "seats taken", booked, 3)
	want(t, "slots with seats", c.Count("SELECT count(DISTINCT slot_id) FROM seats"), 1)
	checkSeatCounts(t, c)
}

// Patients book seats and release them twice at once while the doctor blocks, opens and tries to delete the slots.
func TestConcurrentBookingsReleasesAndChanges(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	db, doctor := openPool(t, c, 40), c.Doctor("1.00")
	var slots []uuid.UUID
	for i := range 3 {
		slots = append(slots, c.Slot(doctor, time.Duration(i+1)*time.Hour, 2))
		// A slot that had a consultation can't be deleted.
		insertConsultation(t, c, uuid.Must(uuid.NewV7()), c.Patient().ID, doctor.ID, slots[i], "CANCELLED")
	}
	var wg sync.WaitGroup
	for i := range 12 {
		patient := c.Patient()
		wg.Go(func() {
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
	wg.Go(func() {
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
	wg.Wait()
	checkSeatCounts(t, c)
	want(t, "seats left", c.Count("SELECT count(*) FROM seats"), 0)
}
