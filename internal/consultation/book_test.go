package consultation_test

import (
	"errors"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
	"amrutam/internal/jobs"
	"amrutam/internal/postgres"
	"amrutam/internal/telemetry"
)

func TestBookRefusals(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor := c.Patient(), c.Doctor(fee)
	slot := func(in time.Duration) uuid.UUID { return c.Slot(doctor, in, 1) }
	begun, past := slot(time.Hour), slot(-time.Hour)
	blocked, full := slot(2*time.Hour), slot(3*time.Hour)
	c.Exec("UPDATE availability_slots SET status = 'BLOCKED' WHERE id = $1", blocked)
	c.Exec("UPDATE availability_slots SET start_time = $2 WHERE id = $1", begun, c.DB.Now().Add(-time.Minute))
	c.Book(c.Patient(), full)
	for name, id := range map[string]uuid.UUID{"begun": begun, "past": past, "blocked": blocked} {
		t.Log(name)
		postBooking(c, patient, id).Want(409, "slot-not-bookable")
	}
	postBooking(c, patient, full).Want(409, "slot-taken")
	postBooking(c, patient, uuid.New()).Want(404, "not-found")
	other := c.Doctor(fee)
	otherSlot := c.Slot(other, 4*time.Hour, 1)
	c.Post(patient, "consultations", object{"slotId": otherSlot, "reason": "Cough", "doctorId": doctor.ID}).
		Want(422, "validation-failed")
	c.Patch(c.Admin(), "doctors/"+other.ID.String()+"/approve",
		object{"approved": false, "reason": "The registration lapsed."}).Want(200)
	postBooking(c, patient, otherSlot).Want(409, "slot-not-bookable")
	if n := c.Count("SELECT count(*) FROM seats"); n != 1 {
		t.Errorf("%d seats are taken, want 1: a refused booking took a seat", n)
	}
	c.Post(patient, "consultations", object{"slotId": slot(5 * time.Hour), "reason": "Cough", "doctorId": doctor.ID}).
		Want(201)
	for _, role := range []access.Role{access.RoleDoctor, access.RoleAdmin, access.RoleSupport} {
		postBooking(c, c.User(role), slot(time.Duration(6+len(role))*time.Hour)).Want(403, "forbidden")
	}
	postBooking(c, apptest.User{}, slot(30*time.Hour)).Want(401, "unauthenticated")
	c.CheckInvariants()
}

func TestBookFixesFee(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor := c.Patient(), c.Doctor(fee)
	id := c.Book(patient, c.Slot(doctor, 5*time.Hour, 1))
	c.Patch(doctor, "doctors/"+doctor.ID.String(), object{"consultationFee": "0.00"}).Want(200)
	if a := c.Get(patient, "consultations/"+id).Want(200); a.Text("fee") != fee || a.Text("status") != "REQUESTED" {
		t.Errorf("the booking changed: %s", a.Body)
	}
	if a := c.Get(patient, "payments/consultation/"+id).Want(200); a.Text("amount") != fee {
		t.Errorf("the payment changed: %s", a.Body)
	}
	// Later bookings cost nothing: they are confirmed at once, and there is nothing to pay or refund.
	free := postBooking(c, patient, c.Slot(doctor, 7*time.Hour, 1)).Want(201)
	if free.Text("status") != "CONFIRMED" || free.Text("paymentStatus") != "PAID" || free.At("paymentDueAt") != nil {
		t.Errorf("a free booking is %s", free.Body)
	}
	paid := c.Get(patient, "payments/consultation/"+free.Text("id")).Want(200)
	if paid.Text("amount") != "0.00" || paid.Text("status") != "SUCCESS" || paid.Text("provider") != "none" {
		t.Errorf("its payment is %s", paid.Body)
	}
	c.Post(patient, "payments/initiate", object{"consultationId": free.Text("id")}).Want(409, "already-paid")
	cancel(c, patient, free.Text("id"), "travelling").Want(200)
	if n := c.Count("SELECT count(*) FROM refunds"); n != 0 {
		t.Errorf("%d refunds of a free booking", n)
	}
	c.CheckInvariants()
}

