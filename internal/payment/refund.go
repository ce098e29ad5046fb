package payment

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/money"
	"amrutam/internal/postgres"
)

// Refund is money on its way back, or back.
type Refund struct {
	ID            uuid.UUID    `json:"id" doc:"The refund's id"`
	AttemptID     *uuid.UUID   `json:"attemptId" nullable:"true" doc:"The attempt whose money it is; null: money that came without one"`
	Amount        money.Amount `json:"amount" doc:"How much is given back"`
	Currency      string       `json:"currency" example:"INR" doc:"ISO 4217 currency code"`
	Reason        string       `json:"reason" example:"cancelled by the doctor" doc:"Why"`
	Status        string       `json:"status" enum:"REQUESTED,PENDING,SUCCEEDED,FAILED" doc:"REQUESTED waits for an administrator and is seen by staff only, PENDING is under way at the provider"`
	FailureReason *string      `json:"failureReason" doc:"Why the provider refused, after which another refund follows; of a request, why it was declined, or superseded when everything went back" example:"account closed"`
	AtProvider    bool         `json:"atProvider" doc:"true when it was made at the provider and not by us"`
	RequestedBy   *uuid.UUID   `json:"requestedBy" nullable:"true" doc:"Who asked for it, or whose cancellation began it; null when the system did, and for all but staff"`
	ApprovedBy    *uuid.UUID   `json:"approvedBy" nullable:"true" doc:"Who approved it; null when nobody had to or has yet, and for all but staff"`
	CreatedAt     time.Time    `json:"createdAt" doc:"When it was begun"`
	UpdatedAt     time.Time    `json:"updatedAt" doc:"When it last changed"`

	consultation uuid.UUID
}

// Location is where a new one is read: with its payment.
func (r Refund) Location() string {
	return httpapi.Base + "/payments/consultation/" + r.consultation.String()
}

// Entity names the refund for a stored answer.
func (r Refund) Entity() (string, uuid.UUID) { return "refund", r.ID }

// SendRefund asks the provider for the refund.
type SendRefund struct {
	RefundID uuid.UUID `json:"refundId"`
}

// Kind names the job.
func (SendRefund) Kind() string { return "payment.refund" }

// RefundAll begins the refund of everything captured for the consultation and not being given back yet, and tells how
// much that is. Requests that nobody decided yet end: their part is in it.
func (s *Service) RefundAll(ctx context.Context, tx *postgres.Tx, actor access.Actor, consultationID uuid.UUID,
	reason string) (money.Money, error) {
	row, err := lockPayment(ctx, tx, consultationID)
	if err != nil {
		return money.Money{}, err
	}
	if err := supersede(ctx, tx, actor, row.ID); err != nil {
		return money.Money{}, err
	}
	// Only now: a request that was approved while the line above waited for it is on its way.
	open, err := unrefunded(ctx, tx, row.ID)
	if err != nil {
		return money.Money{}, err
	}
	total := money.Money{Currency: row.Currency}
	var attempts []uuid.UUID
	for _, a := range open {
		total.Amount += a.Remaining
		attempts = append(attempts, a.ID)
	}
	return total, s.refund(ctx, tx, actor, row, reason, attempts...)
}

// refund gives back what remains of the named attempts.
func (s *Service) refund(ctx context.Context, tx *postgres.Tx, actor access.Actor, row PaymentRow, reason string,
	attempts ...uuid.UUID) error {
	open, err := unrefunded(ctx, tx, row.ID)
	if err != nil {
		return err
	}
	var requestedBy *uuid.UUID
	if actor.ID != uuid.Nil {
		requestedBy = &actor.ID
	}
	for _, a := range open {
		if a.Remaining <= 0 || !slices.Contains(attempts, a.ID) {
			continue
		}
		due := RefundRow{PaymentID: &row.ID, AttemptID: &a.ID, Amount: a.Remaining, Currency: row.Currency,
			Reason: reason, RequestedBy: requestedBy}
		if err := s.openRefund(ctx, tx, actor, due, 0); err != nil {
			return err
		}
	}
	return nil
}

// openRefund sends money on its way: which attempt's, how much, why and for whom.
func (s *Service) openRefund(ctx context.Context, tx *postgres.Tx, actor access.Actor, due RefundRow,
	wait time.Duration) error {
	due.ID, due.Status = uuid.Must(uuid.NewV7()), RefundStatusPending
	audit.Write(tx, actor, "refund.open", due.ID, audit.Meta{"paymentId": due.PaymentID, "amount": due.Amount,
		"currency": due.Currency})
	return errors.Join(insertRefundRow(ctx, tx, due), s.Queue.InsertAfter(ctx, tx, SendRefund{due.ID}, wait))
}

func insertRefundRow(ctx context.Context, tx *postgres.Tx, r RefundRow) error {
	return insertRefund(ctx, tx, insertRefundParams{ID: r.ID, PaymentID: r.PaymentID, AttemptID: r.AttemptID,
		UnmatchedID: r.UnmatchedID, Amount: r.Amount, Currency: r.Currency, Reason: r.Reason, Status: r.Status,
		RequestedBy: r.RequestedBy, ApprovedBy: r.ApprovedBy, OnRequest: r.OnRequest, AtProvider: r.AtProvider,
		ProviderRefundID: r.ProviderRefundID, Now: tx.Now})
}

func viewRefund(r RefundRow, staff bool) Refund {
	v := Refund{ID: r.ID, AttemptID: r.AttemptID, Amount: r.Amount, Currency: r.Currency, Reason: r.Reason,
		Status: string(r.Status), FailureReason: r.FailureReason, AtProvider: r.AtProvider, CreatedAt: r.CreatedAt,
		UpdatedAt: r.UpdatedAt}
	if staff {
		v.RequestedBy, v.ApprovedBy = r.RequestedBy, r.ApprovedBy
	}
	return v
}

// sendRefund runs outside a transaction, because the provider is asked over the network. Asking twice is one refund to
// the provider: the webhook id is the refund's.
func (s *Service) sendRefund(ctx context.Context, args SendRefund) error {
	var due pendingRefundRow
	err := s.DB.Read(ctx, func(r *postgres.Read) (err error) {
		due, err = pendingRefund(ctx, r, args.RefundID)
		return err
	})
	if postgres.NoRows(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return s.Stub.refund(ctx, due.ID, due.TransactionReference,
		money.Money{Amount: due.Amount, Currency: due.Currency})
}
