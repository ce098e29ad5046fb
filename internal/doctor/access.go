package doctor

import (
	"github.com/google/uuid"

	"amrutam/internal/access"
)

// canChange tells whether who may change a doctor's profile: only the doctor.
func canChange(who access.Actor, doctor uuid.UUID) bool { return who.ID == doctor }
