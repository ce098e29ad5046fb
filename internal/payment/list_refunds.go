package payment

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
)

// ListRefundsRequest filters the list of refunds.
type ListRefundsRequest struct {
	httpapi.Paging
	Status []RefundStatus `query:"status" maxItems:"4" doc:"Only these; several are separated by commas" example:"REQUESTED"`
}

// ListedRefund is a refund with what it belongs to.
type ListedRefund struct {
	_ struct{} `doc:"A refund with its consultation"`

	Refund
	PaymentID      *uuid.UUID `json:"paymentId" nullable:"true" doc:"The payment whose money it is; null: money that came without one"`
	ConsultationID *uuid.UUID `json:"consultationId" nullable:"true" doc:"The consultation that was paid; null as paymentId is"`
	UnmatchedID    *uuid.UUID `json:"unmatchedId" nullable:"true" doc:"The unmatched money that it gives back; null when it is what was asked for"`
}

// texts returns the values that a filter asks for, or all of them if it asks for none.
func texts[T ~string](asked, all []T) []string {
	if len(asked) == 0 {
		asked = all
	}
	var out []string
	for _, value := range asked {
		out = append(out, string(value))
	}
	return out
}

// listRefunds returns a page of refunds, the newest first.
func (s *Service) listRefunds(ctx context.Context, r *postgres.Read, _ access.Actor,
	in ListRefundsRequest) (httpapi.Page[ListedRefund], error) {
	const scope = "refunds"
	before := uuid.Max
	if _, err := s.Cursors.Decode(scope, in.Cursor, &before); err != nil {
		return httpapi.Page[ListedRefund]{}, err
	}
	rows, err := listRefundsByStatus(ctx, r, texts(in.Status, refundStatuses()), before,
		int32(in.Limit+1)) //nolint:gosec // at most 101
	if err != nil {
		return httpapi.Page[ListedRefund]{}, fmt.Errorf("list the refunds: %w", err)
	}
	var items []ListedRefund
	for _, row := range rows {
		refund := viewRefund(RefundRow{ID: row.ID, AttemptID: row.AttemptID, Amount: row.Amount,
			Currency: row.Currency, Reason: row.Reason, Status: row.Status, FailureReason: row.FailureReason,
			AtProvider: row.AtProvider, RequestedBy: row.RequestedBy, ApprovedBy: row.ApprovedBy,
			CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt}, true)
		refund.RequestedByName, refund.ApprovedByName = row.RequesterName, row.ApproverName
		items = append(items, ListedRefund{Refund: refund, PaymentID: row.PaymentID,
			ConsultationID: row.ConsultationID, UnmatchedID: row.UnmatchedID})
	}
	return httpapi.NewPage(s.Cursors, scope, in.Limit, items, func(l ListedRefund) any { return l.ID }), nil
}
