// Package review has the patients' ratings of completed consultations, the doctors' replies, the readers' reports and
// the moderators' decisions.
package review

import (
	"time"

	"github.com/google/uuid"

	"amrutam/internal/config"
	"amrutam/internal/doctor"
	"amrutam/internal/httpapi"
	"amrutam/internal/limit"
	"amrutam/internal/problem"
)

// The refusals of reviews.
var (
	ErrNotCompleted = problem.Conflict("consultation-not-completed", "The consultation wasn't completed",
		"Only a completed consultation can be reviewed.",
		"Wait until the doctor has completed the consultation. One that was cancelled or missed can't be reviewed.")
	ErrTooLate = problem.Conflict("review-too-late", "Too late for a review",
		"The consultation was completed too long ago to be reviewed.",
		"A consultation can be reviewed until the configured time after its end (AMRUTAM_REVIEW_WITHIN).")
	ErrAlreadyReviewed = problem.Conflict("already-reviewed", "The consultation was reviewed already",
		"You have already reviewed this consultation.",
		"Read your review with GET /api/v1/consultations/{id}/review; while changeableUntil is set, change it there "+
			"with PATCH.")
	ErrFinal = problem.Conflict("review-final", "The review is final",
		"The review can't be changed any more: the time for it is over, or the doctor has replied.",
		"A review can be changed until its changeableUntil, and only before the doctor replies.")
	ErrHidden = problem.Conflict("review-hidden", "The review is hidden",
		"The review was hidden by a moderator, so it can't be changed.",
		"Read why with GET /api/v1/consultations/{id}/review, and ask support if you disagree.")
	ErrAlreadyReplied = problem.Conflict("already-replied", "There is a reply already",
		"You have already replied to this review.", "A review has one reply, which stays as it is.")
	ErrAlreadyReported = problem.Conflict("already-reported", "The review was reported already",
		"You have already reported this review.", "One report of each reader is enough: support reads it.")
)

// reportsPerDay limits how many reviews a user can report.
var reportsPerDay = limit.Quota{Kind: "reports of reviews", Max: 20, Window: 24 * time.Hour}

// Service stores and lists reviews.
type Service struct {
	Doctors *doctor.Service
	Config  *config.Config
	Cursors httpapi.Cursors
	Limits  limit.Limiter
}

// Review is a review as everybody sees it. It says neither who wrote it nor when the consultation was.
type Review struct {
	_ struct{} `doc:"A review as everybody sees it"`

	ID     uuid.UUID `json:"id" format:"uuid" doc:"The review's id, which is random"`
	Rating int       `json:"rating" minimum:"1" maximum:"5" doc:"1 is the worst, 5 the best" example:"5"`
	Text   *string   `json:"text" doc:"What the patient says; null for a rating alone" example:"Listened with patience, and explained every step."`
	Author *string   `json:"author" doc:"The first letter of the patient's name; null when the account is gone" example:"A."`
	Month  string    `json:"month" doc:"The month in which it was written (UTC)" example:"2026-11"`
	Reply  *string   `json:"reply" doc:"The doctor's reply, if any" example:"Thank you for your trust."`
}

// Entity names the review for a stored answer.
func (r Review) Entity() (string, uuid.UUID) { return "review", r.ID }

// OwnReview is a review as its author sees it.
type OwnReview struct {
	_ struct{} `doc:"Your review of a consultation"`

	ID              uuid.UUID  `json:"id" format:"uuid" doc:"The review's id"`
	ConsultationID  uuid.UUID  `json:"consultationId" format:"uuid" doc:"The consultation that it is about"`
	DoctorID        uuid.UUID  `json:"doctorId" format:"uuid" doc:"The doctor of the consultation"`
	Rating          int        `json:"rating" minimum:"1" maximum:"5" doc:"1 is the worst, 5 the best" example:"5"`
	Text            *string    `json:"text" doc:"What you say; null for a rating alone" example:"Listened with patience, and explained every step."`
	Reply           *string    `json:"reply" doc:"The doctor's reply, if any"`
	Hidden          bool       `json:"hidden" doc:"Whether a moderator has hidden it from everybody else" example:"false"`
	HiddenReason    *string    `json:"hiddenReason" doc:"Why it is hidden; null when it isn't"`
	ChangeableUntil *time.Time `json:"changeableUntil" doc:"Until when you may change it; null when you may not: that time is over, it is hidden, or the doctor has replied"`
	CreatedAt       time.Time  `json:"createdAt" doc:"When it was written"`
	UpdatedAt       time.Time  `json:"updatedAt" doc:"When it last changed"`
}

// Entity names the review for a stored answer.
func (r OwnReview) Entity() (string, uuid.UUID) { return "review", r.ID }

// Location returns the address of the review.
func (r OwnReview) Location() string {
	return httpapi.Base + "/consultations/" + r.ConsultationID.String() + "/review"
}

// ETag returns the version of the review.
func (r OwnReview) ETag() string { return httpapi.ETag(r.UpdatedAt) }

// own returns a row as its author sees it at an instant.
func (s *Service) own(row ReviewRow, now time.Time) OwnReview {
	r := OwnReview{
		ID: row.ID, ConsultationID: row.ConsultationID, DoctorID: row.DoctorID, Rating: int(row.Rating),
		Text: row.Text, Hidden: row.Hidden, CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}
	if !row.ReplyHidden {
		r.Reply = row.Reply
	}
	if row.Hidden {
		r.HiddenReason = row.DecisionReason
	}
	if until := s.changeableUntil(row); !row.Hidden && row.RepliedAt == nil && !now.After(until) {
		r.ChangeableUntil = &until
	}
	return r
}

// changeableUntil returns when a review becomes final, unless its doctor replies before.
func (s *Service) changeableUntil(row ReviewRow) time.Time {
	return row.CreatedAt.Add(s.Config.ReviewChangeWithin)
}
