package account

import (
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/httpapi"
)

// isLastAdmin reports whether a user is the only administrator there is.
func isLastAdmin(id uuid.UUID, admins []uuid.UUID) bool { return len(admins) == 1 && admins[0] == id }

// requireCanAddFactor: a user who has a second factor proves it before adding another, and one who has none has signed
// in a moment ago, or a stolen session could add its thief's. enabled is what the locked row says, which may be newer
// than what the pipeline read. Returns problem.Reauthenticate otherwise.
func requireCanAddFactor(now time.Time, actor access.Actor, enabled bool) error {
	actor.HasFactor = enabled
	return httpapi.RequireRecentProof(now, actor)
}
