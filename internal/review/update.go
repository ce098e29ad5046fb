package review

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/doctor"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// UpdateRequest is a merge patch of the patient's own review.
type UpdateRequest struct {
	httpapi.IfMatch
	ConsultationID uuid.UUID `path:"id" format:"uuid" doc:"Your consultation"`
	Body           struct {
		_ struct{} `doc:"A merge patch of your review: what is absent stays, null clears"`

		Rating httpapi.Field[int]        `json:"rating,omitempty" minimum:"1" maximum:"5" doc:"1 is the worst, 5 the best" example:"4"`
		Text   httpapi.Clearable[string] `json:"text,omitempty" text:"lines" minLength:"1" maxLength:"2000" pattern:"\\S" patternDescription:"more than spaces" doc:"What you say; everybody reads it, so nothing about your health, and no names; null for a rating alone" example:"Explained every step, but began late."`
	}
}

// Update changes the patient's own review, and the doctor's ratings with it. Returns problem.NotFound, ErrHidden,
// ErrFinal, problem.PreconditionFailed.
func (s *Service) Update(ctx context.Context, tx *postgres.Tx, actor access.Actor, in UpdateRequest) (OwnReview,
	error) {
	id, err := findOwn(ctx, tx, actor, in.ConsultationID)
	if err != nil {
		return OwnReview{}, err
	}
	row, err := lock(ctx, tx, id)
	if err != nil {
		return OwnReview{}, err
	}
	switch {
	case row.Hidden:
		return OwnReview{}, ErrHidden
	case row.RepliedAt != nil || tx.Now.After(s.changeableUntil(row)):
		return OwnReview{}, ErrFinal
	}
	if err := in.Check(s.own(row, tx.Now).ETag()); err != nil {
		return OwnReview{}, err
	}
	changed, stars := []string{}, -int(row.Rating)
	if in.Body.Rating.Set && in.Body.Rating.Value != int(row.Rating) {
		row.Rating = int16(in.Body.Rating.Value) //nolint:gosec // at most 5
		changed = append(changed, "rating")
	}
	stars += int(row.Rating)
	if in.Body.Text.ApplyTo(&row.Text) {
		changed = append(changed, "text")
	}
	if len(changed) > 0 {
		row.UpdatedAt = tx.Now
		if err := doctor.AddRating(ctx, tx, row.DoctorID, 0, stars); err != nil {
			return OwnReview{}, err
		}
		err := updateReview(ctx, tx,
			updateReviewParams{ID: row.ID, Rating: row.Rating, Text: row.Text, Now: row.UpdatedAt})
		if err != nil {
			return OwnReview{}, fmt.Errorf("change a review: %w", err)
		}
	}
	audit.Write(tx, actor, "review.update", row.ID, audit.Meta{"changed": changed})
	return s.own(row, tx.Now), nil
}

// lock locks a review, and its doctor before it, as everywhere. Returns problem.NotFound.
func lock(ctx context.Context, tx *postgres.Tx, id uuid.UUID) (ReviewRow, error) {
	row, err := readReview(ctx, tx, id)
	if postgres.NoRows(err) {
		return row, problem.NotFound
	}
	if err != nil {
		return row, err
	}
	if err := doctor.LockApproved(ctx, tx, row.DoctorID); err != nil && !errors.Is(err, doctor.ErrNotApproved) {
		return row, fmt.Errorf("lock a doctor: %w", err)
	}
	return lockReview(ctx, tx, id)
}
