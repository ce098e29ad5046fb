package consultation_test

import (
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
)

// A consultation that nobody completes ends by itself, as of the slot's end, from which its time to prescribe runs.
func TestAForgottenConsultationIsCompleted(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor(fee), c.Patient()
	id, _ := c.BookAndPay(patient, c.Slot(doctor, 10*time.Minute, 1), fee)
	move(c, doctor, id, "IN_PROGRESS").Want(200)
	_, end := startOf(t, c, id)
	prescribe := func() *apptest.Answer {
		return c.Post(doctor, "prescriptions",
			object{"consultationId": id,
				"medications": []any{object{"name": "Tulsi", "dosage": "1 cup", "frequency": "daily"}}})
	}
	at(t, c, end.Add(2*time.Hour-10*time.Second))
	if s := c.Get(doctor, "consultations/"+id).Text("status"); s != "IN_PROGRESS" {
		t.Errorf("%s before its time", s)
	}
	at(t, c, end.Add(2*time.Hour+time.Second))
	eventually(t, "completed",
		func() bool { return c.Get(patient, "consultations/"+id).Text("status") == "COMPLETED" })
	if a := c.Get(patient, "consultations/"+id); a.Text("endedAt") != end.Format(time.RFC3339) {
		t.Errorf("it ended at %s, want %s", a.Text("endedAt"), end)
	}
	for who, want := range map[uuid.UUID]int{doctor.ID: 1, patient.ID: 0} {
		if n := count(t, c, "SELECT count(*) FROM mails WHERE user_id = $1 AND kind = 'consultation-completed'",
			who); n != want {
			t.Errorf("%d mails, want %d", n, want)
		}
	}
	move(c, doctor, id, "COMPLETED").Want(409, "illegal-transition")
	at(t, c, end.Add(7*24*time.Hour-time.Minute))
	prescribe().Want(201)
	at(t, c, end.Add(7*24*time.Hour+time.Second))
	prescribe().Want(409, "prescription-not-possible")
	c.CheckInvariants()
}

func TestWhoWasAbsent(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor("0.00"), c.Patient()
	alone := c.Book(patient, c.Slot(doctor, 10*time.Minute, 1))
	missed := c.Book(patient, c.Slot(doctor, 50*time.Minute, 1))
	if a := c.Get(patient, "consultations/"+alone); a.At("absent") != nil {
		t.Errorf("absent before it began: %s", a.Body)
	}
	start, _ := startOf(t, c, alone)
	at(t, c, start.Add(11*time.Minute))
	if a := move(c, doctor, alone, "NO_SHOW").Want(200); a.Text("absent") != "PATIENT" {
		t.Errorf("absent is %s", a.Body)
	}
	_, end := startOf(t, c, missed)
	at(t, c, end.Add(time.Second))
	eventually(t, "missed", func() bool { return c.Get(patient, "consultations/"+missed).Text("status") == "NO_SHOW" })
	for _, item := range c.Get(patient, "consultations/me").Want(200).Items() {
		if want := map[any]any{alone: "PATIENT", missed: "DOCTOR"}[item["id"]]; item["absent"] != want {
			t.Errorf("absent is %v, want %v", item["absent"], want)
		}
	}
	c.CheckInvariants()
}

// A doctor is in one consultation at a time. Patients who share a slot are seen together.
func TestADoctorHoldsOneConsultationAtATime(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.Doctor("0.00")
	shared, next := c.Slot(doctor, 10*time.Minute, 2), c.Slot(doctor, 40*time.Minute, 1)
	a, b, later := c.Book(c.Patient(), shared), c.Book(c.Patient(), shared), c.Book(c.Patient(), next)
	move(c, doctor, a, "IN_PROGRESS").Want(200)
	move(c, doctor, b, "IN_PROGRESS").Want(200)
	start, _ := startOf(t, c, later)
	at(t, c, start)
	move(c, doctor, later, "IN_PROGRESS").Want(409, "consultation-in-progress")
	move(c, doctor, a, "COMPLETED").Want(200)
	move(c, doctor, later, "IN_PROGRESS").Want(409, "consultation-in-progress")
	cancel(c, doctor, b, "the call broke down").Want(200)
	move(c, doctor, later, "IN_PROGRESS").Want(200)
	c.CheckInvariants()
}

func TestStartsAtOnce(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	for range 4 {
		doctor := c.Doctor("0.00")
		var ids []string
		for i := range 3 { // one after the other, each within the time to start
			id := uuid.Must(uuid.NewV7())
			begin := c.DB.Now().Add(time.Duration(i*4+1) * time.Minute).Truncate(time.Second)
			exec(t, c, "INSERT INTO availability_slots (id, doctor_id, start_time, end_time, created_at, "+
				"updated_at) VALUES ($1, $2, $3, $4, $3, $3)",
				id, doctor.ID, begin, begin.Add(4*time.Minute))
			exec(t, c, "INSERT INTO audit_logs (id, action, entity_type, entity_id, created_at) VALUES "+
				"(gen_random_uuid(), 'slot.create', 'slot', $1::text, now())", id.String())
			ids = append(ids, c.Book(c.Patient(), id))
		}
		answers := make([]int, len(ids))
		var all sync.WaitGroup
		for i, id := range ids {
			all.Go(func() {
				answers[i] = calm(func() *apptest.Answer { return move(c, doctor, id, "IN_PROGRESS") }).
					Status
			})
		}
		all.Wait()
		if slices.Sort(answers); !slices.Equal(answers, []int{200, 409, 409}) {
			t.Errorf("answers %v", answers)
		}
	}
	c.CheckInvariants()
}

