// Package consultation books consultations, moves them from one status to the next, and decides what happens to their
// money.
package consultation

import (
	"errors"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/account"
	"amrutam/internal/config"
	"amrutam/internal/doctor"
	"amrutam/internal/httpapi"
	"amrutam/internal/money"
	"amrutam/internal/notification"
	"amrutam/internal/payment"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
	"amrutam/internal/seal"
	"amrutam/internal/telemetry"
)

// The refusals of consultations, beside those of slots and payments.
var (
	ErrTooManyUnpaid = problem.Conflict("too-many-unpaid", "Too many unpaid bookings",
		"You hold as many unpaid bookings as a patient may.",
		"Pay or cancel one of them first; an unpaid one ends by itself when its time to pay is over.")
	ErrTooManyAbandoned = problem.Conflict("too-many-abandoned", "Too many bookings were left unpaid",
		"Too many unpaid bookings of yours ended without payment within a day.",
		"Wait until the time named in detail, and pay what you book, or don't book what you won't pay.")
	ErrTooManyBookings = problem.Conflict("too-many-bookings", "Too many bookings",
		"You have as many consultations to come as a patient may.", "Cancel one of them, or wait until one is over.")
	ErrTooManyWithDoctor = problem.Conflict("too-many-with-doctor", "Too many bookings with this doctor",
		"You have as many consultations to come with this doctor as a patient may.",
		"Choose another doctor, cancel one of them, or wait until one is over.")
	ErrTooEarly = problem.Conflict("too-early", "Too early",
		"It is too early for this step.",
		"Wait until the time named in detail.")
	ErrTooLate = problem.Conflict("too-late", "Too late",
		"It is too late for this step.",
		"Ask support: they can do more than you at this point.")
)

// abandonedFor is how long a booking that ended without payment counts against the patient.
const abandonedFor = 24 * time.Hour

// Service books, changes and lists consultations.
type Service struct {
	DB       *postgres.DB
	Sealer   *seal.Sealer
	Accounts *account.Service
	Doctors  *doctor.Service
	Payments *payment.Service
	Mails    *notification.Service
	Config   *config.Config
	Cursors  httpapi.Cursors
	Metrics  *telemetry.Metrics
}

