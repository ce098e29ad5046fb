package schedule

import (
	"github.com/danielgtaylor/huma/v2"

	"amrutam/internal/httpapi"
)

// SlotStatus is whether a slot can be booked.
type SlotStatus string

// The states of a slot.
const (
	SlotAvailable SlotStatus = "AVAILABLE"
	SlotBooked    SlotStatus = "BOOKED" // every seat is taken
	SlotBlocked   SlotStatus = "BLOCKED"
)

// Schema lists the states.
func (SlotStatus) Schema(r huma.Registry) *huma.Schema {
	return httpapi.Enum(r, "SlotStatus", "Whether a slot can be booked; BOOKED exactly when every seat is taken",
		SlotAvailable, SlotBooked, SlotBlocked)
}

// ExceptionKind is what an exception does to a doctor's hours.
type ExceptionKind string

// The kinds of exceptions.
const (
	KindLeave ExceptionKind = "LEAVE"
	KindExtra ExceptionKind = "EXTRA"
)

// Schema lists the kinds.
func (ExceptionKind) Schema(r huma.Registry) *huma.Schema {
	return httpapi.Enum(r, "AvailabilityExceptionKind",
		"LEAVE closes the doctor's slots, EXTRA opens more of them", KindLeave, KindExtra)
}
