package payment_test

import (
	"strings"
	"sync"
	"testing"
	"time"

	"amrutam/internal/apptest"
	"amrutam/internal/payment"
)

func TestSuccessAfterFailure(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, consultation, reference := unpaid(c)
	failed := apptest.Event("payment.failed", reference, "500.00", "INR")
	data, _ := failed["data"].(object)
	data["failureReason"] = strings.Repeat("é", 300)
	wantOutcome(t, c.Webhook("f", failed), 200, payment.Failed)
	wantState(t, c, patient, consultation, "REQUESTED", "FAILED")
	attempts, _ := c.Get(patient, "payments/consultation/"+consultation).Want(200).At("attempts").([]any)
	if first, _ := attempts[0].(object); first["failureReason"] != strings.Repeat("é", 200) {
		t.Errorf("the reason isn't clipped to 200 characters: %v", first["failureReason"])
	}
	wantOutcome(t, c.Report("payment.failed", reference, "500.00"), 200, payment.Unchanged)
	wantOutcome(t, c.Report("payment.succeeded", reference, "500.00"), 200, payment.Captured)
	wantState(t, c, patient, consultation, "CONFIRMED", "PAID")
	wantOutcome(t, c.Report("payment.failed", reference, "500.00"), 200, payment.Unchanged)
	wantState(t, c, patient, consultation, "CONFIRMED", "PAID")
	c.CheckInvariants()
}

// When the first attempt's money comes while a second one is open, the second ends, and money on it is refunded.
func TestSuccessOfTwoAttempts(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, consultation, first := unpaid(c)
	if again := c.Initiate(patient, consultation); again != first {
		t.Fatal("a second attempt was begun beside an open one")
	}
	wantOutcome(t, c.Report("payment.failed", first, "500.00"), 200, payment.Failed)
	second := c.Initiate(patient, consultation)
	wantState(t, c, patient, consultation, "REQUESTED", "PENDING")
	wantOutcome(t, c.Report("payment.failed", first, "500.00"), 200, payment.Unchanged)
	wantState(t, c, patient, consultation, "REQUESTED", "PENDING")
	wantOutcome(t, c.Report("payment.succeeded", first, "500.00"), 200, payment.Captured)
	wantState(t, c, patient, consultation, "CONFIRMED", "PAID")
	wantOutcome(t, c.Report("payment.failed", second, "500.00"), 200, payment.Unchanged)
	wantOutcome(t, c.Report("payment.succeeded", second, "500.00"), 200, payment.Surplus)
	wantRefunds(t, c, consultation, 1)
	wantState(t, c, patient, consultation, "CONFIRMED", "PAID")
	c.CheckInvariants()

	// refundedAmount leaves out what was paid twice.
	shows := func(refunded string, sent int) {
		t.Helper()
		c.Await("refunds are sent",
			func() bool {
				return c.Count("SELECT count(*) FROM refunds WHERE status = 'SUCCEEDED'") == sent
			})
		if a := c.Get(patient, "consultations/"+consultation).Want(200); a.Text("refundedAmount") != refunded {
			t.Errorf("refundedAmount is %s, want %s", a.Text("refundedAmount"), refunded)
		}
	}
	shows("0.00", 1)
	cancel(c, patient, consultation).Want(200)
	shows("500.00", 2)
}

func TestSuccessAfterCancellation(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, consultation, reference := unpaid(c)
	cancel(c, patient, consultation).Want(200)
	wantOutcome(t, c.Report("payment.succeeded", reference, "500.00"), 200, payment.Captured)
	wantState(t, c, patient, consultation, "CANCELLED", "PAID")
	wantRefunds(t, c, consultation, 1)
	c.CheckInvariants()

	patient, consultation, reference = unpaid(c)
	cancel(c, patient, consultation).Want(200)
	wantOutcome(t, c.Report("payment.failed", reference, "500.00"), 200, payment.Unchanged) // it died with the booking
	wantState(t, c, patient, consultation, "CANCELLED", "FAILED")
	wantOutcome(t, c.Report("payment.succeeded", reference, "500.00"), 200, payment.Captured)
	wantRefunds(t, c, consultation, 1)
	c.Post(patient, "payments/initiate", map[string]any{"consultationId": consultation}).Want(409,
		"illegal-transition")
	c.CheckInvariants()
}