// Of eight concurrent bookings three may be unpaid. The next is refused until one is paid or cancelled.
func TestBookLimitsUnpaidBookings(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor := c.Patient(), c.Doctor(fee)
	answers := make([]*apptest.Answer, 8)
	var all sync.WaitGroup
	for i := range answers {
		slot := c.Slot(doctor, time.Duration(i+3)*time.Hour, 1)
		all.Go(func() {
			answers[i] = retry(func() *apptest.Answer { return postBooking(c, patient, slot) })
		})
	}
	all.Wait()
	var booked []string
	for _, a := range answers {
		if a.Status == 201 {
			booked = append(booked, a.Text("id"))
			continue
		}
		a.Want(409, "too-many-unpaid")
	}
	if len(booked) != 3 {
		t.Fatalf("%d bookings succeeded, want 3", len(booked))
	}
	slot := c.Slot(doctor, 30*time.Hour, 1)
	postBooking(c, patient, slot).Want(409, "too-many-unpaid")
	c.Report("payment.succeeded", c.Initiate(patient, booked[0]), fee).Want(200)
	postBooking(c, patient, slot).Want(201)
	slot = c.Slot(doctor, 32*time.Hour, 1)
	postBooking(c, patient, slot).Want(409, "too-many-unpaid")
	cancel(c, patient, booked[1], "").Want(200)
	postBooking(c, patient, slot).Want(201)
	c.CheckInvariants()
}

// A patient books two overlapping slots of different doctors at once: one booking is refused.
func TestBookRefusesOverlap(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient := c.Patient()
	for round := range 5 {
		in := time.Duration(3+round) * time.Hour
		slots := []uuid.UUID{c.Slot(c.Doctor("0.00"), in, 1), c.Slot(c.Doctor("0.00"), in+10*time.Minute, 1)}
		statuses := make([]int, 2)
		var both sync.WaitGroup
		for i, slot := range slots {
			both.Go(func() {
				statuses[i] = retry(func() *apptest.Answer { return postBooking(c, patient, slot) }).Status
			})
		}
		both.Wait()
		if slices.Sort(statuses); statuses[0] != 201 || statuses[1] != 409 {
			t.Errorf("statuses %v, want one 201 and one 409", statuses)
		}
	}
	c.CheckInvariants()
}

// A booking races with a change of its slot's only seat. The order decides which is refused; the seat is neither lost
// nor taken twice.
func TestBookRacesForOneSeat(t *testing.T) {
	t.Parallel()
	for name, step := range map[string]struct {
		taken  bool // by a patient who cancels
		other  func(c *apptest.Clinic, doctor apptest.User, slot uuid.UUID) *apptest.Answer
		status map[int][]int // allowed statuses of the other request by the booking's status
	}{
		"a cancellation": {taken: true, status: map[int][]int{201: {200}, 409: {200}}},
		"a block": {other: func(c *apptest.Clinic, doctor apptest.User, slot uuid.UUID) *apptest.Answer {
			return c.Patch(doctor, "availability/"+slot.String(), object{"status": "BLOCKED"})
		}, status: map[int][]int{201: {409}, 409: {200}}},
		"a deletion": {other: func(c *apptest.Clinic, doctor apptest.User, slot uuid.UUID) *apptest.Answer {
			return c.Do(doctor, "DELETE", "availability/"+slot.String(), nil)
		}, status: map[int][]int{201: {409}, 404: {204}}},
		"a move": {other: func(c *apptest.Clinic, doctor apptest.User, slot uuid.UUID) *apptest.Answer {
			start := c.DB.Now().Add(100 * time.Hour)
			return c.Patch(doctor, "availability/"+slot.String(),
				object{"startTime": start, "endTime": start.Add(30 * time.Minute)})
		}, status: map[int][]int{201: {200, 409}}}, // a booking of a moved slot has its new time
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := apptest.Open(t)
			for range 10 {
				doctor, patient := c.Doctor("0.00"), c.Patient()
				slot := c.Slot(doctor, 5*time.Hour, 1)
				other := func() *apptest.Answer { return step.other(c, doctor, slot) }
				if step.taken {
					first := c.Patient()
					id := c.Book(first, slot)
					other = func() *apptest.Answer { return cancel(c, first, id, "travelling") }
				}
				var booked, answer *apptest.Answer
				var both sync.WaitGroup
				both.Go(func() { booked = retry(func() *apptest.Answer { return postBooking(c, patient, slot) }) })
				both.Go(func() { answer = retry(other) })
				both.Wait()
				if !slices.Contains(step.status[booked.Status], answer.Status) {
					t.Errorf("booking %d %s, other %d %s", booked.Status, booked.Body, answer.Status, answer.Body)
				}
			}
			c.CheckInvariants()
		})
	}
}

