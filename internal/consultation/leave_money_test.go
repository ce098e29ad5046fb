package consultation_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
)

// paidAway is a paid consultation during a leave that was confirmed.
type paidAway struct {
	*apptest.Clinic
	t             *testing.T
	doctor, other apptest.User // the other one has the same specialization
	patient       apptest.User
	id            string
	slot          uuid.UUID
	start         time.Time
}

// openPaidAway begins a leave over a consultation that begins in 12 hours, for which a cancellation would give half
// back.
func openPaidAway(t *testing.T, otherFee string) paidAway {
	t.Helper()
	c := apptest.Open(t)
	c.Clock.Freeze()
	a := paidAway{Clinic: c, t: t, doctor: c.Doctor(fee), other: c.Doctor(otherFee), patient: c.Patient()}
	a.slot = c.Slot(a.doctor, 12*time.Hour, 1)
	a.id, _ = c.BookAndPay(a.patient, a.slot, fee)
	a.start, _ = startOf(t, c, a.id)
	c.Clock.Advance(time.Hour) // the time in which a cancellation costs nothing is over
	leave := exception(c, "LEAVE", time.Hour, 20*time.Hour)
	leave["confirm"] = true
	c.Post(a.doctor, "availability/exceptions", leave).Want(201)
	if n := countMails(c, a.patient, "doctor-on-leave"); n != 1 {
		t.Errorf("%d mails offer other slots", n)
	}
	return a
}

// offered returns the slots that are offered.
func (a paidAway) offered() (slots []string) {
	a.t.Helper()
	for _, item := range a.Get(a.patient, "consultations/"+a.id+"/offers").Want(200).Items() {
		slots = append(slots, fmt.Sprint(item["slotId"]))
	}
	return slots
}

// wantMoney checks what was paid and given back for a consultation, in the database and in what the patient reads.
func (a paidAway) wantMoney(id, status, captured, refunded string) {
	a.t.Helper()
	a.Await("refunded", func() bool {
		return a.Count("SELECT count(*) FROM refunds WHERE status NOT IN ('SUCCEEDED')") == 0
	})
	got := apptest.QueryOne[string](a.t, a.Clinic, `SELECT
			(SELECT sum(x.captured) FROM payment_attempts x WHERE x.payment_id = p.id) || ' ' ||
			coalesce((SELECT sum(r.amount) FROM refunds r WHERE r.payment_id = p.id AND r.status = 'SUCCEEDED'), 0.00)
			|| ' ' || p.status
		FROM payments p WHERE p.consultation_id = $1`, id)
	want(a.t, "the money", got, captured+" "+refunded+" SUCCESS")
	read := a.Get(a.patient, "consultations/"+id).Want(200)
	want(a.t, "the status", read.Text("status"), status)
	want(a.t, "what is refunded", read.Text("refundedAmount"), refunded)
	want(a.t, "what is due", read.At("balanceDue"), nil)
	a.CheckInvariants()
}

// wantNoMore advances beyond the time to answer: nothing changes any more.
func (a paidAway) wantNoMore(id, status string) {
	a.t.Helper()
	advanceTo(a.t, a.Clinic, a.start.Add(-time.Hour))
	a.Await("the end of the offers", func() bool { return a.Count("SELECT count(*) FROM leave_offers") == 0 })
	want(a.t, "the status after the time to answer", a.Get(a.patient, "consultations/"+id).Text("status"), status)
	want(a.t, "cancelled by the system", a.Count(`SELECT count(*) FROM audit_logs
		WHERE action = 'consultation.cancel' AND actor_id IS NULL`), 0)
}

func TestPaidLeaveOtherSlot(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct{ fee, refunded string }{
		"same fee":   {fee, "0.00"},
		"higher fee": {"750.50", "0.00"}, // the doctor goes away: nobody pays more for that
		"lower fee":  {"333.33", "166.67"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := openPaidAway(t, fee)
			next := a.Slot(a.doctor, 72*time.Hour, 1)
			setFee(a.Clinic, a.doctor, test.fee)
			want(t, "offers", fmt.Sprint(a.offered()), fmt.Sprint([]uuid.UUID{next}))
			moved := reschedule(a.Clinic, a.patient, a.id, next).Want(200)
			want(t, "the slot", moved.Text("slotId"), next.String())
			a.wantMoney(a.id, "CONFIRMED", fee, test.refunded)
			want(t, "what stays", len(a.offered()), 0)
			a.wantNoMore(a.id, "CONFIRMED")
			during := a.Get(a.doctor, "availability/"+a.slot.String()).Want(200)
			want(t, "the slot during the leave", during.Text("status"), "BLOCKED")
			cancel(a.Clinic, a.doctor, a.id, "ill").Want(200)
			a.wantMoney(a.id, "CANCELLED", fee, fee)
		})
	}
}

func TestPaidLeaveOtherDoctor(t *testing.T) {
	t.Parallel()
	for name, otherFee := range map[string]string{"higher fee": "750.50", "lower fee": "333.33"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := openPaidAway(t, otherFee)
			later := a.Slot(a.other, 13*time.Hour, 1)
			want(t, "offers", fmt.Sprint(a.offered()), fmt.Sprint([]uuid.UUID{later}))
			booked, _ := a.BookAndPay(a.patient, later, otherFee)
			terms := a.Get(a.patient, "consultations/"+a.id+"/cancellation").Want(200)
			want(t, "what would be refunded", terms.Text("refund", "amount"), fee)
			want(t, "the refund", cancel(a.Clinic, a.patient, a.id, "").Want(200).Text("refund", "amount"), fee)
			a.wantMoney(a.id, "CANCELLED", fee, fee)
			a.wantMoney(booked, "CONFIRMED", otherFee, "0.00")
			a.wantNoMore(booked, "CONFIRMED")
		})
	}
}

