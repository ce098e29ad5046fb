package prescription

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/consultation"
	"amrutam/internal/doctor"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// WriteRequest is a new prescription of the doctor's own consultation.
type WriteRequest struct {
	Body struct {
		_ struct{} `doc:"What is prescribed"`

		ConsultationID uuid.UUID    `json:"consultationId" format:"uuid" doc:"Your consultation"`
		Medications    []Medication `json:"medications" health:"prescriptions.medications" minItems:"1" maxItems:"50" doc:"What to take"`
		Advice         string       `json:"advice,omitempty" health:"prescriptions.advice" text:"lines" maxLength:"5000" doc:"What else you advise" example:"Light food in the evening"`
		Supersedes     *uuid.UUID   `json:"supersedes,omitempty" format:"uuid" doc:"The prescription of the same consultation that this one corrects" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081"`
	}
}

// Write stores a prescription and mails the patient that it is ready. Returns problem.NotFound, ErrNotPossible,
// ErrSuperseded, doctor.ErrNotApproved.
func (s *Service) Write(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in WriteRequest) (Prescription, error) {
	// The doctor is locked before the consultation, as everywhere.
	notApproved := doctor.LockApproved(ctx, tx, actor.ID)
	if notApproved != nil && !errors.Is(notApproved, doctor.ErrNotApproved) {
		return Prescription{}, notApproved
	}
	c, err := lockConsultation(ctx, tx, in.Body.ConsultationID)
	if postgres.NoRows(err) {
		return Prescription{}, refuseArchived(ctx, tx, actor, in.Body.ConsultationID)
	}
	if err != nil {
		return Prescription{}, err
	}
	if c.DoctorID != actor.ID {
		return Prescription{}, problem.NotFoundAudited("consultation", c.ID)
	}
	if !s.canPrescribe(c, tx.Now) {
		return Prescription{}, ErrNotPossible
	}
	if notApproved != nil {
		return Prescription{}, notApproved
	}
	if in.Body.Supersedes != nil {
		exists, err := existsInConsultation(ctx, tx, *in.Body.Supersedes, c.ID)
		if err != nil {
			return Prescription{}, err
		}
		if !exists {
			return Prescription{}, problem.InvalidField("body.supersedes",
				faultSupersedes)
		}
	}
	p := Prescription{
		ID: uuid.Must(uuid.NewV7()), ConsultationID: c.ID, DoctorID: actor.ID, PatientID: c.PatientID,
		Medications: in.Body.Medications, Supersedes: in.Body.Supersedes, CreatedAt: tx.Now,
	}
	if in.Body.Advice != "" {
		p.Advice = &in.Body.Advice
	}
	if err := s.insert(ctx, tx, p, c.Wrapped); err != nil {
		return Prescription{}, err
	}
	audit.Write(tx, actor, "prescription.write", p.ID, audit.Meta{"consultationId": c.ID, "supersedes": p.Supersedes})
	doctorName, err := readName(ctx, tx, actor.ID)
	if err != nil {
		return Prescription{}, err
	}
	data := map[string]string{"with": doctorName, "prescriptionId": p.ID.String(), "consultationId": c.ID.String()}
	return p, s.Mails.Enqueue(ctx, tx, notification.Mail{To: c.PatientID, Kind: "prescription-ready", Data: data})
}

// refuseArchived returns ErrNotPossible if the doctor's consultation is in the archive, and problem.NotFound
// otherwise.
func refuseArchived(ctx context.Context, tx *postgres.Tx, actor access.Actor, id uuid.UUID) error {
	doctorID, err := readArchivedDoctor(ctx, tx, id)
	switch {
	case postgres.NoRows(err):
		return problem.NotFound
	case err != nil:
		return err
	case doctorID != actor.ID:
		return problem.NotFoundAudited("consultation", id)
	}
	return ErrNotPossible
}

// canPrescribe reports whether the consultation is in progress, or was completed no longer ago than configured.
func (s *Service) canPrescribe(c lockConsultationRow, now time.Time) bool {
	switch c.Status {
	case consultation.StatusInProgress:
		return true
	case consultation.StatusCompleted:
		return c.EndedAt != nil && !now.After(c.EndedAt.Add(s.Config.PrescribeWithin))
	default:
		return false
	}
}

// insert seals and stores a prescription. wrapped is the patient's data key. Returns ErrSuperseded if another one
// supersedes the same prescription.
func (s *Service) insert(ctx context.Context, tx *postgres.Tx, p Prescription, wrapped []byte) error {
	key, err := s.Sealer.UnwrapCached(p.PatientID, wrapped)
	if err != nil {
		return err
	}
	medications, err := json.Marshal(p.Medications)
	if err != nil {
		return fmt.Errorf("encode the medications of a prescription: %w", err)
	}
	row := insertPrescriptionParams{
		ID: p.ID, ConsultationID: p.ConsultationID, DoctorID: p.DoctorID, PatientID: p.PatientID,
		Supersedes: p.Supersedes, CreatedAt: p.CreatedAt,
	}
	if row.Medications, err = key.Seal(columnMedications, p.ID, string(medications)); err != nil {
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
