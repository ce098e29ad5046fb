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

// The sweep completes a consultation that its doctor doesn't, as of the slot's end. The time to prescribe runs from
// then.
func TestSweepCompletesOverrunConsultation(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor(fee), c.Patient()
	id, _ := c.BookAndPay(patient, c.Slot(doctor, 10*time.Minute, 1), fee)
	updateStatus(c, doctor, id, "IN_PROGRESS").Want(200)
	_, end := startOf(t, c, id)
	prescribe := func() *apptest.Answer {
		return c.Post(doctor, "prescriptions",
			object{"consultationId": id,
				"medications": []any{object{"name": "Tulsi", "dosage": "1 cup", "frequency": "daily"}}})
	}
	advanceTo(t, c, end.Add(2*time.Hour-10*time.Second))
	if s := c.Get(doctor, "consultations/"+id).Text("status"); s != "IN_PROGRESS" {
		t.Errorf("the status is %s before the time to complete is over", s)
	}
	advanceTo(t, c, end.Add(2*time.Hour+time.Second))
	eventually(t, "completed",
		func() bool { return c.Get(patient, "consultations/"+id).Text("status") == "COMPLETED" })
	if a := c.Get(patient, "consultations/"+id); a.Text("endedAt") != end.Format(time.RFC3339) {
		t.Errorf("it ended at %s, want %s", a.Text("endedAt"), end)
	}
	for user, want := range map[uuid.UUID]int{doctor.ID: 1, patient.ID: 0} {
		if n := c.Count("SELECT count(*) FROM mails WHERE user_id = $1 AND kind = 'consultation-completed'",
			user); n != want {
			t.Errorf("%d mails, want %d", n, want)
		}
	}
	updateStatus(c, doctor, id, "COMPLETED").Want(409, "illegal-transition")
	advanceTo(t, c, end.Add(7*24*time.Hour-time.Minute))
	prescribe().Want(201)
	advanceTo(t, c, end.Add(7*24*time.Hour+time.Second))
	prescribe().Want(409, "prescription-not-possible")
	c.CheckInvariants()
}

func TestAbsentParty(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor("0.00"), c.Patient()
	alone := c.Book(patient, c.Slot(doctor, 10*time.Minute, 1))
	missed := c.Book(patient, c.Slot(doctor, 50*time.Minute, 1))
	if a := c.Get(patient, "consultations/"+alone); a.At("absent") != nil {
		t.Errorf("absent before it began: %s", a.Body)
	}
	start, _ := startOf(t, c, alone)
	advanceTo(t, c, start.Add(11*time.Minute))
	if a := updateStatus(c, doctor, alone, "NO_SHOW").Want(200); a.Text("absent") != "PATIENT" {
		t.Errorf("absent is %s", a.Body)
	}
	_, end := startOf(t, c, missed)
	advanceTo(t, c, end.Add(time.Second))
	eventually(t, "missed", func() bool { return c.Get(patient, "consultations/"+missed).Text("status") == "NO_SHOW" })
	for _, item := range c.Get(patient, "consultations/me").Want(200).Items() {
		if want := map[any]any{alone: "PATIENT", missed: "DOCTOR"}[item["id"]]; item["absent"] != want {
			t.Errorf("absent is %v, want %v", item["absent"], want)
		}
	}
	c.CheckInvariants()
}

// A doctor has the consultations of one slot in progress at a time.
func TestStartRequiresNoneInProgress(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.Doctor("0.00")
	shared, next := c.Slot(doctor, 10*time.Minute, 2), c.Slot(doctor, 40*time.Minute, 1)
	a, b, later := c.Book(c.Patient(), shared), c.Book(c.Patient(), shared), c.Book(c.Patient(), next)
	updateStatus(c, doctor, a, "IN_PROGRESS").Want(200)
	updateStatus(c, doctor, b, "IN_PROGRESS").Want(200)
	start, _ := startOf(t, c, later)
	advanceTo(t, c, start)
	updateStatus(c, doctor, later, "IN_PROGRESS").Want(409, "consultation-in-progress")
	updateStatus(c, doctor, a, "COMPLETED").Want(200)
	updateStatus(c, doctor, later, "IN_PROGRESS").Want(409, "consultation-in-progress")
	cancel(c, doctor, b, "the call broke down").Want(200)
	updateStatus(c, doctor, later, "IN_PROGRESS").Want(200)
	c.CheckInvariants()
}