// Consultation is the response that its parties and staff get. Reason, Notes and CancellationReason are nil for those
// who may not see health data.
type Consultation struct {
	_ struct{} `doc:"A consultation, from its booking to its end"`

	ID                 uuid.UUID                    `json:"id" doc:"The consultation's id"`
	PatientID          uuid.UUID                    `json:"patientId" health:"patient" doc:"Who is seen"`
	DoctorID           uuid.UUID                    `json:"doctorId" doc:"Who sees them"`
	DependantID        *uuid.UUID                   `json:"dependantId" format:"uuid" nullable:"true" doc:"The patient, when somebody else booked for them; null when the patient did"`
	BookedBy           *uuid.UUID                   `json:"bookedBy" format:"uuid" nullable:"true" doc:"Who booked for the patient; null when the patient did"`
	Relation           *account.Relation            `json:"relation" nullable:"true" doc:"What the patient is to who booked, as it was then; null when the patient did"`
	IsMinor            bool                         `json:"isMinor" doc:"true when the patient is not 18 at the start: who booked is the adult with them" example:"false"`
	SlotID             uuid.UUID                    `json:"slotId" doc:"The booked slot"`
	PatientName        string                       `json:"patientName,omitempty" doc:"The patient's name, in reads and of a new booking"`
	DoctorName         string                       `json:"doctorName,omitempty" doc:"The doctor's name, in reads and of a new booking"`
	Status             Status                       `json:"status" doc:"Where it stands"`
	PaymentStatus      PaymentState                 `json:"paymentStatus" doc:"PAID exactly when its payment succeeded"`
	Fee                money.Amount                 `json:"fee" doc:"What it costs: the doctor's fee at the booking, or when it was last moved"`
	Currency           string                       `json:"currency" example:"INR" doc:"ISO 4217 currency code"`
	RefundedAmount     money.Amount                 `json:"refundedAmount" doc:"What has been given back of what was paid, so far"`
	StartTime          time.Time                    `json:"startTime" doc:"When it begins, which is when its slot begins"`
	EndTime            time.Time                    `json:"endTime" doc:"When it ends: at the end of its slot, or sooner if the doctor's booking rules say how long a visit takes"`
	StartableFrom      time.Time                    `json:"startableFrom" doc:"From when both sides can check in and the doctor can start it, until its end" example:"2026-11-24T04:15:00Z"`
	NoShowFrom         time.Time                    `json:"noShowFrom" doc:"From when the doctor can record that the patient didn't come, until its end" example:"2026-11-24T04:40:00Z"`
	HasConsent         *bool                        `json:"hasConsent,omitempty" doc:"Whether the patient's consent to it stands, without which it can't be started; in reads of one that isn't over" example:"true"`
	HasReview          *bool                        `json:"hasReview,omitempty" doc:"Whether the patient has reviewed it; in the patient's reads of a completed one" example:"false"`
	HasDispute         *bool                        `json:"hasDispute,omitempty" doc:"Whether the patient disputes that they didn't come; in reads of a no-show" example:"false"`
	PaymentDueAt       *time.Time                   `json:"paymentDueAt" doc:"Unpaid by then, the booking ends; null when nothing is due"`
	BalanceDue         *money.Amount                `json:"balanceDue" nullable:"true" doc:"What a move to a higher fee has left to pay: pay it as the fee, with POST /payments/initiate; null when nothing is due"`
	BalanceDueAt       *time.Time                   `json:"balanceDueAt" doc:"Unpaid by then, the consultation is cancelled and everything paid is given back; null when nothing is due"`
	RescheduledFrom    httpapi.OrNull[PreviousSlot] `json:"rescheduledFrom" doc:"Where it was before it was last moved; null when it never was"`
	RescheduleCount    int                          `json:"rescheduleCount" doc:"How often it was moved" example:"0"`
	Reason             *string                      `json:"reason,omitempty" health:"consultations.reason" example:"Back pain for two weeks" doc:"Why the patient comes (health data)"`
	Notes              *string                      `json:"notes,omitempty" health:"consultations.notes" doc:"The doctor's notes (health data); the patient sees them once the doctor has released them"`
	NotesReleased      *bool                        `json:"notesReleased,omitempty" doc:"Whether the patient sees the notes; left out while there are none, and for those who don't see them in any case" example:"true"`
	CancelledBy        *CancelledBy                 `json:"cancelledBy" nullable:"true" doc:"Who cancelled; SYSTEM when it wasn't paid in time"`
	CancellationReason *string                      `json:"cancellationReason,omitempty" health:"consultations.cancellation_reason" doc:"Why it was cancelled (health data)"`
	CancelledAt        *time.Time                   `json:"cancelledAt" doc:"When it was cancelled"`
	StartedAt          *time.Time                   `json:"startedAt" doc:"When the doctor began"`
	EndedAt            *time.Time                   `json:"endedAt" doc:"When the doctor ended it"`
	Absent             *AbsentParty                 `json:"absent" nullable:"true" doc:"Who didn't come, when it is NO_SHOW: the patient if the doctor said so, or if it was never started and the doctor alone checked in; else the doctor"`
	PatientArrivedAt   *time.Time                   `json:"patientArrivedAt" doc:"When the patient first checked in"`
	DoctorArrivedAt    *time.Time                   `json:"doctorArrivedAt" doc:"When the doctor first checked in"`
	CreatedAt          time.Time                    `json:"createdAt" doc:"When it was booked"`
	UpdatedAt          time.Time                    `json:"updatedAt" doc:"When it last changed"`
	Archived           bool                         `json:"archived" doc:"true when it is in the archive, where it goes a year after its end: it never changes there, and reading it is slower" example:"false"`
}

// Entity names the consultation for a stored answer.
func (c Consultation) Entity() (string, uuid.UUID) { return "consultation", c.ID }

// Location returns the address of the consultation.
func (c Consultation) Location() string { return httpapi.Base + "/consultations/" + c.ID.String() }

