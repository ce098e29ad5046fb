package payment

import (
	"context"
	"slices"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/postgres"
)

// settleNamed takes what a provider reports of a refund that it names: one of ours, by the id it was asked for with,
// or one made there, by the provider's own. done is false for one made there that wasn't reported before. What
// contradicts what is known of the name is listed, and changes nothing.
func (s *Service) settleNamed(
	ctx context.Context, tx *postgres.Tx, actor access.Actor, e Event, l *ledger, matchesNothing Outcome,
) (out Outcome, done bool, err error) {
	var ours *uuid.UUID
	if id, err := uuid.Parse(*e.RefundID); err == nil {
		ours = &id
	}
	known, err := findNamedRefund(ctx, tx, ours, e.Provider, *e.RefundID)
	if err != nil {
		return "", true, err
	}
	contradicts := false
	if known.Ours {
		i := slices.IndexFunc(l.refunds, func(r RefundRow) bool { return r.ID == *ours })
		switch {
		case i < 0 || !l.refunds[i].sent() || l.refunds[i].Amount != *e.Amount:
			contradicts = true
		case l.refunds[i].Status == RefundStatusPending:
			out, err = s.settleOwn(ctx, tx, actor, e, l.refunds[i])
			return out, true, err
		case l.refunds[i].Status == RefundStatusSucceeded || e.Type == EventRefundFailed:
			return Unchanged, true, nil
		}
		// It had failed, or another one had taken its place: the money went back all the same.
	}
	if e.Type == EventRefundFailed {
		return matchesNothing, true, nil
	}
	if known.Parts > 0 {
		here := 0
		for _, r := range l.refunds {
			if r.ProviderRefundID != nil && *r.ProviderRefundID == *e.RefundID {
				here++
			}
		}
		contradicts = contradicts || here != int(known.Parts) || known.Recorded+known.Listed != *e.Amount
	}
	switch {
	case contradicts:
		_, err := note(ctx, tx, actor, e, kindRefund, reasonContradicts, l.payment, l.attempt)
		return matchesNothing, true, err
	case known.Parts > 0 || known.IsListed:
		return Unchanged, true, nil
	}
	return "", false, nil
}

// sent tells whether the provider was asked for the refund.
func (r RefundRow) sent() bool { return !r.AtProvider && (!r.OnRequest || r.ApprovedBy != nil) }
