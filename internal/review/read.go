package review

import (
	"context"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// ReadOwnRequest names the consultation.
type ReadOwnRequest struct {
	ConsultationID uuid.UUID `path:"id" format:"uuid" doc:"Your consultation"`
}

// ReadOwn returns the patient's review of a consultation. Returns problem.NotFound.
func (s *Service) ReadOwn(ctx context.Context, r *postgres.Read, actor access.Actor,
	in ReadOwnRequest) (OwnReview, error) {
	id, err := findOwn(ctx, r, actor, in.ConsultationID)
	if err != nil {
		return OwnReview{}, err
	}
	row, err := readReview(ctx, r, id)
	return s.own(row, r.Now), err
}

// findOwn returns the id of the actor's review of a consultation. Returns problem.NotFound.
func findOwn(ctx context.Context, db postgres.Querier, actor access.Actor, consultation uuid.UUID) (uuid.UUID, error) {
	found, err := findReviewOfConsultation(ctx, db, consultation)
	if postgres.NoRows(err) {
		return uuid.Nil, problem.NotFound
	}
	if err == nil && !isAuthor(actor, found.PatientID) {
		err = problem.NotFoundAudited("consultation", consultation)
	}
	return found.ID, err
}
