package schedule

import (
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/httpapi"
	"amrutam/internal/problem"
)

const (
	// offerTime is how long a seat is held for the patient to whom it is offered.
	offerTime = 15 * time.Minute
	// minOfferTime is the shortest time to answer: a seat that can't be booked for so long isn't offered.
	minOfferTime = 5 * time.Minute
	// maxWaiting limits the open entries of an account, maxWaitDays the days of an entry, both counted.
	maxWaiting, maxWaitDays = 10, 92
)

var (
	// ErrAlreadyWaiting refuses a second open entry for the same doctor.
	ErrAlreadyWaiting = problem.Conflict("already-waiting", "You are waiting for this doctor",
		"You are on the waitlist of this doctor.",
		"Leave it first with DELETE /api/v1/waitlist/{id} if you want other days.")
	// ErrTooManyWaiting refuses one more open entry.
	ErrTooManyWaiting = problem.Conflict("too-many-waiting", "You are waiting for many doctors",
		"You are on as many waitlists as a patient may.", "Leave one that you don't need.")
	// ErrNoOffer refuses to accept what isn't offered.
	ErrNoOffer = problem.Conflict("no-offer", "No seat is offered to you",
		"No seat is held for you: none was offered, or the time to answer is over.",
		"Wait for the next offer, or book a free slot.")
)

// WaitlistStatus is how far an entry of the waitlist is.
type WaitlistStatus string

// The states of an entry.
const (
	WaitlistWaiting   WaitlistStatus = "WAITING"
	WaitlistOffered   WaitlistStatus = "OFFERED" // a seat is held for the patient
	WaitlistAccepted  WaitlistStatus = "ACCEPTED"
	WaitlistWithdrawn WaitlistStatus = "WITHDRAWN"
	WaitlistExpired   WaitlistStatus = "EXPIRED" // its days are over, or the doctor stopped
)

// Schema lists the states.
func (WaitlistStatus) Schema(r huma.Registry) *huma.Schema {
	return httpapi.Enum(r, "WaitlistStatus", "OFFERED while a seat is held for you; the last three are final",
		WaitlistWaiting, WaitlistOffered, WaitlistAccepted, WaitlistWithdrawn, WaitlistExpired)
}

// isOpen reports whether the entry is in line, or has an offer.
func (s WaitlistStatus) isOpen() bool { return s == WaitlistWaiting || s == WaitlistOffered }

// PartOfDay is a part of the day on the clocks of a zone.
type PartOfDay string

// The parts of a day.
const (
	Morning   PartOfDay = "MORNING"   // until noon
	Afternoon PartOfDay = "AFTERNOON" // until 17:00
	Evening   PartOfDay = "EVENING"
)

// Schema lists the parts.
func (PartOfDay) Schema(r huma.Registry) *huma.Schema {
	return httpapi.Enum(r, "PartOfDay", "When a slot begins: before noon, before 17:00, or later",
		Morning, Afternoon, Evening)
}

// WaitlistEntry is a place in line for a seat of a doctor.
type WaitlistEntry struct {
	_ struct{} `doc:"A place in line for a seat of a doctor"`

	ID             uuid.UUID                     `json:"id" format:"uuid" doc:"The entry's id"`
	DependantID    *uuid.UUID                    `json:"dependantId" format:"uuid" nullable:"true" doc:"For whom you wait; null when for yourself"`
	DoctorID       uuid.UUID                     `json:"doctorId" format:"uuid" doc:"The doctor"`
	DoctorName     string                        `json:"doctorName" doc:"The doctor's name"`
	From           string                        `json:"from" format:"date" doc:"The first day on which a slot may begin" example:"2026-11-24"`
	To             string                        `json:"to" format:"date" doc:"The last one" example:"2026-11-30"`
	Timezone       string                        `json:"timezone" doc:"The IANA time zone of the days: the one in your profile when you joined" example:"Asia/Kolkata"`
	PartOfDay      *PartOfDay                    `json:"partOfDay" nullable:"true" doc:"The part of the day in which a slot must begin; null is any" example:"MORNING"`
	Status         WaitlistStatus                `json:"status" doc:"OFFERED while a seat is held for you" example:"WAITING"`
	Offer          httpapi.OrNull[WaitlistOffer] `json:"offer" doc:"The seat that is held for you; null when there is none"`
	ConsultationID *uuid.UUID                    `json:"consultationId" format:"uuid" nullable:"true" doc:"What you booked with an offer; otherwise null"`
	CreatedAt      time.Time                     `json:"createdAt" doc:"When you joined"`
	UpdatedAt      time.Time                     `json:"updatedAt" doc:"When it last changed"`
}

// Entity names an entry for the stored answer of an idempotency key.
func (e WaitlistEntry) Entity() (string, uuid.UUID) { return "waitlist", e.ID }

// WaitlistOffer is a seat that is held for a patient.
type WaitlistOffer struct {
	_ struct{} `doc:"A seat that is held for you"`

	SlotID    uuid.UUID `json:"slotId" format:"uuid" doc:"Its slot"`
	StartTime time.Time `json:"startTime" doc:"When it begins"`
	EndTime   time.Time `json:"endTime" doc:"When it ends"`
	ExpiresAt time.Time `json:"expiresAt" doc:"Until when it is held for you"`
}

// entry converts a row into what the actor sees, who waits or whose dependant does.
func (row listWaitlistRow) entry(actor access.Actor) WaitlistEntry {
	e := row.WaitlistRow
	out := WaitlistEntry{
		ID: e.ID, DoctorID: e.DoctorID, DoctorName: row.DoctorName,
		From: e.FromDate.Format(time.DateOnly), To: e.ToDate.Format(time.DateOnly), Timezone: e.Timezone,
		PartOfDay: e.PartOfDay, Status: e.Status, ConsultationID: e.ConsultationID,
		CreatedAt: e.CreatedAt, UpdatedAt: e.UpdatedAt,
	}
	if e.PatientID != actor.ID {
		out.DependantID = &e.PatientID
	}
	if row.SlotID != nil {
		out.Offer.Value = &WaitlistOffer{SlotID: *row.SlotID, StartTime: *row.StartTime, EndTime: *row.EndTime,
			ExpiresAt: *row.ExpiresAt}
	}
	return out
}

// WaitlistRequest names an entry.
type WaitlistRequest struct {
	ID uuid.UUID `path:"id" format:"uuid" doc:"The entry's id" example:"0199f3a2-7c1e-7000-8000-000000000031"`
}