// When its time to pay is over a booking is over, whether a sweep has seen it or not: late money goes back.
func TestPayingAfterTheDueTime(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, late, never := c.Doctor(fee), c.Patient(), c.Patient()
	paid, unpaid := c.Book(late, c.Slot(doctor, 5*time.Hour, 1)), c.Book(never, c.Slot(doctor, 7*time.Hour, 1))
	reference := c.Initiate(late, paid)
	c.Clock.Advance(15 * time.Minute)
	// The sweep may be quicker or not: the answers are the same.
	c.Post(never, "payments/initiate", object{"consultationId": unpaid}).Want(409, "illegal-transition")
	if out := c.Report("payment.succeeded", reference, fee).Want(200).Text("outcome"); out != "captured" {
		t.Errorf("late money came as %s", out)
	}
	if a := c.Get(late, "consultations/"+paid).Want(200); a.Text("status") != "CANCELLED" ||
		a.Text("cancelledBy") != "SYSTEM" {
		t.Errorf("paid late it is %s", a.Body)
	}
	refunded(t, c, paid, fee)
	c.CheckInvariants()
}

func TestALateWebhookBeforeTheSweep(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	if err := c.App.Queue.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	patient := c.Patient()
	id := c.Book(patient, c.Slot(c.Doctor(fee), 5*time.Hour, 1))
	reference := c.Initiate(patient, id)
	c.Clock.Advance(15 * time.Minute)
	c.Post(patient, "payments/initiate", object{"consultationId": id}).Want(409, "illegal-transition")
	c.SubmitForm("/dev/checkout/"+reference, url.Values{"outcome": {"pay"}}).Want(409)
	c.Report("payment.succeeded", reference, fee).Want(200)
	if s := c.Get(patient, "consultations/"+id).Text("status"); s != "CANCELLED" {
		t.Errorf("paid late it is %s", s)
	}
	if n := count(t, c, "SELECT count(*) FROM refunds WHERE amount = 500"); n != 1 {
		t.Errorf("%d refunds", n)
	}
	c.CheckInvariants()
}

// An attempt that was open dies with its booking.
func TestOpenAttemptsDie(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient := c.Patient()
	id := c.Book(patient, c.Slot(c.Doctor(fee), 5*time.Hour, 1))
	reference := c.Initiate(patient, id)
	cancel(c, patient, id, "").Want(200)
	paid := c.Get(patient, "payments/consultation/"+id).Want(200)
	attempts, _ := paid.At("attempts").([]any)
	var first object
	if len(attempts) == 1 {
		first, _ = attempts[0].(object)
	}
	if paid.Text("status") != "FAILED" || first["status"] != "FAILED" {
		t.Errorf("the payment is %s", paid.Body)
	}
	c.Report("payment.succeeded", reference, fee).Want(200)
	refunded(t, c, id, fee)
	c.CheckInvariants()
}

// Whoever lost the answer to a cancellation asks again, and is told that it is cancelled; others are refused.
func TestACancellationRepeated(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, support := c.Doctor(fee), c.Support()
	slot := c.Slot(doctor, 5*time.Hour, 4)
	for _, by := range []*apptest.User{nil, &doctor, &support} {
		patient := c.Patient()
		if by == nil {
			by = &patient
		}
		id, _ := c.BookAndPay(patient, slot, fee)
		first := cancel(c, *by, id, "travelling").Want(200)
		for _, reason := range []string{"travelling", ""} {
			again := cancel(c, *by, id, reason).Want(200)
			// the refund is sent meanwhile
			for _, field := range []string{"id", "status", "cancelledBy", "cancelledAt", "cancellationReason"} {
				if again.At(field) != first.At(field) {
					t.Errorf("%s: first %s\nthen %s", field, first.Body, again.Body)
				}
			}
		}
		for _, other := range []apptest.User{patient, doctor, support, c.Support(), c.Admin()} {
			if other.ID != by.ID {
				cancel(c, other, id, "travelling").Want(409, "illegal-transition")
			}
		}
		refunded(t, c, id, fee)
		if n := count(t, c, "SELECT count(*) FROM mails WHERE user_id = $1 AND kind = 'consultation-cancelled'",
			patient.ID); n != 1 {
			t.Errorf("%d mails", n)
		}
	}
	c.CheckInvariants()
}
