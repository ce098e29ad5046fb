package payment

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/money"
	"amrutam/internal/postgres"
)

// Refund is money on its way back, or back.
type Refund struct {
	ID            uuid.UUID    `json:"id" doc:"The refund's id"`
	AttemptID     uuid.UUID    `json:"attemptId" doc:"The attempt whose money it is"`
	Amount        money.Amount `json:"amount" doc:"How much is given back"`
	Currency      string       `json:"currency" example:"INR" doc:"ISO 4217 currency code"`
	Reason        string       `json:"reason" example:"cancelled by the doctor" doc:"Why"`
	Status        string       `json:"status" enum:"REQUESTED,PENDING,SUCCEEDED,FAILED" doc:"PENDING is under way at the provider"`
	FailureReason *string      `json:"failureReason" doc:"Why the provider refused; another refund then follows" example:"account closed"`
	CreatedAt     time.Time    `json:"createdAt" doc:"When it was begun"`
	UpdatedAt     time.Time    `json:"updatedAt" doc:"When it last changed"`
}

// SendRefund asks the provider for the refund.
type SendRefund struct {
	RefundID uuid.UUID `json:"refundId"`
}

// Kind names the job.
func (SendRefund) Kind() string { return "payment.refund" }

// RefundAll begins the refund of everything captured for the consultation and not being given back yet, and tells how
// much that is.
func (s *Service) RefundAll(ctx context.Context, tx *postgres.Tx, who access.Actor, consultationID uuid.UUID, reason string) (money.Money, error) {
	row, err := query.lockPayment(ctx, tx, consultationID)
	if err != nil {
		return money.Money{}, err
	}
	open, err := query.unrefunded(ctx, tx, row.ID)
	if err != nil {
		return money.Money{}, err
	}
	total := money.Money{Currency: row.Currency}
	var attempts []uuid.UUID
	for _, a := range open {
		total.Amount += a.Remaining
		attempts = append(attempts, a.ID)
	}
	return total, s.refund(ctx, tx, who, row, reason, attempts...)
}

// refund gives back what remains of the named attempts.
func (s *Service) refund(ctx context.Context, tx *postgres.Tx, who access.Actor, row PaymentRow, reason string, attempts ...uuid.UUID) error {
	open, err := query.unrefunded(ctx, tx, row.ID)
	if err != nil {
		return err
	}
	for _, a := range open {
		if a.Remaining <= 0 || !slices.Contains(attempts, a.ID) {
			continue
		}
		if err := s.openRefund(ctx, tx, row, a.ID, a.Remaining, reason, who, 0); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) openRefund(ctx context.Context, tx *postgres.Tx, row PaymentRow, attempt uuid.UUID, amount money.Amount,
	reason string, who access.Actor, wait time.Duration,
) error {
	id := uuid.Must(uuid.NewV7())
	var requestedBy *uuid.UUID
	if who.ID != uuid.Nil {
		requestedBy = &who.ID
	}
	audit.Write(tx, who, "refund.open", id, audit.Meta{"paymentId": row.ID, "amount": amount, "currency": row.Currency})
	return errors.Join(
		query.insertRefund(ctx, tx, insertRefundParams{ID: id, PaymentID: row.ID, AttemptID: attempt, Amount: amount,
			Currency: row.Currency, Reason: reason, RequestedBy: requestedBy, Now: tx.Now}),
		s.Queue.InsertAfter(ctx, tx, SendRefund{id}, wait))
}

// sendRefund runs outside a transaction, because the provider is asked over the network. Asking twice is one refund to
// the provider: the webhook id is the refund's.
func (s *Service) sendRefund(ctx context.Context, args SendRefund) error {
	var due pendingRefundRow
	err := s.DB.Read(ctx, func(r *postgres.Read) (err error) {
		due, err = query.pendingRefund(ctx, r, args.RefundID)
		return err
	})
	if postgres.NoRows(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.Stub.refund(ctx, due.ID, due.TransactionReference, money.Money{Amount: due.Amount, Currency: due.Currency})
}
