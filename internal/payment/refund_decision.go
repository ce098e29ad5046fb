package payment

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// ApproveRequest names a refund.
type ApproveRequest struct {
	ID uuid.UUID `path:"id" format:"uuid" doc:"The refund"`
}

// DeclineRequest names a refund and says why it is declined.
type DeclineRequest struct {
	ID   uuid.UUID `path:"id" format:"uuid" doc:"The refund"`
	Body struct {
		_ struct{} `doc:"Why it is declined"`

		Reason string `json:"reason" text:"lines" minLength:"1" maxLength:"500" pattern:"\\S" patternDescription:"more than spaces" doc:"Why not; only staff reads it" example:"The consultation was held as booked"`
	}
}

// approveRefund sends a requested refund. Returns NotFound, InvalidTransition if it is decided already, or
// ErrOwnRefund if the actor requested it.
func (s *Service) approveRefund(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in ApproveRequest) (Refund, error) {
	row, err := lockRequested(ctx, tx, in.ID)
	if err != nil {
		return Refund{}, err
	}
	if !canApprove(actor, row) {
		return Refund{}, ErrOwnRefund
	}
	row.Status, row.ApprovedBy, row.UpdatedAt = RefundStatusPending, &actor.ID, tx.Now
	audit.Write(tx, actor, "refund.approve", row.ID, audit.Meta{"paymentId": row.PaymentID, "amount": row.Amount,
		"currency": row.Currency, "requestedBy": row.RequestedBy})
	if err := approveRefund(ctx, tx, row.ApprovedBy, tx.Now, row.ID); err != nil {
		return Refund{}, fmt.Errorf("approve the refund: %w", err)
	}
	if err := s.Queue.Insert(ctx, tx, SendRefund{row.ID}); err != nil {
		return Refund{}, fmt.Errorf("insert the job that sends a refund: %w", err)
	}
	return viewForStaff(ctx, tx, row)
}

// declineRefund ends a requested refund, whose money can then be requested anew. Returns NotFound, or
// InvalidTransition if it is decided already.
func (s *Service) declineRefund(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in DeclineRequest) (Refund, error) {
	if err := checkReason(in.Body.Reason); err != nil {
		return Refund{}, err
	}
	row, err := lockRequested(ctx, tx, in.ID)
	if err != nil {
		return Refund{}, err
	}
	row.Status, row.FailureReason, row.UpdatedAt = RefundStatusFailed, &in.Body.Reason, tx.Now
	audit.Write(tx, actor, "refund.decline", row.ID, audit.Meta{"paymentId": row.PaymentID, "amount": row.Amount,
		"currency": row.Currency, "requestedBy": row.RequestedBy})
	if err := saveRefund(ctx, tx, row); err != nil {
		return Refund{}, err
	}
	return viewForStaff(ctx, tx, row)
}

// lockRequested locks a refund that waits for a decision. Returns NotFound, or InvalidTransition if it is decided
// already.
func lockRequested(ctx context.Context, tx *postgres.Tx, id uuid.UUID) (RefundRow, error) {
	row, err := lockRefund(ctx, tx, id)
	switch {
	case postgres.NoRows(err):
		return RefundRow{}, problem.NotFound
	case err != nil:
		return RefundRow{}, fmt.Errorf("lock the refund: %w", err)
	case row.Status != RefundStatusRequested:
		return RefundRow{}, problem.InvalidTransition.WithDetail(
			detailNotRequested.With("status", string(row.Status)))
	}
	return row, nil
}
