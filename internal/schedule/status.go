package schedule

// SlotStatus is whether a slot can be booked.
type SlotStatus string

// The states of a slot.
const (
	SlotAvailable SlotStatus = "AVAILABLE"
	SlotBooked    SlotStatus = "BOOKED" // every seat is taken
	SlotBlocked   SlotStatus = "BLOCKED"
)
