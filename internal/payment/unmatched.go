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

// applyMismatch records money that differs from what its attempt asked for in amount or currency, and refunds it. The
// payment stays unpaid. If the event states no amount or currency, the money can't be refunded, and an administrator
// must resolve it.
func (s *Service) applyMismatch(ctx context.Context, tx *postgres.Tx, actor access.Actor, e Event, row PaymentRow,
	a PaymentAttempt) (Outcome, error) {
	reason := reasonAmount
	switch {
	case !e.hasAmountAndCurrency():
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
	case !e.hasAmountAndCurrency():
		return AmountMismatch, nil
	}
	l, err := lockLedger(ctx, tx, e, &row, &a)
	if err != nil {
		return "", err
	}
	if err := s.matchEarlyRefunds(ctx, tx, actor, &l); err != nil {
		return "", err
	}
	if unrefunded := l.unrefunded(receipt{&id, *e.Amount}); unrefunded > 0 {
		refund := RefundRow{PaymentID: &row.ID, AttemptID: &a.ID, UnmatchedID: &id, Amount: unrefunded,
			Currency: *e.Currency, Reason: "not what was asked"}
		if err := s.openRefund(ctx, tx, actor, refund, 0); err != nil {
			return "", err
		}
	}
	return AmountMismatch, recalculateUnmatchedStatus(ctx, tx, id)
}

// applyUnknownReference applies an event whose reference belongs to no attempt. An administrator must resolve money
// that came; a refund is matched with it.
func (s *Service) applyUnknownReference(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	e Event) (Outcome, error) {
	switch e.Type {
	case EventSucceeded:
		id, err := recordUnmatched(ctx, tx, actor, e, kindPayment, reasonUnknown, nil, nil)
		if err != nil {
			return "", err
		}
		if id == uuid.Nil || !e.hasAmountAndCurrency() {
			return UnknownReference, nil
		}
		l, err := lockLedger(ctx, tx, e, nil, nil)
		if err != nil {
			return "", err
		}
		if err := s.matchEarlyRefunds(ctx, tx, actor, &l); err != nil {
			return "", err
		}
		return UnknownReference, recalculateUnmatchedStatus(ctx, tx, id)
	case EventRefundSucceeded, EventRefundFailed:
		return s.applyRefund(ctx, tx, actor, e, nil, nil)
	default:
		return UnknownReference, nil
	}
}

// recordUnmatched records the money of an event for administrators. row and a are nil if no attempt has the reference.
// Returns uuid.Nil if the same money is recorded already.
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

// matchEarlyRefunds records the refunds that were reported before the payment, each if the money that has come and is
// not refunded covers it.
func (s *Service) matchEarlyRefunds(ctx context.Context, tx *postgres.Tx, actor access.Actor, l *ledger) error {
	for _, u := range l.earlyRefunds {
		var available money.Amount
		for _, rec := range l.receipts {
			available += l.unrefunded(rec)
		}
		if *u.Amount > available {
			continue
		}
		// Nothing exceeds what is available.
		if _, err := s.recordProviderRefund(ctx, tx, actor, l,
			providerRefund{*u.Amount, *u.Currency, u.ProviderRefundID}); err != nil {
			return err
		}
		audit.Write(tx, actor, "unmatched-money.match", u.ID, nil)
		if err := matchUnmatched(ctx, tx, tx.Now, u.ID); err != nil {
			return fmt.Errorf("mark a refund as matched: %w", err)
		}
	}
	l.earlyRefunds = nil
	return nil
}

// recalculateUnmatchedStatus sets the status of unmatched money from its refunds.
func recalculateUnmatchedStatus(ctx context.Context, tx *postgres.Tx, id uuid.UUID) error {
	if err := updateUnmatchedStatus(ctx, tx, tx.Now, id); err != nil {
		return fmt.Errorf("update the status of unmatched money: %w", err)
	}
	return nil
}
