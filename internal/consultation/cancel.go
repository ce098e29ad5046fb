package consultation

import (
	"context"
	"errors"
	"strings"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/money"
	"amrutam/internal/payment"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
	"amrutam/internal/seal"
)

// CancelRequest names the consultation to cancel and says why.
type CancelRequest struct {
	ID   uuid.UUID `path:"id" format:"uuid" doc:"The consultation"`
	Body *struct {
		_ struct{} `doc:"Why it is cancelled"`

		Reason string `json:"reason,omitempty" health:"consultations.cancellation_reason" text:"lines" maxLength:"2000" doc:"Why; required once the consultation is in progress" example:"I am travelling"`
	} `required:"false"`
}

// Cancelled is the answer to a cancellation.
type Cancelled struct {
	_ struct{} `doc:"A cancelled consultation, and what is refunded"`

	Consultation
	Refund money.Money `json:"refund" doc:"What goes back of what was paid, in all: refundedAmount is what has arrived of it"`
}

// Cancel cancels a consultation before its end, frees its seat, and refunds everything that was paid, or to a patient
// what the policy says. Repeated by the same person, it changes nothing and returns the same. Returns
// problem.NotFound, problem.InvalidTransition, ErrTooLate.
func (s *Service) Cancel(ctx context.Context, tx *postgres.Tx, actor access.Actor, in CancelRequest) (Cancelled,
	error) {
	c, err := s.cancelOnce(ctx, tx, actor, in)
	if err != nil {
		return Cancelled{}, err
	}
	if c.RefundedAmount, err = s.Payments.Refunded(ctx, tx, c.ID); err != nil {
		return Cancelled{}, err
	}
	paid, err := payment.ReadPaid(ctx, tx, c.ID)
	return Cancelled{Consultation: c, Refund: paid.After(0)}, err
}

// cancelOnce is Cancel without the money in the answer.
func (s *Service) cancelOnce(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in CancelRequest) (Consultation, error) {
	row, err := s.lock(ctx, tx, actor, in.ID)
	if err != nil {
		return Consultation{}, err
	}
	if row.Status == StatusCancelled {
		repeated, err := wasCancelledBy(ctx, tx, row.ID.String(), &actor.ID, *row.CancelledAt)
		if err != nil {
			return Consultation{}, err
		}
		if repeated {
			return s.repeatCancellation(ctx, tx, actor, row)
		}
	}
	if err := s.checkTransition(actor, row, StatusCancelled, tx.Now); err != nil {
		return Consultation{}, err
	}
	reason := ""
	if in.Body != nil {
		reason = in.Body.Reason
	}
	if row.Status == StatusInProgress && strings.TrimSpace(reason) == "" {
		return Consultation{}, problem.InvalidField("body.reason", faultNoReason)
	}
	key, err := s.Sealer.PersonKey(ctx, tx, row.PatientID)
	if err != nil {
		return Consultation{}, err
	}
	if row.CancellationReason, err = key.Seal(columnCancellation, row.ID, reason); err != nil {
		return Consultation{}, err
	}
	if isPatient(actor, row) {
		if err := applyPolicy(ctx, tx, &row); err != nil {
			return Consultation{}, err
		}
	}
	if err := s.cancel(ctx, tx, actor, &row, cancelledBy(actor)); err != nil {
		return Consultation{}, err
	}
	c := s.withoutHealthData(row)
	if reason != "" && canSeeHealthData(actor, row, "") {
		c.CancellationReason = &reason
	}
	return c, nil
}

// repeatCancellation returns what the first cancellation by the actor returned.
func (s *Service) repeatCancellation(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	row ConsultationRow) (Consultation, error) {
	audit.Write(tx, actor, auditActions[StatusCancelled], row.ID, audit.Meta{"changed": false})
	c := s.withoutHealthData(row)
	if row.CancellationReason == nil || !canSeeHealthData(actor, row, "") {
		return c, nil
	}
	key, err := s.Sealer.PersonKey(ctx, tx, row.PatientID)
	if errors.Is(err, seal.ErrErased) {
		return c, nil
	}
	if err != nil {
		return Consultation{}, err
	}
	reason, err := key.Open(columnCancellation, row.ID, row.CancellationReason)
	if err != nil {
		return Consultation{}, err
	}
	c.CancellationReason = &reason
	auditRead(tx, actor, row, true, "")
	return c, nil
}

// cancel cancels a locked consultation and mails both parties; by is who cancelled, as the mails' templates name it.
// All that was paid is refunded, or the share that applyPolicy has noted. An open attempt to pay fails.
func (s *Service) cancel(ctx context.Context, tx *postgres.Tx, actor access.Actor, row *ConsultationRow,
	by string) error {
	ended, err := s.Payments.EndAttempts(ctx, tx, row.ID)
	if err != nil {
		return err
	}
	if ended {
		row.PaymentStatus = PaymentFailed
	}
	if err := s.transition(ctx, tx, actor, row, StatusCancelled); err != nil {
		return err
	}
	data := map[string]string{"by": by, "refund": ""}
	reason := "cancelled by " + describeActor(actor)
	if row.CancelledLate {
		data["kept"] = "yes"
		data["refund"], err = s.refundShare(ctx, tx, actor, row, reason)
	} else {
		data["refund"], err = s.refundAll(ctx, tx, actor, row.ID, reason)
	}
	if err != nil {
		return err
	}
	return s.notifyParties(ctx, tx, *row, "consultation-cancelled", data)
}

// refundAll refunds everything that was captured for a consultation. Returns the amount with its currency for a mail,
// or "" if it is zero.
func (s *Service) refundAll(ctx context.Context, tx *postgres.Tx, actor access.Actor, id uuid.UUID,
	reason string) (string, error) {
	refunded, err := s.Payments.RefundAll(ctx, tx, actor, id, reason)
	return describeRefund(refunded), err
}

// refundShare is refundAll for the share that applyPolicy has noted.
func (s *Service) refundShare(ctx context.Context, tx *postgres.Tx, actor access.Actor, row *ConsultationRow,
	reason string) (string, error) {
	if *row.RefundPercent == 0 {
		return "", nil
	}
	refunded, err := s.Payments.RefundShare(ctx, tx, actor, row.ID, int(*row.RefundPercent), reason)
	return describeRefund(refunded), err
}

// describeRefund returns an amount with its currency for a mail, or "" if it is zero.
func describeRefund(m money.Money) string {
	if m.Amount == 0 {
		return ""
	}
	return m.Amount.String() + " " + m.Currency
}

// cancelledBy returns who cancelled, as the mails' templates name it.
func cancelledBy(actor access.Actor) string {
	if actor.ID == uuid.Nil {
		return "system"
	}
	return string(actor.Role)
}

// describeActor names the actor in the reason of a refund.
func describeActor(actor access.Actor) string {
	if actor.ID == uuid.Nil {
		return "the system"
	}
	return "the " + strings.ToLower(string(actor.Role))
}
