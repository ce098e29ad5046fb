package payment_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
	"amrutam/internal/payment"
)

func reportRefund(t *testing.T, c *apptest.Clinic, event, reference, amount, name string, status int,
	want payment.Outcome) {
	t.Helper()
	body := apptest.Event(event, reference, amount, "INR")
	body["data"].(map[string]any)["refundId"] = name //nolint:errcheck,forcetypeassert // made a line above
	wantOutcome(t, c.Webhook(uuid.NewString(), body), status, want)
	c.CheckInvariants()
}

// A refund that the provider names counts once, however often it is reported and under however many webhook ids.
// Another name is a refund made at the provider.
func TestNamedRefunds(t *testing.T) {
	t.Parallel()
	c := openWithoutJobs(t)
	_, consultation, id, reference := captured(t, c)
	support, admin := c.Support(), c.Admin()
	refund := requestRefund(c, support, id, "80.00").Want(201).Text("id")
	approve(c, admin, refund).Want(200)
	report := func(event, name string, status int, want payment.Outcome) {
		t.Helper()
		reportRefund(t, c, event, reference, "80.00", name, status, want)
	}
	report("refund.failed", "re_of_the_provider", 202, payment.AmountMismatch)
	report("refund.succeeded", "re_of_the_provider", 200, payment.Refunded) // made there, while ours is under way
	report("refund.succeeded", "re_of_the_provider", 200, payment.Unchanged)
	if got := refundsOf(c, support, consultation); got != "80.00 PENDING, 80.00 SUCCEEDED" {
		t.Errorf("support reads %q", got)
	}
	report("refund.succeeded", refund, 200, payment.Refunded)
	for range 2 {
		report("refund.succeeded", refund, 200, payment.Unchanged)
		report("refund.failed", refund, 200, payment.Unchanged)
	}
	if got := refundsOf(c, support, consultation); got != "80.00 SUCCEEDED, 80.00 SUCCEEDED" {
		t.Errorf("support reads %q", got)
	}
	reportRefund(t, c, "refund.succeeded", reference, "80.00", strings.ToUpper(refund), 200, payment.Unchanged)
	// A report that contradicts a name is listed and changes nothing.
	_, _, _, other := captured(t, c)
	waiting := requestRefund(c, support, id, "10.00").Want(201).Text("id")
	reportRefund(t, c, "refund.succeeded", reference, "40.00", refund, 202, payment.AmountMismatch)
	reportRefund(t, c, "refund.succeeded", reference, "40.00", "re_of_the_provider", 202, payment.AmountMismatch)
	reportRefund(t, c, "refund.succeeded", reference, "10.00", waiting, 202, payment.AmountMismatch)
	reportRefund(t, c, "refund.failed", reference, "40.00", refund, 202, payment.AmountMismatch)
	third := requestRefund(c, support, id, "5.00").Want(201).Text("id")
	approve(c, admin, third).Want(200)
	reportRefund(t, c, "refund.succeeded", other, "5.00", third, 202, payment.AmountMismatch)
	if n := c.Count("SELECT count(*) FROM unmatched_money WHERE reason = 'WRONG_REFUND' AND " +
		"status = 'WAITING'"); n != 4 {
		t.Errorf("%d contradictions are listed, want 4", n)
	}
	if got := refundsOf(c, support,
		consultation); got != "80.00 SUCCEEDED, 80.00 SUCCEEDED, 10.00 REQUESTED, 5.00 PENDING" {
		t.Errorf("support reads %q", got)
	}
	requestRefund(c, support, id, "325.01").Want(409, "refund-exceeds-capture")
	requestRefund(c, support, id, "325.00").Want(201)
}

// A refund of ours that was superseded by one made at the provider, and that the provider made all the same, is
// listed.
func TestBothNamedRefundsWereMade(t *testing.T) {
	t.Parallel()
	c := openWithoutJobs(t)
	_, consultation, id, reference := captured(t, c)
	refund := requestRefund(c, c.Support(), id, "500.00").Want(201).Text("id")
	approve(c, c.Admin(), refund).Want(200)
	reportRefund(t, c, "refund.succeeded", reference, "500.00", "re_first", 200, payment.Refunded)
	reportRefund(t, c, "refund.succeeded", reference, "500.00", refund, 202, payment.AmountMismatch)
	reportRefund(t, c, "refund.succeeded", reference, "500.00", refund, 200, payment.Unchanged)
	if got := refundsOf(c, c.Support(), consultation); got != "500.00 FAILED superseded, 500.00 SUCCEEDED" {
		t.Errorf("support reads %q", got)
	}
	if n := c.Count("SELECT count(*) FROM unmatched_money WHERE reason = 'EXCEEDS_CAPTURE' AND " +
		"amount = 500"); n != 1 {
		t.Errorf("%d are listed, want 1", n)
	}
}

// A named refund is counted and listed once, also before its money comes and after all of it went back.
func TestUnmatchedNamedRefunds(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, consultation, reference := unpaid(c)
	again := func(name, amount string, status int, first payment.Outcome) {
		t.Helper()
		reportRefund(t, c, "refund.succeeded", reference, amount, name, status, first)
		reportRefund(t, c, "refund.succeeded", reference, amount, name, 200, payment.Unchanged)
	}
	again("re_early", "200.00", 202, payment.AmountMismatch)
	wantOutcome(t, c.Report("payment.succeeded", reference, "500.00"), 200, payment.Captured)
	reportRefund(t, c, "refund.succeeded", reference, "200.00", "re_early", 200, payment.Unchanged)
	again("re_part", "250.00", 200, payment.Refunded)
	again("re_split", "80.00", 200, payment.Refunded) // 50.00 of it is left
	again("re_beyond", "70.00", 202, payment.AmountMismatch)
	if got := refundsOf(c, patient, consultation); got != "200.00 SUCCEEDED, 250.00 SUCCEEDED, 50.00 SUCCEEDED" {
		t.Errorf("the patient reads %q", got)
	}
	if n := c.Count("SELECT count(*) FROM unmatched_money WHERE kind = 'REFUND' AND status = 'WAITING'"); n != 2 {
		t.Errorf("%d refunds wait, want 30.00 and 70.00", n)
	}
}
