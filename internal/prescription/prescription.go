// Package prescription stores what doctors prescribe. A prescription is never changed: a correction is a new one that
// supersedes it.
package prescription

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/account"
	"amrutam/internal/config"
	"amrutam/internal/consultation"
	"amrutam/internal/httpapi"
	"amrutam/internal/notification"
	"amrutam/internal/problem"
	"amrutam/internal/seal"
)

// ErrNotPossible refuses a prescription before a consultation starts, or too long after it.
var ErrNotPossible = problem.Conflict("prescription-not-possible", "No prescription is possible",
	"A prescription is written while the consultation is in progress, or until the configured time after it "+
		"(AMRUTAM_PRESCRIBE_WITHIN).",
	"Start the consultation first; later, book another one.")

// ErrSuperseded refuses a second correction of the same prescription.
var ErrSuperseded = problem.Conflict("already-superseded", "The prescription was corrected already",
	"This prescription was corrected before.",
	"Correct the newest one.")

const (
	columnMedications = "prescriptions.medications"
	columnAdvice      = "prescriptions.advice"
)

// Service writes and reads prescriptions.
type Service struct {
	Sealer        *seal.Sealer
	Accounts      *account.Service
	Consultations *consultation.Service
	Mails         *notification.Service
	Config        *config.Config
	Cursors       httpapi.Cursors
}

// Medication is one line of a prescription (FHIR MedicationRequest, in short).
type Medication struct {
	_ struct{} `doc:"A medicine and how to take it"`

	Name         string `json:"name" minLength:"1" maxLength:"200" pattern:"\\S" patternDescription:"more than spaces" doc:"What to take" example:"Triphala churna"`
	Dosage       string `json:"dosage" minLength:"1" maxLength:"200" pattern:"\\S" patternDescription:"more than spaces" doc:"How much" example:"5 g"`
	Frequency    string `json:"frequency" minLength:"1" maxLength:"200" pattern:"\\S" patternDescription:"more than spaces" doc:"How often" example:"twice a day, after meals"`
	DurationDays *int   `json:"durationDays,omitempty" minimum:"1" maximum:"730" doc:"For how many days" example:"14"`
	Route        string `json:"route,omitempty" maxLength:"200" doc:"How it is taken" example:"by mouth"`
	Instructions string `json:"instructions,omitempty" text:"lines" maxLength:"2000" doc:"What else to mind" example:"with warm water"`
}

// Prescription is the response that its patient, its doctor and an ADMIN get.
type Prescription struct {
	_ struct{} `doc:"What the doctor prescribed"`

	ID             uuid.UUID    `json:"id" doc:"The prescription's id"`
	ConsultationID uuid.UUID    `json:"consultationId" doc:"Where it was written"`
	DoctorID       uuid.UUID    `json:"doctorId" doc:"Who wrote it"`
	PatientID      uuid.UUID    `json:"patientId" health:"patient" doc:"For whom"`
	Medications    []Medication `json:"medications" health:"prescriptions.medications" doc:"What was prescribed (health data)"`
	Advice         *string      `json:"advice" health:"prescriptions.advice" doc:"What else the doctor advises (health data)" example:"Light food in the evening"`
	Supersedes     *uuid.UUID   `json:"supersedes" nullable:"true" doc:"The prescription it corrects, or null"`
	SupersededBy   *uuid.UUID   `json:"supersededBy" nullable:"true" doc:"The prescription that corrects it, or null: this one stands"`
	CreatedAt      time.Time    `json:"createdAt" doc:"When it was written"`
	Archived       bool         `json:"archived" doc:"true when it is in the archive with its consultation, where reading it is slower" example:"false"`
}

// Entity names the prescription for a stored answer.
func (p Prescription) Entity() (string, uuid.UUID) { return "prescription", p.ID }

// Location returns the address of the prescription.
func (p Prescription) Location() string { return httpapi.Base + "/prescriptions/" + p.ID.String() }

// open opens the sealed columns of a row. The prescription of an erased patient has no content.
func (s *Service) open(row PrescriptionRow, wrapped []byte, supersededBy *uuid.UUID) (Prescription, error) {
	p := Prescription{
		ID: row.ID, ConsultationID: row.ConsultationID, DoctorID: row.DoctorID, PatientID: row.PatientID,
		Medications: []Medication{},
		Supersedes:  row.Supersedes, SupersededBy: supersededBy, CreatedAt: row.CreatedAt,
		Archived: row.Archived,
	}
	key, err := s.Sealer.UnwrapCached(row.PatientID, wrapped)
	if errors.Is(err, seal.ErrErased) {
		return p, nil
	}
	if err != nil {
		return p, err
	}
	medications, err := key.Open(columnMedications, row.ID, row.Medications)
	if err != nil {
		return p, err
	}
	if err := json.Unmarshal([]byte(medications), &p.Medications); err != nil {
		return p, fmt.Errorf("decode the medications of a prescription: %w", err)
	}
	if row.Advice == nil {
		return p, nil
	}
	advice, err := key.Open(columnAdvice, row.ID, row.Advice)
	p.Advice = &advice
	return p, err
}
