package schedule

import (
	"time"

	"github.com/google/uuid"

	"amrutam/internal/problem"
)

const (
	maxLeave = 366 * 24 * time.Hour
	// maxExtra limits extra hours to those of one day.
	maxExtra = 24 * time.Hour
	// maxExceptions limits the exceptions of a doctor that are not over.
	maxExceptions = 200
)

var (
	// ErrOnLeave refuses an open slot during a leave.
	ErrOnLeave = problem.Conflict("on-leave", "You are on leave then",
		"You have a leave at that time.",
		"Delete the leave with DELETE /api/v1/availability/exceptions/{id}, or choose another time.")
	// ErrExceptionOverlap refuses a leave during another one, and extra hours during a leave or other extra hours.
	ErrExceptionOverlap = problem.Conflict("exception-overlap", "You have an exception then",
		"You have a leave or extra hours at that time.",
		"Delete the exception that detail names first, or choose another time.")
	// ErrTooManyExceptions refuses one more exception.
	ErrTooManyExceptions = problem.Conflict("too-many-exceptions", "Too many exceptions",
		"You have as many leaves and extra hours to come as a doctor may.", "Delete one that you don't need.")
)

// Exception is a time at which a doctor works less or more than the rules say.
type Exception struct {
	_ struct{} `doc:"A time at which a doctor works less or more than the rules say"`

	ID            uuid.UUID     `json:"id" format:"uuid" doc:"The exception's id"`
	DoctorID      uuid.UUID     `json:"doctorId" format:"uuid" doc:"Whose it is"`
	Kind          ExceptionKind `json:"kind" doc:"LEAVE or EXTRA" example:"LEAVE"`
	From          time.Time     `json:"from" doc:"When it begins" example:"2026-12-24T00:00:00Z"`
	To            time.Time     `json:"to" doc:"When it ends" example:"2026-12-27T00:00:00Z"`
	SlotMinutes   *int32        `json:"slotMinutes" nullable:"true" doc:"Of EXTRA: how long a slot is; otherwise null" example:"30"`
	BufferMinutes *int32        `json:"bufferMinutes" nullable:"true" doc:"Of EXTRA: how long the doctor is free between two slots; otherwise null" example:"0"`
	MaxPatients   *int32        `json:"maxPatients" nullable:"true" doc:"Of EXTRA: how many patients a slot takes; otherwise null" example:"1"`
	CreatedAt     time.Time     `json:"createdAt" doc:"When it was made"`
}

// Entity names an exception for the stored answer of an idempotency key.
func (e Exception) Entity() (string, uuid.UUID) { return "availability-exception", e.ID }

// ChangedException is an exception with what became of the slots.
type ChangedException struct {
	_ struct{} `doc:"A leave or extra hours with what became of the slots"`

	Exception
	Slots SlotChanges `json:"slots" doc:"What became of the slots; outside has the consultations during a leave"`
}

// CreateExceptionRequest is a new exception.
type CreateExceptionRequest struct {
	Body struct {
		_ struct{} `doc:"A leave or extra hours"`

		Kind          ExceptionKind `json:"kind" doc:"LEAVE closes your slots, EXTRA opens more" example:"LEAVE"`
		From          time.Time     `json:"from" doc:"When it begins; of EXTRA: when its first slot does, at most 365 days ahead" example:"2026-12-24T00:00:00+05:30"`
		To            time.Time     `json:"to" doc:"When it ends; a leave at most 366 days later, extra hours at most a day" example:"2026-12-27T00:00:00+05:30"`
		Confirm       bool          `json:"confirm,omitempty" default:"false" doc:"Says that you know which consultations a leave affects: their patients are offered other slots or a refund" example:"false"`
		SlotMinutes   int32         `json:"slotMinutes,omitempty" minimum:"5" maximum:"480" default:"30" doc:"Of EXTRA: how long a slot is" example:"30"`
		BufferMinutes int32         `json:"bufferMinutes,omitempty" minimum:"0" maximum:"480" default:"0" doc:"Of EXTRA: how long you are free between two slots; at most as long as a slot" example:"0"`
		MaxPatients   int32         `json:"maxPatients,omitempty" minimum:"1" maximum:"100" default:"1" doc:"Of EXTRA: how many patients a slot takes" example:"1"`
	}
}

// ExceptionRequest names an exception.
type ExceptionRequest struct {
	ID uuid.UUID `path:"id" format:"uuid" doc:"The exception's id" example:"0199f3a2-7c1e-7000-8000-000000000022"`
}

// exception converts a row into what its doctor sees.
func (row ExceptionRow) exception() Exception {
	return Exception{
		ID: row.ID, DoctorID: row.DoctorID, Kind: row.Kind, From: row.FromTime, To: row.ToTime,
		SlotMinutes: row.SlotMinutes, BufferMinutes: row.BufferMinutes, MaxPatients: row.MaxPatients,
		CreatedAt: row.CreatedAt,
	}
}

// slots returns the slots of extra hours.
func (row ExceptionRow) slots() (slots []span) {
	length := time.Duration(*row.SlotMinutes) * time.Minute
	step := length + time.Duration(*row.BufferMinutes)*time.Minute
	for start := row.FromTime; !start.Add(length).After(row.ToTime); start = start.Add(step) {
		slots = append(slots, span{start, start.Add(length)})
	}
	return slots
}

// row returns the exception to store. Returns problem.Invalid with every fault.
func (in CreateExceptionRequest) row(now time.Time) (ExceptionRow, error) {
	body := in.Body
	invalid := *problem.Invalid
	fault := func(field string, found *problem.Message) { invalid = *invalid.WithField("body."+field, found) }
	row := ExceptionRow{Kind: body.Kind, FromTime: toMicroseconds(body.From), ToTime: toMicroseconds(body.To)}
	length := row.ToTime.Sub(row.FromTime)
	switch {
	case length <= 0:
		fault("to", problem.NotAfter.With("field", "from"))
	case row.Kind == KindLeave && length > maxLeave:
		fault("to", problem.TooManyAfter.With("days", 366).With("field", "from"))
	case row.Kind == KindExtra && length > maxExtra:
		fault("to", faultExtraTooLong)
	case !row.ToTime.After(now):
		fault("to", problem.InPast)
	}
	if row.FromTime.Sub(now) > maxAhead {
		fault("from", problem.TooFarAhead.With("days", 365))
	}
	if row.Kind == KindExtra {
		row.SlotMinutes, row.BufferMinutes, row.MaxPatients = &body.SlotMinutes, &body.BufferMinutes, &body.MaxPatients
		if !row.FromTime.After(now) {
			fault("from", problem.InPast)
		}
		if body.BufferMinutes > body.SlotMinutes {
			fault("bufferMinutes", problem.LongerThan.With("field", "slotMinutes"))
		}
		if length > 0 && time.Duration(body.SlotMinutes)*time.Minute > length {
			fault("slotMinutes", faultLongerThanExtra)
		}
	}
	if len(invalid.Fields) > 0 {
		return row, &invalid
	}
	return row, nil
}
