package property_test

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
)

// initiate begins to pay.
func (w *world) initiate(t *rapid.T) {
	b := pick(t, "booking", w.bookings)
	who := w.anyone(t, b.patient)
	k := w.key(t, who)
	body := text(object{"consultationId": b.id})
	a := w.check(t, "initiate", func() *apptest.Answer { return w.post(who, "payments/initiate", k.key, body) }, func(now time.Time) verdict {
		switch {
		case who.Role != access.RolePatient:
			return forbidden
		case k.key == "":
			return verdict{400, "idempotency-key-required"}
		}
		if v, done := w.replay(k, "payments/initiate", body, now); done {
			return v
		}
		switch {
		case who.ID != b.patient.ID:
			return notFound
		case b.payment == "SUCCESS":
			return conflict("already-paid")
		case b.status != "REQUESTED", !b.due.After(now):
			return illegal
		}
		return verdict{status: 201}
	})
	if !w.store(t, k, "payments/initiate", body, a) {
		return
	}
	reference := a.Text("attempt", "transactionReference")
	for _, open := range b.attempts {
		if open.status == "INITIATED" {
			if open.reference != reference {
				t.Fatalf("a second attempt is open: %s", a.Body)
			}
			return
		}
	}
	b.attempts = append(b.attempts, &attempt{reference: reference, status: "INITIATED", of: b})
	b.payment = "INITIATED"
}

// webhook is the provider: right, wrong, late, forged, and again.
func (w *world) webhook(t *rapid.T) {
	var all []*attempt
	for _, b := range w.bookings {
		all = append(all, b.attempts...)
	}
	a := pick(t, "attempt", all)
	event := pick(t, "event", []string{"payment.succeeded", "payment.succeeded", "payment.succeeded", "payment.failed", "payment.failed",
		"refund.succeeded", "refund.failed", "payment.disputed"})
	data := object{"transactionReference": a.reference, "amount": a.of.fee, "currency": "INR"}
	id, at, known, right := uuid.NewString(), w.Clock.Now(), true, true
	forged, stale, again := false, false, false
	switch dice(t, "variant", 20) {
	case 0:
		data["transactionReference"], known = "stub_"+uuid.NewString(), false
	case 1:
		data["amount"], right = a.of.fee+1, false
	case 2:
		data["currency"], right = "USD", false
	case 3:
		delete(data, pick(t, "missing", []string{"amount", "currency"}))
		right = false
	case 4:
		forged = true
	case 5:
		at, stale = at.Add(time.Duration(pick(t, "age", []int{-6, 6}))*time.Minute), true
	case 6:
		if len(w.webhooks) > 0 {
			id, again = pick(t, "again", w.webhooks), true
		}
	}
	body := []byte(text(object{"type": event, "data": data}))
	signature := w.Sign(id, at, body)
	if forged {
		signature = w.Sign(id, at, append(body, ' '))
	}
	before := w.DB.Now()
	answer := w.Do(apptest.User{}, "POST", "payments/webhook/stub", body, "Webhook-Id", id, "Webhook-Timestamp", fmt.Sprint(at.Unix()), "Webhook-Signature", signature)
	want := 200
	var outcome string
	switch {
	case forged || stale:
		if got := verdictOf(answer); got != (verdict{401, "invalid-signature"}) {
			t.Fatalf("a webhook that isn't signed: %v", got)
		}
		return
	case again:
		outcome = "duplicate"
	case !known:
		want, outcome = 202, "unknown-reference"
	default:
		outcome = a.take(event, right, w.overdue(a.of, before))
		if outcome == "amount-mismatch" || outcome == "unknown-type" {
			want = 202
		}
	}
	if answer.Status != want || answer.Text("outcome") != outcome {
		t.Fatalf("%s: status %d %s, want %d %s", event, answer.Status, answer.Body, want, outcome)
	}
	w.met["webhook "+outcome]++
	if again {
		return
	}
	w.webhooks = append(w.webhooks, id)
	var kept string
	if err := w.DB.Pool.QueryRow(context.Background(), "SELECT outcome FROM payment_webhooks WHERE webhook_id = $1", id).Scan(&kept); err != nil || kept != outcome {
		t.Fatalf("kept as %q (%v), want %s", kept, err, outcome)
	}
}

// overdue tells whether a booking was over at an instant between before and now.
func (w *world) overdue(b *booking, before time.Time) bool {
	if b.status != "REQUESTED" || !b.due.After(before) || b.due.After(w.DB.Now()) {
		return b.status == "REQUESTED" && !b.due.After(before)
	}
	return w.Get(w.support, "consultations/"+b.id).Text("status") == "CANCELLED" // it fell due meanwhile
}

// take is what an event does to the model, and its outcome.
func (a *attempt) take(event string, right, overdue bool) string {
	b := a.of
	switch event {
	case "payment.succeeded":
		switch {
		case a.captured:
			return "unchanged"
		case !right:
			return "amount-mismatch"
		case b.payment == "SUCCESS":
			a.status, a.captured = "FAILED", true
			b.refunds = append(b.refunds, &refund{of: a, status: "PENDING"})
			return "surplus"
		}
		for _, o := range b.attempts {
			if o.status == "INITIATED" {
				o.status = "FAILED"
			}
		}
		a.status, a.captured, b.payment = "SUCCESS", true, "SUCCESS"
		switch {
		case overdue:
			b.cancel(apptest.User{}, b.due)
		case b.status == "REQUESTED":
			b.status = "CONFIRMED"
		default:
			b.refundAll()
		}
		return "captured"
	case "payment.failed":
		if a.status != "INITIATED" {
			return "unchanged"
		}
		a.status, b.payment = "FAILED", "FAILED"
		return "failed"
	case "refund.succeeded", "refund.failed":
		return a.takeRefund(event, right)
	default:
		return "unknown-type"
	}
}

func (a *attempt) takeRefund(event string, right bool) string {
	if !right {
		return "amount-mismatch"
	}
	known := false
	for _, r := range a.of.refunds {
		if r.of != a {
			continue
		}
		known = true
		if r.status != "PENDING" {
			continue
		}
		if event == "refund.succeeded" {
			r.status = "SUCCEEDED"
			return "refunded"
		}
		r.status = "FAILED"
		a.of.refunds = append(a.of.refunds, &refund{of: a, status: "PENDING"})
		return "refund-failed"
	}
	if known {
		return "unchanged"
	}
	return "amount-mismatch"
}

// compareMoney the payment, its attempts and its refunds.
func (b *booking) compareMoney(t *rapid.T, a *apptest.Answer, who apptest.User) {
	var got, want []string
	list := func(name string) []any { l, _ := a.At(name).([]any); return l }
	got = append(got, a.Text("status"))
	want = append(want, b.payment)
	for _, one := range list("attempts") {
		m, _ := one.(object)
		got = append(got, fmt.Sprintf("%s %s %s", m["transactionReference"], m["status"], m["captured"]))
	}
	if who.Role != access.RoleDoctor {
		for _, one := range b.attempts {
			captured := "0.00"
			if one.captured {
				captured = b.fee.String()
			}
			want = append(want, fmt.Sprintf("%s %s %s", one.reference, one.status, captured))
		}
	}
	for _, one := range list("refunds") {
		m, _ := one.(object)
		got = append(got, fmt.Sprintf("%s %s", m["amount"], m["status"]))
	}
	for _, one := range b.refunds {
		want = append(want, fmt.Sprintf("%s %s", b.fee, one.status))
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Fatalf("the money is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
