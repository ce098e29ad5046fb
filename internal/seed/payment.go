package seed

import (
	"encoding/base32"
	"strings"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/consultation"
	"amrutam/internal/payment"
)

// paymentState returns what the consultation says of its payment.
func (b *booking) paymentState() consultation.PaymentState {
	switch last := b.lastAttempt(); {
	case b.happened(b.paid):
		return consultation.PaymentPaid
	case last != nil && (last.failed && b.happened(last.done) || b.isFinal()):
		return consultation.PaymentFailed
	}
	return consultation.PaymentPending
}

// lastAttempt returns the last attempt that was begun by the base date, or nil.
func (b *booking) lastAttempt() *attempt {
	for i := len(b.attempts) - 1; i >= 0; i-- {
		if b.happened(b.attempts[i].at) {
			return &b.attempts[i]
		}
	}
	return nil
}

// paidMoney is the money of a consultation: the attempt that a refund refers to.
type paidMoney struct {
	payment, attempt uuid.UUID
	reference        string
}

// state returns the status of an attempt, why it failed, and when that was stored.
func (a attempt) state(b *booking) (status payment.Status, reason string, at time.Time) {
	switch {
	case b.happened(a.done) && a.failed:
		return payment.StatusFailed, "the card was declined", a.done
	case b.happened(a.done):
		return payment.StatusSuccess, "", a.done
	case b.isFinal():
		return payment.StatusFailed, "the booking ended", b.ended
	}
	return payment.StatusInitiated, "", a.at
}

// addPayment adds the payment, its attempts and what the provider reported.
func (g *generator) addPayment(b *booking) paidMoney {
	money := paidMoney{payment: g.id(b.created)}
	status, updated := payment.StatusInitiated, b.created
	for _, a := range b.attempts {
		if b.happened(a.at) {
			status, updated = g.addAttempt(b, a, &money)
		}
	}
	provider := payment.StubName
	if b.fee == 0 {
		provider, status = "none", payment.StatusSuccess
	}
	t := g.batch.payments
	t.row()
	t.id(money.payment)
	t.id(b.id)
	t.amount(b.fee)
	t.text(currency)
	t.text(string(status))
	t.text(provider)
	t.optionalText(money.reference)
	t.time(b.created)
	t.time(updated)
	return money
}

// addAttempt adds an attempt, and makes it the payment's newest.
func (g *generator) addAttempt(b *booking, a attempt, money *paidMoney) (payment.Status, time.Time) {
	money.attempt = g.id(a.at)
	money.reference = payment.StubName + "_" + base32.StdEncoding.EncodeToString(g.bytes(24)[:20])
	status, reason, updated := a.state(b)
	t := g.batch.attempts
	t.row()
	t.id(money.attempt)
	t.id(money.payment)
	t.text(payment.StubName)
	t.text(money.reference)
	t.amount(b.fee)
	t.text(currency)
	if status == payment.StatusSuccess {
		t.amount(b.fee)
	} else {
		t.amount(0)
	}
	t.text(string(status))
	t.optionalText(reason)
	t.time(a.at)
	t.time(updated)
	g.audit(a.at, g.request(b.patient, a.at), "payment.initiate", "payment", money.payment.String(),
		quoted("consultationId", b.id)+","+quoted("attemptId", money.attempt))
	if !b.happened(a.done) {
		return status, updated
	}
	id := "checkout-" + money.attempt.String()
	if a.failed {
		g.webhook(b, a.done, id, payment.EventFailed, payment.Failed, money.reference)
		return status, updated
	}
	by := g.webhook(b, a.done, id, payment.EventSucceeded, payment.Captured, money.reference)
	g.audit(a.done, by, "consultation.confirm", "consultation", b.id.String(),
		quoted("from", consultation.StatusRequested)+","+quoted("to", consultation.StatusConfirmed))
	g.mailParties(b, "consultation-confirmed")
	if read := a.done.Add(g.between(2*time.Second, time.Minute)); g.chance(0.25) && !read.After(b.base) {
		g.audit(read, g.request(b.patient, read), "consultation.read", "consultation", b.id.String(),
			quoted("patientId", b.patient.id)+`,"healthData":true`)
	}
	return status, updated
}

// webhook adds a report of the provider, and returns the actor of what follows from it.
func (g *generator) webhook(b *booking, at time.Time, id, kind string, outcome payment.Outcome,
	reference string) actor {
	t := g.batch.webhooks
	t.row()
	t.text(payment.StubName)
	t.text(id)
	t.text(kind)
	t.text(reference)
	t.amount(b.fee)
	t.text(currency)
	t.text(string(outcome))
	t.time(at)
	by := actor{job: "payment.webhook", ip: "127.0.0.1", requestID: g.id(at)}
	g.audit(at, by, "payment.webhook", "webhook", payment.StubName+"/"+id, quoted("type", kind))
	return by
}

// addRefund adds the refund of everything. The provider makes it within seconds.
func (g *generator) addRefund(b *booking, money paidMoney) {
	by := g.ender(b)
	reason := "the doctor was absent"
	if b.isCancelled() {
		reason = "cancelled by the " + strings.ToLower(string(b.canceller()))
	}
	done := b.ended.Add(g.between(200*time.Millisecond, 3*time.Second))
	if done.After(b.base) {
		done = b.base
	}
	id := g.id(b.ended)
	t := g.batch.refunds
	t.row()
	t.id(id)
	t.id(money.payment)
	t.id(money.attempt)
	t.amount(b.fee)
	t.text(currency)
	t.text(reason)
	t.text(string(payment.RefundStatusSucceeded))
	t.optionalID(by.id)
	t.time(b.ended)
	t.time(done)
	g.audit(b.ended, by, "refund.open", "refund", id.String(),
		quoted("paymentId", money.payment)+","+quoted("amount", b.fee)+","+quoted("currency", currency))
	reporter := g.webhook(b, done, "refund-"+id.String(), payment.EventRefundSucceeded, payment.Refunded,
		money.reference)
	g.audit(done, reporter, "refund.succeed", "refund", id.String(), quoted("paymentId", money.payment))
	g.mail(done, b.patient.id, "refund-sent")
}
