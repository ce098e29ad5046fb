// Package prescription keeps what doctors prescribe: written once, never changed; a correction supersedes.
package prescription

import (
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/config"
	"amrutam/internal/consultation"
	"amrutam/internal/doctor"
	"amrutam/internal/httpapi"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
	"amrutam/internal/seal"
)

// ErrNotHeld refuses a prescription outside its time.
var ErrNotHeld = problem.Conflict("prescription-not-possible", "No prescription is possible",
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
	Sealer  *seal.Sealer
	Mails   *notification.Service
	Config  *config.Config
	Cursors httpapi.Cursors
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

// Prescription as its parties see it.
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
}

// Entity names the prescription for a stored answer.
func (p Prescription) Entity() (string, uuid.UUID) { return "prescription", p.ID }

// Location of the prescription.
func (p Prescription) Location() string { return httpapi.Base + "/prescriptions/" + p.ID.String() }

// WriteIn is a new prescription.
type WriteIn struct {
	Body struct {
		_ struct{} `doc:"What is prescribed"`

		ConsultationID uuid.UUID    `json:"consultationId" format:"uuid" doc:"Your consultation"`
		Medications    []Medication `json:"medications" health:"prescriptions.medications" minItems:"1" maxItems:"50" doc:"What to take"`
		Advice         string       `json:"advice,omitempty" health:"prescriptions.advice" text:"lines" maxLength:"5000" doc:"What else you advise" example:"Light food in the evening"`
		Supersedes     *uuid.UUID   `json:"supersedes,omitempty" format:"uuid" doc:"The prescription of the same consultation that this one corrects" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081"`
	}
}

// Write keeps a prescription of the doctor's own consultation, while it is in progress or shortly after.
// Errors: ErrNotHeld, ErrSuperseded, doctor.ErrNotApproved.
func (s *Service) Write(ctx context.Context, tx *postgres.Tx, actor access.Actor, in WriteIn) (Prescription, error) {
	// the doctor is locked before the consultation, by whoever locks both
	notApproved := doctor.Holds(ctx, tx, actor.ID)
	if notApproved != nil && !errors.Is(notApproved, doctor.ErrNotApproved) {
		return Prescription{}, notApproved
	}
	c, err := lockForPrescription(ctx, tx, in.Body.ConsultationID)
	if postgres.NoRows(err) {
		return Prescription{}, problem.NotFound
	}
	if err != nil {
		return Prescription{}, err
	}
	if c.DoctorID != actor.ID {
		return Prescription{}, problem.NotFoundAudited("consultation", c.ID)
	}
	held := c.Status == consultation.StatusInProgress ||
		(c.Status == consultation.StatusCompleted && c.EndedAt != nil &&
			!tx.Now.After(c.EndedAt.Add(s.Config.PrescribeWithin)))
	if !held {
		return Prescription{}, ErrNotHeld
	}
	if notApproved != nil {
		return Prescription{}, notApproved
	}
	if old := in.Body.Supersedes; old != nil {
		known, err := supersedable(ctx, tx, *old, c.ID)
		if err != nil {
			return Prescription{}, err
		}
		if !known {
			return Prescription{}, problem.InvalidField("body.supersedes",
				"is not a prescription of this consultation")
		}
	}
	p := Prescription{ID: uuid.Must(uuid.NewV7()), ConsultationID: c.ID, DoctorID: actor.ID, PatientID: c.PatientID,
		Medications: in.Body.Medications, Supersedes: in.Body.Supersedes, CreatedAt: tx.Now}
	if in.Body.Advice != "" {
		p.Advice = &in.Body.Advice
	}
	if err := s.insert(ctx, tx, p, c.Wrapped); err != nil {
		return Prescription{}, err
	}
	audit.Write(tx, actor, "prescription.write", p.ID, audit.Meta{"consultationId": c.ID, "supersedes": p.Supersedes})
	name, err := partyNames(ctx, tx, actor.ID)
	if err != nil {
		return Prescription{}, err
	}
	return p, s.Mails.Enqueue(ctx, tx, notification.Mail{To: c.PatientID, Kind: "prescription-ready",
		Data: map[string]string{"with": name, "consultationId": c.ID.String()}})
}

func (s *Service) insert(ctx context.Context, tx *postgres.Tx, p Prescription, wrapped []byte) error {
	key, err := s.Sealer.UnwrapCached(p.PatientID, wrapped)
	if err != nil {
		return err
	}
	text, err := json.Marshal(p.Medications)
	if err != nil {
		return err
	}
	row := insertPrescriptionParams{ID: p.ID, ConsultationID: p.ConsultationID, DoctorID: p.DoctorID,
		PatientID: p.PatientID, Supersedes: p.Supersedes, CreatedAt: p.CreatedAt}
	if row.Medications, err = key.Seal(columnMedications, p.ID, string(text)); err != nil {
		return err
	}
	if p.Advice != nil {
		if row.Advice, err = key.Seal(columnAdvice, p.ID, *p.Advice); err != nil {
			return err
		}
	}
	err = insertPrescription(ctx, tx, row)
	if postgres.Violates(err, "prescriptions_supersedes_key") {
		return ErrSuperseded
	}
	return err
}

// open reads a row. An erased patient's prescription stays, without its content.
func (s *Service) open(row PrescriptionRow, wrapped []byte, supersededBy *uuid.UUID) (Prescription, error) {
	p := Prescription{ID: row.ID, ConsultationID: row.ConsultationID, DoctorID: row.DoctorID, PatientID: row.PatientID,
		Medications: []Medication{}, Supersedes: row.Supersedes, SupersededBy: supersededBy, CreatedAt: row.CreatedAt}
	key, err := s.Sealer.UnwrapCached(row.PatientID, wrapped)
	if errors.Is(err, seal.ErrErased) {
		return p, nil
	}
	if err != nil {
		return p, err
	}
	text, err := key.Open(columnMedications, row.ID, row.Medications)
	if err != nil {
		return p, err
	}
	if err := json.Unmarshal([]byte(text), &p.Medications); err != nil {
		return p, err
	}
	if row.Advice != nil {
		advice, err := key.Open(columnAdvice, row.ID, row.Advice)
		p.Advice = &advice
		return p, err
	}
	return p, nil
}