// ETag returns the version of the consultation.
func (c Consultation) ETag() string { return httpapi.ETag(c.UpdatedAt) }

const (
	columnReason       = "consultations.reason"
	columnNotes        = "consultations.notes"
	columnCancellation = "consultations.cancellation_reason"
)

// response returns the consultation with both names, and with as much of its health data as the caller may see.
func (s *Service) response(full fullRow, sight sight) (Consultation, error) {
	c := s.withoutHealthData(full.ConsultationRow)
	c.PatientName = full.PatientName
	c.DoctorName = full.DoctorName
	c.RefundedAmount = full.Refunded
	c.Archived = full.archived
	switch {
	case !c.Status.IsFinal():
		c.HasConsent = &full.HasConsent
	case c.Status == StatusNoShow:
		c.HasDispute = &full.HasDispute
	case c.Status == StatusCompleted && sight == releasedData:
		// A doctor must not learn which patient a review is from.
		c.HasReview = &full.HasReview
	}
	if sight == noHealthData {
		return c, nil
	}
	row := full.ConsultationRow
	if row.Notes != nil {
		c.NotesReleased = new(!row.NotesDraft)
	}
	if row.NotesDraft && sight == releasedData {
		row.Notes = nil
	}
	return c, s.addHealthData(&c, row, full.Wrapped)
}

// withoutHealthData returns what everybody sees who may know of the consultation.
func (s *Service) withoutHealthData(row ConsultationRow) Consultation {
	c := Consultation{
		ID: row.ID, PatientID: row.PatientID, DoctorID: row.DoctorID, SlotID: row.SlotID,
		BookedBy: row.BookedBy, Relation: row.Relation, IsMinor: row.IsMinor,
		Status:        row.Status,
		PaymentStatus: row.PaymentStatus, Fee: row.Fee, Currency: row.Currency,
		StartTime: row.ScheduledStart, EndTime: row.ScheduledEnd,
		StartableFrom: s.startableFrom(row), NoShowFrom: s.noShowFrom(row),
		CancelledAt: row.CancelledAt, StartedAt: row.StartedAt, EndedAt: row.EndedAt,
		Absent:           (*AbsentParty)(row.Absent),
		PatientArrivedAt: row.PatientArrivedAt, DoctorArrivedAt: row.DoctorArrivedAt,
		BalanceDue: row.BalanceDue, BalanceDueAt: row.BalanceDueAt,
		RescheduledFrom: previousOf(row), RescheduleCount: int(row.RescheduleCount),
		CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}
	if row.BookedBy != nil {
		c.DependantID = &row.PatientID
	}
	if row.Status == StatusRequested {
		c.PaymentDueAt = row.PaymentDueAt
	}
	if row.CancelledBy != nil {
		c.CancelledBy = (*CancelledBy)(row.CancelledBy)
	} else if row.Status == StatusCancelled {
		c.CancelledBy = new(cancelledBySystem)
	}
	return c
}

// addHealthData opens the sealed columns. It adds nothing if the patient was erased.
func (s *Service) addHealthData(c *Consultation, row ConsultationRow, wrapped []byte) error {
	key, err := s.Sealer.UnwrapCached(row.PatientID, wrapped)
	if errors.Is(err, seal.ErrErased) {
		return nil
	}
	if err != nil {
		return err
	}
	fields := []struct {
		column string
		sealed []byte
		target **string
	}{
		{columnReason, row.Reason, &c.Reason},
		{columnNotes, row.Notes, &c.Notes},
		{columnCancellation, row.CancellationReason, &c.CancellationReason},
	}
	for _, f := range fields {
		if f.sealed == nil {
			continue
		}
		text, err := key.Open(f.column, row.ID, f.sealed)
		if err != nil {
			return err
		}
		*f.target = &text
	}
	return nil
}

// roleOf returns the actor's role, or nil for the system.
func roleOf(actor access.Actor) *access.Role {
	if actor.ID == uuid.Nil {
		return nil
	}
	return &actor.Role
}
