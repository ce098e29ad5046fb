package payment_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
	"amrutam/internal/payment"
)

func requestRefund(c *apptest.Clinic, user apptest.User, id, amount string) *apptest.Answer {
	return c.Post(user, "payments/"+id+"/refunds", object{"amount": amount, "reason": "The call was of poor quality"})
}

// refundsOf returns the refunds of a consultation as a user reads them: amount, status and failure reason.
func refundsOf(c *apptest.Clinic, user apptest.User, consultation string) string {
	var all []string
	refunds, _ := c.Get(user, "payments/consultation/"+consultation).Want(200).At("refunds").([]any)
	for _, one := range refunds {
		r, _ := one.(object)
		text, _ := r["amount"].(string)
		status, _ := r["status"].(string)
		why, _ := r["failureReason"].(string)
		all = append(all, strings.TrimSpace(text+" "+status+" "+why))
	}
	return strings.Join(all, ", ")
}

func wantRefundsOf(t *testing.T, c *apptest.Clinic, user apptest.User, consultation, want string) {
	t.Helper()
	var got string
	eventually(t, "the refunds "+want, func() bool {
		got = refundsOf(c, user, consultation)
		return got == want || !strings.Contains(got, "PENDING")
	})
	if got != want {
		t.Fatalf("%s reads the refunds %q, want %q", user.Role, got, want)
	}
}

func TestRefundOutsideThePolicy(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor, support, admin := c.Patient(), c.Doctor("500.00"), c.Support(), c.Admin()
	consultation, reference := c.BookAndPay(patient, c.Slot(doctor, 5*time.Hour, 1), "500.00")
	id := paymentOf(c, patient, consultation)
	asked := requestRefund(c, support, id, "120.50").Want(201)
	refund := asked.Text("id")
	if asked.Text("status") != "REQUESTED" || asked.Text("amount") != "120.50" ||
		asked.Text("requestedBy") != support.ID.String() || asked.At("approvedBy") != nil ||
		asked.Header.Get("Location") != "/api/v1/payments/consultation/"+consultation {
		t.Fatalf("asked: %v %s", asked.Header, asked.Body)
	}
	// Before the approval the provider is not asked.
	wantOutcome(t, c.Report("refund.failed", reference, "120.50"), 202, payment.AmountMismatch)
	wantRefundsOf(t, c, support, consultation, "120.50 REQUESTED")
	wantRefundsOf(t, c, patient, consultation, "")
	wantRefundsOf(t, c, doctor, consultation, "")
	approve(c, support, refund).Want(403, "forbidden")
	approve(c, patient, refund).Want(403, "forbidden")
	if n := c.Count("SELECT count(*) FROM river_job WHERE kind = 'payment.refund'"); n != 0 {
		t.Errorf("%d refunds are asked for", n)
	}
	c.CheckInvariants()

	approved := approve(c, admin, refund).Want(200)
	if approved.Text("status") != "PENDING" || approved.Text("approvedBy") != admin.ID.String() ||
		approved.Text("requestedBy") != support.ID.String() {
		t.Errorf("approved: %s", approved.Body)
	}
	wantRefundsOf(t, c, patient, consultation, "120.50 SUCCEEDED")
	for _, party := range []apptest.User{patient, doctor} {
		if seen := string(c.Get(party, "payments/consultation/"+consultation).Want(200).Body); strings.Contains(seen,
			support.ID.String()) || strings.Contains(seen, admin.ID.String()) {
			t.Errorf("a %s reads who asked or approved: %s", party.Role, seen)
		}
	}
	wantState(t, c, patient, consultation, "CONFIRMED", "PAID")
	approve(c, admin, refund).Want(409, "illegal-transition")
	decline(c, admin, refund).Want(409, "illegal-transition")
	for _, missing := range []*apptest.Answer{approve(c, admin, uuid.NewString()), decline(c, admin, uuid.NewString()),
		requestRefund(c, admin, uuid.NewString(), "1.00")} {
		missing.Want(404, "not-found")
	}
	for action, user := range map[string]apptest.User{"refund.request": support, "refund.approve": admin} {
		if n := c.Count(`SELECT count(*) FROM audit_logs WHERE action = $1 AND actor_id = $2 AND entity_id = $3
			AND metadata->>'amount' = '120.50'
			AND metadata->>'paymentId' = $4`, action, user.ID, refund, id); n != 1 {
			t.Errorf("%d rows of %s", n, action)
		}
	}
	if n := c.Count("SELECT count(*) FROM mails WHERE kind = 'refund-sent' AND user_id = $1", patient.ID); n != 1 {
		t.Errorf("%d mails tell the patient", n)
	}
	// The cancellation refunds the rest.
	cancel(c, admin, consultation).Want(200)
	wantRefundsOf(t, c, patient, consultation, "120.50 SUCCEEDED, 379.50 SUCCEEDED")
	requestRefund(c, support, id, "0.01").Want(409, "refund-exceeds-capture")
	c.CheckInvariants()
}

