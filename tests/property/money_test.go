package property_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
	"amrutam/internal/money"
)

// initiate begins to pay.
func (m *model) initiate(t *rapid.T) {
	b := pick(t, "booking", m.bookings)
	actor := m.drawActor(t, b.patient)
	k := m.drawKey(t, actor)
	body := encode(object{"consultationId": b.id})
	a := m.check(t, "initiate", func() *apptest.Answer { return m.post(actor, "payments/initiate", k.key, body) },
		func(now time.Time) result {
			switch {
			case actor.Role != access.RolePatient:
				return forbidden
			case k.key == "":
				return result{400, "idempotency-key-required"}
			}
			if v, done := m.predictReplay(k, "payments/initiate", body, now); done {
				return v
			}
			switch {
			case actor.ID != b.patient.ID:
				return notFound
			case b.payment == "SUCCESS" && b.status != "CANCELLED":
				return conflict("already-paid")
			case b.status != "REQUESTED", !b.due.After(now):
				return illegal
			}
			return result{status: 201}
		})
	if !m.storeAnswer(t, k, "payments/initiate", body, a) {
		return
	}
	reference := a.Text("attempt", "transactionReference")
	for _, open := range b.attempts {
		if open.status == "INITIATED" {
			if (open.reference != reference) != open.hasUnexpected {
				t.Fatalf("the open attempt is another one: %s", a.Body)
			}
			if !open.hasUnexpected {
				return
			}
			open.status = "FAILED"
		}
	}
	b.attempts = append(b.attempts, &attempt{reference: reference, status: "INITIATED", booking: b})
	b.payment = "INITIATED"
}

// webhook is the provider: right, wrong, late, forged, and again.
func (m *model) webhook(t *rapid.T) {
	var all []*attempt
	for _, b := range m.bookings {
		all = append(all, b.attempts...)
	}
	a := pick(t, "attempt", all)
	event := pick(t, "event", []string{"payment.succeeded", "payment.succeeded", "payment.succeeded", "payment.failed",
		"payment.failed", "refund.succeeded", "refund.failed", "payment.disputed"})
	data := object{"transactionReference": a.reference, "amount": a.booking.fee, "currency": "INR"}
	id, at, known := uuid.NewString(), m.Clock.Now(), true
	amount, currency := &a.booking.fee, "INR"
	forged, stale, again := false, false, false
	switch draw(t, "variant", 20) {
	case 0:
		data["transactionReference"], known = "stub_"+uuid.NewString(), false
	case 1:
		other := a.booking.fee + 1
		data["amount"], amount = other, &other
	case 2:
		data["currency"], currency = "usd", "USD"
	case 3:
		missing := pick(t, "missing", []string{"amount", "currency"})
		if delete(data, missing); missing == "amount" {
			amount = nil
		} else {
			currency = ""
		}
	case 4:
		forged = true
	case 5:
		at, stale = at.Add(time.Duration(pick(t, "age", []int{-6, 6}))*time.Minute), true
	case 6:
		if len(m.webhooks) > 0 {
			id, again = pick(t, "again", m.webhooks), true
		}
	}
	body := []byte(encode(object{"type": event, "data": data}))
	signature := m.Sign(id, at, body)
	if forged {
		signature = m.Sign(id, at, append(body, ' '))
	}
	before := m.DB.Now()
	answer := m.Do(apptest.User{}, "POST", "payments/webhook/stub", body, "Webhook-Id", id, "Webhook-Timestamp",
		fmt.Sprint(at.Unix()), "Webhook-Signature", signature)
	want := 200
	var outcome string
	switch {
	case forged || stale:
		if got := resultOf(answer); got != (result{401, "invalid-signature"}) {
			t.Fatalf("a webhook that isn't signed: %v", got)
		}
		return
	case again:
		outcome = "duplicate"
	case !known:
		want, outcome = 202, "unknown-reference"
	default:
		outcome = a.apply(event, amount, currency, m.overdue(a.booking, before))
		if outcome == "amount-mismatch" || outcome == "unknown-type" {
			want = 202
		}
	}
	if answer.Status != want || answer.Text("outcome") != outcome {
		t.Fatalf("%s: status %d %s, want %d %s", event, answer.Status, answer.Body, want, outcome)
	}
	m.answerCounts["webhook "+outcome]++
	if again {
		return
	}
	m.webhooks = append(m.webhooks, id)
	var kept string
	if err := m.DB.Pool.QueryRow(context.Background(), "SELECT outcome FROM payment_webhooks WHERE webhook_id = $1",
		id).Scan(&kept); err != nil || kept != outcome {
		t.Fatalf("kept as %q (%v), want %s", kept, err, outcome)
	}
}

// overdue tells whether a booking was over at an instant between before and now.
func (m *model) overdue(b *booking, before time.Time) bool {
	if b.status != "REQUESTED" || !b.due.After(before) || b.due.After(m.DB.Now()) {
		return b.status == "REQUESTED" && !b.due.After(before)
	}
	return m.Get(m.support, "consultations/"+b.id).Text("status") == "CANCELLED" // it fell due meanwhile
}

