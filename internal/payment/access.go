package payment

import (
	"github.com/google/uuid"

	"amrutam/internal/access"
)

// canRead reports whether the actor is one of the consultation's parties, who pays, or staff.
func canRead(actor access.Actor, patient, doctor uuid.UUID, bookedBy *uuid.UUID) bool {
	return actor.IsStaff() || actor.ActsFor(patient) || actor.ID == doctor || bookedBy != nil && actor.ID == *bookedBy
}

// canApprove reports whether the actor is another person than the one who requested the refund.
func canApprove(actor access.Actor, row RefundRow) bool { return *row.RequestedBy != actor.ID }
