package consultation

import (
	"context"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/consent"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// ConsentRequest names a consultation, and the notice that the patient was shown.
type ConsentRequest struct {
	ID   uuid.UUID `path:"id" format:"uuid" doc:"The consultation"`
	Body *struct {
		_ struct{} `doc:"The notice that was read"`

		NoticeVersion int32 `json:"noticeVersion,omitempty" minimum:"1" maximum:"999999" doc:"The version of the TREATMENT notice that was read; the current one when left out" example:"1"`
	} `required:"false"`
}

// Consent records the patient's explicit consent to a consultation that isn't over. Returns problem.NotFound,
// problem.InvalidTransition, consent.ErrOutdated.
func (s *Service) Consent(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in ConsentRequest) (consent.ConsultationConsent, error) {
	row, err := s.lock(ctx, tx, actor, in.ID)
	if err != nil {
		return consent.ConsultationConsent{}, err
	}
	if row.Status.IsFinal() {
		detail := detailNoConsent.With("status", string(row.Status))
		return consent.ConsultationConsent{}, problem.InvalidTransition.WithDetail(detail)
	}
	var version int32
	if in.Body != nil {
		version = in.Body.NoticeVersion
	}
	return consent.GiveExplicit(ctx, tx, actor, row.ID, version)
}
