package payment

import (
	"github.com/google/uuid"

	"amrutam/internal/access"
)

// canRead reports whether the actor is one of the consultation's parties, or staff.
func canRead(actor access.Actor, patient, doctor uuid.UUID) bool {
	return actor.IsStaff() || actor.ID == patient || actor.ID == doctor
}

// canApprove reports whether the actor is another person than the one who requested the refund.
func canApprove(actor access.Actor, row RefundRow) bool { return *row.RequestedBy != actor.ID }
