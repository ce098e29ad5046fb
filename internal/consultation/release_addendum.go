package consultation

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// ReleaseAddendumRequest names an addendum.
type ReleaseAddendumRequest struct {
	ID uuid.UUID `path:"id" format:"uuid" doc:"The addendum"`
}

// ReleaseAddendum shows an addendum to the patient from now on. Repeated, it changes nothing. Returns
// problem.NotFound, and problem.InvalidTransition if the patient was erased.
func (s *Service) ReleaseAddendum(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in ReleaseAddendumRequest) (Addendum, error) {
	added, err := readAddendum(ctx, tx, in.ID)
	if postgres.NoRows(err) {
		return Addendum{}, problem.NotFound
	}
	if err != nil {
		return Addendum{}, fmt.Errorf("read an addendum: %w", err)
	}
	if added.AuthorID != actor.ID {
		return Addendum{}, problem.NotFoundAudited("addendum", in.ID)
	}
	key, err := s.patientKey(ctx, tx, added.PatientID)
	if err != nil {
		return Addendum{}, err
	}
	released, err := releaseAddendum(ctx, tx, &tx.Now, added.ID)
	if err != nil {
		return Addendum{}, fmt.Errorf("release an addendum: %w", err)
	}
	if released > 0 {
		added.ReleasedAt = &tx.Now
	}
	audit.Write(tx, actor, "addendum.release", added.ID,
		audit.Meta{"consultationId": added.ConsultationID, "changed": released > 0})
	audit.WriteReading(tx, actor, "consultation.read", added.ConsultationID, audit.Meta{"addendumId": added.ID},
		added.PatientID)
	return openAddendum(key, added)
}
