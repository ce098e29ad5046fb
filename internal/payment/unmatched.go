package payment

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/money"
	"amrutam/internal/postgres"
)

// Kinds, reasons and states of money that matches nothing, as the table holds them.
const (
	kindPayment = "PAYMENT"
	kindRefund  = "REFUND"

	reasonUnknown  = "UNKNOWN_REFERENCE"
	reasonAmount   = "WRONG_AMOUNT"
	reasonCurrency = "WRONG_CURRENCY"
	reasonPartial  = "INCOMPLETE"
	reasonExceeds  = "EXCEEDS_CAPTURE"
	// reasonContradicts: under the refund's name something else is known.
	reasonContradicts = "WRONG_REFUND"

	statusWaiting = "WAITING"
	statusClosed  = "CLOSED"
)

// ledger is what came in one currency under one reference, and what was or is being given back of it. Its rows are
// locked.
type ledger struct {
	payment *PaymentRow // nil: the reference is no attempt's
	attempt *PaymentAttempt
	parts   []part
	refunds []RefundRow
	waiting []UnmatchedMoney // refunds that were reported before their money
}

// part is one sum that came: the attempt's own, or (unmatched) one that wasn't asked for. Each goes back by itself.
type part struct {
	unmatched *uuid.UUID
	amount    money.Amount
}

func (p part) holds(r RefundRow) bool {
	return (p.unmatched == nil) == (r.UnmatchedID == nil) && (p.unmatched == nil || *p.unmatched == *r.UnmatchedID)
}

// open reads the ledger of an event's reference and currency. The consultation of an attempt is locked by now.
func (e Event) open(ctx context.Context, tx *postgres.Tx, row *PaymentRow, a *PaymentAttempt) (ledger, error) {
	l := ledger{payment: row, attempt: a}
	unasked, err := lockUnmatchedOf(ctx, tx, e.Provider, e.Reference, e.Currency)
	if err != nil {
		return l, err
	}
	ids := []uuid.UUID{}
	for _, u := range unasked {
		if u.Kind == kindRefund {
			l.waiting = append(l.waiting, u)
			continue
		}
		ids = append(ids, u.ID)
		l.parts = append(l.parts, part{&u.ID, *u.Amount})
	}
	var attempt *uuid.UUID
	if a != nil {
		attempt = &a.ID
		if a.Captured > 0 && a.Currency == *e.Currency {
			l.parts = append(l.parts, part{nil, a.Captured})
		}
	}
	l.refunds, err = lockRefundsOf(ctx, tx, attempt, ids, *e.Currency)
	return l, err
}

// under is the sum of a part's refunds in one of the states.
func (l *ledger) under(p part, statuses ...RefundStatus) (sum money.Amount) {
	for _, r := range l.refunds {
		if p.holds(r) && slices.Contains(statuses, r.Status) {
			sum += r.Amount
		}
	}
	return sum
}

// mismatch keeps money that isn't what its attempt asked for, as it came, and sends it back. It confirms nothing.
// Without an amount or a currency nobody can send it back: it waits for an administrator.
func (s *Service) mismatch(ctx context.Context, tx *postgres.Tx, actor access.Actor, e Event, row PaymentRow,
	a PaymentAttempt) (Outcome, error) {
	reason := reasonAmount
	switch {
	case !e.counts():
		reason = reasonPartial
	case *e.Currency != a.Currency:
		reason = reasonCurrency
	}
	id, err := note(ctx, tx, actor, e, kindPayment, reason, &row, &a)
	switch {
	case err != nil:
		return "", err
	case id == uuid.Nil:
		return Unchanged, nil
	case !e.counts():
		return AmountMismatch, nil
	}
	l, err := e.open(ctx, tx, &row, &a)
	if err != nil {
		return "", err
	}
	if err := s.matchWaiting(ctx, tx, actor, &l); err != nil {
		return "", err
	}
	came := part{&id, *e.Amount}
	if rest := came.amount - l.under(came, RefundStatusSucceeded); rest > 0 {
		due := RefundRow{PaymentID: &row.ID, AttemptID: &a.ID, UnmatchedID: &id, Amount: rest, Currency: *e.Currency,
			Reason: "not what was asked"}
		if err := s.openRefund(ctx, tx, actor, due, 0); err != nil {
			return "", err
		}
	}
	return AmountMismatch, followRefunds(ctx, tx, tx.Now, id)
}

// stray is an event whose reference is no attempt's. Money that came waits for an administrator; a refund is looked
// for among what waits.
func (s *Service) stray(ctx context.Context, tx *postgres.Tx, actor access.Actor, e Event) (Outcome, error) {
	switch e.Type {
	case EventSucceeded:
		id, err := note(ctx, tx, actor, e, kindPayment, reasonUnknown, nil, nil)
		if err != nil || id == uuid.Nil || !e.counts() {
			return UnknownReference, err
		}
		l, err := e.open(ctx, tx, nil, nil)
		if err != nil {
			return "", err
		}
		return UnknownReference, errors.Join(s.matchWaiting(ctx, tx, actor, &l),
			followRefunds(ctx, tx, tx.Now, id))
	case EventRefundSucceeded, EventRefundFailed:
		return s.settleRefund(ctx, tx, actor, e, nil, nil)
	default:
		return UnknownReference, nil
	}
}

// counts tells whether the event says how much of what moved.
func (e Event) counts() bool { return e.Amount != nil && *e.Amount > 0 && e.Currency != nil }

// note lists what an event tells of, for administrators; uuid.Nil when the same money was listed before.
func note(ctx context.Context, tx *postgres.Tx, actor access.Actor, e Event, kind, reason string, row *PaymentRow,
	a *PaymentAttempt) (uuid.UUID, error) {
	u := insertUnmatchedParams{ID: uuid.Must(uuid.NewV7()), Kind: kind, Reason: reason, Provider: e.Provider,
		WebhookID: e.WebhookID, TransactionReference: e.Reference, Amount: e.Amount, Currency: e.Currency, Now: tx.Now}
	if kind == kindRefund {
		u.ProviderRefundID = e.RefundID
	}
	if a != nil {
		u.PaymentID, u.AttemptID = &row.ID, &a.ID
	}
	fresh, err := insertUnmatched(ctx, tx, u)
	if err != nil || fresh == 0 {
		return uuid.Nil, err
	}
	audit.Write(tx, actor, "unmatched-money.record", u.ID,
		audit.Meta{"kind": kind, "reason": reason, "paymentId": u.PaymentID})
	return u.ID, nil
}

// matchWaiting records refunds that were reported before the money they give back, where they fit whole.
func (s *Service) matchWaiting(ctx context.Context, tx *postgres.Tx, actor access.Actor, l *ledger) error {
	for _, u := range l.waiting {
		var room money.Amount
		for _, p := range l.parts {
			room += p.amount - l.under(p, RefundStatusSucceeded)
		}
		if *u.Amount > room {
			continue
		}
		if _, err := s.givenBack(ctx, tx, actor, l, reported{*u.Amount, *u.Currency, u.ProviderRefundID}); err != nil {
			return err
		}
		audit.Write(tx, actor, "unmatched-money.match", u.ID, nil)
		if err := matchUnmatched(ctx, tx, tx.Now, u.ID); err != nil {
			return err
		}
	}
	l.waiting = nil
	return nil
}
