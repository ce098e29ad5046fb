package consultation

import (
	"context"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/cancellation"
	"amrutam/internal/money"
	"amrutam/internal/payment"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// policyOf returns the policy that the consultation was booked with, as far as moves have left it.
func policyOf(row ConsultationRow) (cancellation.Policy, error) {
	if row.CancellationPolicy == nil {
		return cancellation.Parse(cancellation.Legacy)
	}
	return cancellation.ParseCapped(*row.CancellationPolicy)
}

// refundPercent returns how much of what was paid a patient gets back who cancels now, and until when that stays so.
func refundPercent(row ConsultationRow, now time.Time) (percent int, until time.Time, err error) {
	policy, err := policyOf(row)
	if err != nil {
		return 0, time.Time{}, err
	}
	percent, until = policy.At(now, row.ScheduledStart)
	if row.GraceUntil == nil || now.After(*row.GraceUntil) || (percent == 100 && until.After(*row.GraceUntil)) {
		return percent, until, nil
	}
	return 100, *row.GraceUntil, nil
}

// currentTerms is refundPercent for a consultation whose doctor may be on leave: then everything goes back.
func currentTerms(ctx context.Context, db postgres.Querier, row ConsultationRow,
	now time.Time) (percent int, until time.Time, err error) {
	offered, err := hasOffer(ctx, db, row.ID)
	if err != nil || offered {
		return 100, row.ScheduledStart, err
	}
	return refundPercent(row, now)
}

// applyPolicy notes in the row of a consultation that its patient cancels now how much is refunded. Nothing is noted
// of one that isn't paid or costs nothing, or whose doctor is on leave.
func applyPolicy(ctx context.Context, tx *postgres.Tx, row *ConsultationRow) error {
	if row.Status != StatusConfirmed || row.Fee == 0 {
		return nil
	}
	if offered, err := hasOffer(ctx, tx, row.ID); err != nil || offered {
		return err
	}
	percent, _, err := refundPercent(*row, tx.Now)
	row.RefundPercent = new(int16(percent)) //nolint:gosec // at most 100
	row.CancelledLate = percent < 100
	return err
}

// capPolicy lowers the policy of a consultation that its patient moves now to what a cancellation would give back now:
// otherwise one who is too late for a full refund would move it to a later day and cancel it then.
func capPolicy(row *ConsultationRow, now time.Time) error {
	percent, _, err := refundPercent(*row, now)
	if err != nil || percent == 100 {
		return err
	}
	policy, err := policyOf(*row)
	row.CancellationPolicy = new(policy.Capped(percent).String())
	return err
}

// CancellationTermsRequest names a consultation that may be cancelled.
type CancellationTermsRequest struct {
	ID uuid.UUID `path:"id" format:"uuid" doc:"The consultation"`
}

// CancellationTerms is what a cancellation by the caller would do now.
type CancellationTerms struct {
	_ struct{} `doc:"What it would mean if you cancelled a consultation now"`

	Allowed bool                `json:"allowed" doc:"Whether you may cancel it" example:"true"`
	Refund  money.Money         `json:"refund" doc:"What would go back of what was paid, in all"`
	Until   *time.Time          `json:"until" doc:"Until when that stays so: then less goes back, or nobody can cancel; null when there is no such time" example:"2026-11-23T04:30:00Z"`
	Policy  cancellation.Policy `json:"policy" maxItems:"5" doc:"What a patient gets back, fixed at the booking; a move by the patient when less than everything would have gone back lowers it to that. Doctor and staff give everything back"`
}

// ReadTerms returns what a cancellation by the actor would do. Returns problem.NotFound.
func (s *Service) ReadTerms(ctx context.Context, r *postgres.Read, actor access.Actor,
	in CancellationTermsRequest) (CancellationTerms, error) {
	full, err := readAny(ctx, r, in.ID)
	if postgres.NoRows(err) {
		return CancellationTerms{}, problem.NotFound
	}
	if err != nil {
		return CancellationTerms{}, err
	}
	row := full.ConsultationRow
	if !canSee(actor, row) {
		return CancellationTerms{}, problem.NotFoundAudited("consultation", in.ID)
	}
	paid, err := payment.ReadPaid(ctx, r, row.ID)
	if err != nil {
		return CancellationTerms{}, err
	}
	out := CancellationTerms{Refund: money.Money{Currency: row.Currency}}
	if out.Policy, err = policyOf(row); err != nil {
		return CancellationTerms{}, err
	}
	out.Allowed = s.checkTransition(actor, row, StatusCancelled, r.Now) == nil
	if !out.Allowed {
		return out, nil
	}
	percent := 100
	switch {
	case row.Status == StatusRequested:
		out.Until = row.PaymentDueAt
	case row.Status == StatusConfirmed && isPatient(actor, row):
		var until time.Time
		if percent, until, err = currentTerms(ctx, r, row, r.Now); err != nil {
			return CancellationTerms{}, err
		}
		out.Until = &until
	case row.Status == StatusConfirmed:
		out.Until = &row.ScheduledStart
	}
	out.Refund = paid.After(percent)
	return out, nil
}
