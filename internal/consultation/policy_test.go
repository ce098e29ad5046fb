package consultation_test

import (
	"testing"
	"time"

	"amrutam/internal/apptest"
)

// wantTerms checks what a cancellation would mean for somebody.
func wantTerms(t *testing.T, c *apptest.Clinic, actor apptest.User, id string, allowed bool, refund string,
	until time.Time) {
	t.Helper()
	a := c.Get(actor, "consultations/"+id+"/cancellation").Want(200)
	if a.At("allowed") != allowed || a.Text("refund", "amount") != refund {
		t.Errorf("the terms are %s, want %t and %s", a.Body, allowed, refund)
	}
	switch got := a.At("until"); {
	case until.IsZero() && got == nil:
	case until.IsZero() || got == nil:
		t.Errorf("until is %v, want %s", got, until)
	default:
		if at, err := time.Parse(time.RFC3339, a.Text("until")); err != nil || at.Sub(until).Abs() > time.Second {
			t.Errorf("until is %v, want %s", got, until)
		}
	}
}

// Each instant has the refund of its step, which is shown beforehand, and a late cancellation frees the seat.
func TestCancelByPolicy(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, support := c.Doctor(fee), c.Support()
	for name, test := range map[string]struct {
		after, before time.Duration // the booking, the start
		refund        string
		until         time.Duration // before the start
	}{
		"in full":          {time.Hour, 24*time.Hour + time.Minute, "500.00", 24 * time.Hour},
		"half":             {time.Hour, 24*time.Hour - time.Minute, "250.00", 2 * time.Hour},
		"half at the end":  {time.Hour, 2*time.Hour + time.Minute, "250.00", 2 * time.Hour},
		"nothing":          {time.Hour, 2*time.Hour - time.Minute, "0.00", 0},
		"within the grace": {14 * time.Minute, 30 * time.Minute, "500.00", 29 * time.Minute},
		"after the grace":  {16 * time.Minute, 30 * time.Minute, "0.00", 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := apptest.Open(t)
			c.Clock.Freeze() // the grace begins with the booking
			doctor, patient := c.Doctor(fee), c.Patient()
			slot := c.Slot(doctor, test.after+test.before, 1)
			id, _ := c.BookAndPay(patient, slot, fee)
			start, _ := startOf(t, c, id)
			advanceTo(t, c, start.Add(-test.before))
			wantTerms(t, c, patient, id, true, test.refund, start.Add(-test.until))
			wantTerms(t, c, doctor, id, true, fee, start)
			a := cancel(c, patient, id, "I am travelling").Want(200)
			if a.Text("refund", "amount") != test.refund || a.Text("refund", "currency") != "INR" {
				t.Errorf("the answer says %s, want %s", a.Body, test.refund)
			}
			if test.refund != "0.00" {
				waitForRefund(t, c, id, test.refund)
			}
			again := cancel(c, patient, id, "").Want(200)
			if again.Text("refund", "amount") != test.refund || again.Text("refundedAmount") != test.refund {
				t.Errorf("repeated, the answer says %s", again.Body)
			}
			wantTerms(t, c, patient, id, false, "0.00", time.Time{})
			if n := c.Count("SELECT seats_taken FROM availability_slots WHERE id = $1", slot); n != 0 {
				t.Error("the seat isn't free")
			}
			c.CheckInvariants()
		})
	}
	patient := c.Patient()
	id, _ := c.BookAndPay(patient, c.Slot(doctor, 3*time.Hour, 1), fee)
	start, _ := startOf(t, c, id)
	wantTerms(t, c, support, id, true, fee, start)
	c.Get(c.Patient(), "consultations/"+id+"/cancellation").Want(404)
	c.Get(c.Doctor(fee), "consultations/"+id+"/cancellation").Want(404)
	advanceTo(t, c, start.Add(-time.Minute))
	wantTerms(t, c, patient, id, true, "0.00", start)
	if a := cancel(c, support, id, "the doctor is ill").Want(200); a.Text("refund", "amount") != fee {
		t.Errorf("by support: %s", a.Body)
	}
	unpaid := c.Book(patient, c.Slot(doctor, 26*time.Hour, 1))
	due := c.DB.Now().Add(15 * time.Minute)
	wantTerms(t, c, patient, unpaid, true, "0.00", due)
	other := c.Doctor(fee)
	begun, _ := c.BookAndPay(c.Patient(), c.Slot(other, 12*time.Minute, 1), fee)
	updateStatus(c, other, begun, "IN_PROGRESS").Want(200)
	wantTerms(t, c, support, begun, true, fee, time.Time{})
	wantTerms(t, c, other, begun, true, fee, time.Time{})
	c.CheckInvariants()
}

// After the start the patient can't cancel any more, but support's word and a no-show remain.
func TestCancelEndsAtTheStart(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor(fee), c.Patient()
	id, _ := c.BookAndPay(patient, c.Slot(doctor, 5*time.Minute, 1), fee)
	start, _ := startOf(t, c, id)
	wantTerms(t, c, patient, id, true, fee, start) // the grace ends with the start
	advanceTo(t, c, start.Add(time.Second))
	wantTerms(t, c, patient, id, false, "0.00", time.Time{})
	cancel(c, patient, id, "").Want(409, "too-late")
	c.CheckInvariants()
}

