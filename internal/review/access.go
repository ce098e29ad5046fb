package review

import (
	"github.com/google/uuid"

	"amrutam/internal/access"
)

// isAuthor reports whether the actor is the patient who may review, or has reviewed, or acts
// for that patient.
func isAuthor(actor access.Actor, patient uuid.UUID) bool { return actor.ActsFor(patient) }

// canReply reports whether the actor is the doctor whom a review that everybody sees is about.
func canReply(actor access.Actor, row ReviewRow) bool { return actor.ID == row.DoctorID && !row.Hidden }
