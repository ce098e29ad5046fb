package consultation

import (
	"context"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/postgres"
	"amrutam/internal/schedule"
)

// AcceptOfferRequest names an entry of the waitlist and says why the patient comes.
type AcceptOfferRequest struct {
	ID   uuid.UUID `path:"id" format:"uuid" doc:"The entry's id" example:"0199f3a2-7c1e-7000-8000-000000000031"`
	Body struct {
		_ struct{} `doc:"Why you come"`

		Reason string `json:"reason" health:"consultations.reason" text:"lines" minLength:"1" maxLength:"2000" pattern:"\\S" patternDescription:"more than spaces" doc:"Why you come; only you and the doctor read it" example:"Back pain for two weeks"`
	}
}

// AcceptOffer books the seat that is held for the actor or a dependant. If it can't be booked, it stays held. Returns
// what schedule.AcceptOffer and Book return.
func (s *Service) AcceptOffer(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in AcceptOfferRequest) (Consultation, error) {
	accepted, err := schedule.AcceptOffer(ctx, tx, s.Metrics, actor, in.ID)
	if err != nil {
		return Consultation{}, err
	}
	var booking BookRequest
	booking.Body.SlotID, booking.Body.Reason = accepted.SlotID, in.Body.Reason
	if accepted.PatientID != actor.ID {
		booking.Body.DependantID = &accepted.PatientID
	}
	c, err := s.Book(ctx, tx, actor, booking)
	if err != nil {
		return Consultation{}, err
	}
	return c, accepted.Note(c.ID)
}
