package prescription

import (
	"strings"

	"github.com/google/uuid"

	"amrutam/internal/access"
)

// canRead tells whether an actor may read a prescription: its patient, its doctor, an ADMIN who states a purpose.
func canRead(actor access.Actor, patient, doctor uuid.UUID, purpose string) bool {
	return actor.ID == patient || actor.ID == doctor ||
		(actor.Is(access.RoleAdmin) && strings.TrimSpace(purpose) != "")
}