// A slot of another doctor at the same time is booked after this consultation is cancelled.
func TestPaidLeaveOtherDoctorAtSameTime(t *testing.T) {
	t.Parallel()
	a := openPaidAway(t, "333.33")
	same := a.Slot(a.other, 11*time.Hour+10*time.Minute, 1)
	want(t, "offers", fmt.Sprint(a.offered()), fmt.Sprint([]uuid.UUID{same}))
	postBooking(a.Clinic, a.patient, same).Want(409, "seat-overlap")
	cancel(a.Clinic, a.patient, a.id, "").Want(200)
	booked, _ := a.BookAndPay(a.patient, same, "333.33")
	a.wantMoney(a.id, "CANCELLED", fee, fee)
	a.wantMoney(booked, "CONFIRMED", "333.33", "0.00")
}

// What the patient couldn't take isn't offered: it is at the time of another consultation of theirs.
func TestLeaveOffersNoOverlap(t *testing.T) {
	t.Parallel()
	a := openPaidAway(t, "0.00")
	a.Book(a.patient, a.Slot(a.Doctor("0.00"), 72*time.Hour, 1))
	a.Slot(a.doctor, 72*time.Hour+10*time.Minute, 1)
	a.Book(a.patient, a.Slot(a.Doctor("0.00"), 13*time.Hour, 1))
	a.Slot(a.other, 13*time.Hour+10*time.Minute, 1)
	free := a.Slot(a.doctor, 73*time.Hour, 1)
	want(t, "offers", fmt.Sprint(a.offered()), fmt.Sprint([]uuid.UUID{free}))
	reschedule(a.Clinic, a.patient, a.id, free).Want(200)
	a.wantMoney(a.id, "CONFIRMED", fee, "0.00")
}

func TestPaidLeaveUnanswered(t *testing.T) {
	t.Parallel()
	a := openPaidAway(t, fee)
	a.Slot(a.doctor, 72*time.Hour, 1)
	advanceTo(t, a.Clinic, a.start.Add(-2*time.Hour-time.Second))
	want(t, "the offers", len(a.offered()), 1)
	a.Clock.Advance(2 * time.Second)
	a.Await("cancelled", func() bool { return a.Get(a.patient, "consultations/"+a.id).Text("status") == "CANCELLED" })
	a.wantMoney(a.id, "CANCELLED", fee, fee)
	want(t, "mails of the end", countMails(a.Clinic, a.patient, "consultation-cancelled"), 1)
	reschedule(a.Clinic, a.patient, a.id, a.Slot(a.doctor, 73*time.Hour, 1)).Want(409, "illegal-transition")
}

// A move before the leave costs more, which isn't paid yet when the leave begins: nobody pays it any more.
func TestPaidLeaveAfterMoveToHigherFee(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	c.Clock.Freeze()
	a := paidAway{Clinic: c, t: t, doctor: c.Doctor(fee), patient: c.Patient()}
	a.id, _ = c.BookAndPay(a.patient, c.Slot(a.doctor, 48*time.Hour, 1), fee)
	setFee(c, a.doctor, "750.50")
	away, next := c.Slot(a.doctor, 50*time.Hour, 1), c.Slot(a.doctor, 90*time.Hour, 1)
	want(t, "what is due", reschedule(c, a.patient, a.id, away).Want(200).Text("balanceDue"), "250.50")
	leave := exception(c, "LEAVE", 45*time.Hour, 20*time.Hour)
	leave["confirm"] = true
	c.Post(a.doctor, "availability/exceptions", leave).Want(201)
	reschedule(c, a.patient, a.id, next).Want(200)
	a.wantMoney(a.id, "CONFIRMED", fee, "0.00")
	c.Clock.Advance(time.Hour) // longer than there was to pay
	before := time.Now()       // of the jobs, which don't know the clinic's clock
	c.Await("swept", func() bool {
		return c.Count(`SELECT count(*) FROM river_job
			WHERE kind = 'consultation.sweep' AND created_at > $1 AND state = 'completed'`, before) > 0
	})
	a.wantMoney(a.id, "CONFIRMED", fee, "0.00")
}

// The money of a booking that wasn't paid when the leave began comes after the time to answer: it goes back.
func TestLeavePaidTooLate(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	c.Clock.Freeze()
	a := paidAway{Clinic: c, t: t, doctor: c.Doctor(fee), patient: c.Patient()}
	a.id = c.Book(a.patient, c.Slot(a.doctor, 130*time.Minute, 1))
	reference := c.Initiate(a.patient, a.id)
	leave := exception(c, "LEAVE", 2*time.Hour, time.Hour)
	leave["confirm"] = true
	c.Post(a.doctor, "availability/exceptions", leave).Want(201)
	c.Clock.Advance(11 * time.Minute)
	c.Await("cancelled", func() bool { return c.Get(a.patient, "consultations/"+a.id).Text("status") == "CANCELLED" })
	c.Report("payment.succeeded", reference, fee).Want(200)
	c.Await("refunded", func() bool { return c.Count("SELECT count(*) FROM refunds WHERE status = 'SUCCEEDED'") == 1 })
	a.wantMoney(a.id, "CANCELLED", fee, fee)
}
