package payment

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/money"
	"amrutam/internal/postgres"
)

const superseded = "superseded"

// settleRefund takes what a provider reports of a refund: of ours that is under way, or of one made there.
func (s *Service) settleRefund(ctx context.Context, tx *postgres.Tx, actor access.Actor, e Event, row *PaymentRow,
	a *PaymentAttempt) (Outcome, error) {
	matchesNothing := AmountMismatch
	reason := reasonExceeds
	if a == nil {
		matchesNothing, reason = UnknownReference, reasonUnknown
	}
	if !e.counts() {
		if e.Type == EventRefundFailed {
			return matchesNothing, nil // no money moved
		}
		if a != nil {
			reason = reasonPartial
		}
		_, err := note(ctx, tx, actor, e, kindRefund, reason, row, a)
		return matchesNothing, err
	}
	l, err := e.open(ctx, tx, row, a)
	if err != nil {
		return "", err
	}
	known := false
	if e.RefundID != nil {
		if out, done, err := s.settleNamed(ctx, tx, actor, e, &l, matchesNothing); done {
			return out, err
		}
	} else {
		like := func(r RefundRow) bool { return r.Amount == *e.Amount && (r.AtProvider || r.sent()) }
		if i := slices.IndexFunc(l.refunds,
			func(r RefundRow) bool { return like(r) && r.Status == RefundStatusPending }); i >= 0 {
			return s.settleOwn(ctx, tx, actor, e, l.refunds[i])
		}
		known = slices.ContainsFunc(l.refunds, like)
		switch {
		case e.Type == EventRefundFailed && known:
			return Unchanged, nil
		case e.Type == EventRefundFailed:
			return matchesNothing, nil
		}
	}
	over, err := s.givenBack(ctx, tx, actor, &l, reported{*e.Amount, *e.Currency, e.RefundID})
	switch {
	case err != nil:
		return "", err
	case over == *e.Amount && known:
		return Unchanged, nil // nothing is left of which it could be another one
	case over == 0:
		return Refunded, nil
	}
	beyond := e
	beyond.Amount = &over
	if _, err := note(ctx, tx, actor, beyond, kindRefund, reason, row, a); err != nil {
		return "", err
	}
	if over == *e.Amount {
		return matchesNothing, nil
	}
	return Refunded, nil
}

// settleOwn ends a refund that we asked for. One that failed is begun again: the money is still owed.
func (s *Service) settleOwn(ctx context.Context, tx *postgres.Tx, actor access.Actor, e Event, r RefundRow) (Outcome,
	error) {
	if e.Type == EventRefundSucceeded {
		audit.Write(tx, actor, "refund.succeed", r.ID, audit.Meta{"paymentId": r.PaymentID})
		err := updateRefund(ctx, tx, updateRefundParams{ID: r.ID, Status: RefundStatusSucceeded, Now: tx.Now})
		if err != nil || r.UnmatchedID == nil {
			return Refunded, err
		}
		return Refunded, followRefunds(ctx, tx, tx.Now, *r.UnmatchedID)
	}
	audit.Write(tx, actor, "refund.fail", r.ID, audit.Meta{"paymentId": r.PaymentID})
	if err := updateRefund(ctx, tx,
		updateRefundParams{ID: r.ID, Status: RefundStatusFailed, FailureReason: reasonOf(e),
			Now: tx.Now}); err != nil {
		return "", err
	}
	return RefundFailed, s.openRefund(ctx, tx, actor, again(r, r.Amount), refundAgainAfter)
}

// again is the refund that follows r, with the approval of the first.
func again(r RefundRow, amount money.Amount) RefundRow {
	return RefundRow{PaymentID: r.PaymentID, AttemptID: r.AttemptID, UnmatchedID: r.UnmatchedID, Amount: amount,
		Currency: r.Currency, Reason: r.Reason, RequestedBy: r.RequestedBy, ApprovedBy: r.ApprovedBy}
}

// reported is a refund as a provider reports it; id is the provider's, nil when it doesn't say.
type reported struct {
	amount   money.Amount
	currency string
	id       *string
}

// givenBack records a refund that was made at the provider as one of ours, part by part, and takes it off what was
// asked for or is under way: nothing is given back twice. over is what exceeds all that came.
func (s *Service) givenBack(ctx context.Context, tx *postgres.Tx, actor access.Actor, l *ledger,
	of reported) (over money.Amount, err error) {
	over = of.amount
	parts := slices.Clone(l.parts)
	slices.SortStableFunc(parts, func(x, y part) int {
		// First what it gives back exactly.
		return l.distance(x, of.amount) - l.distance(y, of.amount)
	})
	for _, p := range parts {
		take := min(over, p.amount-l.under(p, RefundStatusSucceeded))
		if take <= 0 {
			continue
		}
		over -= take
		made := RefundRow{ID: uuid.Must(uuid.NewV7()), UnmatchedID: p.unmatched, Amount: take, Currency: of.currency,
			Reason: "made at the provider", Status: RefundStatusSucceeded, AtProvider: true, ProviderRefundID: of.id}
		if l.attempt != nil {
			made.PaymentID, made.AttemptID = &l.payment.ID, &l.attempt.ID
		}
		audit.Write(tx, actor, "refund.record", made.ID,
			audit.Meta{"paymentId": made.PaymentID, "amount": take, "currency": of.currency})
		if err := insertRefundRow(ctx, tx, made); err != nil {
			return over, err
		}
		l.refunds = append(l.refunds, made)
		if err := s.shrink(ctx, tx, actor, l, p, take); err != nil {
			return over, err
		}
		if p.unmatched != nil {
			if err := followRefunds(ctx, tx, tx.Now, *p.unmatched); err != nil {
				return over, err
			}
		}
	}
	return over, nil
}

func (l *ledger) distance(p part, amount money.Amount) int {
	if p.amount-l.under(p, RefundStatusSucceeded) == amount {
		return 0
	}
	return 1
}

// shrink ends what was asked for or sent beyond the part, the newest first, after so much of it was given back at the
// provider. A request for just that much was met there. Of a refund under way, what is still owed is sent anew.
func (s *Service) shrink(ctx context.Context, tx *postgres.Tx, actor access.Actor, l *ledger, p part,
	made money.Amount) error {
	excess := l.under(p, RefundStatusRequested, RefundStatusPending, RefundStatusSucceeded) - p.amount
	for _, status := range []RefundStatus{RefundStatusRequested, RefundStatusPending} {
		met := false
		for i := len(l.refunds) - 1; i >= 0; i-- {
			r := &l.refunds[i]
			if !p.holds(*r) || r.Status != status {
				continue
			}
			if same := status == RefundStatusRequested && r.Amount == made && !met; excess <= 0 && !same {
				continue
			} else if same {
				met = true
			}
			reason := superseded
			r.Status, r.FailureReason = RefundStatusFailed, &reason
			audit.Write(tx, actor, "refund.supersede", r.ID, audit.Meta{"paymentId": r.PaymentID})
			if err := updateRefund(ctx, tx,
				updateRefundParams{ID: r.ID, Status: r.Status, FailureReason: r.FailureReason,
					Now: tx.Now}); err != nil {
				return err
			}
			if rest := r.Amount - excess; status == RefundStatusPending && rest > 0 {
				if err := s.openRefund(ctx, tx, actor, again(*r, rest), 0); err != nil {
					return err
				}
			}
			excess -= r.Amount
		}
	}
	return nil
}