// A doctor's own policy is for later bookings, and an odd amount is shared in the patient's favour.
func TestDoctorsPolicy(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	const odd = "500.01"
	doctor := c.Doctor(odd)
	path := "doctors/" + doctor.ID.String()
	policy := func() string {
		return string(mustJSON(t, c.Get(apptest.User{}, path).Want(200).At("cancellationPolicy")))
	}
	if got := policy(); got != `[{"hoursBefore":24,"refundPercent":100},{"hoursBefore":2,"refundPercent":50}]` {
		t.Errorf("everybody sees %s", got)
	}
	early, late := c.Patient(), c.Patient()
	before, _ := c.BookAndPay(early, c.Slot(doctor, 30*time.Hour, 1), odd)
	steps := func(numbers ...int) object {
		all := []object{}
		for i := 0; i < len(numbers); i += 2 {
			all = append(all, object{"hoursBefore": numbers[i], "refundPercent": numbers[i+1]})
		}
		return object{"cancellationPolicy": all}
	}
	for _, wrong := range []object{steps(), steps(24, 50), steps(24, 100, 24, 50), steps(24, 100, 30, 50),
		steps(24, 100, 2, 100), steps(169, 100), steps(24, 101), steps(-1, 100), steps(24, 0),
		steps(6, 100, 5, 90, 4, 80, 3, 70, 2, 60, 1, 50), {"cancellationPolicy": "24h=100"}} {
		c.Patch(doctor, path, wrong).Want(422, "validation-failed")
	}
	c.Patch(doctor, path, steps(168, 100, 10, 33)).Want(200)
	if got := policy(); got != `[{"hoursBefore":168,"refundPercent":100},{"hoursBefore":10,"refundPercent":33}]` {
		t.Errorf("everybody sees %s", got)
	}
	after, _ := c.BookAndPay(late, c.Slot(doctor, 31*time.Hour, 1), odd)
	c.Clock.Advance(time.Hour)
	for _, b := range []struct {
		patient    apptest.User
		id, refund string
	}{{early, before, odd}, {late, after, "165.01"}} {
		if a := cancel(c, b.patient, b.id, "").Want(200); a.Text("refund", "amount") != b.refund {
			t.Errorf("refunded %s, want %s", a.Text("refund", "amount"), b.refund)
		}
		waitForRefund(t, c, b.id, b.refund)
	}
	c.Patch(doctor, path, object{"cancellationPolicy": nil}).Want(200)
	if got := policy(); got != `[{"hoursBefore":24,"refundPercent":100},{"hoursBefore":2,"refundPercent":50}]` {
		t.Errorf("cleared, everybody sees %s", got)
	}
	c.CheckInvariants()
}

// What was booked before policies were stored is refunded until two hours before the start.
func TestCancelBookedBeforePolicies(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor(fee), c.Patient()
	id, _ := c.BookAndPay(patient, c.Slot(doctor, 4*time.Hour, 1), fee)
	if _, err := c.DB.Pool.Exec(t.Context(),
		"UPDATE consultations SET cancellation_policy = NULL, grace_until = NULL WHERE id = $1", id); err != nil {
		t.Fatal(err)
	}
	start, _ := startOf(t, c, id)
	wantTerms(t, c, patient, id, true, fee, start.Add(-2*time.Hour))
	c.Clock.Advance(time.Hour)
	cancel(c, patient, id, "").Want(200)
	waitForRefund(t, c, id, fee)
	c.CheckInvariants()
}

// A share counts what support gave back before, and a waiting request ends.
func TestShareCountsEarlierRefunds(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient, support, admin := c.Doctor(fee), c.Patient(), c.Support(), c.Admin()
	id, _ := c.BookAndPay(patient, c.Slot(doctor, 20*time.Hour, 1), fee)
	payment := c.Get(patient, "payments/consultation/"+id).Want(200).Text("id")
	request := func(amount string) string {
		return c.Post(support, "payments/"+payment+"/refunds", object{"amount": amount, "reason": "goodwill"}).
			Want(201).Text("id")
	}
	first := request("100.00")
	c.Prove(admin)
	c.Post(admin, "refunds/"+first+"/approve", nil).Want(200)
	waitForRefund(t, c, id, "100.00")
	waiting := request("400.00")
	c.Clock.Advance(time.Hour)
	if a := cancel(c, patient, id, "").Want(200); a.Text("refund", "amount") != "250.00" {
		t.Errorf("refunded %s in all, want 250.00", a.Text("refund", "amount"))
	}
	waitForRefund(t, c, id, "150.00")
	if n := c.Count("SELECT count(*) FROM refunds WHERE id = $1 AND status = 'FAILED'", waiting); n != 1 {
		t.Error("the request still waits")
	}
	c.CheckInvariants()
}
