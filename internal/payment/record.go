package payment

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/postgres"
)

// RecordedEvent is an event that is stored, with the attempt it is about.
type RecordedEvent struct {
	Event
	// ConsultationID is the consultation to lock before ApplyEvent.
	ConsultationID uuid.UUID
	// Outcome is "" while the event has to be applied.
	Outcome   Outcome
	attemptID uuid.UUID
}

// RecordEvent stores the event and finds its attempt. The event has its Outcome already if the webhook was received
// before, or if no attempt has its reference. Otherwise the caller locks the consultation and calls ApplyEvent: every
// writer locks consultation, payment, attempt in this order.
func (s *Service) RecordEvent(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	e Event) (RecordedEvent, error) {
	recorded := RecordedEvent{Event: e}
	inserted, err := insertWebhook(ctx, tx, insertWebhookParams{Provider: e.Provider, WebhookID: e.WebhookID,
		Type: e.Type, TransactionReference: e.Reference, Amount: e.Amount, Currency: e.Currency, Now: tx.Now})
	if err != nil {
		return RecordedEvent{}, fmt.Errorf("insert the webhook: %w", err)
	}
	if inserted == 0 {
		recorded.Outcome = Duplicate
		return recorded, nil
	}
	attempt, err := findAttempt(ctx, tx, e.Provider, e.Reference)
	if postgres.NoRows(err) {
		if recorded.Outcome, err = s.applyUnknownReference(ctx, tx, actor, e); err != nil {
			return RecordedEvent{}, err
		}
		return recorded, s.storeOutcome(ctx, tx, e, recorded.Outcome)
	}
	if err != nil {
		return RecordedEvent{}, fmt.Errorf("find the attempt of the webhook: %w", err)
	}
	recorded.ConsultationID, recorded.attemptID = attempt.ConsultationID, attempt.ID
	return recorded, nil
}

// storeOutcome stores what the event did, beside the event.
func (s *Service) storeOutcome(ctx context.Context, tx *postgres.Tx, e Event, out Outcome) error {
	tx.AfterCommit(s.Metrics.Payments.WithLabelValues(e.metricType(), string(out)).Inc)
	if err := storeWebhookOutcome(ctx, tx, string(out), e.Provider, e.WebhookID); err != nil {
		return fmt.Errorf("store the outcome of the webhook: %w", err)
	}
	return nil
}