// race sends both requests at once, for several consultations, and calls check for each pair of answers. It repeats
// requests that a busy server refused.
func race(t *testing.T, c *apptest.Clinic, one,
	other func(patient apptest.User, consultation, reference string) *apptest.Answer,
	check func(patient apptest.User, consultation string, a, b *apptest.Answer),
) {
	t.Helper()
	var all sync.WaitGroup
	for range 12 {
		patient, consultation, reference := unpaid(c)
		all.Go(func() {
			var a, b *apptest.Answer
			var both sync.WaitGroup
			for to, do := range map[**apptest.Answer]func(apptest.User, string, string) *apptest.Answer{
				&a: one, &b: other} {
				both.Go(func() {
					for *to == nil || (*to).Status == 503 {
						*to = do(patient, consultation, reference)
					}
				})
			}
			both.Wait()
			check(patient, consultation, a, b)
		})
	}
	all.Wait()
	c.CheckInvariants()
}

func report(c *apptest.Clinic, event string) func(apptest.User, string, string) *apptest.Answer {
	return func(_ apptest.User, _, reference string) *apptest.Answer { return c.Report(event, reference, "500.00") }
}

func TestConcurrentSuccessAndFailure(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	race(t, c, report(c, payment.EventSucceeded), report(c, payment.EventFailed),
		func(patient apptest.User, consultation string, a, b *apptest.Answer) {
			seen := c.Get(patient, "consultations/"+consultation)
			if a.Status != 200 || b.Status != 200 || a.Text("outcome") != "captured" ||
				seen.Text("status") != "CONFIRMED" {
				t.Errorf("%s, %s, then %s", a.Body, b.Body, seen.Body)
			}
		})
}

func TestConcurrentSuccessAndCancellation(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	race(t, c, report(c, payment.EventSucceeded), func(patient apptest.User, consultation, _ string) *apptest.Answer {
		return cancel(c, patient, consultation)
	}, func(patient apptest.User, consultation string, a, b *apptest.Answer) {
		seen := c.Get(patient, "consultations/"+consultation)
		if a.Status != 200 || b.Status != 200 || seen.Text("status") != "CANCELLED" {
			t.Errorf("%s, %s, then %s", a.Body, b.Body, seen.Body)
			return
		}
		wantRefunds(t, c, consultation, 1)
	})
}

// When money comes beside the sweep of overdue bookings, a booking is confirmed, or cancelled and refunded in full.
func TestConcurrentSuccessAndSweep(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	var consultations, references []string
	for range 12 {
		_, consultation, reference := unpaid(c)
		consultations, references = append(consultations, consultation), append(references, reference)
	}
	c.Clock.Advance(15*time.Minute + time.Second)
	support := c.Support()
	// Half of the money comes at once, half after the sweep has begun.
	pay := func(all *sync.WaitGroup, reference string) {
		all.Go(func() {
			a := c.Report(payment.EventSucceeded, reference, "500.00")
			for a.Status == 503 {
				a = c.Report(payment.EventSucceeded, reference, "500.00")
			}
			if a.Status != 200 || a.Text("outcome") != "captured" {
				t.Errorf("status %d: %s", a.Status, a.Body)
			}
		})
	}
	var all sync.WaitGroup
	for _, reference := range references[:6] {
		pay(&all, reference)
	}
	eventually(t, "swept", func() bool {
		return c.Count("SELECT count(*) FROM consultations WHERE status = 'CANCELLED'") > 0
	})
	for _, reference := range references[6:] {
		pay(&all, reference)
	}
	all.Wait()
	for _, consultation := range consultations {
		switch a := c.Get(support, "consultations/"+consultation).Want(200); a.Text("status") {
		case "CONFIRMED":
			wantRefunds(t, c, consultation, 0)
		case "CANCELLED":
			wantRefunds(t, c, consultation, 1)
		default:
			t.Errorf("neither confirmed nor refunded: %s", a.Body)
		}
	}
	c.CheckInvariants()
}
