package prescription

import (
	"strings"

	"github.com/google/uuid"

	"amrutam/internal/access"
)

// canRead reports whether the actor may read a prescription: its patient, its doctor and an ADMIN who states a purpose
// may.
func canRead(actor access.Actor, patient, doctor uuid.UUID, purpose string) bool {
	return actor.ActsFor(patient) || actor.ID == doctor ||
		(actor.Is(access.RoleAdmin) && strings.TrimSpace(purpose) != "")
}