func TestRequestRefundRefusals(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	_, _, id, _ := captured(t, c)
	support, admin := c.Support(), c.Admin()
	for body, location := range map[string]string{
		`{"amount": "0", "reason": "x"}`:                                           "body.amount",
		`{"amount": 0.00, "reason": "x"}`:                                          "body.amount",
		`{"amount": "-77.31", "reason": "x"}`:                                      "body.amount",
		`{"amount": -77.31, "reason": "x"}`:                                        "body.amount",
		`{"amount": "77.311", "reason": "x"}`:                                      "body.amount",
		`{"amount": 77.311, "reason": "x"}`:                                        "body.amount",
		`{"amount": "77,31", "reason": "x"}`:                                       "body.amount",
		`{"reason": "x"}`:                                                          "body.amount",
		`{"amount": "1.00"}`:                                                       "body.reason",
		`{"amount": "1.00", "reason": ""}`:                                         "body.reason",
		`{"amount": "1.00", "reason": " \n"}`:                                      "body.reason",
		`{"amount": "1.00", "reason": "\u200b"}`:                                   "body.reason",
		`{"amount": "1.00", "reason": "..."}`:                                      "body.reason",
		`{"amount": "1.00", "reason": "` + strings.Repeat("7731", 126) + `"}`:      "body.reason",
		`{"amount": "1.00", "reason": "x", "currency": "USD"}`:                     "body.currency",
		`{"amount": "1.00", "reason": "x", "requestedBy": "` + id + `", "x": "y"}`: "body.requestedBy",
	} {
		a := c.Post(support, "payments/"+id+"/refunds", []byte(body)).Want(422, "validation-failed")
		faults, _ := a.At("errors").([]any)
		if first, _ := faults[0].(object); first["location"] != location {
			t.Errorf("%s: %s", body, a.Body)
		}
		if said := fmt.Sprint(faults, a.Text("title"), a.Text("detail")); strings.Contains(said, "77") {
			t.Errorf("the answer repeats the value: %s", a.Body)
		}
	}
	exceeding := requestRefund(c, support, id, "500.01").Want(409, "refund-exceeds-capture")
	if !strings.Contains(exceeding.Text("detail"), "500.00 INR") {
		t.Errorf("it doesn't say how much remains: %s", exceeding.Body)
	}
	refund := requestRefund(c, support, id, "1.00").Want(201).Text("id")
	for _, reason := range []string{"", " \t", strings.Repeat("é", 501)} {
		c.Post(admin, "refunds/"+refund+"/decline", object{"reason": reason}).Want(422, "validation-failed")
	}
	longest := "Checked " + strings.Repeat("é", 492)
	if got := c.Post(admin, "refunds/"+refund+"/decline", object{"reason": longest}).Want(200).
		Text("failureReason"); got != longest {
		t.Errorf("the reason became %q", got)
	}
	// An unpaid payment and a free one.
	patient, consultation, _ := unpaid(c)
	requestRefund(c, support, paymentOf(c, patient, consultation), "0.01").Want(409, "refund-exceeds-capture")
	free := c.Book(patient, c.Slot(c.Doctor("0.00"), 9*time.Hour, 1))
	requestRefund(c, support, paymentOf(c, patient, free), "0.01").Want(409, "refund-exceeds-capture")
	c.CheckInvariants()
}

func TestRepeatedRefundRequest(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	_, _, id, _ := captured(t, c)
	support := c.Support()
	body := object{"amount": "10.00", "reason": "Goodwill"}
	first := c.Do(support, "POST", "payments/"+id+"/refunds", body, "Idempotency-Key", "once").Want(201)
	again := c.Do(support, "POST", "payments/"+id+"/refunds", body, "Idempotency-Key", "once").Want(201)
	if string(first.Body) != string(again.Body) || again.Header.Get("Idempotency-Replayed") != "true" ||
		again.Header.Get("Location") != first.Header.Get("Location") {
		t.Errorf("again: %v %s", again.Header, again.Body)
	}
	if n := c.Count("SELECT count(*) FROM refunds"); n != 1 {
		t.Errorf("%d refunds are asked for", n)
	}
	c.CheckInvariants()
}

func TestConcurrentRefundRequests(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	support := c.Support()
	for amount, win := range map[string]int{"500.00": 1, "200.00": 2} {
		_, _, id, _ := captured(t, c)
		answers := concurrently(10, func(int) *apptest.Answer { return requestRefund(c, support, id, amount) })
		if got := statuses(answers); got[201] != win || got[409] != 10-win {
			t.Errorf("10 requests for %s: %v", amount, got)
		}
	}
	c.CheckInvariants()
}

// A cancellation refunds everything once, whatever was requested before.
func TestCancellationSupersedesRequest(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, consultation, id, _ := captured(t, c)
	support, admin := c.Support(), c.Admin()
	open := requestRefund(c, support, id, "150.00").Want(201).Text("id")
	requestRefund(c, support, id, "50.00").Want(201)
	cancel(c, patient, consultation).Want(200)
	c.CheckInvariants()
	wantRefundsOf(t, c, patient, consultation, "500.00 SUCCEEDED")
	wantRefundsOf(t, c, support, consultation, "150.00 FAILED superseded, 50.00 FAILED superseded, 500.00 SUCCEEDED")
	approve(c, admin, open).Want(409, "illegal-transition")
	if n := c.Count("SELECT count(*) FROM audit_logs WHERE action = 'refund.supersede' AND actor_id = $1",
		patient.ID); n != 2 {
		t.Errorf("%d ended requests are audited", n)
	}
	c.CheckInvariants()
}
