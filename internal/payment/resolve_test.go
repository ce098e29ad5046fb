package payment_test

import (
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
	"amrutam/internal/payment"
)

func resolve(c *apptest.Clinic, user apptest.User, id, action string) *apptest.Answer {
	return c.Post(user, "admin/unmatched-money/"+id+"/resolve",
		object{"action": action, "reason": "Nobody knows this reference"})
}

func TestMoneyWithoutAttempt(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	admin := c.Admin()
	only := func(reference string) object {
		t.Helper()
		items := c.Get(admin, "admin/unmatched-money?transactionReference="+reference).Want(200).Items()
		if len(items) != 1 {
			t.Fatalf("%d are listed of %s", len(items), reference)
		}
		return items[0]
	}
	wantOutcome(t, reportPaid(c, "stub_lost", "77.00", "usd"), 202, payment.UnknownReference)
	wantOutcome(t, reportPaid(c, "stub_lost", "77.00", "USD"), 202, payment.UnknownReference) // the same money
	lost, _ := only("stub_lost")["id"].(string)
	resolve(c, c.Support(), lost, "REFUND").Want(403, "forbidden")
	resolve(c, admin, uuid.NewString(), "CLOSE").Want(404, "not-found")
	c.Post(admin, "admin/unmatched-money/"+lost+"/resolve", object{"action": "KEEP", "reason": "x"}).Want(422)
	c.Post(admin, "admin/unmatched-money/"+lost+"/resolve", object{"action": "CLOSE", "reason": "..."}).Want(422)
	c.Clock.Advance(5*time.Minute + time.Second)
	resolve(c, admin, lost, "REFUND").Want(403, "mfa-required")
	c.Prove(admin)
	got := statuses(concurrently(4, func(int) *apptest.Answer { return resolve(c, admin, lost, "REFUND") }))
	if got[200] != 1 || got[409] != 3 {
		t.Errorf("four decisions at once: %v", got)
	}
	eventually(t, "returned", func() bool { return only("stub_lost")["status"] == "RETURNED" })
	name := c.Get(admin, "users/"+admin.ID.String()).Want(200).At("fullName")
	if u := only("stub_lost"); u["resolvedBy"] != admin.ID.String() || u["resolvedByName"] != name ||
		u["resolution"] != "Nobody knows this reference" {
		t.Errorf("resolved: %v", u)
	}
	if n := c.Count("SELECT count(*) FROM audit_logs WHERE action = 'unmatched-money.refund' AND entity_id = "+
		"$1 AND actor_id = $2", lost, admin.ID); n != 1 {
		t.Errorf("%d rows of the decision", n)
	}
	if n := c.Count("SELECT count(*) FROM refunds WHERE unmatched_id = $1 AND status = 'SUCCEEDED' AND amount "+
		"= 77 AND currency = 'USD'", lost); n != 1 {
		t.Errorf("%d refunds", n)
	}
	// Money that was refunded at the provider needs no decision; what can't be refunded can be closed.
	wantOutcome(t, reportPaid(c, "stub_back", "10.00", "INR"), 202, payment.UnknownReference)
	wantOutcome(t, reportRefunded(c, "stub_back", "10.00", "INR"), 200, payment.Refunded)
	wantEqual(t, "the list", listUnmatched(c, admin, "stub_back"), "PAYMENT 10.00 INR UNKNOWN_REFERENCE RETURNED []")
	wantOutcome(t, reportRefunded(c, "stub_only", "10.00", "INR"), 202, payment.UnknownReference)
	closed, _ := only("stub_only")["id"].(string)
	resolve(c, admin, closed, "REFUND").Want(409, "illegal-transition")
	body := object{"action": "CLOSE", "reason": "Told to the provider"}
	first := c.Do(admin, "POST", "admin/unmatched-money/"+closed+"/resolve", body, "Idempotency-Key", "close").
		Want(200)
	again := c.Do(admin, "POST", "admin/unmatched-money/"+closed+"/resolve", body, "Idempotency-Key", "close").
		Want(200)
	if first.Text("status") != "CLOSED" || string(first.Body) != string(again.Body) {
		t.Errorf("closed: %s, again %s", first.Body, again.Body)
	}
	resolve(c, admin, closed, "CLOSE").Want(409, "illegal-transition")
	// Events without money are not listed.
	wantOutcome(t, c.Report("payment.failed", "stub_failed", "10.00"), 202, payment.UnknownReference)
	wantOutcome(t, c.Report("refund.failed", "stub_failed", "10.00"), 202, payment.UnknownReference)
	wantEqual(t, "the list", listUnmatched(c, admin, "stub_failed"), "")
	c.CheckInvariants()
}
