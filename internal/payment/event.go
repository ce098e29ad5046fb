package payment

import (
	"github.com/danielgtaylor/huma/v2"

	"amrutam/internal/httpapi"
	"amrutam/internal/money"
)

// Event is what a provider reports in a webhook whose signature is verified.
type Event struct {
	Provider string
	// WebhookID is the same whenever the provider repeats the message, and no other message has it: a second one with
	// it has no effect. Valid UTF-8, at most 255 bytes. A provider whose signature doesn't cover its message id
	// (Razorpay) uses a digest of the body instead.
	WebhookID string
	// Type is one of the types below, or the provider's own name of what has no effect here: at most 100 plain
	// characters.
	Type string
	// Reference is the attempt's, as BeginAttempt gave it, or what else the money came with: at most 200 plain
	// characters; "" when the message names none.
	Reference string
	// Amount and Currency of the money that moved; nil when the provider doesn't say.
	Amount   *money.Amount
	Currency *string
	// RefundID names a refund: by the id that Refund was called with, where it was, else by the provider's own. nil
	// when the provider doesn't say. At most 200 characters.
	RefundID *string
	// FailureReason is for people, cleaned by httpapi.Readable; "" when there is none.
	FailureReason string
}

// The types of events.
const (
	EventSucceeded       = "payment.succeeded"
	EventFailed          = "payment.failed"
	EventRefundSucceeded = "refund.succeeded"
	EventRefundFailed    = "refund.failed"
)

// hasAmountAndCurrency reports whether the event says how much moved, in which currency.
func (e Event) hasAmountAndCurrency() bool {
	return e.Amount != nil && *e.Amount > 0 && e.Currency != nil
}

// failureReason returns nil if the provider gave no reason.
func (e Event) failureReason() *string {
	if e.FailureReason == "" {
		return nil
	}
	return &e.FailureReason
}

// metricType returns the label of the event's type: types that providers make up must not become labels.
func (e Event) metricType() string {
	switch e.Type {
	case EventSucceeded, EventFailed, EventRefundSucceeded, EventRefundFailed:
		return e.Type
	}
	return "other"
}

// Outcome says what an event did. It is stored with the event and is the answer to the provider.
type Outcome string

// The outcomes.
const (
	Duplicate        Outcome = "duplicate"         // the webhook id was received before
	UnknownReference Outcome = "unknown-reference" // no attempt has the reference: listed for reconciliation
	AmountMismatch   Outcome = "amount-mismatch"   // not the amount asked for: refunded, or listed for reconciliation
	UnknownType      Outcome = "unknown-type"
	Captured         Outcome = "captured" // the payment is SUCCESS
	Surplus          Outcome = "surplus"  // paid a second time: it is refunded
	Failed           Outcome = "failed"   // the payment is FAILED
	Refunded         Outcome = "refunded"
	RefundFailed     Outcome = "refund-failed" // another refund follows
	Unchanged        Outcome = "unchanged"     // late or repeated
)

// Schema lists the outcomes.
func (Outcome) Schema(r huma.Registry) *huma.Schema {
	return httpapi.Enum(r, "WebhookOutcome", "What came of a provider's report", Duplicate, UnknownReference,
		AmountMismatch, UnknownType, Captured, Surplus, Failed, Refunded, RefundFailed, Unchanged)
}