// A booking that names the start that the patient was shown is refused if the slot was moved since.
func TestBookRefusesMovedSlot(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor(fee), c.Patient()
	slot := c.Slot(doctor, 26*time.Hour, 1)
	shown := c.Get(doctor, "availability/"+slot.String()).Want(200).Text("startTime")
	start := c.DB.Now().Add(50 * time.Hour).Truncate(time.Second)
	c.Patch(doctor, "availability/"+slot.String(), object{"startTime": start, "endTime": start.Add(30 * time.Minute)}).
		Want(200)
	book := func(at any) *apptest.Answer {
		return c.Post(patient, "consultations", object{"slotId": slot, "reason": "Cough", "startTime": at})
	}
	a := book(shown).Want(409, "slot-moved")
	if !strings.Contains(a.Text("detail"), start.UTC().Format(time.RFC3339)) {
		t.Errorf("the refusal lacks the new time: %s", a.Body)
	}
	book(start.In(time.FixedZone("", 19800))).Want(201)
	c.CheckInvariants()
}

// Without partitions for the current month, rows go to the default partitions, and the maintenance neither fails nor
// moves them.
func TestBookWithoutPartitions(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor := c.Patient(), c.Doctor("0.00")
	if err := c.App.Queue.Stop(t.Context()); err != nil { // its maintenance would create partitions
		t.Fatal(err)
	}
	// The builders' audit rows have to stay for the invariants, so the clock goes to a month without rows.
	now := c.DB.Now()
	consultations := "consultations_" + now.Format("2006_01")
	c.Exec("ALTER TABLE consultations DETACH PARTITION " + consultations)
	c.Exec("DROP TABLE " + consultations)
	ahead := time.Date(now.Year(), now.Month()+7, 2, 12, 0, 0, 0, time.UTC)
	audits := "audit_logs_" + ahead.Format("2006_01")
	keys := "idempotency_keys_" + ahead.Add(24*time.Hour).Format("2006_01_02")
	advanceTo(t, c, ahead)
	for _, name := range []string{audits, keys, consultations} {
		c.Exec("DROP TABLE IF EXISTS " + name)
	}
	slot := c.Slot(doctor, 5*time.Minute, 1)
	body := object{"slotId": slot, "reason": "Cough"}
	a := c.Do(patient, "POST", "consultations", body, "Idempotency-Key", "k").Want(201)
	for table, sql := range map[string]string{
		"consultations_default": "SELECT count(*) FROM consultations_default WHERE id::text = $1",
		"audit_logs_default": "SELECT count(*) FROM audit_logs_default WHERE action = 'consultation.book' " +
			"AND entity_id = $1",
		"idempotency_keys_default": "SELECT count(*) FROM idempotency_keys_default WHERE entity_id::text = $1",
	} {
		if n := c.Count(sql, a.Text("id")); n != 1 {
			t.Errorf("%s has %d rows of the booking", table, n)
		}
	}
	runMaintenance(t, c)
	for _, name := range []string{audits, keys, consultations} {
		if c.Count("SELECT count(*) FROM pg_class WHERE relname = $1", name) != 0 {
			t.Errorf("%s was created although the default partition has its rows", name)
		}
	}
	next := ahead.AddDate(0, 1, 0)
	if c.Count("SELECT count(*) FROM pg_class WHERE relname = $1", "audit_logs_"+next.Format("2006_01")) != 1 {
		t.Error("the next month's partition wasn't created")
	}
	again := c.Do(patient, "POST", "consultations", body, "Idempotency-Key", "k").Want(201)
	if again.Header.Get("Idempotency-Replayed") != "true" {
		t.Error("the key in the default partition isn't found")
	}
	updateStatus(c, doctor, a.Text("id"), "IN_PROGRESS").Want(200)
	c.CheckInvariants()
	// A day later the key is deleted, from the default partition too.
	c.Clock.Advance(25 * time.Hour)
	runMaintenance(t, c)
	if n := c.Count("SELECT count(*) FROM idempotency_keys"); n != 0 {
		t.Errorf("%d expired keys are left", n)
	}
}

// runMaintenance runs the hourly maintenance job in a queue of its own.
func runMaintenance(t *testing.T, c *apptest.Clinic) {
	t.Helper()
	queue, err := jobs.New(c.App.DB, slog.New(slog.DiscardHandler), telemetry.NewMetrics())
	if err != nil {
		t.Fatal(err)
	}
	queue.RegisterMaintenance()
	before := c.Count("SELECT coalesce(max(id), 0) FROM river_job")
	err = errors.Join(queue.Start(t.Context()),
		c.DB.Write(t.Context(), func(tx *postgres.Tx) error {
			return queue.Insert(t.Context(), tx, jobs.Maintenance{})
		}))
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "maintained", func() bool {
		return c.Count("SELECT count(*) FROM river_job WHERE kind = 'partition.upkeep' AND id > $1 AND state = "+
			"'completed'", before) > 0
	})
	if err := queue.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := c.Count(`SELECT count(*) FROM river_job
		WHERE kind = 'partition.upkeep' AND state <> 'completed'`); n != 0 {
		t.Fatalf("%d maintenance jobs failed", n)
	}
}
