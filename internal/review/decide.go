package review

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/doctor"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// DecideRequest is a moderator's decision about a review.
type DecideRequest struct {
	httpapi.IfMatch
	ID   uuid.UUID `path:"id" format:"uuid" doc:"The review"`
	Body struct {
		_ struct{} `doc:"A merge patch of what everybody sees of a review, and why. A reason alone keeps it as it is"`

		Hidden      httpapi.Field[bool] `json:"hidden,omitempty" doc:"Whether only its author and staff see it" example:"true"`
		IsFalse     httpapi.Field[bool] `json:"isFalse,omitempty" doc:"Whether the review isn't genuine: then its rating doesn't count. Only with hidden; showing the review again ends it" example:"false"`
		ReplyHidden httpapi.Field[bool] `json:"replyHidden,omitempty" doc:"Whether the doctor's reply is hidden; the review stays as it is" example:"false"`
		Reason      string              `json:"reason" text:"lines" minLength:"1" maxLength:"500" pattern:"\\S" patternDescription:"more than spaces" doc:"Why; the author of a hidden review reads it" example:"It names another patient"`
	}
}

// Decide hides or shows a review or its reply, and settles its reports. The rating of a false review doesn't count.
// Returns problem.NotFound, problem.PreconditionFailed, problem.Invalid.
func (s *Service) Decide(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in DecideRequest) (ModeratedReview, error) {
	if !httpapi.HasWord(in.Body.Reason) {
		return ModeratedReview{}, problem.InvalidField("body.reason", problem.NotInWords)
	}
	row, err := lock(ctx, tx, in.ID)
	if err != nil {
		return ModeratedReview{}, err
	}
	if err := in.Check(httpapi.ETag(row.UpdatedAt)); err != nil {
		return ModeratedReview{}, err
	}
	before := row
	if err := in.apply(&row); err != nil {
		return ModeratedReview{}, err
	}
	if ratings := counted(row) - counted(before); ratings != 0 {
		if err := doctor.AddRating(ctx, tx, row.DoctorID, ratings, ratings*int(row.Rating)); err != nil {
			return ModeratedReview{}, err
		}
	}
	err = updateDecision(ctx, tx, updateDecisionParams{ID: row.ID, Hidden: row.Hidden, IsFalse: row.IsFalse,
		ReplyHidden: row.ReplyHidden, Reason: in.Body.Reason, DecidedBy: actor.ID, Now: &tx.Now})
	if err != nil {
		return ModeratedReview{}, fmt.Errorf("store a decision about a review: %w", err)
	}
	audit.Write(tx, actor, action(before, row), row.ID, audit.Meta{"hidden": row.Hidden, "isFalse": row.IsFalse,
		"replyHidden": row.ReplyHidden, "reports": before.OpenReports})
	return findModerated(ctx, tx, row.ID)
}

// apply writes the decision into row. Returns problem.Invalid if it contradicts itself or the review.
func (in DecideRequest) apply(row *ReviewRow) error {
	if in.Body.Hidden.Apply(&row.Hidden) && !row.Hidden {
		row.IsFalse = false
	}
	in.Body.IsFalse.Apply(&row.IsFalse)
	in.Body.ReplyHidden.Apply(&row.ReplyHidden)
	switch {
	case row.IsFalse && !row.Hidden:
		return problem.InvalidField("body.isFalse", faultNotHidden)
	case row.ReplyHidden && row.RepliedAt == nil:
		return problem.InvalidField("body.replyHidden", faultNoReply)
	}
	return nil
}

// counted returns how many ratings of a doctor the review is: a false one is none.
func counted(row ReviewRow) int {
	if row.IsFalse {
		return 0
	}
	return 1
}

// action returns the audit action of a decision.
func action(before, after ReviewRow) string {
	switch {
	case after.Hidden && !before.Hidden:
		return "review.hide"
	case !after.Hidden && before.Hidden:
		return "review.show"
	case after.IsFalse != before.IsFalse || after.ReplyHidden != before.ReplyHidden:
		return "review.decide"
	}
	return "review.keep"
}
