package consultation

import (
	"context"
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

// InitiateIn names what is to be paid.
type InitiateIn struct {
	Body struct {
		ConsultationID uuid.UUID `json:"consultationId" format:"uuid" doc:"Your unpaid consultation" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081"`
		ReturnURL      string    `json:"returnUrl,omitempty" maxLength:"2000" doc:"Where the checkout leads back to: an address on this server, or on an origin that its operator has allowed (AMRUTAM_RETURN_ORIGINS)" example:"https://app.example.org/paid"`
	}
}

// Initiated is a payment with its open attempt.
type Initiated struct {
	Payment payment.Payment `json:"payment" doc:"The consultation's payment"`
	Attempt payment.Attempt `json:"attempt" doc:"The open attempt: send the patient to its checkout"`
}

// Entity names the payment for a stored answer.
func (i Initiated) Entity() (string, uuid.UUID) { return "payment", i.Payment.ID }

// Initiate begins to pay: it gives the open attempt, or a new one when the last failed.
// Errors: payment.ErrPaid, problem.InvalidTransition when the consultation isn't waiting for money.
func (s *Service) Initiate(ctx context.Context, tx *postgres.Tx, actor access.Actor, in InitiateIn) (Initiated,
	error) {
	row, err := s.lock(ctx, tx, actor, in.Body.ConsultationID)
	if err != nil {
		return Initiated{}, err
	}
	if row.PaymentStatus == PaymentPaid && row.Status != StatusCancelled {
		return Initiated{}, payment.ErrPaid
	}
	if row.Status != StatusRequested {
		return Initiated{}, problem.InvalidTransition.WithDetail(
			"Only a consultation that is REQUESTED can be paid; this one is " + string(row.Status) + ".")
	}
	if overdue(row, tx.Now) {
		return Initiated{}, problem.InvalidTransition.WithDetail("It had to be paid by " +
			row.PaymentDueAt.Format(time.RFC3339) + ": the booking is over.")
	}
	var out Initiated
	out.Payment, out.Attempt, err = s.Money.Initiate(ctx, tx, row.ID, in.Body.ReturnURL)
	if err != nil {
		return Initiated{}, err
	}
	row.PaymentStatus = PaymentPending
	audit.Write(tx, actor, "payment.initiate", out.Payment.ID,
		audit.Meta{"consultationId": row.ID, "attemptId": out.Attempt.ID})
	return out, s.save(ctx, tx, row)
}

// WebhookOut tells the provider what came of its message.
type WebhookOut struct {
	Outcome string `json:"outcome" enum:"duplicate,unknown-reference,amount-mismatch,unknown-type,captured,surplus,failed,refunded,refund-failed,unchanged" doc:"What came of the message" example:"captured"`
}

// Status: what is kept for reconciliation is accepted, not done.
func (o WebhookOut) Status() int {
	switch payment.Outcome(o.Outcome) {
	case payment.UnknownReference, payment.AmountMismatch, payment.UnknownType:
		return http.StatusAccepted
	default:
		return http.StatusOK
	}
}

// Webhook records what a provider reports, and moves the consultation as the money says.
func (s *Service) Webhook(ctx context.Context, tx *postgres.Tx, caller access.Actor, in payment.WebhookIn) (WebhookOut,
	error) {
	event, err := s.Money.Parse(in)
	if err != nil {
		return WebhookOut{}, err
	}
	actor := caller.As("payment.webhook")
	audit.WriteFor(tx, actor, "payment.webhook", "webhook", event.Provider+"/"+event.WebhookID,
		audit.Meta{"type": event.Type})
	id, out, done, err := s.Money.RecordEvent(ctx, tx, actor, event)
	if err != nil || done {
		return WebhookOut{string(out)}, err
	}
	row, err := lockConsultation(ctx, tx, id)
	if err != nil {
		return WebhookOut{}, err
	}
	out, err = s.Money.ApplyEvent(ctx, tx, actor, event, id)
	if err != nil {
		return WebhookOut{}, err
	}
	if err := s.applyPayment(ctx, tx, actor, &row, event, out); err != nil {
		return WebhookOut{}, err
	}
	return WebhookOut{string(out)}, s.Money.Settle(ctx, tx, event, out)
}

// applyPayment is money's effect on a booking.
func (s *Service) applyPayment(ctx context.Context, tx *postgres.Tx, actor access.Actor, row *ConsultationRow,
	event payment.Event, out payment.Outcome) error {
	switch out {
	case payment.Captured:
		row.PaymentStatus = PaymentPaid
		if overdue(*row, tx.Now) { // no sweep has seen it yet
			return s.cancel(ctx, tx, actor, row, cancelledBy(actor))
		}
		if row.Status == StatusRequested {
			if err := s.move(ctx, tx, actor, row, StatusConfirmed); err != nil {
				return err
			}
			return s.notifyParties(ctx, tx, *row, "consultation-confirmed", nil)
		}
		// The money came for a consultation that has ended: it goes back whole.
		if _, err := s.Money.RefundAll(ctx, tx, actor, row.ID, "paid after the cancellation"); err != nil {
			return err
		}
		return s.save(ctx, tx, *row)
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
