package payment

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/money"
	"amrutam/internal/postgres"
)

// applyMismatch lists money that isn't what its attempt asked for, and refunds it. It confirms nothing. Without an
// amount or a currency it can't be refunded and waits for an administrator.
func (s *Service) applyMismatch(ctx context.Context, tx *postgres.Tx, actor access.Actor, e Event, row PaymentRow,
	a PaymentAttempt) (Outcome, error) {
	reason := reasonAmount
	switch {
	case !e.statesMoney():
		reason = reasonIncomplete
	case *e.Currency != a.Currency:
		reason = reasonCurrency
	}
	id, err := recordUnmatched(ctx, tx, actor, e, kindPayment, reason, &row, &a)
	switch {
	case err != nil:
		return "", err
	case id == uuid.Nil:
		return Unchanged, nil
	case !e.statesMoney():
		return AmountMismatch, nil
	}
	l, err := lockLedger(ctx, tx, e, &row, &a)
	if err != nil {
		return "", err
	}
	if err := s.matchEarlyRefunds(ctx, tx, actor, &l); err != nil {
		return "", err
	}
	if left := l.left(receipt{&id, *e.Amount}); left > 0 {
		refund := RefundRow{PaymentID: &row.ID, AttemptID: &a.ID, UnmatchedID: &id, Amount: left,
			Currency: *e.Currency, Reason: "not what was asked"}
		if err := s.openRefund(ctx, tx, actor, refund, 0); err != nil {
			return "", err
		}
	}
	return AmountMismatch, refreshUnmatched(ctx, tx, id)
}

// applyUnknownReference applies an event whose reference no attempt has. Money that came waits for an administrator; a
// refund is matched with such money.
func (s *Service) applyUnknownReference(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	e Event) (Outcome, error) {
	switch e.Type {
	case EventSucceeded:
		id, err := recordUnmatched(ctx, tx, actor, e, kindPayment, reasonUnknown, nil, nil)
		if err != nil || id == uuid.Nil || !e.statesMoney() {
			return UnknownReference, err
		}
		l, err := lockLedger(ctx, tx, e, nil, nil)
		if err != nil {
			return "", err
		}
		if err := s.matchEarlyRefunds(ctx, tx, actor, &l); err != nil {
			return "", err
		}
		return UnknownReference, refreshUnmatched(ctx, tx, id)
	case EventRefundSucceeded, EventRefundFailed:
		return s.applyRefund(ctx, tx, actor, e, nil, nil)
	default:
		return UnknownReference, nil
	}
}

// recordUnmatched lists the money of an event for administrators. row and a are nil if no attempt has the reference.
// Returns uuid.Nil if the same money is listed already.
func recordUnmatched(ctx context.Context, tx *postgres.Tx, actor access.Actor, e Event, kind UnmatchedKind,
	reason UnmatchedReason, row *PaymentRow, a *PaymentAttempt) (uuid.UUID, error) {
	u := insertUnmatchedParams{ID: uuid.Must(uuid.NewV7()), Kind: kind, Reason: reason, Provider: e.Provider,
		WebhookID: e.WebhookID, TransactionReference: e.Reference, Amount: e.Amount, Currency: e.Currency, Now: tx.Now}
	if kind == kindRefund {
		u.ProviderRefundID = e.RefundID
	}
	if a != nil {
		u.PaymentID, u.AttemptID = &row.ID, &a.ID
	}
	inserted, err := insertUnmatched(ctx, tx, u)
	if err != nil {
		return uuid.Nil, fmt.Errorf("insert unmatched money: %w", err)
	}
	if inserted == 0 {
		return uuid.Nil, nil
	}
	audit.Write(tx, actor, "unmatched-money.record", u.ID,
		audit.Meta{"kind": kind, "reason": reason, "paymentId": u.PaymentID})
	return u.ID, nil
}

// matchEarlyRefunds records the refunds that were reported before their money, each if all of it has come.
func (s *Service) matchEarlyRefunds(ctx context.Context, tx *postgres.Tx, actor access.Actor, l *ledger) error {
	for _, u := range l.early {
		var left money.Amount
		for _, rec := range l.receipts {
			left += l.left(rec)
		}
		if *u.Amount > left {
			continue
		}
		if _, err := s.recordProviderRefund(ctx, tx, actor, l,
			providerRefund{*u.Amount, *u.Currency, u.ProviderRefundID}); err != nil {
			return err
		}
		audit.Write(tx, actor, "unmatched-money.match", u.ID, nil)
		if err := matchUnmatched(ctx, tx, tx.Now, u.ID); err != nil {
			return fmt.Errorf("mark a refund as matched: %w", err)
		}
	}
	l.early = nil
	return nil
}

// refreshUnmatched sets the status of unmatched money to what follows from its refunds.
func refreshUnmatched(ctx context.Context, tx *postgres.Tx, id uuid.UUID) error {
	if err := updateUnmatchedStatus(ctx, tx, tx.Now, id); err != nil {
		return fmt.Errorf("update the status of unmatched money: %w", err)
	}
	return nil
}
