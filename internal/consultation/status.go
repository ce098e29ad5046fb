package consultation

import (
	"github.com/danielgtaylor/huma/v2"

	"amrutam/internal/access"
	"amrutam/internal/httpapi"
)

// Status is the state of a consultation.
type Status string

// The states of a consultation.
const (
	StatusRequested  Status = "REQUESTED"
	StatusConfirmed  Status = "CONFIRMED"
	StatusInProgress Status = "IN_PROGRESS"
	StatusCompleted  Status = "COMPLETED"
	StatusCancelled  Status = "CANCELLED"
	StatusNoShow     Status = "NO_SHOW"
)

// Statuses has every state.
var Statuses = []Status{StatusRequested, StatusConfirmed, StatusInProgress, StatusCompleted, StatusCancelled,
	StatusNoShow}

// IsFinal reports whether a consultation with the status is over.
func (s Status) IsFinal() bool {
	return s == StatusCompleted || s == StatusCancelled || s == StatusNoShow
}

// Schema lists the states.
func (Status) Schema(r huma.Registry) *huma.Schema {
	return httpapi.Enum(r, "ConsultationStatus", "Where a consultation stands", Statuses...)
}

// PaymentState is the state of the payment that a consultation stores.
type PaymentState string

// The states of a consultation's payment. It is PAID exactly when the payment succeeded.
const (
	PaymentPending PaymentState = "PENDING"
	PaymentPaid    PaymentState = "PAID"
	PaymentFailed  PaymentState = "FAILED"
)

// Schema lists the states.
func (PaymentState) Schema(r huma.Registry) *huma.Schema {
	return httpapi.Enum(r, "ConsultationPaymentStatus",
		"Whether a consultation is paid: PAID exactly when its payment succeeded", PaymentPending, PaymentPaid,
		PaymentFailed)
}

// CancelledBy is the role of the user who cancelled a consultation, or SYSTEM.
type CancelledBy string

// cancelledBySystem marks a consultation that was cancelled because it wasn't paid in time.
const cancelledBySystem CancelledBy = "SYSTEM"

// Schema lists the roles, and SYSTEM.
func (CancelledBy) Schema(r huma.Registry) *huma.Schema {
	return httpapi.Enum(r, "CancelledBy", "Who cancelled a consultation; SYSTEM when it wasn't paid in time",
		CancelledBy(access.RolePatient), CancelledBy(access.RoleDoctor), CancelledBy(access.RoleAdmin),
		CancelledBy(access.RoleSupport), cancelledBySystem)
}

// AbsentParty is the role of the party that didn't come.
type AbsentParty string

// Schema lists the parties of a consultation.
func (AbsentParty) Schema(r huma.Registry) *huma.Schema {
	return httpapi.Enum(r, "AbsentParty", "Who didn't come to a consultation", AbsentParty(access.RolePatient),
		AbsentParty(access.RoleDoctor))
}

// DisputeStatus is the state of a dispute.
type DisputeStatus string

// The states of a dispute.
const (
	DisputeOpen     DisputeStatus = "OPEN"
	DisputeUpheld   DisputeStatus = "UPHELD"
	DisputeRefunded DisputeStatus = "REFUNDED"
)

// Schema lists the states.
func (DisputeStatus) Schema(r huma.Registry) *huma.Schema {
	return httpapi.Enum(r, "DisputeStatus",
		"Where a dispute stands: UPHELD when the no-show stays as it was recorded, REFUNDED when the patient got "+
			"everything back", DisputeOpen, DisputeUpheld, DisputeRefunded)
}

// Sort is the order of a list of consultations.
type Sort string

// The orders, by the start of the consultation.
const (
	SortLatest   Sort = "latest"
	SortEarliest Sort = "earliest"
)

// Schema lists the orders.
func (Sort) Schema(r huma.Registry) *huma.Schema {
	return httpapi.Enum(r, "ConsultationSort", "Which consultations are listed first", SortLatest, SortEarliest)
}
