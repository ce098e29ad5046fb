package consultation

import (
	"context"
	"strings"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// CancelIn says why.
type CancelIn struct {
	ID   uuid.UUID `path:"id" format:"uuid" doc:"The consultation"`
	Body *struct {
		Reason string `json:"reason,omitempty" maxLength:"2000" doc:"Why; required once the consultation is in progress" example:"I am travelling"`
	} `required:"false"`
}

// Cancel ends a consultation that has not been held, frees its seat and gives the money back.
func (s *Service) Cancel(ctx context.Context, tx *postgres.Tx, who access.Actor, in CancelIn) (Consultation, error) {
	row, err := s.lock(ctx, tx, who, in.ID)
	if err != nil {
		return Consultation{}, err
	}
	if err := s.mayMove(who, row, ConsultationStatusCANCELLED, tx.Now); err != nil {
		return Consultation{}, err
	}
	reason := ""
	if in.Body != nil {
		reason = in.Body.Reason
	}
	if row.Status == ConsultationStatusINPROGRESS && strings.TrimSpace(reason) == "" {
		return Consultation{}, problem.Wrong("body.reason", "say why a consultation in progress is cancelled")
	}
	key, err := s.Sealer.Person(ctx, tx, row.PatientID)
	if err != nil {
		return Consultation{}, err
	}
	if row.CancellationReason, err = key.Seal(columnCancellation, row.ID, reason); err != nil {
		return Consultation{}, err
	}
	if err := s.cancel(ctx, tx, who, &row); err != nil {
		return Consultation{}, err
	}
	c := summary(row)
	if reason != "" && canSeeHealth(who, row, "") {
		c.CancellationReason = &reason
	}
	return c, nil
}

// cancel moves, refunds and tells both. Every cancellation that is allowed gives back all that was paid.
func (s *Service) cancel(ctx context.Context, tx *postgres.Tx, who access.Actor, row *ConsultationRow) error {
	if err := s.move(ctx, tx, who, row, ConsultationStatusCANCELLED); err != nil {
		return err
	}
	back, err := s.Money.RefundAll(ctx, tx, who, row.ID, "cancelled by "+lowerRole(who))
	if err != nil {
		return err
	}
	refund := ""
	if back.Amount > 0 {
		refund = back.Amount.String() + " " + back.Currency
	}
	by := "system"
	if row.CancelledBy != nil {
		by = string(*row.CancelledBy)
	}
	return s.tell(ctx, tx, *row, "consultation-cancelled", map[string]string{"by": by, "refund": refund})
}
