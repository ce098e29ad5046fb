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

// initiate starts a payment attempt.
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
			if replay, isReplay := m.predictReplay(k, "payments/initiate", body, now); isReplay {
				return replay
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

// webhook sends a webhook of the provider: a correct one, or one with wrong data, a wrong time or a wrong signature,
// or a repeated one.
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
		delete(data, missing)
		if missing == "amount" {
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
	answer := m.Do(apptest.User{}, "POST", "payments/webhook/stub", body,
		"Webhook-Id", id,
		"Webhook-Timestamp", fmt.Sprint(at.Unix()),
		"Webhook-Signature", signature)
	want := 200
	var outcome string
	switch {
	case forged || stale:
		if got := resultOf(answer); got != (result{401, "invalid-signature"}) {
			t.Fatalf("a webhook without a valid signature: %v", got)
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
	var stored string
	err := m.DB.Pool.QueryRow(context.Background(), "SELECT outcome FROM payment_webhooks WHERE webhook_id = $1", id).
		Scan(&stored)
	if err != nil || stored != outcome {
		t.Fatalf("the stored outcome is %q (%v), want %s", stored, err, outcome)
	}
}

// overdue reports whether the time to pay was over when the server handled a request, at an instant after before.
func (m *model) overdue(b *booking, before time.Time) bool {
	if b.status != "REQUESTED" || b.due.After(m.DB.Now()) {
		return false
	}
	if !b.due.After(before) {
		return true
	}
	// It became due during the request: only the server knows whether before or after.
	return m.Get(m.support, "consultations/"+b.id).Text("status") == "CANCELLED"
}

// apply applies an event to the model and returns its outcome. amount is nil and currency "" if the event doesn't have
// them.
func (a *attempt) apply(event string, amount *money.Amount, currency string, overdue bool) string {
	b := a.booking
	complete := amount != nil && currency != ""
	switch event {
	case "payment.succeeded":
		if !complete || *amount != b.fee || currency != "INR" {
			return a.applyMismatch(amount, currency)
		}
		if a.captured {
			return "unchanged"
		}
		a.captured = true
		expected := &receipt{*amount, currency, true}
		a.receipts = append(a.receipts, expected)
		a.matchEarlyRefunds(currency)
		if b.payment == "SUCCESS" {
			a.status = "FAILED"
			b.addRefund(expected, expected.amount-b.refundTotal(expected, "SUCCEEDED"))
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
		if !complete {
			return "amount-mismatch"
		}
		return a.applyRefund(event, *amount, currency)
	default:
		return "unknown-type"
	}
}

// applyMismatch applies a payment of another amount or currency: it confirms nothing, and is refunded.
func (a *attempt) applyMismatch(amount *money.Amount, currency string) string {
	if amount == nil || currency == "" {
		a.hasUnexpected = true
		return "amount-mismatch"
	}
	unexpected := 0
	for _, s := range a.receipts {
		if s.expected {
			continue
		}
		if s.amount == *amount && s.currency == currency {
			return "unchanged"
		}
		unexpected++
	}
	a.hasUnexpected = true
	s := &receipt{*amount, currency, false}
	a.receipts = slices.Insert(a.receipts, unexpected, s)
	a.matchEarlyRefunds(currency)
	a.booking.addRefund(s, s.amount-a.booking.refundTotal(s, "SUCCEEDED"))
	return "amount-mismatch"
}

// matchEarlyRefunds applies the refunds that were reported before their payment, if the receipts are now enough.
func (a *attempt) matchEarlyRefunds(currency string) {
	a.earlyRefunds = slices.DeleteFunc(a.earlyRefunds, func(e receipt) bool {
		var available money.Amount
		for _, s := range a.receipts {
			if s.currency == currency {
				available += s.amount - a.booking.refundTotal(s, "SUCCEEDED")
			}
		}
		if e.currency != currency || e.amount > available {
			return false
		}
		a.applyProviderRefund(e.amount, currency)
		return true
	})
}

// applyRefund applies a refund event and returns its outcome.
func (a *attempt) applyRefund(event string, amount money.Amount, currency string) string {
	b := a.booking
	known := false
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
	excess := a.applyProviderRefund(amount, currency)
	if excess == amount && known {
		return "unchanged"
	}
	if excess > 0 {
		a.earlyRefunds = append(a.earlyRefunds, receipt{amount: excess, currency: currency})
	}
	if excess == amount {
		return "amount-mismatch"
	}
	return "refunded"
}

// applyProviderRefund applies a refund that was made at the provider, and reduces pending refunds of the same money.
// It returns the amount that exceeds the receipts.
func (a *attempt) applyProviderRefund(amount money.Amount, currency string) (remaining money.Amount) {
	b := a.booking
	remaining = amount
	var exact, others []*receipt
	for _, s := range a.receipts {
		switch available := s.amount - b.refundTotal(s, "SUCCEEDED"); {
		case s.currency != currency:
		case available == amount:
			exact = append(exact, s)
		default:
			others = append(others, s)
		}
	}
	for _, s := range append(exact, others...) {
		part := min(remaining, s.amount-b.refundTotal(s, "SUCCEEDED"))
		if part <= 0 {
			continue
		}
		remaining -= part
		b.refunds = append(b.refunds, &refund{receipt: s, amount: part, status: "SUCCEEDED"})
		excess := b.refundTotal(s, "SUCCEEDED") + b.refundTotal(s, "PENDING") - s.amount
		for _, r := range b.refunds {
			if r.receipt == s && r.status == "PENDING" && excess > 0 {
				r.status = "FAILED"
				b.addRefund(s, r.amount-excess)
				break
			}
		}
	}
	return remaining
}

// capturedText returns the captured amount and its currency as the API shows them. Money of another currency is shown
// only if the attempt has none in INR.
func (a *attempt) capturedText() string {
	hasExpected := slices.ContainsFunc(a.receipts, func(r *receipt) bool { return r.expected })
	total := receipt{currency: "INR"}
	for _, s := range a.receipts {
		switch {
		case s.currency == total.currency:
			total.amount += s.amount
		case s.currency != "INR" && total.amount == 0 && !hasExpected:
			total = receipt{amount: s.amount, currency: s.currency}
		}
	}
	return total.amount.String() + " " + total.currency
}

// compareMoney compares the API's payment, attempts and refunds with the model's.
func (b *booking) compareMoney(t *rapid.T, a *apptest.Answer, actor apptest.User) {
	var got, want []string
	list := func(name string) (items []object) {
		all, _ := a.At(name).([]any)
		for _, one := range all {
			item, _ := one.(object)
			items = append(items, item)
		}
		return items
	}
	got = append(got, a.Text("status"))
	want = append(want, b.payment)
	for _, item := range list("attempts") {
		got = append(got, fmt.Sprintf("%s %s %s %s",
			item["transactionReference"], item["status"], item["captured"], item["capturedCurrency"]))
	}
	if actor.Role != access.RoleDoctor {
		for _, attempt := range b.attempts {
			want = append(want, fmt.Sprintf("%s %s %s", attempt.reference, attempt.status, attempt.capturedText()))
		}
	}
	for _, item := range list("refunds") {
		got = append(got, fmt.Sprintf("%s %s", item["amount"], item["status"]))
	}
	for _, refund := range b.refunds {
		want = append(want, fmt.Sprintf("%s %s", refund.amount, refund.status))
	}
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Fatalf("the money is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
