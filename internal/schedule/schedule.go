// Package schedule is when doctors can be booked: their slots, the rules and
// exceptions that slots follow from, and the seats that patients take in them.
package schedule

import (
	"time"
	_ "time/tzdata" // patients' zones must not depend on what the host has installed

	"github.com/google/uuid"

	"amrutam/internal/account"
	"amrutam/internal/httpapi"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
	"amrutam/internal/telemetry"
)

const (
	minLength = 5 * time.Minute // of a slot
	// MaxLength is the length of the longest slot.
	MaxLength = 8 * time.Hour
	// maxAhead is how far ahead a slot may begin.
	maxAhead = 365 * 24 * time.Hour
	// defaultWindow is the period that a list of slots covers when the request names none; maxWindow is the longest.
	defaultWindow = 14 * 24 * time.Hour
	maxWindow     = 92 * 24 * time.Hour
)

// Service lists and changes slots, and the rules that make them.
type Service struct {
	// DB is for the job that makes the slots of rules.
	DB *postgres.DB
	// Cursors sign the positions in the lists.
	Cursors httpapi.Cursors
	// Mails tell of offers.
	Mails *notification.Service
	// Accounts say who waits for a dependant.
	Accounts *account.Service
	Metrics  *telemetry.Metrics
}

var (
	// ErrErasureDue refuses an open slot after the day on which the doctor's account is erased.
	ErrErasureDue = problem.Conflict("erasure-due", "Your account ends before",
		"Your account will have ended by then.",
		"Open a slot that starts before, or stop the erasure with DELETE /api/v1/users/me/erasure.")
	// ErrConsultationInProgress refuses to start a second consultation, or to delete the doctor, during one.
	ErrConsultationInProgress = problem.Conflict("consultation-in-progress", "A consultation is in progress",
		"A consultation of yours is in progress.", "Complete or cancel it first.")
	// ErrSlotOverlap refuses a slot that overlaps another of the doctor; blocked slots may overlap.
	ErrSlotOverlap = problem.Conflict("slot-overlap", "The slots overlap",
		"You have another slot at that time.",
		"List your slots of that time and choose one between them, or change the one that is there.")
	// ErrSlotExists refuses a second slot of exactly the same times, blocked or not.
	ErrSlotExists = problem.Conflict("slot-exists", "The slot exists already",
		"You have a slot of exactly these times.",
		"Change the slot that detail names: PATCH it with status AVAILABLE or BLOCKED.")
	// ErrSlotHasConsultations refuses a change or the deletion of a slot whose seats are taken.
	ErrSlotHasConsultations = problem.Conflict("slot-has-consultations", "The slot has consultations",
		"The slot has consultations.",
		"Cancel or reschedule the slot's consultations first.")
	// ErrSlotHasHistory refuses the deletion of a slot that the records of past consultations point at.
	ErrSlotHasHistory = problem.Conflict("slot-has-history", "The slot has a history",
		"The slot had consultations, whose records point at it, so it can't be deleted. Block it instead.",
		"PATCH the slot with status BLOCKED: nobody can book it then.")
	// ErrSlotBegun refuses a change of a slot that has begun.
	ErrSlotBegun = problem.Conflict("slot-begun", "The slot has begun",
		"The slot has begun, or is over; it can't be changed any more.",
		"Open another slot.")
)

// Slot is a time at which patients can see a doctor.
type Slot struct {
	_ struct{} `doc:"A time at which patients can see the doctor"`

	ID          uuid.UUID  `json:"id" format:"uuid" doc:"The slot's id"`
	DoctorID    uuid.UUID  `json:"doctorId" format:"uuid" doc:"Whose slot it is"`
	StartTime   time.Time  `json:"startTime" doc:"When it begins" example:"2026-11-24T04:30:00Z"`
	EndTime     time.Time  `json:"endTime" doc:"When it ends" example:"2026-11-24T05:00:00Z"`
	Status      SlotStatus `json:"status" doc:"BOOKED exactly when every seat is taken" example:"AVAILABLE"`
	MaxPatients int        `json:"maxPatients" doc:"How many patients it takes" example:"1"`
	SeatsFree   int        `json:"seatsFree" doc:"How many of its seats are free; 0 when it is blocked" example:"1"`
	CreatedAt   time.Time  `json:"createdAt" doc:"When it was opened"`
	UpdatedAt   time.Time  `json:"updatedAt" doc:"When it last changed"`
}

// SlotRequest names the slot to read or delete.
type SlotRequest struct {
	ID uuid.UUID `path:"id" format:"uuid" doc:"The slot's id" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7082"`
}

// Entity names a slot for the stored answer of an idempotency key.
func (s Slot) Entity() (string, uuid.UUID) { return "slot", s.ID }

// Location is the address of a slot.
func (s Slot) Location() string { return httpapi.Base + "/availability/" + s.ID.String() }

// ETag is the version of a slot.
func (s Slot) ETag() string { return httpapi.ETag(s.UpdatedAt) }

// slot converts a row into what clients see.
func (row AvailabilitySlot) slot() Slot {
	free := int(row.MaxPatients - row.SeatsTaken)
	if row.Status == SlotBlocked {
		free = 0
	}
	return Slot{
		ID: row.ID, DoctorID: row.DoctorID, StartTime: row.StartTime, EndTime: row.EndTime, Status: row.Status,
		MaxPatients: int(row.MaxPatients), SeatsFree: free, CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}
}

// checkTimes returns problem.Invalid with every fault of a slot's new times.
func checkTimes(start, end, now time.Time) error {
	invalid := *problem.Invalid
	if !start.After(now) {
		invalid = *invalid.WithField("body.startTime", problem.InPast)
	}
	if start.Sub(now) > maxAhead {
		invalid = *invalid.WithField("body.startTime", problem.TooFarAhead.With("days", 365))
	}
	switch length := end.Sub(start); {
	case length < minLength:
		invalid = *invalid.WithField("body.endTime", faultTooShort)
	case length > MaxLength:
		invalid = *invalid.WithField("body.endTime", problem.TooLong.With("hours", 8).With("field", "startTime"))
	}
	if len(invalid.Fields) > 0 {
		return &invalid
	}
	return nil
}

// toMicroseconds cuts a time to the precision that PostgreSQL stores.
func toMicroseconds(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
