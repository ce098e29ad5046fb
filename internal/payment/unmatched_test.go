package payment_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
	"amrutam/internal/payment"
)

func paid(c *apptest.Clinic, reference, amount, currency string) *apptest.Answer {
	return c.Webhook(uuid.NewString(), apptest.Event(payment.EventSucceeded, reference, amount, currency))
}

func returned(c *apptest.Clinic, reference, amount, currency string) *apptest.Answer {
	return c.Webhook(uuid.NewString(), apptest.Event(payment.EventRefundSucceeded, reference, amount, currency))
}

// still is a clinic whose jobs stand still, so that refunds wait for what is reported.
func still(t *testing.T) *apptest.Clinic {
	t.Helper()
	c := apptest.Open(t)
	if err := c.App.Queue.Stop(context.Background()); err != nil {
		t.Fatal(err)
	}
	return c
}

func unmatched(c *apptest.Clinic, admin apptest.User, reference string) string {
	var all []string
	for _, u := range c.Get(admin, "admin/unmatched-money?transactionReference="+reference).Want(200).Items() {
		all = append(all, fmt.Sprint(u["kind"], " ", u["amount"], " ", u["currency"], " ", u["reason"], " ",
			u["status"], " ", u["actions"]))
	}
	return strings.Join(all, ", ")
}

func same(t *testing.T, what, got, want string) {
	t.Helper()
	if got != want {
		t.Errorf("%s is %q, want %q", what, got, want)
	}
}

