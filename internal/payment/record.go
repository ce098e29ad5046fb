package payment

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/money"
	"amrutam/internal/postgres"
)

// Event is what a provider reports, its signature checked.
type Event struct {
	Provider  string
	WebhookID string
	Type      string
	Reference string
	Amount    *money.Amount
	Currency  *string
	// RefundID names the refund it is about as we asked for it; nil when the provider doesn't say.
	RefundID      *string
	FailureReason string
}

// The types of events.
const (
	EventSucceeded       = "payment.succeeded"
	EventFailed          = "payment.failed"
	EventRefundSucceeded = "refund.succeeded"
	EventRefundFailed    = "refund.failed"
)

// Outcome says what came of an event; it is stored beside it and answered to the provider.
type Outcome string

// The outcomes.
const (
	Duplicate        Outcome = "duplicate"         // this webhook id was taken before
	UnknownReference Outcome = "unknown-reference" // kept for reconciliation
	AmountMismatch   Outcome = "amount-mismatch"   // not what was asked: it goes back, or waits for reconciliation
	UnknownType      Outcome = "unknown-type"
	Captured         Outcome = "captured" // the payment is now SUCCESS
	Surplus          Outcome = "surplus"  // paid although paid before: it is given back
	Failed           Outcome = "failed"   // the payment is now FAILED
	Refunded         Outcome = "refunded"
	RefundFailed     Outcome = "refund-failed" // a new refund was begun
	Unchanged        Outcome = "unchanged"     // late or repeated: the state stays
)

// refundAgainAfter a provider refused a refund.
const refundAgainAfter = time.Hour

// RecordEvent stores the event and finds the consultation it is about. done is true when there is nothing more to do:
// it came before, or belongs to no attempt. The caller locks that consultation and goes on with Apply: every writer
// locks consultation, payment, attempt in that order.
func (s *Service) RecordEvent(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	e Event) (consultationID uuid.UUID, out Outcome, done bool, err error) {
	fresh, err := insertWebhook(ctx, tx, insertWebhookParams{Provider: e.Provider, WebhookID: e.WebhookID,
		Type: e.Type, TransactionReference: e.Reference, Amount: e.Amount, Currency: e.Currency, Now: tx.Now})
	if err != nil {
		return uuid.Nil, "", false, err
	}
	if fresh == 0 {
		return uuid.Nil, Duplicate, true, nil
	}
	attempt, err := findAttempt(ctx, tx, e.Provider, e.Reference)
	if postgres.NoRows(err) {
		if out, err = s.stray(ctx, tx, actor, e); err != nil {
			return uuid.Nil, "", false, err
		}
		return uuid.Nil, out, true, s.Settle(ctx, tx, e, out)
	}
	return attempt.ConsultationID, "", false, err
}

// Settle stores what came of the event.
func (s *Service) Settle(ctx context.Context, tx *postgres.Tx, e Event, out Outcome) error {
	tx.AfterCommit(s.Metrics.Payments.WithLabelValues(knownType(e.Type), string(out)).Inc)
	return settleWebhook(ctx, tx, string(out), e.Provider, e.WebhookID)
}

func knownType(t string) string {
	switch t {
	case EventSucceeded, EventFailed, EventRefundSucceeded, EventRefundFailed:
		return t
	}
	return "other"
}

// ApplyEvent moves the payment, whose consultation is locked, as the event says.
func (s *Service) ApplyEvent(ctx context.Context, tx *postgres.Tx, actor access.Actor, e Event,
	consultationID uuid.UUID) (Outcome, error) {
	row, err := lockPayment(ctx, tx, consultationID)
	if err != nil {
		return "", err
	}
	found, err := findAttempt(ctx, tx, e.Provider, e.Reference)
	if err != nil {
		return "", err
	}
	attempt, err := lockAttempt(ctx, tx, found.ID)
	if err != nil {
		return "", err
	}
	switch e.Type {
	case EventSucceeded:
		return s.succeed(ctx, tx, actor, e, row, attempt)
	case EventFailed:
		return s.fail(ctx, tx, e, row, attempt)
	case EventRefundSucceeded, EventRefundFailed:
		return s.settleRefund(ctx, tx, actor, e, &row, &attempt)
	default:
		return UnknownType, nil
	}
}

func (s *Service) succeed(ctx context.Context, tx *postgres.Tx, actor access.Actor, e Event, row PaymentRow,
	a PaymentAttempt) (Outcome, error) {
	if e.Amount == nil || e.Currency == nil || *e.Amount != a.Amount || *e.Currency != a.Currency {
		return s.mismatch(ctx, tx, actor, e, row, a)
	}
	if a.Captured > 0 {
		return Unchanged, nil
	}
	a.Captured = a.Amount
	update := updateAttemptParams{ID: a.ID, Status: StatusSuccess, Captured: a.Amount, Now: tx.Now}
	if row.Status == StatusSuccess {
		reason := "paid twice"
		update.Status, update.FailureReason = StatusFailed, &reason
		return Surplus, errors.Join(updateAttempt(ctx, tx, update), s.matchEarly(ctx, tx, actor, e, row, a),
			s.refund(ctx, tx, actor, row, "paid twice", a.ID))
	}
	return Captured, errors.Join(
		supersedeAttempts(ctx, tx, tx.Now, row.ID, a.ID),
		updateAttempt(ctx, tx, update),
		updatePayment(ctx, tx, updatePaymentParams{ID: row.ID, Status: StatusSuccess,
			Provider:             a.Provider,
			TransactionReference: &a.TransactionReference, Now: tx.Now}),
		s.matchEarly(ctx, tx, actor, e, row, a))
}

// matchEarly records the refunds of an attempt's money that were reported before it.
func (s *Service) matchEarly(ctx context.Context, tx *postgres.Tx, actor access.Actor, e Event, row PaymentRow,
	a PaymentAttempt) error {
	l, err := e.open(ctx, tx, &row, &a)
	if err != nil {
		return err
	}
	return s.matchWaiting(ctx, tx, actor, &l)
}

func (s *Service) fail(ctx context.Context, tx *postgres.Tx, e Event, row PaymentRow, a PaymentAttempt) (Outcome,
	error) {
	if a.Status != StatusInitiated || row.Status != StatusInitiated {
		return Unchanged, nil
	}
	return Failed, errors.Join(
		updateAttempt(ctx, tx, updateAttemptParams{ID: a.ID, Status: StatusFailed,
			FailureReason: reasonOf(e), Now: tx.Now}),
		updatePayment(ctx, tx, updatePaymentParams{ID: row.ID, Status: StatusFailed,
			Provider: a.Provider, TransactionReference: &a.TransactionReference, Now: tx.Now}))
}

func reasonOf(e Event) *string {
	if e.FailureReason == "" {
		return nil
	}
	return &e.FailureReason
}
