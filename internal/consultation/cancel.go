package consultation

import (
	"context"
	"errors"
	"strings"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
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

// Cancel cancels a consultation before its end, frees its seat and refunds everything that was paid. Repeated by the
// same person, it changes nothing and returns the same. Returns problem.NotFound, problem.InvalidTransition,
// ErrTooLate.
func (s *Service) Cancel(ctx context.Context, tx *postgres.Tx, actor access.Actor,
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
	if err := s.checkCancellation(ctx, tx, actor, row); err != nil {
		return Consultation{}, err
	}
	reason := ""
	if in.Body != nil {
		reason = in.Body.Reason
	}
	if row.Status == StatusInProgress && strings.TrimSpace(reason) == "" {
		return Consultation{}, problem.InvalidField("body.reason", "say why a consultation in progress is cancelled")
	}
	key, err := s.Sealer.PersonKey(ctx, tx, row.PatientID)
	if err != nil {
		return Consultation{}, err
	}
	if row.CancellationReason, err = key.Seal(columnCancellation, row.ID, reason); err != nil {
		return Consultation{}, err
	}
	if err := s.cancel(ctx, tx, actor, &row, cancelledBy(actor)); err != nil {
		return Consultation{}, err
	}
	c := withoutHealthData(row)
	if c.RefundedAmount, err = s.Payments.Refunded(ctx, tx, row.ID); err != nil {
		return Consultation{}, err
	}
	if reason != "" && canSeeHealthData(actor, row, "") {
		c.CancellationReason = &reason
	}
	return c, nil
}

// checkCancellation is checkTransition for a cancellation. A patient whose doctor is on leave may cancel until the
// start.
func (s *Service) checkCancellation(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	row ConsultationRow) error {
	err := s.checkTransition(actor, row, StatusCancelled, tx.Now)
	if !errors.Is(err, ErrTooLate) || !row.ScheduledStart.After(tx.Now) {
		return err
	}
	switch offered, offerErr := hasOffer(ctx, tx, row); {
	case offerErr != nil:
		return offerErr
	case offered:
		return nil
	}
	return err
}

// repeatCancellation returns what the first cancellation by the actor returned.
func (s *Service) repeatCancellation(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	row ConsultationRow) (Consultation, error) {
	audit.Write(tx, actor, auditActions[StatusCancelled], row.ID, audit.Meta{"changed": false})
	c := withoutHealthData(row)
	var err error
	if c.RefundedAmount, err = s.Payments.Refunded(ctx, tx, row.ID); err != nil {
		return Consultation{}, err
	}
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
// All that was paid is refunded, unless the row is marked as cancelled late: then nothing is. An open attempt to pay
// fails.
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
	if row.CancelledLate {
		data["kept"] = "yes"
		return s.notifyParties(ctx, tx, *row, "consultation-cancelled", data)
	}
	data["refund"], err = s.refundAll(ctx, tx, actor, row.ID, "cancelled by "+describeActor(actor))
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
	if err != nil || refunded.Amount == 0 {
		return "", err
	}
	return refunded.Amount.String() + " " + refunded.Currency, nil
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
