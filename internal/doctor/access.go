package doctor

import (
	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/problem"
)

// canReadApplication reports whether the actor may see what was decided about a doctor, whom patients may not be able
// to find.
func canReadApplication(actor access.Actor, doctor uuid.UUID) bool {
	return actor.Is(access.RoleAdmin) || (actor.ID != uuid.Nil && actor.ID == doctor)
}

// canReadSameNumber reports whether the actor may see who else gave a doctor's registration number.
func canReadSameNumber(actor access.Actor) bool { return actor.Is(access.RoleAdmin) }

// canSearch returns problem.Unauthenticated or problem.Forbidden if the search is for doctors who aren't approved and
// the actor isn't an administrator.
func canSearch(actor access.Actor, in SearchRequest) error {
	switch {
	case in.Approved || actor.Is(access.RoleAdmin):
		return nil
	case actor.ID == uuid.Nil:
		return problem.Unauthenticated
	default:
		return problem.Forbidden.WithDetail(detailNotApproved)
	}
}

// canChange reports whether the actor may change a doctor's profile: only the doctor may.
func canChange(actor access.Actor, doctor uuid.UUID) bool { return actor.ID == doctor }
