// Package doctor has the doctors: their applications, approval and profiles, and the search for them.
package doctor

import (
	"strings"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/cancellation"
	"amrutam/internal/httpapi"
	"amrutam/internal/money"
	"amrutam/internal/notification"
	"amrutam/internal/problem"
)

// Service stores and finds doctors.
type Service struct {
	// Mails tells doctors what was decided about their applications.
	Mails *notification.Service
	// Cursors sign the positions in the search.
	Cursors httpapi.Cursors
	// Currency is the ISO 4217 code of fees without a currency, and the one in which a search compares fees by
	// default.
	Currency string
	// CancellationPolicy is that of doctors without an own one.
	CancellationPolicy cancellation.Policy
}

var (
	// ErrAlreadyApplied refuses a second application of a user.
	ErrAlreadyApplied = problem.Conflict("already-applied", "You have applied already",
		"You have already applied as a doctor.",
		"Change your application with PATCH /api/v1/doctors/{id}; the id is your user id.")
	// ErrNotApproved refuses what only an approved doctor may do.
	ErrNotApproved = problem.Define(403, "doctor-not-approved", "Not approved",
		"Only an approved doctor opens slots, starts consultations and prescribes.",
		"Apply with POST /api/v1/doctors and wait for the mail that says you are approved. Whoever's approval was "+
			"withdrawn asks an administrator.")
	// ErrRegistrationTaken refuses a registration number that another doctor has; see RegistrationKey.
	ErrRegistrationTaken = problem.Conflict("registration-number-taken", "The registration number is taken",
		"Another doctor has this registration number.", "Check the number. If somebody else uses yours, tell support.")
	// ErrRegistrationApproved refuses to change the registration number of an approved doctor.
	ErrRegistrationApproved = problem.Conflict("registration-number-approved", "The registration number is fixed",
		"An approved doctor's registration number can't be changed: the approval vouches for it.",
		"Ask an administrator to withdraw the approval, change the number, and be approved anew.")
)

// Doctor is a doctor as everybody sees them. The id is the user's id.
type Doctor struct {
	_ struct{} `doc:"A doctor as patients find them"`

	ID                 uuid.UUID                `json:"id" format:"uuid" doc:"The doctor's id, which is the user's id"`
	UserID             uuid.UUID                `json:"userId" format:"uuid" doc:"The same value as id"`
	FullName           string                   `json:"fullName" doc:"Name in the user's profile"`
	Specialization     string                   `json:"specialization" doc:"Field of practice" example:"Panchakarma"`
	YearsOfExperience  int                      `json:"yearsOfExperience" doc:"Years in practice" example:"12"`
	RegistrationNumber string                   `json:"registrationNumber" doc:"Number in the medical register" example:"AYU-KL-20417"`
	ClinicName         *string                  `json:"clinicName" doc:"Clinic, if any" example:"Nair Ayurveda"`
	ConsultationFee    money.Amount             `json:"consultationFee" doc:"Fee of one consultation"`
	Currency           string                   `json:"currency" doc:"ISO 4217 code of the fee" example:"INR"`
	LanguagesSpoken    []string                 `json:"languagesSpoken" doc:"Language tags (BCP 47) in their canonical form" example:"[\"en\",\"hi\"]"`
	Bio                *string                  `json:"bio" doc:"What the doctor tells about themselves" example:"Twelve years of Panchakarma in Kochi."`
	CancellationPolicy cancellation.Policy      `json:"cancellationPolicy" minItems:"1" maxItems:"5" doc:"What a patient who cancels gets back, of bookings made now: by the first step whose time isn't over; nothing after the last one"`
	IsApproved         bool                     `json:"isApproved" doc:"Whether the doctor is approved; only then patients find them" example:"true"`
	Rating             *float64                 `json:"rating" minimum:"1" maximum:"5" doc:"Mean of the patients' ratings; null while there are none" example:"4.6"`
	RatingCount        int                      `json:"ratingCount" minimum:"0" doc:"How many ratings that is the mean of" example:"87"`
	Application        *Application             `json:"application,omitempty" doc:"What was decided about the application; for the doctor and administrators"`
	SameNumber         []SameNumber             `json:"sameNumber,omitempty" maxItems:"20" doc:"Others who gave the same registration number, compared by its letters and digits alone, refused and deleted ones too; for administrators, left out when there are none"`
	NextFreeSlot       httpapi.OrNull[NextSlot] `json:"nextFreeSlot" doc:"First free slot to come, in a search for a time the first one in that time; null when there is none"`
	CreatedAt          time.Time                `json:"createdAt" doc:"When the doctor applied"`
	UpdatedAt          time.Time                `json:"updatedAt" doc:"When the profile last changed"`

	// score is what a search sorts by, as PostgreSQL writes it.
	score string
	// decision tells of the application, which those see who get it as Application.
	decision decision
}

// Entity names a doctor for the stored answer of an idempotency key.
func (d Doctor) Entity() (string, uuid.UUID) { return "doctor", d.ID }

// Location is the address of a doctor.
func (d Doctor) Location() string { return httpapi.Base + "/doctors/" + d.ID.String() }

// ETag is the version of the profile, which the next free slot is no part of.
func (d Doctor) ETag() string { return httpapi.ETag(d.UpdatedAt) }

// NextSlot is a doctor's next free slot.
type NextSlot struct {
	_ struct{} `doc:"The first slot with a free seat"`

	ID        uuid.UUID `json:"id" format:"uuid" doc:"The slot's id"`
	StartTime time.Time `json:"startTime" doc:"When it begins" example:"2026-11-24T04:30:00Z"`
	EndTime   time.Time `json:"endTime" doc:"When it ends" example:"2026-11-24T05:00:00Z"`
}

// nextSlot returns the slot that a LEFT JOIN found, or null.
func nextSlot(id *uuid.UUID, start, end *time.Time) httpapi.OrNull[NextSlot] {
	if id == nil || start == nil || end == nil {
		return httpapi.OrNull[NextSlot]{}
	}
	return httpapi.OrNull[NextSlot]{Value: &NextSlot{ID: *id, StartTime: *start, EndTime: *end}}
}

// toRating converts a numeric(3,2), which is read as hundredths, into a number. Returns nil if there are no ratings.
func toRating(rating money.Amount, count int) *float64 {
	if count == 0 {
		return nil
	}
	return new(float64(rating) / 100)
}

// trimOptional trims the spaces around a text that may be nil.
func trimOptional(s *string) *string {
	if s == nil {
		return nil
	}
	t := strings.TrimSpace(*s)
	return &t
}
