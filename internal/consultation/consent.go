package consultation

import (
	"context"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/consent"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// ConsentIn names a consultation, and the notice that was shown.
type ConsentIn struct {
	ID   uuid.UUID `path:"id" format:"uuid" doc:"The consultation"`
	Body *struct {
		_ struct{} `doc:"The notice that was read"`

		NoticeVersion int32 `json:"noticeVersion,omitempty" minimum:"1" maximum:"999999" doc:"The version of the TREATMENT notice that was read; the current one when left out" example:"1"`
	} `required:"false"`
}

// Consent is the patient's explicit consent to a consultation that is still to be held.
// Errors: problem.NotFound, problem.InvalidTransition, consent.ErrOutdated.
func (s *Service) Consent(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in ConsentIn) (consent.ConsultationConsent, error) {
	row, err := s.lock(ctx, tx, actor, in.ID)
	if err != nil {
		return consent.ConsultationConsent{}, err
	}
	if final(row.Status) {
		return consent.ConsultationConsent{},
			problem.InvalidTransition.WithDetail("A consultation that is " + string(row.Status) +
				" needs no consent any more.")
	}
	var version int32
	if in.Body != nil {
		version = in.Body.NoticeVersion
	}
	return consent.GiveExplicit(ctx, tx, actor, row.ID, version)
}
