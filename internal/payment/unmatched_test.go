package payment_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
	"amrutam/internal/payment"
)

func reportPaid(c *apptest.Clinic, reference, amount, currency string) *apptest.Answer {
	return c.Webhook(uuid.NewString(), apptest.Event(payment.EventSucceeded, reference, amount, currency))
}

func TestMismatchedMoney(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	admin := c.Admin()
	for _, of := range []struct{ amount, currency, reason string }{
		{"499.00", "INR", "WRONG_AMOUNT"}, {"600.00", "inr", "WRONG_AMOUNT"}, {"500.00", "usd", "WRONG_CURRENCY"},
		{"0.01", "INR", "WRONG_AMOUNT"},
	} {
		patient, consultation, reference := unpaid(c)
		wantOutcome(t, reportPaid(c, reference, of.amount, of.currency), 202, payment.AmountMismatch)
		wantState(t, c, patient, consultation, "REQUESTED", "PENDING")
		wantOutcome(t, reportPaid(c, reference, of.amount, of.currency), 200, payment.Unchanged)
		wantRefundsOf(t, c, patient, consultation, of.amount+" SUCCEEDED")
		currency := strings.ToUpper(of.currency)
		detail := c.Get(patient, "payments/consultation/"+consultation).Want(200)
		attempt, _ := detail.At("attempts").([]any)[0].(object)
		refund, _ := detail.At("refunds").([]any)[0].(object)
		mismatched, _ := attempt["mismatched"].([]any)
		if attempt["captured"] != of.amount || attempt["capturedCurrency"] != currency ||
			refund["currency"] != currency || len(mismatched) != 1 {
			t.Errorf("%s %s shows as %s", of.amount, of.currency, detail.Body)
		}
		wantEqual(t, "the list", listUnmatched(c, admin, reference),
			fmt.Sprintf("PAYMENT %s %s %s RETURNED []", of.amount, currency, of.reason))
		// It can be paid still, by another attempt or by what was asked on the first.
		again := c.Initiate(patient, consultation)
		if again == reference {
			t.Errorf("the patient is sent to the attempt on which %s %s came", of.amount, of.currency)
		}
		wantOutcome(t, reportPaid(c, again, "500.00", "INR"), 200, payment.Captured)
		wantState(t, c, patient, consultation, "CONFIRMED", "PAID")
		wantEqual(t, "refundedAmount", c.Get(patient, "consultations/"+consultation).Want(200).Text("refundedAmount"),
			"0.00")
		cancel(c, patient, consultation).Want(200)
		wantRefundsOf(t, c, patient, consultation, of.amount+" SUCCEEDED, 500.00 SUCCEEDED")
		wantEqual(t, "refundedAmount", c.Get(patient, "consultations/"+consultation).Want(200).Text("refundedAmount"),
			"500.00")
	}
	// Without an amount or a currency it can't be refunded.
	_, _, reference := unpaid(c)
	for _, data := range []object{{"amount": "500.00"}, {"currency": "INR"}, {"amount": "500.00", "currency": "INRX"},
		{"amount": "500.00", "currency": "₹"}, {"amount": 0, "currency": "INR"}} {
		data["transactionReference"] = reference
		wantOutcome(t, c.Webhook(uuid.NewString(), object{"type": "payment.succeeded", "data": data}), 202,
			payment.AmountMismatch)
	}
	if n := len(c.Get(admin, "admin/unmatched-money?status=WAITING&kind=PAYMENT&transactionReference="+reference).
		Want(200).Items()); n != 5 {
		t.Errorf("%d wait for an administrator, want 5", n)
	}
	c.CheckInvariants()
}

func TestMismatchedMoneyAfterCapture(t *testing.T) {
	t.Parallel()
	c := openWithoutJobs(t)
	patient, consultation, _, reference := captured(t, c)
	wantOutcome(t, reportPaid(c, reference, "500.00", "USD"), 202, payment.AmountMismatch)
	wantOutcome(t, reportPaid(c, reference, "20.00", "INR"), 202, payment.AmountMismatch)
	wantEqual(t, "refunds", refundsOf(c, patient, consultation), "500.00 PENDING, 20.00 PENDING")
	c.CheckInvariants()
	cancel(c, patient, consultation).Want(200)
	wantEqual(t, "refunds", refundsOf(c, patient, consultation), "500.00 PENDING, 20.00 PENDING, 500.00 PENDING")
	wantOutcome(t, c.Webhook("f", apptest.Event("refund.failed", reference, "20.00", "INR")), 200,
		payment.RefundFailed)
	wantOutcome(t, reportRefunded(c, reference, "500.00", "USD"), 200, payment.Refunded)
	wantOutcome(t, reportRefunded(c, reference, "20.00", "INR"), 200, payment.Refunded)
	wantOutcome(t, reportRefunded(c, reference, "500.00", "INR"), 200, payment.Refunded)
	wantEqual(t, "refunds", refundsOf(c, patient, consultation),
		"500.00 SUCCEEDED, 20.00 FAILED, 500.00 SUCCEEDED, 20.00 SUCCEEDED")
	c.CheckInvariants()
}

// In whatever order a provider reports the same events, beside our own changes, the result is the same: the money
// asked for confirms the booking, everything else is refunded, and nothing twice.
func TestEventsInEveryOrder(t *testing.T) {
	t.Parallel()
	c := openWithoutJobs(t)
	type event struct{ kind, amount, currency string }
	reports := []event{{payment.EventSucceeded, "500.00", "INR"}, {payment.EventSucceeded, "499.00", "INR"},
		{payment.EventSucceeded, "500.00", "USD"}, {payment.EventRefundSucceeded, "120.00", "INR"},
		{payment.EventFailed, "500.00", "INR"}}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for range 12 {
		patient, consultation, reference := unpaid(c)
		var all sync.WaitGroup
		concurrently := r.IntN(2) == 0
		for _, i := range r.Perm(len(reports)) {
			e, id := reports[i], uuid.NewString()
			send := func() {
				for range 2 { // each comes twice, under its own id
					for a := c.Webhook(id, apptest.Event(e.kind, reference, e.amount, e.currency)); a.Status == 503; {
						a = c.Webhook(id, apptest.Event(e.kind, reference, e.amount, e.currency))
					}
				}
			}
			if concurrently {
				all.Go(send)
			} else {
				send()
			}
		}
		all.Wait()
		wantState(t, c, patient, consultation, "CONFIRMED", "PAID")
		c.CheckInvariants()
		cancel(c, patient, consultation).Want(200)
		for currency, sum := range map[string]string{"INR": "999.00", "USD": "500.00"} {
			var back string
			if err := c.DB.Pool.QueryRow(t.Context(), `SELECT sum(r.amount)::text FROM refunds r
				JOIN payments p ON p.id = r.payment_id
				WHERE p.consultation_id = $1 AND r.currency = $2 AND r.status <> 'FAILED'`, consultation, currency).
				Scan(&back); err != nil || back != sum {
				t.Errorf("%s %s goes back (%v), want %s", back, currency, err, sum)
			}
		}
		c.CheckInvariants()
	}
}
