package doctor

import (
	"bytes"
	"context"
	"slices"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/account"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
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
	Visit       Visit        `query:"visit" default:"FIRST" doc:"Which visit the slots must be long enough for. A signed-in patient's own consultations decide that instead" example:"FIRST"`
	DependantID httpapi.UUID `query:"dependantId" doc:"The dependant for whom a signed-in patient looks: their consultations decide then" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7090"`
}

// Patient returns who is to be seen: the actor, or a dependant of theirs. Returns problem.Invalid for somebody else.
func (f VisitFilter) Patient(actor access.Actor) (uuid.UUID, error) {
	if f.DependantID == "" {
		return actor.ID, nil
	}
	id := uuid.MustParse(string(f.DependantID))
	if !slices.Contains(actor.Dependants, id) {
		return id, problem.InvalidField("query.dependantId", faultNotDependant)
	}
	return id, nil
}

// findSeen returns the doctors whose later visits have another length than first ones and who have completed a
// consultation with the patient; nil for everybody but a patient.
func findSeen(ctx context.Context, r *postgres.Read, actor access.Actor,
	in VisitFilter) ([]uuid.UUID, error) {
	patient, err := in.Patient(actor)
	if err != nil || !actor.Is(access.RolePatient) {
		return nil, err
	}
	people := []uuid.UUID{patient}
	if len(actor.Dependants) > 0 {
		moved, err := account.MovedTo(ctx, r, patient)
		if err != nil {
			return nil, err
		}
		people = append(people, moved...)
	}
	oldest := slices.MinFunc(people, func(a, b uuid.UUID) int { return bytes.Compare(a[:], b[:]) })
	return listSeenBy(ctx, r, people, oldest)
}