func TestConcurrentStarts(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	for range 4 {
		doctor := c.Doctor("0.00")
		var ids []string
		for i := range 3 { // adjoining slots, all within the time to start
			id := uuid.Must(uuid.NewV7())
			begin := c.DB.Now().Add(time.Duration(i*4+1) * time.Minute).Truncate(time.Second)
			c.Exec("INSERT INTO availability_slots (id, doctor_id, start_time, end_time, created_at, "+
				"updated_at) VALUES ($1, $2, $3, $4, $3, $3)",
				id, doctor.ID, begin, begin.Add(4*time.Minute))
			c.Exec("INSERT INTO audit_logs (id, action, entity_type, entity_id, created_at) VALUES "+
				"(gen_random_uuid(), 'slot.create', 'slot', $1::text, now())", id.String())
			ids = append(ids, c.Book(c.Patient(), id))
		}
		statuses := make([]int, len(ids))
		var all sync.WaitGroup
		for i, id := range ids {
			all.Go(func() {
				a := retry(func() *apptest.Answer { return updateStatus(c, doctor, id, "IN_PROGRESS") })
				statuses[i] = a.Status
			})
		}
		all.Wait()
		slices.Sort(statuses)
		if !slices.Equal(statuses, []int{200, 409, 409}) {
			t.Errorf("statuses %v, want one 200", statuses)
		}
	}
	c.CheckInvariants()
}

// When the time to pay is over, a booking can't be paid, whether the sweep has cancelled it or not: late money is
// refunded.
func TestPaymentAfterDueTimeIsRefunded(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, latePayer, nonPayer := c.Doctor(fee), c.Patient(), c.Patient()
	paid := c.Book(latePayer, c.Slot(doctor, 5*time.Hour, 1))
	unpaid := c.Book(nonPayer, c.Slot(doctor, 7*time.Hour, 1))
	reference := c.Initiate(latePayer, paid)
	c.Clock.Advance(15 * time.Minute)
	// The responses are the same before and after the sweep.
	c.Post(nonPayer, "payments/initiate", object{"consultationId": unpaid}).Want(409, "illegal-transition")
	if out := c.Report("payment.succeeded", reference, fee).Want(200).Text("outcome"); out != "captured" {
		t.Errorf("the outcome of late money is %s", out)
	}
	if a := c.Get(latePayer, "consultations/"+paid).Want(200); a.Text("status") != "CANCELLED" ||
		a.Text("cancelledBy") != "SYSTEM" {
		t.Errorf("the consultation that was paid late is %s", a.Body)
	}
	waitForRefund(t, c, paid, fee)
	c.CheckInvariants()
}

func TestLateWebhookBeforeSweep(t *testing.T) {
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
		t.Errorf("the consultation that was paid late is %s", s)
	}
	if n := c.Count("SELECT count(*) FROM refunds WHERE amount = 500"); n != 1 {
		t.Errorf("%d refunds", n)
	}
	c.CheckInvariants()
}

// A cancellation fails the open attempt to pay; money that it brings later is refunded.
func TestCancelFailsOpenAttempt(t *testing.T) {
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
	waitForRefund(t, c, id, fee)
	c.CheckInvariants()
}

// A cancellation that is sent again by the same user, who may have lost the response, succeeds and changes nothing.
// Other users are refused.
func TestCancelRepeated(t *testing.T) {
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
			// refundedAmount may differ: the refund is sent meanwhile
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
		waitForRefund(t, c, id, fee)
		if n := c.Count("SELECT count(*) FROM mails WHERE user_id = $1 AND kind = 'consultation-cancelled'",
			patient.ID); n != 1 {
			t.Errorf("%d mails", n)
		}
	}
	c.CheckInvariants()
}
