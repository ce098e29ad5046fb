package consultation

import (
	"context"
	"fmt"
	"net/http"
	"time"

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

// InitiatePayment begins to pay: it returns the open attempt, or a new one if the last failed. Returns NotFound,
// payment.ErrPaid, or InvalidTransition if the consultation isn't waiting for money.
func (s *Service) InitiatePayment(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in InitiatePaymentRequest) (InitiatePaymentResponse, error) {
	row, err := s.lock(ctx, tx, actor, in.Body.ConsultationID)
	if err != nil {
		return InitiatePaymentResponse{}, err
	}
	if row.PaymentStatus == PaymentPaid && row.Status != StatusCancelled {
		return InitiatePaymentResponse{}, payment.ErrPaid
	}
	if row.Status != StatusRequested {
		return InitiatePaymentResponse{}, problem.InvalidTransition.WithDetail(
			"Only a consultation that is REQUESTED can be paid; this one is " + string(row.Status) + ".")
	}
	if overdue(row, tx.Now) {
		return InitiatePaymentResponse{}, problem.InvalidTransition.WithDetail("It had to be paid by " +
			row.PaymentDueAt.Format(time.RFC3339) + ": the booking is over.")
	}
	var out InitiatePaymentResponse
	out.Payment, out.Attempt, err = s.Money.Initiate(ctx, tx, row.ID, in.Body.ReturnURL)
	if err != nil {
		return InitiatePaymentResponse{}, err
	}
	row.PaymentStatus = PaymentPending
	audit.Write(tx, actor, "payment.initiate", out.Payment.ID,
		audit.Meta{"consultationId": row.ID, "attemptId": out.Attempt.ID})
	return out, s.save(ctx, tx, row)
}

// WebhookResponse tells the provider what its message did.
type WebhookResponse struct {
	_ struct{} `doc:"What came of the report"`

	Outcome payment.Outcome `json:"outcome" doc:"What came of the message" example:"captured"`
}

// Status is 202 for what is stored and has to be reconciled.
func (r WebhookResponse) Status() int {
	switch r.Outcome {
	case payment.UnknownReference, payment.AmountMismatch, payment.UnknownType:
		return http.StatusAccepted
	default:
		return http.StatusOK
	}
}

// ReceiveWebhook records what a provider reports, applies it to the payment, then to the consultation. Locks are taken
// in this order: consultation, payment, attempt.
func (s *Service) ReceiveWebhook(ctx context.Context, tx *postgres.Tx, caller access.Actor,
	in payment.WebhookRequest) (WebhookResponse, error) {
	event, err := s.Money.Parse(in)
	if err != nil {
		return WebhookResponse{}, err
	}
	actor := caller.AsSystem("payment.webhook")
	audit.WriteFor(tx, actor, "payment.webhook", "webhook", event.Provider+"/"+event.WebhookID,
		audit.Meta{"type": event.Type})
	recorded, err := s.Money.RecordEvent(ctx, tx, actor, event)
	if err != nil {
		return WebhookResponse{}, err
	}
	if recorded.Outcome != "" {
		return WebhookResponse{Outcome: recorded.Outcome}, nil
	}
	row, err := lockConsultation(ctx, tx, recorded.ConsultationID)
	if err != nil {
		return WebhookResponse{}, fmt.Errorf("lock the consultation: %w", err)
	}
	out, err := s.Money.ApplyEvent(ctx, tx, actor, recorded)
	if err != nil {
		return WebhookResponse{}, err
	}
	return WebhookResponse{Outcome: out}, s.applyPayment(ctx, tx, actor, &row, event, out)
}

// applyPayment changes the consultation as the outcome of a payment's event requires, and tells the patient.
func (s *Service) applyPayment(ctx context.Context, tx *postgres.Tx, actor access.Actor, row *ConsultationRow,
	event payment.Event, out payment.Outcome) error {
	switch out {
	case payment.Captured:
		row.PaymentStatus = PaymentPaid
		return s.applyCapture(ctx, tx, actor, row)
	case payment.Failed:
		row.PaymentStatus = PaymentFailed
		return s.save(ctx, tx, *row)
	case payment.Refunded:
		return s.Mails.Enqueue(ctx, tx, notification.Mail{To: row.PatientID, Kind: "refund-sent",
			Data: map[string]string{"amount": event.Amount.String(), "currency": *event.Currency}})
	default:
		return nil
	}
}

// applyCapture confirms a consultation that was paid in time, and refunds one that wasn't or has ended.
func (s *Service) applyCapture(ctx context.Context, tx *postgres.Tx, actor access.Actor, row *ConsultationRow) error {
	switch {
	case overdue(*row, tx.Now): // the sweep hasn't ended it yet
		return s.cancel(ctx, tx, actor, row, cancelledBy(actor))
	case row.Status == StatusRequested:
		if err := s.move(ctx, tx, actor, row, StatusConfirmed); err != nil {
			return err
		}
		return s.notifyParties(ctx, tx, *row, "consultation-confirmed", nil)
	}
	if _, err := s.Money.RefundAll(ctx, tx, actor, row.ID, "paid after the cancellation"); err != nil {
		return err
	}
	return s.save(ctx, tx, *row)
}
