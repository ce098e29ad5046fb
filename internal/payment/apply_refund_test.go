package payment_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
	"amrutam/internal/payment"
)

// After a refund that the provider refuses another follows, until one succeeds.
func TestRefundFails(t *testing.T) {
	t.Parallel()
	c := openWithoutJobs(t)
	patient, consultation, reference := unpaid(c)
	wantOutcome(t, c.Report("payment.succeeded", reference, "500.00"), 200, payment.Captured)
	cancel(c, patient, consultation).Want(200)
	wantOutcome(t, c.Webhook("usd", apptest.Event("refund.succeeded", reference, "500.00", "USD")), 202,
		payment.AmountMismatch)
	for range 2 {
		wantOutcome(t, c.Report("refund.failed", reference, "500.00"), 200, payment.RefundFailed)
		c.CheckInvariants()
	}
	wantOutcome(t, c.Report("refund.succeeded", reference, "500.00"), 200, payment.Refunded)
	wantOutcome(t, c.Report("refund.succeeded", reference, "500.00"), 200, payment.Unchanged)
	wantOutcome(t, c.Report("refund.failed", reference, "500.00"), 200, payment.Unchanged)
	if n := c.Count("SELECT count(*) FROM refunds WHERE status = 'FAILED'"); n != 2 {
		t.Errorf("%d refunds failed, want 2", n)
	}
	if n := c.Count("SELECT count(*) FROM refunds WHERE status = 'SUCCEEDED'"); n != 1 {
		t.Errorf("%d refunds succeeded, want 1", n)
	}
	if n := c.Count("SELECT count(*) FROM river_job WHERE kind = 'payment.refund'"); n != 3 {
		t.Errorf("%d refunds are asked for, want 3", n)
	}
	c.CheckInvariants()
}

func reportRefunded(c *apptest.Clinic, reference, amount, currency string) *apptest.Answer {
	return c.Webhook(uuid.NewString(), apptest.Event(payment.EventRefundSucceeded, reference, amount, currency))
}

