package consultation_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
)

func reschedule(c *apptest.Clinic, actor apptest.User, id string, slot uuid.UUID) *apptest.Answer {
	return c.Post(actor, "consultations/"+id+"/reschedule", object{"slotId": slot})
}

func want(t *testing.T, name string, got, want any) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %v, want %v", name, got, want)
	}
}

func countMails(c *apptest.Clinic, to apptest.User, kind string) int {
	return c.Count("SELECT count(*) FROM mails WHERE user_id = $1 AND kind = $2", to.ID, kind)
}

func TestReschedule(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor(fee), c.Patient()
	old, next := c.Slot(doctor, 24*time.Hour, 1), c.Slot(doctor, 25*time.Hour, 1)
	id, _ := c.BookAndPay(patient, old, fee)
	before := c.Get(patient, "consultations/"+id).Want(200)
	want(t, "rescheduledFrom of a new booking", before.At("rescheduledFrom"), nil)

	stale := c.DB.Now().Add(time.Hour)
	c.Post(patient, "consultations/"+id+"/reschedule", object{"slotId": next, "startTime": stale}).
		Want(409, "slot-moved")
	moved := reschedule(c, patient, id, next).Want(200)
	want(t, "id", moved.Text("id"), id)
	want(t, "slot", moved.Text("slotId"), next.String())
	want(t, "status", moved.Text("status"), "CONFIRMED")
	want(t, "payment", moved.Text("paymentStatus"), "PAID")
	want(t, "previous slot", moved.Text("rescheduledFrom", "slotId"), old.String())
	want(t, "previous start", moved.Text("rescheduledFrom", "startTime"), before.Text("startTime"))
	want(t, "count", moved.At("rescheduleCount"), 1.0)
	want(t, "what is read", c.Get(patient, "consultations/"+id).Text("startTime"), moved.Text("startTime"))
	want(t, "free old slots", c.Count(
		"SELECT count(*) FROM availability_slots WHERE id = $1 AND status = 'AVAILABLE' AND seats_taken = 0", old), 1)
	want(t, "audit rows", c.Count(`SELECT count(*) FROM audit_logs WHERE action = 'consultation.reschedule'
		AND entity_id = $1 AND metadata->>'fromSlotId' = $2 AND metadata->>'toSlotId' = $3`,
		id, old.String(), next.String()), 1)
	want(t, "mails to the patient", countMails(c, patient, "consultation-rescheduled"), 1)
	want(t, "mails to the doctor", countMails(c, doctor, "consultation-rescheduled"), 1)
	want(t, "listed", c.Get(doctor, "consultations/doctor/me").Want(200).Items()[0]["slotId"], next.String())

	// The old time blocks neither the patient nor the slot.
	c.Book(patient, c.Slot(c.Doctor("0.00"), 24*time.Hour+time.Minute, 1))
	c.Book(c.Patient(), old)
	c.CheckInvariants()
}

