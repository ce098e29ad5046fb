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

// CancelIn says why.
type CancelIn struct {
	ID   uuid.UUID `path:"id" format:"uuid" doc:"The consultation"`
	Body *struct {
		_ struct{} `doc:"Why it is cancelled"`

		Reason string `json:"reason,omitempty" health:"consultations.cancellation_reason" text:"lines" maxLength:"2000" doc:"Why; required once the consultation is in progress" example:"I am travelling"`
	} `required:"false"`
}

// Cancel ends a consultation that has not been held, frees its seat and gives the money back. Whoever cancelled it and
// asks again, as when the answer was lost, is answered the same. Errors: problem.NotFound, problem.InvalidTransition,
// ErrTooLate.
func (s *Service) Cancel(ctx context.Context, tx *postgres.Tx, actor access.Actor, in CancelIn) (Consultation, error) {
	row, err := s.lock(ctx, tx, actor, in.ID)
	if err != nil {
		return Consultation{}, err
	}
	if row.Status == StatusCancelled {
		again, err := cancelledIt(ctx, tx, row.ID.String(), &actor.ID, *row.CancelledAt)
		if err != nil {
			return Consultation{}, err
		}
		if again {
			return s.cancelled(ctx, tx, actor, row)
		}
	}
	if err := s.mayMove(actor, row, StatusCancelled, tx.Now); err != nil {
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
	c := summary(row)
	if c.RefundedAmount, err = s.Money.Refunded(ctx, tx, row.ID); err != nil {
		return Consultation{}, err
	}
	if reason != "" && canSeeHealth(actor, row, "") {
		c.CancellationReason = &reason
	}
	return c, nil
}

// cancelled answers a repeated cancellation as the first one was. It changes nothing.
func (s *Service) cancelled(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	row ConsultationRow) (Consultation, error) {
	audit.Write(tx, actor, verbs[StatusCancelled], row.ID, audit.Meta{"changed": false})
	c := summary(row)
	var err error
	if c.RefundedAmount, err = s.Money.Refunded(ctx, tx, row.ID); err != nil || row.CancellationReason == nil ||
		!canSeeHealth(actor, row, "") {
		return c, err
	}
	key, err := s.Sealer.PersonKey(ctx, tx, row.PatientID)
	if errors.Is(err, seal.ErrErased) {
		return c, nil
	}
	if err != nil {
		return c, err
	}
	reason, err := key.Open(columnCancellation, row.ID, row.CancellationReason)
	if reason != "" {
		c.CancellationReason = &reason
		auditRead(tx, actor, row, true, "")
	}
	return c, err
}

// cancelledBy says in a mail whose doing a cancellation is.
func cancelledBy(actor access.Actor) string {
	if actor.ID == uuid.Nil {
		return "system"
	}
	return string(actor.Role)
}

// cancel moves, refunds and tells both, by whose doing. It gives back all that was paid, unless the row says that it
// is too late for that, and lets no attempt to pay stay open.
func (s *Service) cancel(ctx context.Context, tx *postgres.Tx, actor access.Actor, row *ConsultationRow,
	by string) error {
	ended, err := s.Money.EndAttempts(ctx, tx, row.ID)
	if err != nil {
		return err
	}
	if ended {
		row.PaymentStatus = PaymentFailed
	}
	if err := s.move(ctx, tx, actor, row, StatusCancelled); err != nil {
		return err
	}
	told := map[string]string{"by": by, "refund": ""}
	if row.CancelledLate {
		told["kept"] = "yes"
		return s.notifyParties(ctx, tx, *row, "consultation-cancelled", told)
	}
	if told["refund"], err = s.refundAll(ctx, tx, actor, row.ID, "cancelled by "+lowerRole(actor)); err != nil {
		return err
	}
	return s.notifyParties(ctx, tx, *row, "consultation-cancelled", told)
}

// refundAll gives everything back, and tells in a mail's words how much that is, "" for nothing.
func (s *Service) refundAll(ctx context.Context, tx *postgres.Tx, actor access.Actor, id uuid.UUID,
	reason string) (string, error) {
	back, err := s.Money.RefundAll(ctx, tx, actor, id, reason)
	if err != nil || back.Amount == 0 {
		return "", err
	}
	return back.Amount.String() + " " + back.Currency, nil
}