func TestRefundMadeAtProvider(t *testing.T) {
	t.Parallel()
	c := openWithoutJobs(t)
	support, admin := c.Support(), c.Admin()
	t.Run("whole", func(t *testing.T) {
		patient, consultation, _, reference := captured(t, c)
		wantOutcome(t, reportRefunded(c, reference, "500.00", "INR"), 200, payment.Refunded)
		wantOutcome(t, reportRefunded(c, reference, "500.00", "INR"), 200, payment.Unchanged)
		cancel(c, patient, consultation).Want(200)
		wantEqual(t, "refunds", refundsOf(c, patient, consultation), "500.00 SUCCEEDED")
		wantEqual(t, "refundedAmount",
			fmt.Sprint(c.Get(patient, "consultations/me").Want(200).Items()[0]["refundedAmount"]), "500.00")
	})
	t.Run("in parts", func(t *testing.T) {
		patient, consultation, _, reference := captured(t, c)
		wantOutcome(t, reportRefunded(c, reference, "100.00", "INR"), 200, payment.Refunded)
		wantOutcome(t, reportRefunded(c, reference, "100.00", "INR"), 200, payment.Refunded)
		wantEqual(t, "cancelled", cancel(c, patient, consultation).Want(200).Text("refundedAmount"), "200.00")
		wantEqual(t, "refunds", refundsOf(c, patient, consultation),
			"100.00 SUCCEEDED, 100.00 SUCCEEDED, 300.00 PENDING")
	})
	t.Run("beside ours under way", func(t *testing.T) {
		patient, consultation, _, reference := captured(t, c)
		cancel(c, patient, consultation).Want(200)
		wantOutcome(t, reportRefunded(c, reference, "200.00", "INR"), 200, payment.Refunded)
		wantEqual(t, "refunds", refundsOf(c, patient, consultation),
			"500.00 FAILED superseded, 200.00 SUCCEEDED, 300.00 PENDING")
		// The provider made the first one all the same: what exceeds the money is listed, and nothing more is sent.
		wantOutcome(t, reportRefunded(c, reference, "500.00", "INR"), 200, payment.Refunded)
		wantEqual(t, "refunds", refundsOf(c, patient, consultation),
			"500.00 FAILED superseded, 200.00 SUCCEEDED, 300.00 FAILED superseded, 300.00 SUCCEEDED")
		wantEqual(t, "the list", listUnmatched(c, admin, reference),
			"REFUND 200.00 INR EXCEEDS_CAPTURE WAITING [CLOSE]")
	})
	t.Run("beside requests", func(t *testing.T) {
		patient, consultation, id, reference := captured(t, c)
		first := requestRefund(c, support, id, "120.50").Want(201).Text("id")
		second := requestRefund(c, support, id, "200.00").Want(201).Text("id")
		wantOutcome(t, reportRefunded(c, reference, "120.50", "INR"), 200, payment.Refunded) // it met the first
		approve(c, admin, first).Want(409, "illegal-transition")
		approve(c, admin, second).Want(200)
		wantOutcome(t, reportRefunded(c, reference, "300.00", "INR"), 200, payment.Refunded)
		wantEqual(t, "refunds", refundsOf(c, support, consultation),
			"120.50 FAILED superseded, 200.00 FAILED superseded, 120.50 SUCCEEDED, 300.00 SUCCEEDED, 79.50 PENDING")
		cancel(c, patient, consultation).Want(200)
		wantEqual(t, "refunds", refundsOf(c, patient, consultation),
			"200.00 FAILED superseded, 120.50 SUCCEEDED, 300.00 SUCCEEDED, 79.50 PENDING")
	})
	t.Run("before its money", func(t *testing.T) {
		patient, consultation, reference := unpaid(c)
		wantOutcome(t, reportRefunded(c, reference, "500.00", "INR"), 202, payment.AmountMismatch)
		wantEqual(t, "the list", listUnmatched(c, admin, reference),
			"REFUND 500.00 INR EXCEEDS_CAPTURE WAITING [CLOSE]")
		wantOutcome(t, reportPaid(c, reference, "500.00", "INR"), 200, payment.Captured)
		wantEqual(t, "the list", listUnmatched(c, admin, reference), "REFUND 500.00 INR EXCEEDS_CAPTURE MATCHED []")
		cancel(c, patient, consultation).Want(200)
		wantEqual(t, "refunds", refundsOf(c, patient, consultation), "500.00 SUCCEEDED")
	})
	t.Run("of mismatched money", func(t *testing.T) {
		patient, consultation, reference := unpaid(c)
		wantOutcome(t, reportRefunded(c, reference, "30.00", "USD"), 202, payment.AmountMismatch)
		wantOutcome(t, reportPaid(c, reference, "500.00", "USD"), 202, payment.AmountMismatch)
		wantEqual(t, "refunds", refundsOf(c, patient, consultation), "30.00 SUCCEEDED, 470.00 PENDING")
		wantOutcome(t, reportRefunded(c, reference, "100.00", "USD"), 200, payment.Refunded)
		wantOutcome(t, reportRefunded(c, reference, "370.00", "USD"), 200, payment.Refunded)
		wantEqual(t, "refunds", refundsOf(c, patient, consultation),
			"30.00 SUCCEEDED, 470.00 FAILED superseded, 100.00 SUCCEEDED, 370.00 SUCCEEDED")
		if got := listUnmatched(c, admin, reference); !strings.Contains(got,
			"PAYMENT 500.00 USD WRONG_CURRENCY RETURNED []") {
			t.Errorf("the list is %q", got)
		}
	})
	c.CheckInvariants()
}

func TestConcurrentRefundAtProvider(t *testing.T) {
	t.Parallel()
	c := openWithoutJobs(t)
	support, admin := c.Support(), c.Admin()
	for range 8 {
		_, consultation, id, reference := captured(t, c)
		refund := requestRefund(c, support, id, "400.00").Want(201).Text("id")
		answers := concurrently(4, func(i int) *apptest.Answer {
			switch i {
			case 0:
				return cancel(c, admin, consultation)
			case 1:
				return approve(c, admin, refund)
			default:
				return reportRefunded(c, reference, "200.00", "INR")
			}
		})
		for _, i := range []int{0, 2, 3} {
			answers[i].Want(200)
		}
		if n := c.Count(`SELECT sum(r.amount)::int FROM refunds r JOIN payments p ON p.id = r.payment_id
			WHERE p.consultation_id = $1 AND r.status IN ('PENDING', 'SUCCEEDED')`, consultation); n != 500 {
			t.Errorf("%d goes back of 500", n)
		}
		c.CheckInvariants()
	}
}
