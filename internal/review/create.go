package review

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/consultation"
	"amrutam/internal/doctor"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// CreateRequest is a review of the patient's own consultation.
type CreateRequest struct {
	ConsultationID uuid.UUID `path:"id" format:"uuid" doc:"Your consultation"`
	Body           struct {
		_ struct{} `doc:"What you think of the consultation"`

		Rating int     `json:"rating" minimum:"1" maximum:"5" doc:"1 is the worst, 5 the best" example:"5"`
		Text   *string `json:"text,omitempty" text:"lines" minLength:"1" maxLength:"2000" pattern:"\\S" patternDescription:"more than spaces" doc:"What you say; everybody reads it, so nothing about your health, and no names" example:"Listened with patience, and explained every step."`
	}
}

// Create stores the review of a completed consultation and adds its rating to the doctor's. Returns problem.NotFound,
// ErrNotCompleted, ErrTooLate, ErrAlreadyReviewed.
func (s *Service) Create(ctx context.Context, tx *postgres.Tx, actor access.Actor, in CreateRequest) (OwnReview,
	error) {
	// Nothing is locked: a completed consultation and its end never change.
	c, err := readConsultation(ctx, tx, in.ConsultationID)
	if postgres.NoRows(err) {
		return OwnReview{}, problem.NotFound
	}
	if err != nil {
		return OwnReview{}, err
	}
	switch {
	case !isAuthor(actor, c.PatientID):
		return OwnReview{}, problem.NotFoundAudited("consultation", in.ConsultationID)
	case c.Status != consultation.StatusCompleted || c.EndedAt == nil:
		return OwnReview{}, ErrNotCompleted
	case tx.Now.After(c.EndedAt.Add(s.Config.ReviewWithin)):
		return OwnReview{}, ErrTooLate
	}
	row := ReviewRow{
		ID: uuid.New(), ConsultationID: in.ConsultationID, DoctorID: c.DoctorID, PatientID: c.PatientID,
		Rating: int16(in.Body.Rating), Text: in.Body.Text, CreatedAt: tx.Now, UpdatedAt: tx.Now, //nolint:gosec // to 5
	}
	// The doctor is locked before the review, as everywhere.
	if err := doctor.AddRating(ctx, tx, row.DoctorID, 1, int(row.Rating)); err != nil {
		return OwnReview{}, err
	}
	err = insertReview(ctx, tx, insertReviewParams{ID: row.ID, ConsultationID: row.ConsultationID,
		DoctorID: row.DoctorID, PatientID: row.PatientID, Rating: row.Rating, Text: row.Text,
		Month: tx.Now.UTC().Format("2006-01"), Now: tx.Now})
	if postgres.Violates(err, "reviews_consultation_id_key") {
		return OwnReview{}, ErrAlreadyReviewed
	}
	if err != nil {
		return OwnReview{}, fmt.Errorf("store a review: %w", err)
	}
	audit.Write(tx, actor, "review.create", row.ID,
		audit.Meta{"consultationId": row.ConsultationID, "doctorId": row.DoctorID})
	return s.own(row, tx.Now), nil
}
