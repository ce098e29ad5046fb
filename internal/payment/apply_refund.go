package payment

import (
	"context"
	"fmt"
	"time"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/money"
	"amrutam/internal/postgres"
)

// retryRefundAfter is how long after a provider's refusal the next refund is sent.
const retryRefundAfter = time.Hour

// superseded is the failure reason of what other money took the place of.
const superseded = "superseded"

// refundReport is a provider's report of a refund.
type refundReport struct {
	Event
	payment *PaymentRow // nil if no attempt has the reference
	attempt *PaymentAttempt
}

// unmatchedOutcome is the outcome of a report that fits no money.
func (r refundReport) unmatchedOutcome() Outcome {
	if r.attempt == nil {
		return UnknownReference
	}
	return AmountMismatch
}

// applyRefund applies the report of a refund: one of ours that is pending, or one made at the provider. row and a are
// nil if no attempt has the reference.
func (s *Service) applyRefund(ctx context.Context, tx *postgres.Tx, actor access.Actor, e Event, row *PaymentRow,
	a *PaymentAttempt) (Outcome, error) {
	report := refundReport{e, row, a}
	if !e.hasAmountAndCurrency() {
		if e.Type == EventRefundFailed {
			return report.unmatchedOutcome(), nil // no money moved
		}
		reason := reasonIncomplete
		if a == nil {
			reason = reasonUnknown
		}
		_, err := recordUnmatched(ctx, tx, actor, e, kindRefund, reason, row, a)
		return report.unmatchedOutcome(), err
	}
	l, err := lockLedger(ctx, tx, e, row, a)
	if err != nil {
		return "", err
	}
	if e.RefundID != nil {
		if out, err := s.applyNamedRefund(ctx, tx, actor, report, &l); err != nil || out != "" {
			return out, err
		}
		return s.applyProviderRefund(ctx, tx, actor, report, &l, false)
	}
	return s.applyUnnamedRefund(ctx, tx, actor, report, &l)
}

// applyUnnamedRefund takes the report as about a pending refund of ours of the same amount, if there is one.
func (s *Service) applyUnnamedRefund(ctx context.Context, tx *postgres.Tx, actor access.Actor, report refundReport,
	l *ledger) (Outcome, error) {
	repeated := false
	for _, r := range l.refunds {
		if r.Amount != *report.Amount || !r.AtProvider && !r.sent() {
			continue
		}
		if r.Status == RefundStatusPending {
			return s.finishRefund(ctx, tx, actor, report.Event, r)
		}
		repeated = true
	}
	switch {
	case report.Type == EventRefundSucceeded:
		return s.applyProviderRefund(ctx, tx, actor, report, l, repeated)
	case repeated:
		return Unchanged, nil
	}
	return report.unmatchedOutcome(), nil
}

// applyProviderRefund records a refund that was made at the provider. What exceeds all that came is listed as
// unmatched, unless it may repeat a refund that is known.
func (s *Service) applyProviderRefund(ctx context.Context, tx *postgres.Tx, actor access.Actor, report refundReport,
	l *ledger, mayRepeat bool) (Outcome, error) {
	excess, err := s.recordProviderRefund(ctx, tx, actor, l,
		providerRefund{*report.Amount, *report.Currency, report.RefundID})
	switch {
	case err != nil:
		return "", err
	case excess == 0:
		return Refunded, nil
	case excess == *report.Amount && mayRepeat:
		return Unchanged, nil
	}
	reason := reasonExceeds
	if report.attempt == nil {
		reason = reasonUnknown
	}
	unmatched := report.Event
	unmatched.Amount = &excess
	if _, err := recordUnmatched(ctx, tx, actor, unmatched, kindRefund, reason, report.payment,
		report.attempt); err != nil {
		return "", err
	}
	if excess == *report.Amount {
		return report.unmatchedOutcome(), nil
	}
	return Refunded, nil
}

// finishRefund ends a pending refund of ours. After one that failed another follows: the money is still owed.
func (s *Service) finishRefund(ctx context.Context, tx *postgres.Tx, actor access.Actor, e Event,
	r RefundRow) (Outcome, error) {
	if e.Type == EventRefundSucceeded {
		r.Status, r.FailureReason = RefundStatusSucceeded, nil
		audit.Write(tx, actor, "refund.succeed", r.ID, audit.Meta{"paymentId": r.PaymentID})
		if err := saveRefund(ctx, tx, r); err != nil {
			return "", err
		}
		if r.UnmatchedID != nil {
			return Refunded, recalculateUnmatchedStatus(ctx, tx, *r.UnmatchedID)
		}
		return Refunded, nil
	}
	r.Status, r.FailureReason = RefundStatusFailed, e.failureReason()
	audit.Write(tx, actor, "refund.fail", r.ID, audit.Meta{"paymentId": r.PaymentID})
	if err := saveRefund(ctx, tx, r); err != nil {
		return "", err
	}
	return RefundFailed, s.openRefund(ctx, tx, actor, nextRefund(r, r.Amount), retryRefundAfter)
}

// nextRefund is the refund that follows r, under the same approval.
func nextRefund(r RefundRow, amount money.Amount) RefundRow {
	return RefundRow{PaymentID: r.PaymentID, AttemptID: r.AttemptID, UnmatchedID: r.UnmatchedID, Amount: amount,
		Currency: r.Currency, Reason: r.Reason, RequestedBy: r.RequestedBy, ApprovedBy: r.ApprovedBy}
}

// saveRefund stores the refund's status and why it failed.
func saveRefund(ctx context.Context, tx *postgres.Tx, r RefundRow) error {
	err := updateRefund(ctx, tx,
		updateRefundParams{ID: r.ID, Status: r.Status, FailureReason: r.FailureReason, Now: tx.Now})
	if err != nil {
		return fmt.Errorf("update the refund: %w", err)
	}
	return nil
}

// sent reports whether the provider was or is asked for the refund.
func (r RefundRow) sent() bool { return !r.AtProvider && (!r.OnRequest || r.ApprovedBy != nil) }
