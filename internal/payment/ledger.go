package payment

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/money"
	"amrutam/internal/postgres"
)

// ledger is the money that came under one reference in one currency, and what was refunded of it. Its rows are locked.
type ledger struct {
	payment  *PaymentRow // nil if no attempt has the reference
	attempt  *PaymentAttempt
	receipts []receipt
	refunds  []RefundRow
	// earlyRefunds were reported before their money.
	earlyRefunds []UnmatchedMoney
}

// receipt is one sum that was received: what the attempt asked for, or a row of unmatched money. A refund is of one
// receipt.
type receipt struct {
	unmatchedID *uuid.UUID // nil for what the attempt asked for
	amount      money.Amount
}

// has reports whether the refund is of this receipt.
func (rec receipt) has(r RefundRow) bool {
	return (rec.unmatchedID == nil) == (r.UnmatchedID == nil) &&
		(rec.unmatchedID == nil || *rec.unmatchedID == *r.UnmatchedID)
}

// lockLedger locks the ledger of an event's reference and currency. row and a are nil if no attempt has the
// reference; else their consultation is locked.
func lockLedger(ctx context.Context, tx *postgres.Tx, e Event, row *PaymentRow, a *PaymentAttempt) (ledger, error) {
	l := ledger{payment: row, attempt: a}
	unmatched, err := lockUnmatchedByReference(ctx, tx, e.Provider, e.Reference, e.Currency)
	if err != nil {
		return ledger{}, fmt.Errorf("lock the unmatched money of a reference: %w", err)
	}
	ids := []uuid.UUID{}
	for _, u := range unmatched {
		if u.Kind == kindRefund {
			l.earlyRefunds = append(l.earlyRefunds, u)
			continue
		}
		ids = append(ids, u.ID)
		l.receipts = append(l.receipts, receipt{&u.ID, *u.Amount})
	}
	var attemptID *uuid.UUID
	if a != nil {
		attemptID = &a.ID
		if a.Captured > 0 && a.Currency == *e.Currency {
			l.receipts = append(l.receipts, receipt{nil, a.Captured})
		}
	}
	if l.refunds, err = lockRefunds(ctx, tx, attemptID, ids, *e.Currency); err != nil {
		return ledger{}, fmt.Errorf("lock the refunds of a reference: %w", err)
	}
	return l, nil
}

// sum adds up the refunds of a receipt that have one of the statuses.
func (l *ledger) sum(rec receipt, statuses ...RefundStatus) (sum money.Amount) {
	for _, r := range l.refunds {
		if rec.has(r) && slices.Contains(statuses, r.Status) {
			sum += r.Amount
		}
	}
	return sum
}

// unrefunded returns how much of a receipt has not been refunded.
func (l *ledger) unrefunded(rec receipt) money.Amount {
	return rec.amount - l.sum(rec, RefundStatusSucceeded)
}

// providerRefund is a refund as the provider reports it.
type providerRefund struct {
	amount   money.Amount
	currency string
	id       *string // the provider's; nil if it doesn't say
}

// recordProviderRefund stores a refund that was made at the provider, receipt by receipt, and ends requested and
// pending refunds of the same money: nothing is given back twice. Returns what exceeds all receipts.
func (s *Service) recordProviderRefund(ctx context.Context, tx *postgres.Tx, actor access.Actor, l *ledger,
	reported providerRefund) (excess money.Amount, err error) {
	excess = reported.amount
	receipts := slices.Clone(l.receipts)
	slices.SortStableFunc(receipts, func(x, y receipt) int {
		// First a receipt of which exactly this amount is unrefunded.
		return l.rank(x, reported.amount) - l.rank(y, reported.amount)
	})
	for _, rec := range receipts {
		amount := min(excess, l.unrefunded(rec))
		if amount <= 0 {
			continue
		}
		excess -= amount
		row := RefundRow{ID: uuid.Must(uuid.NewV7()), UnmatchedID: rec.unmatchedID, Amount: amount,
			Currency: reported.currency, Reason: "made at the provider", Status: RefundStatusSucceeded,
			AtProvider: true, ProviderRefundID: reported.id}
		if l.attempt != nil {
			row.PaymentID, row.AttemptID = &l.payment.ID, &l.attempt.ID
		}
		audit.Write(tx, actor, "refund.record", row.ID,
			audit.Meta{"paymentId": row.PaymentID, "amount": amount, "currency": reported.currency})
		if err := createRefund(ctx, tx, row); err != nil {
			return 0, err
		}
		l.refunds = append(l.refunds, row)
		if err := s.supersedeExcess(ctx, tx, actor, l, rec, amount); err != nil {
			return 0, err
		}
		if rec.unmatchedID != nil {
			if err := recalculateUnmatchedStatus(ctx, tx, *rec.unmatchedID); err != nil {
				return 0, err
			}
		}
	}
	return excess, nil
}

// rank returns 0 for a receipt of which exactly the amount is unrefunded, else 1.
func (l *ledger) rank(rec receipt, amount money.Amount) int {
	if l.unrefunded(rec) == amount {
		return 0
	}
	return 1
}

// supersedeExcess ends requested and pending refunds that exceed the receipt after so much of it went back at the
// provider, the newest first. A request of exactly that amount is taken as met. What a pending refund still owes is
// sent as a new one.
func (s *Service) supersedeExcess(ctx context.Context, tx *postgres.Tx, actor access.Actor, l *ledger, rec receipt,
	recorded money.Amount) error {
	excess := l.sum(rec, RefundStatusRequested, RefundStatusPending, RefundStatusSucceeded) - rec.amount
	for _, status := range []RefundStatus{RefundStatusRequested, RefundStatusPending} {
		met := false
		for i := len(l.refunds) - 1; i >= 0; i-- {
			r := &l.refunds[i]
			if !rec.has(*r) || r.Status != status {
				continue
			}
			meets := status == RefundStatusRequested && r.Amount == recorded && !met
			if excess <= 0 && !meets {
				continue
			}
			met = met || meets
			r.Status, r.FailureReason = RefundStatusFailed, new(superseded)
			audit.Write(tx, actor, "refund.supersede", r.ID, audit.Meta{"paymentId": r.PaymentID})
			if err := saveRefund(ctx, tx, *r); err != nil {
				return err
			}
			if rest := r.Amount - excess; status == RefundStatusPending && rest > 0 {
				if err := s.openRefund(ctx, tx, actor, nextRefund(*r, rest), 0); err != nil {
					return err
				}
			}
			excess -= r.Amount
		}
	}
	return nil
}