func TestRescheduleRefusals(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor(fee), c.Patient()
	slots := []uuid.UUID{}
	for i := range 8 {
		slots = append(slots, c.Slot(doctor, time.Duration(24+i)*time.Hour, 1))
	}
	id, _ := c.BookAndPay(patient, slots[0], fee)
	c.Book(c.Patient(), slots[1])
	reschedule(c, patient, id, slots[0]).Want(422)
	reschedule(c, patient, id, slots[1]).Want(409, "slot-taken")
	reschedule(c, patient, id, c.Slot(c.Doctor(fee), 30*time.Hour, 1)).Want(422)
	reschedule(c, patient, id, uuid.New()).Want(404)
	reschedule(c, c.Patient(), id, slots[2]).Want(404)
	reschedule(c, doctor, id, slots[2]).Want(403)
	c.Book(patient, c.Slot(c.Doctor("0.00"), 40*time.Hour, 1))
	reschedule(c, patient, id, c.Slot(doctor, 40*time.Hour+10*time.Minute, 1)).Want(409, "seat-overlap")
	c.Patch(doctor, "doctors/me/booking-rules", object{"minimumNoticeMinutes": 23 * 60}).Want(200)
	a := reschedule(c, patient, id, c.Slot(doctor, 22*time.Hour, 1)).Want(409, "slot-not-bookable")
	if !strings.Contains(a.Text("detail"), "at least 1380 minutes") {
		t.Errorf("refused as %s", a.Body)
	}
	for _, slot := range slots[2:5] {
		reschedule(c, patient, id, slot).Want(200)
	}
	reschedule(c, patient, id, slots[5]).Want(409, "too-many-reschedules")
	moved := reschedule(c, c.Support(), id, slots[5]).Want(200)
	want(t, "count", moved.At("rescheduleCount"), 4.0)
	c.CheckInvariants()

	late, _ := c.BookAndPay(c.Patient(), slots[6], fee)
	start, _ := startOf(t, c, late)
	advanceTo(t, c, start.Add(-2*time.Hour+time.Second))
	later := c.Slot(doctor, 48*time.Hour, 1)
	var who uuid.UUID
	if err := c.DB.Pool.QueryRow(t.Context(), "SELECT patient_id FROM consultations WHERE id = $1", late).
		Scan(&who); err != nil {
		t.Fatal(err)
	}
	want(t, "the late one", c.Get(c.Support(), "consultations/"+late).Text("patientId"), who.String())
	reschedule(c, c.Admin(), late, later).Want(200)
	cancel(c, doctor, late, "unwell").Want(200)
	reschedule(c, c.Support(), late, slots[7]).Want(409, "illegal-transition")
	c.CheckInvariants()
}

func TestRescheduleTooLate(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor("0.00"), c.Patient()
	id := c.Book(patient, c.Slot(doctor, 3*time.Hour, 1))
	next := c.Slot(doctor, 48*time.Hour, 1)
	c.Clock.Advance(time.Hour + time.Second)
	reschedule(c, patient, id, next).Want(409, "too-late")
	reschedule(c, c.Support(), id, next).Want(200)
	c.CheckInvariants()
}

// Who is too late for a full refund doesn't get it by a move to a later day.
func TestMoveKeepsLateRefund(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor(fee), c.Patient()
	id, _ := c.BookAndPay(patient, c.Slot(doctor, 30*time.Hour, 1), fee)
	reschedule(c, patient, id, c.Slot(doctor, 25*time.Hour, 1)).Want(200)
	start, _ := startOf(t, c, id)
	wantTerms(t, c, patient, id, true, fee, start.Add(-24*time.Hour))
	c.Clock.Advance(10 * time.Hour)
	reschedule(c, patient, id, c.Slot(doctor, 72*time.Hour, 1)).Want(200)
	start, _ = startOf(t, c, id)
	wantTerms(t, c, patient, id, true, "250.00", start.Add(-2*time.Hour))
	want(t, "the refund", cancel(c, patient, id, "travelling").Want(200).Text("refund", "amount"), "250.00")
	c.CheckInvariants()
}

func setFee(c *apptest.Clinic, doctor apptest.User, fee string) {
	c.Patch(doctor, "doctors/"+doctor.ID.String(), object{"consultationFee": fee}).Want(200)
}

// A lower fee refunds the difference; a cancellation afterwards refunds the rest.
func TestRescheduleToLowerFee(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor(fee), c.Patient()
	id, _ := c.BookAndPay(patient, c.Slot(doctor, 24*time.Hour, 1), fee)
	setFee(c, doctor, "380.00")
	moved := reschedule(c, patient, id, c.Slot(doctor, 25*time.Hour, 1)).Want(200)
	want(t, "fee", moved.Text("fee"), "380.00")
	want(t, "balance", moved.At("balanceDue"), nil)
	waitForRefund(t, c, id, "120.00")
	c.CheckInvariants()
	cancel(c, patient, id, "").Want(200)
	waitForRefund(t, c, id, "380.00")
	c.CheckInvariants()
}

