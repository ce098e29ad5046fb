package consultation

import (
	"context"
	"fmt"
	"net/http"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/notification"
	"amrutam/internal/payment"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// InitiatePaymentRequest names what is to be paid.
type InitiatePaymentRequest struct {
	Body struct {
		_ struct{} `doc:"The consultation to pay, and where to return"`

		ConsultationID uuid.UUID `json:"consultationId" format:"uuid" doc:"Your unpaid consultation"`
		ReturnURL      string    `json:"returnUrl,omitempty" maxLength:"2000" doc:"Where the checkout leads back to: an address on this server, or on an origin that its operator has allowed (AMRUTAM_RETURN_ORIGINS)" example:"https://app.example.org/paid"`
	}
}

// InitiatePaymentResponse is a payment with its open attempt.
type InitiatePaymentResponse struct {
	_ struct{} `doc:"The payment and the attempt to pay it"`

	Payment payment.Payment `json:"payment" doc:"The consultation's payment"`
	Attempt payment.Attempt `json:"attempt" doc:"The open attempt: send the patient to its checkout"`
}

// Entity names the payment for a stored answer.
func (r InitiatePaymentResponse) Entity() (string, uuid.UUID) { return "payment", r.Payment.ID }

// InitiatePayment returns the open attempt to pay, or a new one if the last failed. Returns problem.NotFound,
// payment.ErrPaid, or problem.InvalidTransition if the consultation isn't REQUESTED or its payment is overdue.
func (s *Service) InitiatePayment(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in InitiatePaymentRequest) (InitiatePaymentResponse, error) {
	row, err := s.lock(ctx, tx, actor, in.Body.ConsultationID)
	if err != nil {
		return InitiatePaymentResponse{}, err
	}
	if row.BalanceDue != nil && !isBalanceOverdue(row, tx.Now) {
		return s.initiateBalance(ctx, tx, actor, row, in.Body.ReturnURL)
	}
	if row.PaymentStatus == PaymentPaid && row.Status != StatusCancelled {
		return InitiatePaymentResponse{}, payment.ErrPaid
	}
	if row.Status != StatusRequested {
		return InitiatePaymentResponse{}, problem.InvalidTransition.WithDetail(
			detailNotPayable.With("status", string(row.Status)))
	}
	if isOverdue(row, tx.Now) {
		return InitiatePaymentResponse{}, problem.InvalidTransition.WithDetail(
			detailDue.With("time", *row.PaymentDueAt))
	}
	var out InitiatePaymentResponse
	out.Payment, out.Attempt, err = s.Payments.Initiate(ctx, tx, row.ID, in.Body.ReturnURL)
	if err != nil {
		return InitiatePaymentResponse{}, err
	}
	row.PaymentStatus = PaymentPending
	if err := s.save(ctx, tx, row); err != nil {
		return InitiatePaymentResponse{}, err
	}
	audit.Write(tx, actor, "payment.initiate", out.Payment.ID,
		audit.Meta{"consultationId": row.ID, "attemptId": out.Attempt.ID})
	return out, nil
}

// WebhookResponse tells the provider the outcome of its message.
type WebhookResponse struct {
	_ struct{} `doc:"What came of the report"`

	Outcome payment.Outcome `json:"outcome" doc:"What came of the message" example:"captured"`
}

// Status is 202 for a message that is stored and has to be reconciled.
func (r WebhookResponse) Status() int {
	switch r.Outcome {
	case payment.UnknownReference, payment.AmountMismatch, payment.UnknownType:
		return http.StatusAccepted
	default:
		return http.StatusOK
	}
}

// ReceiveWebhook records what a provider reports, and applies it first to the payment, then to the consultation. It
// locks the consultation, the payment and the attempt, in this order.
func (s *Service) ReceiveWebhook(ctx context.Context, tx *postgres.Tx, caller access.Actor,
	in payment.WebhookRequest) (WebhookResponse, error) {
	event, err := s.Payments.Parse(in)
	if err != nil {
		return WebhookResponse{}, err
	}
	actor := caller.AsSystem("payment.webhook")
	audit.WriteFor(tx, actor, "payment.webhook", "webhook", event.Provider+"/"+event.WebhookID,
		audit.Meta{"type": event.Type})
	recorded, err := s.Payments.RecordEvent(ctx, tx, actor, event)
	if err != nil {
		return WebhookResponse{}, err
	}
	if recorded.Outcome != "" {
		return WebhookResponse{Outcome: recorded.Outcome}, nil
	}
	row, err := lockAny(ctx, tx, recorded.ConsultationID)
	if err != nil {
		return WebhookResponse{}, fmt.Errorf("lock the consultation: %w", err)
	}
	out, err := s.Payments.ApplyEvent(ctx, tx, actor, recorded)
	if err != nil {
		return WebhookResponse{}, err
	}
	if err := s.applyOutcome(ctx, tx, actor, &row, event, out); err != nil {
		return WebhookResponse{}, err
	}
	return WebhookResponse{Outcome: out}, nil
}

// applyOutcome changes the consultation as the outcome of a payment event requires: captured money confirms it, a
// failed attempt leaves it to be paid, and a refund that succeeded is mailed to the patient.
func (s *Service) applyOutcome(ctx context.Context, tx *postgres.Tx, actor access.Actor, row *ConsultationRow,
	event payment.Event, out payment.Outcome) error {
	switch out {
	case payment.Captured:
		if row.PaymentStatus == PaymentPaid {
			return s.applyBalance(ctx, tx, actor, row)
		}
		row.PaymentStatus = PaymentPaid
		return s.applyCapture(ctx, tx, actor, row)
	case payment.Failed:
		if row.PaymentStatus == PaymentPaid { // of a balance, which can be tried again
			return nil
		}
		row.PaymentStatus = PaymentFailed
		return s.save(ctx, tx, *row)
	case payment.Refunded:
		data := map[string]string{"amount": event.Amount.String(), "currency": *event.Currency,
			"consultationId": row.ID.String()}
		return s.Mails.Enqueue(ctx, tx, notification.Mail{To: payer(*row), Kind: "refund-sent", Data: data})
	default:
		return nil
	}
}

// payer returns who pays: the account that booked.
func payer(row ConsultationRow) uuid.UUID {
	if row.BookedBy != nil {
		return *row.BookedBy
	}
	return row.PatientID
}

// applyCapture confirms a consultation that was paid in time. One that was paid too late is cancelled, and the money
// is refunded; so is the money of one that has ended.
func (s *Service) applyCapture(ctx context.Context, tx *postgres.Tx, actor access.Actor, row *ConsultationRow) error {
	switch {
	case isOverdue(*row, tx.Now): // the sweep hasn't cancelled it yet
		return s.cancel(ctx, tx, actor, row, cancelledBy(actor))
	case row.Status == StatusRequested:
		if err := s.transition(ctx, tx, actor, row, StatusConfirmed); err != nil {
			return err
		}
		return s.notifyParties(ctx, tx, *row, "consultation-confirmed", nil)
	}
	if _, err := s.Payments.RefundAll(ctx, tx, actor, row.ID, "paid after the cancellation"); err != nil {
		return err
	}
	return s.save(ctx, tx, *row)
}
