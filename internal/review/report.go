package review

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// ReportRequest says what is wrong with a review.
type ReportRequest struct {
	ID   uuid.UUID `path:"id" format:"uuid" doc:"The review"`
	Body struct {
		_ struct{} `doc:"What is wrong with the review"`

		Reason string `json:"reason" text:"lines" minLength:"1" maxLength:"500" pattern:"\\S" patternDescription:"more than spaces" doc:"What is wrong with it; only staff reads this" example:"It names another patient"`
	}
}

// Report asks the moderators to look at a review. Returns problem.NotFound for one that isn't public,
// ErrAlreadyReported, limit.ErrTooMany.
func (s *Service) Report(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in ReportRequest) (httpapi.Changed, error) {
	none := httpapi.Changed{}
	if !httpapi.HasWord(in.Body.Reason) {
		return none, problem.InvalidField("body.reason", faultNoReason)
	}
	if _, err := s.Limits.CountUse(ctx, tx, reportsPerDay, actor.ID.String()); err != nil {
		return none, err
	}
	counted, err := countReport(ctx, tx, in.ID)
	if err != nil {
		return none, fmt.Errorf("count a report: %w", err)
	}
	if counted == 0 {
		return none, notPublic(ctx, tx, in.ID)
	}
	err = insertReport(ctx, tx, insertReportParams{ReviewID: in.ID, ReporterID: actor.ID, Reason: in.Body.Reason,
		Now: tx.Now})
	if postgres.Violates(err, "review_reports_pkey") {
		return none, ErrAlreadyReported
	}
	if err != nil {
		return none, fmt.Errorf("store a report: %w", err)
	}
	audit.Write(tx, actor, "review.report", in.ID, nil)
	return httpapi.Changed{Type: "review", ID: in.ID}, nil
}

// notPublic returns the error for a review that isn't public, or doesn't exist.
func notPublic(ctx context.Context, tx *postgres.Tx, id uuid.UUID) error {
	row, err := readReview(ctx, tx, id)
	if postgres.NoRows(err) {
		return problem.NotFound
	}
	if err != nil {
		return err
	}
	return problem.NotFoundAudited("review", row.ID)
}
