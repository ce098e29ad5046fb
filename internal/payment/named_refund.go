package payment

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/postgres"
)

// applyNamedRefund applies a report that names its refund: one of ours, by the id that the provider was asked with, or
// one made there, by the provider's id. A report that contradicts what is stored under the name is listed as unmatched
// and changes nothing else. Returns no outcome if the refund was made at the provider and is not stored yet.
func (s *Service) applyNamedRefund(ctx context.Context, tx *postgres.Tx, actor access.Actor, report refundReport,
	l *ledger) (Outcome, error) {
	var id *uuid.UUID
	if parsed, err := uuid.Parse(*report.RefundID); err == nil {
		id = &parsed
	}
	named, err := findNamedRefund(ctx, tx, id, *report.RefundID, report.Provider)
	if err != nil {
		return "", fmt.Errorf("find the named refund: %w", err)
	}
	contradicts := false
	if named.Ours {
		i := slices.IndexFunc(l.refunds, func(r RefundRow) bool { return r.ID == *id })
		switch {
		case i < 0 || !l.refunds[i].sent() || l.refunds[i].Amount != *report.Amount:
			contradicts = true
		case l.refunds[i].Status == RefundStatusPending:
			return s.finishRefund(ctx, tx, actor, report.Event, l.refunds[i])
		case l.refunds[i].Status == RefundStatusSucceeded || report.Type == EventRefundFailed:
			return Unchanged, nil
		}
		// It failed or was superseded here, and the provider made it all the same: it counts as made there.
	}
	if report.Type == EventRefundFailed {
		return report.unmatchedOutcome(), nil
	}
	if named.Parts > 0 {
		contradicts = contradicts || l.countNamed(*report.RefundID) != int(named.Parts) ||
			named.Recorded+named.Listed != *report.Amount
	}
	switch {
	case contradicts:
		_, err := recordUnmatched(ctx, tx, actor, report.Event, kindRefund, reasonContradicts, report.payment,
			report.attempt)
		return report.unmatchedOutcome(), err
	case named.Parts > 0 || named.IsListed:
		return Unchanged, nil
	}
	return "", nil
}

// countNamed counts the ledger's refunds that are stored under a provider's id.
func (l *ledger) countNamed(id string) (n int) {
	for _, r := range l.refunds {
		if r.ProviderRefundID != nil && *r.ProviderRefundID == id {
			n++
		}
	}
	return n
}