// A higher fee is paid later, and then everything counts as paid.
func TestRescheduleToHigherFee(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor(fee), c.Patient()
	id, _ := c.BookAndPay(patient, c.Slot(doctor, 24*time.Hour, 1), fee)
	setFee(c, doctor, "650.00")
	kept := reschedule(c, c.Support(), id, c.Slot(doctor, 23*time.Hour, 1)).Want(200)
	want(t, "balance after a move by support", kept.At("balanceDue"), nil)
	moved := reschedule(c, patient, id, c.Slot(doctor, 25*time.Hour, 1)).Want(200)
	want(t, "fee", moved.Text("fee"), fee)
	want(t, "balance", moved.Text("balanceDue"), "150.00")
	want(t, "status", moved.Text("status"), "CONFIRMED")
	first := c.Initiate(patient, id)
	want(t, "the open attempt again", c.Initiate(patient, id), first)
	want(t, "outcome", c.Report("payment.failed", first, "150.00").Want(200).Text("outcome"), "failed")
	want(t, "paid", c.Get(patient, "consultations/"+id).Text("paymentStatus"), "PAID")
	second := c.Initiate(patient, id)
	want(t, "outcome", c.Report("payment.succeeded", second, "150.00").Want(200).Text("outcome"), "captured")
	paid := c.Get(patient, "consultations/"+id).Want(200)
	want(t, "fee", paid.Text("fee"), "650.00")
	want(t, "balance", paid.At("balanceDue"), nil)
	want(t, "payment", c.Get(patient, "payments/consultation/"+id).Want(200).Text("amount"), "650.00")
	c.Post(patient, "payments/initiate", object{"consultationId": id}).Want(409, "already-paid")
	// The attempt that failed was paid all the same: that goes back.
	want(t, "outcome", c.Report("payment.succeeded", first, "150.00").Want(200).Text("outcome"), "surplus")
	c.CheckInvariants()
	cancel(c, patient, id, "").Want(200)
	waitForRefund(t, c, id, fee)
	c.CheckInvariants()
}

// A balance that nobody pays in time cancels the consultation, with everything refunded; late money goes back too.
func TestUnpaidBalanceCancels(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor(fee), c.Patient()
	id, _ := c.BookAndPay(patient, c.Slot(doctor, 24*time.Hour, 1), fee)
	setFee(c, doctor, "650.00")
	reschedule(c, patient, id, c.Slot(doctor, 25*time.Hour, 1)).Want(200)
	attempt := c.Initiate(patient, id)
	c.Clock.Advance(15*time.Minute + time.Second)
	eventually(t, "cancelled", func() bool {
		return c.Get(patient, "consultations/"+id).Text("status") == "CANCELLED"
	})
	waitForRefund(t, c, id, fee)
	want(t, "outcome", c.Report("payment.succeeded", attempt, "150.00").Want(200).Text("outcome"), "surplus")
	waitForRefund(t, c, id, "150.00")
	c.CheckInvariants()
}

// Balance money that comes after its time, before the sweep, cancels too.
func TestLateBalanceCancels(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	if err := c.App.Queue.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	doctor, patient := c.Doctor(fee), c.Patient()
	id, _ := c.BookAndPay(patient, c.Slot(doctor, 24*time.Hour, 1), fee)
	setFee(c, doctor, "650.00")
	reschedule(c, patient, id, c.Slot(doctor, 25*time.Hour, 1)).Want(200)
	attempt := c.Initiate(patient, id)
	c.Clock.Advance(15*time.Minute + time.Second)
	reschedule(c, patient, id, c.Slot(doctor, 26*time.Hour, 1)).Want(409, "illegal-transition")
	c.Report("payment.succeeded", attempt, "150.00").Want(200)
	want(t, "status", c.Get(patient, "consultations/"+id).Text("status"), "CANCELLED")
	c.CheckInvariants()
}

