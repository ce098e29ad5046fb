package payment

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/money"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// The refusals of refunds outside the policy.
var (
	ErrExceedsCapture = problem.Conflict("refund-exceeds-capture", "The payment doesn't hold that much any more.",
		"Read the payment: what was captured, less every refund that isn't FAILED, can still be asked back.")
	ErrOwnRefund = problem.Conflict("own-refund", "You asked for this refund yourself.",
		"Another administrator has to approve it.")
)

// RefundIn asks for a refund.
type RefundIn struct {
	ID   uuid.UUID `path:"id" format:"uuid" doc:"The payment"`
	Body struct {
		Amount money.Input `json:"amount" doc:"How much, in the payment's currency; more than zero"`
		Reason string      `json:"reason" text:"lines" minLength:"1" maxLength:"500" pattern:"\\S" patternDescription:"more than spaces" doc:"Why; the patient and the doctor read it once it is approved, so nothing about anybody's health" example:"The call was of poor quality"`
	}
}

// RefundID names a refund.
type RefundID struct {
	ID uuid.UUID `path:"id" format:"uuid" doc:"The refund"`
}

// DeclineIn says why not.
type DeclineIn struct {
	RefundID
	Body struct {
		Reason string `json:"reason" text:"lines" minLength:"1" maxLength:"500" pattern:"\\S" patternDescription:"more than spaces" doc:"Why not; only staff reads it" example:"The consultation was held as booked"`
	}
}

// request keeps part of a payment for a refund that the policy doesn't give, until an administrator decides. The lock
// on the payment makes requests and refunds of one payment wait for each other. Errors: problem.NotFound,
// ErrExceedsCapture.
func (s *Service) request(ctx context.Context, tx *postgres.Tx, actor access.Actor, in RefundIn) (Refund, error) {
	amount := money.Amount(in.Body.Amount)
	if amount <= 0 {
		return Refund{}, problem.InvalidField("body.amount", "must be more than zero")
	}
	if err := saysWhy(in.Body.Reason); err != nil {
		return Refund{}, err
	}
	row, err := lockPaymentByID(ctx, tx, in.ID)
	if postgres.NoRows(err) {
		return Refund{}, problem.NotFound
	}
	if err != nil {
		return Refund{}, err
	}
	attempt, err := holding(ctx, tx, row, amount)
	if err != nil {
		return Refund{}, err
	}
	asked := RefundRow{ID: uuid.Must(uuid.NewV7()), PaymentID: &row.ID, AttemptID: &attempt, Amount: amount,
		Currency: row.Currency, Reason: in.Body.Reason, Status: RefundStatusRequested, RequestedBy: &actor.ID,
		OnRequest: true, CreatedAt: tx.Now, UpdatedAt: tx.Now}
	audit.Write(tx, actor, "refund.request", asked.ID,
		audit.Meta{"paymentId": row.ID, "amount": amount, "currency": row.Currency})
	out := viewRefund(asked, true)
	out.consultation = row.ConsultationID
	return out, insertRefundRow(ctx, tx, asked)
}

// holding is an attempt that still holds the amount. A refund is one attempt's money, because the provider gives back
// what it took; only money paid twice makes a second one, and that goes back by itself.
func holding(ctx context.Context, tx *postgres.Tx, row PaymentRow, amount money.Amount) (uuid.UUID, error) {
	open, err := unrefunded(ctx, tx, row.ID)
	if err != nil {
		return uuid.Nil, err
	}
	var most money.Amount
	for _, a := range open {
		if a.Remaining >= amount {
			return a.ID, nil
		}
		most = max(most, a.Remaining)
	}
	return uuid.Nil, ErrExceedsCapture.WithDetail("At most " + most.String() + " " + row.Currency +
		" of this payment can still be asked back at once.")
}

// approve sends a refund that another one asked for on its way.
// Errors: problem.NotFound, problem.InvalidTransition when it is decided already, ErrOwnRefund.
func (s *Service) approve(ctx context.Context, tx *postgres.Tx, actor access.Actor, in RefundID) (Refund, error) {
	row, err := lockRequest(ctx, tx, in.ID)
	if err != nil {
		return Refund{}, err
	}
	if *row.RequestedBy == actor.ID {
		return Refund{}, ErrOwnRefund
	}
	row.Status, row.ApprovedBy, row.UpdatedAt = RefundStatusPending, &actor.ID, tx.Now
	audit.Write(tx, actor, "refund.approve", row.ID, audit.Meta{"paymentId": row.PaymentID, "amount": row.Amount,
		"currency": row.Currency, "requestedBy": row.RequestedBy})
	return viewRefund(row, true), errors.Join(
		approveRefund(ctx, tx, row.ApprovedBy, tx.Now, row.ID),
		s.Queue.Insert(ctx, tx, SendRefund{row.ID}))
}

func saysWhy(reason string) error {
	if !httpapi.HasText(reason) {
		return problem.InvalidField("body.reason", "must say in words why")
	}
	return nil
}

// decline ends a request: its money can be asked back anew.
// Errors: problem.NotFound, problem.InvalidTransition when it is decided already.
func (s *Service) decline(ctx context.Context, tx *postgres.Tx, actor access.Actor, in DeclineIn) (Refund, error) {
	if err := saysWhy(in.Body.Reason); err != nil {
		return Refund{}, err
	}
	row, err := lockRequest(ctx, tx, in.ID)
	if err != nil {
		return Refund{}, err
	}
	row.Status, row.FailureReason, row.UpdatedAt = RefundStatusFailed, &in.Body.Reason, tx.Now
	audit.Write(tx, actor, "refund.decline", row.ID, audit.Meta{"paymentId": row.PaymentID, "amount": row.Amount,
		"currency": row.Currency, "requestedBy": row.RequestedBy})
	return viewRefund(row, true),
		updateRefund(ctx, tx,
			updateRefundParams{ID: row.ID, Status: row.Status, FailureReason: row.FailureReason, Now: tx.Now})
}

// lockRequest locks a refund that waits for a decision, whose REQUESTED status says that somebody asked for it.
func lockRequest(ctx context.Context, tx *postgres.Tx, id uuid.UUID) (RefundRow, error) {
	row, err := lockRefund(ctx, tx, id)
	switch {
	case postgres.NoRows(err):
		return row, problem.NotFound
	case err == nil && row.Status != RefundStatusRequested:
		return row, problem.InvalidTransition.WithDetail(
			"Only a refund that is REQUESTED can be decided; this one is " + string(row.Status) + ".")
	}
	return row, err
}

// supersede ends the requests of a payment of which everything goes back: nobody has to decide on them any more.
func supersede(ctx context.Context, tx *postgres.Tx, actor access.Actor, payment uuid.UUID) error {
	ended, err := supersedeRequests(ctx, tx, tx.Now, &payment)
	for _, id := range ended {
		audit.Write(tx, actor, "refund.supersede", id, audit.Meta{"paymentId": payment})
	}
	return err
}
