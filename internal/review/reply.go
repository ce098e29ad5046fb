package review

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/doctor"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// ReplyRequest is the doctor's reply to a review.
type ReplyRequest struct {
	ID   uuid.UUID `path:"id" format:"uuid" doc:"The review"`
	Body struct {
		_ struct{} `doc:"Your reply"`

		Text string `json:"text" text:"lines" minLength:"1" maxLength:"2000" pattern:"\\S" patternDescription:"more than spaces" doc:"Your reply; everybody reads it, so nothing about the patient" example:"Thank you for your trust."`
	}
}

// Reply stores the doctor's reply to a review of them. Returns problem.NotFound, doctor.ErrNotApproved,
// ErrAlreadyReplied.
func (s *Service) Reply(ctx context.Context, tx *postgres.Tx, actor access.Actor, in ReplyRequest) (Review, error) {
	// The doctor is locked before the review, as everywhere.
	notApproved := doctor.LockApproved(ctx, tx, actor.ID)
	if notApproved != nil && !errors.Is(notApproved, doctor.ErrNotApproved) {
		return Review{}, notApproved
	}
	row, err := lockReview(ctx, tx, in.ID)
	if postgres.NoRows(err) {
		return Review{}, problem.NotFound
	}
	if err != nil {
		return Review{}, err
	}
	switch {
	case !canReply(actor, row):
		return Review{}, problem.NotFoundAudited("review", row.ID)
	case notApproved != nil:
		return Review{}, notApproved
	case row.RepliedAt != nil:
		return Review{}, ErrAlreadyReplied
	}
	if err := updateReply(ctx, tx, in.Body.Text, &tx.Now, row.ID); err != nil {
		return Review{}, fmt.Errorf("store a reply: %w", err)
	}
	audit.Write(tx, actor, "review.reply", row.ID, nil)
	visible, err := readVisible(ctx, tx, row.ID)
	return visible.review(), err
}