// apply is what an event does to the model, and its outcome. amount and currency are nil and "" when they weren't said.
func (a *attempt) apply(event string, amount *money.Amount, currency string, overdue bool) string {
	b := a.booking
	said := amount != nil && currency != ""
	switch event {
	case "payment.succeeded":
		if !said || *amount != b.fee || currency != "INR" {
			return a.applyMismatch(amount, currency)
		}
		if a.captured {
			return "unchanged"
		}
		a.captured = true
		own := &receipt{*amount, currency, true}
		a.receipts = append(a.receipts, own)
		a.matchEarlyRefunds(currency)
		if b.payment == "SUCCESS" {
			a.status = "FAILED"
			b.addRefund(own, own.amount-b.refundTotal(own, "SUCCEEDED"))
			return "surplus"
		}
		for _, o := range b.attempts {
			if o.status == "INITIATED" {
				o.status = "FAILED"
			}
		}
		a.status, b.payment = "SUCCESS", "SUCCESS"
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
		if !said {
			return "amount-mismatch"
		}
		return a.applyRefund(event, *amount, currency)
	default:
		return "unknown-type"
	}
}

// applyMismatch confirms nothing and goes back by itself.
func (a *attempt) applyMismatch(amount *money.Amount, currency string) string {
	if amount == nil || currency == "" {
		a.hasUnexpected = true
		return "amount-mismatch"
	}
	at := 0
	for _, s := range a.receipts {
		if !s.expected && s.amount == *amount && s.currency == currency {
			return "unchanged"
		}
		if !s.expected {
			at++
		}
	}
	a.hasUnexpected = true
	s := &receipt{*amount, currency, false}
	a.receipts = slices.Insert(a.receipts, at, s)
	a.matchEarlyRefunds(currency)
	a.booking.addRefund(s, s.amount-a.booking.refundTotal(s, "SUCCEEDED"))
	return "amount-mismatch"
}

// matchEarlyRefunds finds the money of refunds that were reported first.
func (a *attempt) matchEarlyRefunds(currency string) {
	a.earlyRefunds = slices.DeleteFunc(a.earlyRefunds, func(e receipt) bool {
		var room money.Amount
		for _, s := range a.receipts {
			if s.currency == currency {
				room += s.amount - a.booking.refundTotal(s, "SUCCEEDED")
			}
		}
		if e.currency != currency || e.amount > room {
			return false
		}
		a.applyProviderRefund(e.amount, currency)
		return true
	})
}

func (a *attempt) applyRefund(event string, amount money.Amount, currency string) string {
	b, known := a.booking, false
	for _, r := range b.refunds {
		if !slices.Contains(a.receipts, r.receipt) || r.receipt.currency != currency || r.amount != amount {
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
		b.addRefund(r.receipt, amount)
		return "refund-failed"
	}
	if event == "refund.failed" {
		if known {
			return "unchanged"
		}
		return "amount-mismatch"
	}
	over := a.applyProviderRefund(amount, currency)
	if over == amount && known {
		return "unchanged"
	}
	if over > 0 {
		a.earlyRefunds = append(a.earlyRefunds, receipt{amount: over, currency: currency})
	}
	if over == amount {
		return "amount-mismatch"
	}
	return "refunded"
}

// applyProviderRefund is a refund made at the provider: it is taken off what is under way. What exceeds all that came is over.
func (a *attempt) applyProviderRefund(amount money.Amount, currency string) (over money.Amount) {
	b, over := a.booking, amount
	var exact, others []*receipt
	for _, s := range a.receipts {
		switch room := s.amount - b.refundTotal(s, "SUCCEEDED"); {
		case s.currency != currency:
		case room == amount:
			exact = append(exact, s)
		default:
			others = append(others, s)
		}
	}
	for _, s := range append(exact, others...) {
		take := min(over, s.amount-b.refundTotal(s, "SUCCEEDED"))
		if take <= 0 {
			continue
		}
		over -= take
		b.refunds = append(b.refunds, &refund{receipt: s, amount: take, status: "SUCCEEDED"})
		excess := b.refundTotal(s, "SUCCEEDED") + b.refundTotal(s, "PENDING") - s.amount
		for _, r := range b.refunds {
			if r.receipt == s && r.status == "PENDING" && excess > 0 {
				r.status = "FAILED"
				b.addRefund(s, r.amount-excess)
				break
			}
		}
	}
	return over
}

// capturedText is what the attempt says that came.
func (a *attempt) capturedText() string {
	all := receipt{currency: "INR"}
	for _, s := range a.receipts {
		switch {
		case s.currency == all.currency:
			all.amount += s.amount
		case s.currency != "INR" && all.amount == 0 &&
			!slices.ContainsFunc(a.receipts, func(o *receipt) bool { return o.expected }):
			all = receipt{amount: s.amount, currency: s.currency}
		}
	}
	return all.amount.String() + " " + all.currency
}

// compareMoney the payment, its attempts and its refunds.
func (b *booking) compareMoney(t *rapid.T, a *apptest.Answer, actor apptest.User) {
	var got, want []string
	list := func(name string) []any { l, _ := a.At(name).([]any); return l }
	got = append(got, a.Text("status"))
	want = append(want, b.payment)
	for _, one := range list("attempts") {
		m, _ := one.(object)
		got = append(got, fmt.Sprintf("%s %s %s %s", m["transactionReference"], m["status"], m["captured"],
			m["capturedCurrency"]))
	}
	if actor.Role != access.RoleDoctor {
		for _, one := range b.attempts {
			want = append(want, fmt.Sprintf("%s %s %s", one.reference, one.status, one.capturedText()))
		}
	}
	for _, one := range list("refunds") {
		m, _ := one.(object)
		got = append(got, fmt.Sprintf("%s %s", m["amount"], m["status"]))
	}
	for _, one := range b.refunds {
		want = append(want, fmt.Sprintf("%s %s", one.amount, one.status))
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Fatalf("the money is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
