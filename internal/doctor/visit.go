package doctor

import (
	"context"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
)

// Visit says whether a patient has completed a consultation with a doctor before. A doctor's booking rules may give
// the two other lengths, so that they need other slots.
type Visit string

// The visits.
const (
	VisitFirst    Visit = "FIRST"
	VisitFollowUp Visit = "FOLLOW_UP"
)

// Schema lists the visits.
func (Visit) Schema(r huma.Registry) *huma.Schema {
	return httpapi.Enum(r, "VisitKind", "Whether the patient has completed a consultation with the doctor before",
		VisitFirst, VisitFollowUp)
}

// VisitFilter says for which visits free slots are listed. A stranger's is a first one.
type VisitFilter struct {
	Visit Visit `query:"visit" default:"FIRST" doc:"Which visit the slots must be long enough for. A signed-in patient's own consultations decide that instead" example:"FIRST"`
}

// findSeen returns the doctors whose later visits have another length than first ones and who have completed a
// consultation with the patient; nil for everybody but a patient.
func findSeen(ctx context.Context, r *postgres.Read, actor access.Actor) ([]uuid.UUID, error) {
	if !actor.Is(access.RolePatient) {
		return nil, nil
	}
	return listSeenBy(ctx, r, actor.ID)
}