// A doctor who starts before the balance is paid waives it.
func TestStartWaivesBalance(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor(fee), c.Patient()
	id, _ := c.BookAndPay(patient, c.Slot(doctor, 24*time.Hour, 1), fee)
	setFee(c, doctor, "650.00")
	reschedule(c, patient, id, c.Slot(doctor, 10*time.Minute, 1)).Want(200)
	attempt := c.Initiate(patient, id)
	started := updateStatus(c, doctor, id, "IN_PROGRESS").Want(200)
	want(t, "balance", started.At("balanceDue"), nil)
	want(t, "outcome", c.Report("payment.succeeded", attempt, "150.00").Want(200).Text("outcome"), "surplus")
	updateStatus(c, doctor, id, "COMPLETED").Want(200)
	c.CheckInvariants()
}

// Moves race with each other, with a cancellation, a start and a payment, and all ends in a state that holds
// together. Moves that exchange two slots don't deadlock.
func TestRescheduleRaces(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.Doctor(fee)
	races := map[string]func(patient apptest.User, id, attempt string) *apptest.Answer{
		"cancel": func(p apptest.User, id, _ string) *apptest.Answer { return cancel(c, p, id, "") },
		"start": func(_ apptest.User, id, _ string) *apptest.Answer {
			return updateStatus(c, doctor, id, "IN_PROGRESS")
		},
		"settle": func(_ apptest.User, _, a string) *apptest.Answer { return c.Report("payment.succeeded", a, fee) },
	}
	in := 24 * time.Hour
	for range 3 {
		for name, other := range races {
			patient := c.Patient()
			in += 3 * time.Hour
			id := c.Book(patient, c.Slot(doctor, in, 1))
			attempt := c.Initiate(patient, id)
			if name != "settle" {
				c.Report("payment.succeeded", attempt, fee).Want(200)
			}
			targets := []uuid.UUID{c.Slot(doctor, in+time.Hour, 1), c.Slot(doctor, in+2*time.Hour, 1)}
			answers := make([]*apptest.Answer, 3)
			var all sync.WaitGroup
			for i, slot := range targets {
				all.Go(func() {
					answers[i] = retry(func() *apptest.Answer { return reschedule(c, patient, id, slot) })
				})
			}
			all.Go(func() { answers[2] = retry(func() *apptest.Answer { return other(patient, id, attempt) }) })
			all.Wait()
			for _, a := range answers {
				if a.Status != 200 && a.Status != 409 {
					t.Errorf("%s: answered %d %s", name, a.Status, a.Body)
				}
			}
		}
	}
	c.CheckInvariants()

	one, two := c.Patient(), c.Patient()
	a, b := c.Slot(doctor, 4*time.Hour, 2), c.Slot(doctor, 5*time.Hour, 2)
	first, _ := c.BookAndPay(one, a, fee)
	second, _ := c.BookAndPay(two, b, fee)
	var all sync.WaitGroup
	all.Go(func() { retry(func() *apptest.Answer { return reschedule(c, one, first, b) }).Want(200) })
	all.Go(func() { retry(func() *apptest.Answer { return reschedule(c, two, second, a) }).Want(200) })
	all.Wait()
	want(t, "deadlocks", c.Count("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"), 0)
	c.CheckInvariants()
}

// Two patients move to the last seat at once: one gets it, the other keeps the old time.
func TestConcurrentReschedulesOfOneSeat(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.Doctor("0.00")
	last := c.Slot(doctor, 48*time.Hour, 1)
	answers := make([]*apptest.Answer, 6)
	var all sync.WaitGroup
	for i := range answers {
		patient := c.Patient()
		id := c.Book(patient, c.Slot(doctor, time.Duration(24+i)*time.Hour, 1))
		all.Go(func() { answers[i] = retry(func() *apptest.Answer { return reschedule(c, patient, id, last) }) })
	}
	all.Wait()
	won := 0
	for _, a := range answers {
		if a.Status == 200 {
			won++
			continue
		}
		a.Want(409, "slot-taken")
	}
	want(t, "moves that succeeded", won, 1)
	c.CheckInvariants()
}
