package payment

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/money"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// RefundRequest asks for a refund outside the policy.
type RefundRequest struct {
	ID   uuid.UUID `path:"id" format:"uuid" doc:"The payment"`
	Body struct {
		_ struct{} `doc:"How much goes back, and why"`

		Amount money.Input `json:"amount" doc:"How much, in the payment's currency; more than zero"`
		Reason string      `json:"reason" text:"lines" minLength:"1" maxLength:"500" pattern:"\\S" patternDescription:"more than spaces" doc:"Why; the patient and the doctor read it once it is approved, so nothing about anybody's health" example:"The call was of poor quality"`
	}
}

// requestRefund reserves part of a payment for a refund that the policy doesn't give, until an administrator decides.
// The lock on the payment makes requests and refunds of one payment wait for each other. Returns NotFound, or
// ErrExceedsCapture if the payment has less left.
func (s *Service) requestRefund(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in RefundRequest) (Refund, error) {
	amount := money.Amount(in.Body.Amount)
	if amount <= 0 {
		return Refund{}, problem.InvalidField("body.amount", faultZero)
	}
	if err := checkReason(in.Body.Reason); err != nil {
		return Refund{}, err
	}
	row, err := lockPaymentByID(ctx, tx, in.ID)
	if postgres.NoRows(err) {
		return Refund{}, problem.NotFound
	}
	if err != nil {
		return Refund{}, fmt.Errorf("lock the payment: %w", err)
	}
	attempt, err := findRefundable(ctx, tx, row, amount)
	if err != nil {
		return Refund{}, err
	}
	requested := RefundRow{ID: uuid.Must(uuid.NewV7()), PaymentID: &row.ID, AttemptID: &attempt, Amount: amount,
		Currency: row.Currency, Reason: in.Body.Reason, Status: RefundStatusRequested, RequestedBy: &actor.ID,
		OnRequest: true, CreatedAt: tx.Now, UpdatedAt: tx.Now}
	audit.Write(tx, actor, "refund.request", requested.ID,
		audit.Meta{"paymentId": row.ID, "amount": amount, "currency": row.Currency})
	if err := createRefund(ctx, tx, requested); err != nil {
		return Refund{}, err
	}
	out, err := viewForStaff(ctx, tx, requested)
	out.consultation = row.ConsultationID
	return out, err
}

// findRefundable returns an attempt that the whole amount can be refunded from. A refund is of one attempt, because
// the provider gives back what it captured. Only a payment made twice has captured a second attempt, which is refunded
// without a request. Returns ErrExceedsCapture if no attempt has that much left.
func findRefundable(ctx context.Context, tx *postgres.Tx, row PaymentRow, amount money.Amount) (uuid.UUID, error) {
	refundable, err := readRefundable(ctx, tx, row.ID)
	if err != nil {
		return uuid.Nil, err
	}
	var most money.Amount
	for _, a := range refundable {
		if a.Remaining >= amount {
			return a.ID, nil
		}
		most = max(most, a.Remaining)
	}
	return uuid.Nil, ErrExceedsCapture.WithDetail(
		detailAtMost.With("amount", most.String()).With("currency", row.Currency))
}

// checkReason returns a problem on body.reason if the reason has no words.
func checkReason(reason string) error {
	if !httpapi.HasWord(reason) {
		return problem.InvalidField("body.reason", problem.NotInWords)
	}
	return nil
}

// supersedeRequests ends the requests of a payment that is refunded whole: they need no decision any more.
func supersedeRequests(ctx context.Context, tx *postgres.Tx, actor access.Actor, paymentID uuid.UUID) error {
	ended, err := supersedeRefundRequests(ctx, tx, tx.Now, &paymentID)
	if err != nil {
		return fmt.Errorf("supersede the requested refunds: %w", err)
	}
	for _, id := range ended {
		audit.Write(tx, actor, "refund.supersede", id, audit.Meta{"paymentId": paymentID})
	}
	return nil
}
