package doctor

import (
	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/problem"
)

// canReadUnapproved tells whether who may see a doctor whom patients can't find.
func canReadUnapproved(who access.Actor, doctor uuid.UUID) bool {
	return who.Is(access.RoleAdmin) || (who.ID != uuid.Nil && who.ID == doctor)
}

// canSearch refuses doctors who aren't approved to everyone but administrators.
func canSearch(who access.Actor, in SearchInput) error {
	switch {
	case in.Approved || who.Is(access.RoleAdmin):
		return nil
	case who.ID == uuid.Nil:
		return problem.Unauthenticated
	default:
		return problem.Forbidden.With("Only administrators see doctors who aren't approved.")
	}
}

// canChange tells whether who may change a doctor's profile: only the doctor.
func canChange(who access.Actor, doctor uuid.UUID) bool { return who.ID == doctor }