func TestMoneyThatIsNotWhatWasAsked(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	admin := c.Admin()
	for _, of := range []struct{ amount, currency, reason string }{
		{"499.00", "INR", "WRONG_AMOUNT"}, {"600.00", "inr", "WRONG_AMOUNT"}, {"500.00", "usd", "WRONG_CURRENCY"},
		{"0.01", "INR", "WRONG_AMOUNT"},
	} {
		patient, consultation, reference := unpaid(c)
		wantOutcome(t, paid(c, reference, of.amount, of.currency), 202, payment.AmountMismatch)
		wantState(t, c, patient, consultation, "REQUESTED", "PENDING")
		wantOutcome(t, paid(c, reference, of.amount, of.currency), 200, payment.Unchanged)
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
		same(t, "the list", unmatched(c, admin, reference),
			fmt.Sprintf("PAYMENT %s %s %s RETURNED []", of.amount, currency, of.reason))
		// It can be paid still, by another attempt or by what was asked on the first.
		again := c.Initiate(patient, consultation)
		if again == reference {
			t.Errorf("the patient is sent to the attempt on which %s %s came", of.amount, of.currency)
		}
		wantOutcome(t, paid(c, again, "500.00", "INR"), 200, payment.Captured)
		wantState(t, c, patient, consultation, "CONFIRMED", "PAID")
		same(t, "refundedAmount", c.Get(patient, "consultations/"+consultation).Want(200).Text("refundedAmount"),
			"0.00")
		cancel(c, patient, consultation).Want(200)
		wantRefundsOf(t, c, patient, consultation, of.amount+" SUCCEEDED, 500.00 SUCCEEDED")
		same(t, "refundedAmount", c.Get(patient, "consultations/"+consultation).Want(200).Text("refundedAmount"),
			"500.00")
	}
	// Without an amount or a currency nobody can give it back.
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

func TestMismatchedMoneyAfterTheRightOne(t *testing.T) {
	t.Parallel()
	c := still(t)
	patient, consultation, _, reference := captured(t, c)
	wantOutcome(t, paid(c, reference, "500.00", "USD"), 202, payment.AmountMismatch)
	wantOutcome(t, paid(c, reference, "20.00", "INR"), 202, payment.AmountMismatch)
	same(t, "refunds", refundsOf(c, patient, consultation), "500.00 PENDING, 20.00 PENDING")
	c.CheckInvariants()
	cancel(c, patient, consultation).Want(200)
	same(t, "refunds", refundsOf(c, patient, consultation), "500.00 PENDING, 20.00 PENDING, 500.00 PENDING")
	wantOutcome(t, c.Webhook("f", apptest.Event("refund.failed", reference, "20.00", "INR")), 200,
		payment.RefundFailed)
	wantOutcome(t, returned(c, reference, "500.00", "USD"), 200, payment.Refunded)
	wantOutcome(t, returned(c, reference, "20.00", "INR"), 200, payment.Refunded)
	wantOutcome(t, returned(c, reference, "500.00", "INR"), 200, payment.Refunded)
	same(t, "refunds", refundsOf(c, patient, consultation),
		"500.00 SUCCEEDED, 20.00 FAILED, 500.00 SUCCEEDED, 20.00 SUCCEEDED")
	c.CheckInvariants()
}

func TestRefundMadeAtTheProvider(t *testing.T) {
	t.Parallel()
	c := still(t)
	support, admin := c.Support(), c.Admin()
	t.Run("whole", func(t *testing.T) {
		patient, consultation, _, reference := captured(t, c)
		wantOutcome(t, returned(c, reference, "500.00", "INR"), 200, payment.Refunded)
		wantOutcome(t, returned(c, reference, "500.00", "INR"), 200, payment.Unchanged)
		cancel(c, patient, consultation).Want(200)
		same(t, "refunds", refundsOf(c, patient, consultation), "500.00 SUCCEEDED")
		same(t, "refundedAmount",
			fmt.Sprint(c.Get(patient, "consultations/me").Want(200).Items()[0]["refundedAmount"]), "500.00")
	})
	t.Run("in parts", func(t *testing.T) {
		patient, consultation, _, reference := captured(t, c)
		wantOutcome(t, returned(c, reference, "100.00", "INR"), 200, payment.Refunded)
		wantOutcome(t, returned(c, reference, "100.00", "INR"), 200, payment.Refunded)
		same(t, "cancelled", cancel(c, patient, consultation).Want(200).Text("refundedAmount"), "200.00")
		same(t, "refunds", refundsOf(c, patient, consultation), "100.00 SUCCEEDED, 100.00 SUCCEEDED, 300.00 PENDING")
	})
	t.Run("beside ours under way", func(t *testing.T) {
		patient, consultation, _, reference := captured(t, c)
		cancel(c, patient, consultation).Want(200)
		wantOutcome(t, returned(c, reference, "200.00", "INR"), 200, payment.Refunded)
		same(t, "refunds", refundsOf(c, patient, consultation),
			"500.00 FAILED superseded, 200.00 SUCCEEDED, 300.00 PENDING")
		// The provider made the first one all the same: what exceeds the money is listed, and nothing more is sent.
		wantOutcome(t, returned(c, reference, "500.00", "INR"), 200, payment.Refunded)
		same(t, "refunds", refundsOf(c, patient, consultation),
			"500.00 FAILED superseded, 200.00 SUCCEEDED, 300.00 FAILED superseded, 300.00 SUCCEEDED")
		same(t, "the list", unmatched(c, admin, reference), "REFUND 200.00 INR EXCEEDS_CAPTURE WAITING [CLOSE]")
	})
	t.Run("beside requests", func(t *testing.T) {
		patient, consultation, id, reference := captured(t, c)
		first := askBack(c, support, id, "120.50").Want(201).Text("id")
		second := askBack(c, support, id, "200.00").Want(201).Text("id")
		wantOutcome(t, returned(c, reference, "120.50", "INR"), 200, payment.Refunded) // it met the first
		approve(c, admin, first).Want(409, "illegal-transition")
		approve(c, admin, second).Want(200)
		wantOutcome(t, returned(c, reference, "300.00", "INR"), 200, payment.Refunded)
		same(t, "refunds", refundsOf(c, support, consultation),
			"120.50 FAILED superseded, 200.00 FAILED superseded, 120.50 SUCCEEDED, 300.00 SUCCEEDED, 79.50 PENDING")
		cancel(c, patient, consultation).Want(200)
		same(t, "refunds", refundsOf(c, patient, consultation),
			"200.00 FAILED superseded, 120.50 SUCCEEDED, 300.00 SUCCEEDED, 79.50 PENDING")
	})
	t.Run("before its money", func(t *testing.T) {
		patient, consultation, reference := unpaid(c)
		wantOutcome(t, returned(c, reference, "500.00", "INR"), 202, payment.AmountMismatch)
		same(t, "the list", unmatched(c, admin, reference), "REFUND 500.00 INR EXCEEDS_CAPTURE WAITING [CLOSE]")
		wantOutcome(t, paid(c, reference, "500.00", "INR"), 200, payment.Captured)
		same(t, "the list", unmatched(c, admin, reference), "REFUND 500.00 INR EXCEEDS_CAPTURE MATCHED []")
		cancel(c, patient, consultation).Want(200)
		same(t, "refunds", refundsOf(c, patient, consultation), "500.00 SUCCEEDED")
	})
	t.Run("of mismatched money", func(t *testing.T) {
		patient, consultation, reference := unpaid(c)
		wantOutcome(t, returned(c, reference, "30.00", "USD"), 202, payment.AmountMismatch)
		wantOutcome(t, paid(c, reference, "500.00", "USD"), 202, payment.AmountMismatch)
		same(t, "refunds", refundsOf(c, patient, consultation), "30.00 SUCCEEDED, 470.00 PENDING")
		wantOutcome(t, returned(c, reference, "100.00", "USD"), 200, payment.Refunded)
		wantOutcome(t, returned(c, reference, "370.00", "USD"), 200, payment.Refunded)
		same(t, "refunds", refundsOf(c, patient, consultation),
			"30.00 SUCCEEDED, 470.00 FAILED superseded, 100.00 SUCCEEDED, 370.00 SUCCEEDED")
		if got := unmatched(c, admin, reference); !strings.Contains(got,
			"PAYMENT 500.00 USD WRONG_CURRENCY RETURNED []") {
			t.Errorf("the list is %q", got)
		}
	})
	c.CheckInvariants()
}

func resolve(c *apptest.Clinic, who apptest.User, id, action string) *apptest.Answer {
	return c.Post(who, "admin/unmatched-money/"+id+"/resolve",
		object{"action": action, "reason": "Nobody knows this reference"})
}

func TestMoneyOfNoAttempt(t *testing.T) {
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
	wantOutcome(t, paid(c, "stub_lost", "77.00", "usd"), 202, payment.UnknownReference)
	wantOutcome(t, paid(c, "stub_lost", "77.00", "USD"), 202, payment.UnknownReference) // the same money
	lost, _ := only("stub_lost")["id"].(string)
	resolve(c, c.Support(), lost, "REFUND").Want(403, "forbidden")
	resolve(c, admin, uuid.NewString(), "CLOSE").Want(404, "not-found")
	c.Post(admin, "admin/unmatched-money/"+lost+"/resolve", object{"action": "KEEP", "reason": "x"}).Want(422)
	c.Post(admin, "admin/unmatched-money/"+lost+"/resolve", object{"action": "CLOSE", "reason": "..."}).Want(422)
	c.Clock.Advance(5*time.Minute + time.Second)
	resolve(c, admin, lost, "REFUND").Want(403, "mfa-required")
	c.Prove(admin)
	got := statuses(atOnce(4, func(int) *apptest.Answer { return resolve(c, admin, lost, "REFUND") }))
	if got[200] != 1 || got[409] != 3 {
		t.Errorf("four decisions at once: %v", got)
	}
	eventually(t, "returned", func() bool { return only("stub_lost")["status"] == "RETURNED" })
	if u := only("stub_lost"); u["resolvedBy"] != admin.ID.String() ||
		u["resolution"] != "Nobody knows this reference" {
		t.Errorf("resolved: %v", u)
	}
	if n := count(t, c, "SELECT count(*) FROM audit_logs WHERE action = 'unmatched-money.refund' AND entity_id = "+
		"$1 AND actor_id = $2", lost, admin.ID); n != 1 {
		t.Errorf("%d rows of the decision", n)
	}
	if n := count(t, c, "SELECT count(*) FROM refunds WHERE unmatched_id = $1 AND status = 'SUCCEEDED' AND amount "+
		"= 77 AND currency = 'USD'", lost); n != 1 {
		t.Errorf("%d refunds", n)
	}
	// What was given back at the provider needs nobody; what can't be sent back can be closed.
	wantOutcome(t, paid(c, "stub_back", "10.00", "INR"), 202, payment.UnknownReference)
	wantOutcome(t, returned(c, "stub_back", "10.00", "INR"), 200, payment.Refunded)
	same(t, "the list", unmatched(c, admin, "stub_back"), "PAYMENT 10.00 INR UNKNOWN_REFERENCE RETURNED []")
	wantOutcome(t, returned(c, "stub_only", "10.00", "INR"), 202, payment.UnknownReference)
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
	// Events without money are in no list.
	wantOutcome(t, c.Report("payment.failed", "stub_failed", "10.00"), 202, payment.UnknownReference)
	wantOutcome(t, c.Report("refund.failed", "stub_failed", "10.00"), 202, payment.UnknownReference)
	same(t, "the list", unmatched(c, admin, "stub_failed"), "")
	c.CheckInvariants()
}

func TestUnmatchedMoneyInPages(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	admin := c.Admin()
	for i := range 5 {
		paid(c, fmt.Sprint("stub_", i), "1.00", "INR").Want(202)
		returned(c, fmt.Sprint("other_", i), "1.00", "INR").Want(202)
	}
	seen, cursor := map[any]bool{}, ""
	for range 3 {
		a := c.Get(admin, "admin/unmatched-money?status=WAITING&kind=PAYMENT&limit=2"+cursor).Want(200)
		for _, u := range a.Items() {
			seen[u["id"]] = u["kind"] == "PAYMENT"
		}
		cursor = "&cursor=" + a.Text("nextCursor")
	}
	if len(seen) != 5 || cursor != "&cursor=" {
		t.Errorf("pages hold %v, then %q", seen, cursor)
	}
	for filter, n := range map[string]int{"": 10, "?status=CLOSED": 0, "?status=CLOSED,WAITING": 10, "?kind=REFUND": 5,
		"?from=2100-01-01T00:00:00Z": 0, "?to=2100-01-01T00:00:00Z": 10, "?transactionReference=stub_3": 1} {
		if got := len(c.Get(admin, "admin/unmatched-money"+filter).Want(200).Items()); got != n {
			t.Errorf("%q lists %d, want %d", filter, got, n)
		}
	}
	c.Get(admin, "admin/unmatched-money?status=LOST").Want(422)
	c.Get(admin, "admin/unmatched-money?cursor=AAAA").Want(422)
	c.Get(admin, "admin/unmatched-money?from=2030-01-02T00:00:00Z&to=2030-01-01T00:00:00Z").Want(422)
}

func TestListOfRefunds(t *testing.T) {
	t.Parallel()
	c := still(t)
	support, admin := c.Support(), c.Admin()
	_, consultation, id, reference := captured(t, c)
	asked := askBack(c, support, id, "10.00").Want(201).Text("id")
	approve(c, admin, askBack(c, support, id, "20.00").Want(201).Text("id")).Want(200)
	returned(c, reference, "30.00", "INR").Want(200)
	for who, name := range map[*apptest.User]string{&support: "support", &admin: "the administrator"} {
		waiting := c.Get(*who, "refunds?status=REQUESTED").Want(200).Items()
		if len(waiting) != 1 || waiting[0]["id"] != asked || waiting[0]["consultationId"] != consultation ||
			waiting[0]["paymentId"] != id ||
			waiting[0]["requestedBy"] != support.ID.String() {
			t.Errorf("%s sees %v", name, waiting)
		}
		first := c.Get(*who, "refunds?limit=2").Want(200)
		rest := c.Get(*who, "refunds?limit=2&cursor="+first.Text("nextCursor")).Want(200)
		if len(first.Items()) != 2 || len(rest.Items()) != 1 || first.Items()[0]["atProvider"] != true ||
			rest.Text("nextCursor") != "" {
			t.Errorf("%s sees %s, then %s", name, first.Body, rest.Body)
		}
	}
	c.Get(support, "refunds?status=ASKED").Want(422)
	c.Get(c.Patient(), "refunds").Want(403, "forbidden")
}

// Whatever the order in which a provider reports the same things, and with what of ours between, the end is the same:
// what was asked confirms, everything else goes back once, and nothing twice.
func TestEveryOrderOfReports(t *testing.T) {
	t.Parallel()
	c := still(t)
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
		atOnce := r.IntN(2) == 0
		for _, i := range r.Perm(len(reports)) {
			e, id := reports[i], uuid.NewString()
			send := func() {
				for range 2 { // each comes twice, under its own id
					for a := c.Webhook(id, apptest.Event(e.kind, reference, e.amount, e.currency)); a.Status == 503; {
						a = c.Webhook(id, apptest.Event(e.kind, reference, e.amount, e.currency))
					}
				}
			}
			if atOnce {
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

func TestRefundAtTheProviderRacesOurs(t *testing.T) {
	t.Parallel()
	c := still(t)
	support, admin := c.Support(), c.Admin()
	for range 8 {
		_, consultation, id, reference := captured(t, c)
		refund := askBack(c, support, id, "400.00").Want(201).Text("id")
		answers := atOnce(4, func(i int) *apptest.Answer {
			switch i {
			case 0:
				return cancel(c, admin, consultation)
			case 1:
				return approve(c, admin, refund)
			default:
				return returned(c, reference, "200.00", "INR")
			}
		})
		for _, i := range []int{0, 2, 3} {
			answers[i].Want(200)
		}
		if n := count(t, c, `SELECT sum(r.amount)::int FROM refunds r JOIN payments p ON p.id = r.payment_id
			WHERE p.consultation_id = $1 AND r.status IN ('PENDING', 'SUCCEEDED')`, consultation); n != 500 {
			t.Errorf("%d goes back of 500", n)
		}
		c.CheckInvariants()
	}
}
