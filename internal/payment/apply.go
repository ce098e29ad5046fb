package payment

import (
	"context"
	"fmt"

	"amrutam/internal/access"
	"amrutam/internal/postgres"
)

// ApplyEvent changes the payment as a recorded event says, and stores the outcome. The caller has locked the event's
// consultation.
func (s *Service) ApplyEvent(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	recorded RecordedEvent) (Outcome, error) {
	e := recorded.Event
	row, err := lockPayment(ctx, tx, recorded.ConsultationID)
	if err != nil {
		return "", fmt.Errorf("lock the payment: %w", err)
	}
	attempt, err := lockAttempt(ctx, tx, recorded.attemptID)
	if err != nil {
		return "", fmt.Errorf("lock the attempt: %w", err)
	}
	out := UnknownType
	switch e.Type {
	case EventSucceeded:
		out, err = s.applySuccess(ctx, tx, actor, e, row, attempt)
	case EventFailed:
		out, err = applyFailure(ctx, tx, e, row, attempt)
	case EventRefundSucceeded, EventRefundFailed:
		out, err = s.applyRefund(ctx, tx, actor, e, &row, &attempt)
	}
	if err != nil {
		return "", err
	}
	return out, s.storeOutcome(ctx, tx, e, out)
}

// applySuccess captures the attempt's money. A payment that had succeeded before is refunded what came twice.
func (s *Service) applySuccess(ctx context.Context, tx *postgres.Tx, actor access.Actor, e Event, row PaymentRow,
	a PaymentAttempt) (Outcome, error) {
	if e.Amount == nil || e.Currency == nil || *e.Amount != a.Amount || *e.Currency != a.Currency {
		return s.applyMismatch(ctx, tx, actor, e, row, a)
	}
	if a.Captured > 0 {
		return Unchanged, nil
	}
	dueBalance := a.IsBalance && a.Status == StatusInitiated
	a.Captured, a.Status, a.FailureReason = a.Amount, StatusSuccess, nil
	if dueBalance {
		return s.captureBalance(ctx, tx, actor, e, row, a)
	}
	if row.Status == StatusSuccess {
		const reason = "paid twice"
		a.Status, a.FailureReason = StatusFailed, new(reason)
		if err := saveAttempt(ctx, tx, a); err != nil {
			return "", err
		}
		if err := s.matchAttempt(ctx, tx, actor, e, row, a); err != nil {
			return "", err
		}
		return Surplus, s.refundAttempts(ctx, tx, actor, row, reason, a.ID)
	}
	if err := supersedeAttempts(ctx, tx, tx.Now, row.ID, a.ID); err != nil {
		return "", fmt.Errorf("supersede the other attempts: %w", err)
	}
	if err := saveAttempt(ctx, tx, a); err != nil {
		return "", err
	}
	if err := savePayment(ctx, tx, row, a); err != nil {
		return "", err
	}
	return Captured, s.matchAttempt(ctx, tx, actor, e, row, a)
}

// applyFailure ends the open attempt. A failure that is reported after anything else changes nothing.
func applyFailure(ctx context.Context, tx *postgres.Tx, e Event, row PaymentRow, a PaymentAttempt) (Outcome, error) {
	if a.Status != StatusInitiated || row.Status != StatusInitiated && !a.IsBalance {
		return Unchanged, nil
	}
	a.Status, a.FailureReason = StatusFailed, e.failureReason()
	if a.IsBalance { // the fee stays paid
		return Failed, saveAttempt(ctx, tx, a)
	}
	if err := saveAttempt(ctx, tx, a); err != nil {
		return "", err
	}
	return Failed, savePayment(ctx, tx, row, a)
}

// matchAttempt matches the refunds of an attempt's money that were reported before it.
func (s *Service) matchAttempt(ctx context.Context, tx *postgres.Tx, actor access.Actor, e Event, row PaymentRow,
	a PaymentAttempt) error {
	l, err := lockLedger(ctx, tx, e, &row, &a)
	if err != nil {
		return err
	}
	return s.matchEarlyRefunds(ctx, tx, actor, &l)
}

// saveAttempt stores the attempt's status, what it captured and why it failed.
func saveAttempt(ctx context.Context, tx *postgres.Tx, a PaymentAttempt) error {
	err := updateAttempt(ctx, tx, updateAttemptParams{ID: a.ID, Status: a.Status, Captured: a.Captured,
		FailureReason: a.FailureReason, Now: tx.Now})
	if err != nil {
		return fmt.Errorf("update the attempt: %w", err)
	}
	return nil
}

// savePayment gives the payment the status of its newest or only successful attempt.
func savePayment(ctx context.Context, tx *postgres.Tx, row PaymentRow, a PaymentAttempt) error {
	err := updatePayment(ctx, tx, updatePaymentParams{ID: row.ID, Status: a.Status, Provider: a.Provider,
		TransactionReference: &a.TransactionReference, Now: tx.Now})
	if err != nil {
		return fmt.Errorf("update the payment: %w", err)
	}
	return nil
}
