package prescription

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/account"
	"amrutam/internal/audit"
	"amrutam/internal/consultation"
	"amrutam/internal/postgres"
)

// PatientRequest names the consultation whose patient a doctor prepares for.
type PatientRequest struct {
	ID uuid.UUID `path:"id" format:"uuid" doc:"The consultation"`
}

// Patient is who comes to a consultation, for its doctor.
type Patient struct {
	_ struct{} `doc:"Who comes to a consultation, and what this doctor did for them before"`

	PatientID uuid.UUID       `json:"patientId" health:"patient" doc:"The patient"`
	FullName  string          `json:"fullName" doc:"The patient's name" example:"Asha Rao"`
	Age       *int            `json:"age" nullable:"true" minimum:"0" maximum:"150" doc:"In years, today where the patient is; null when not told" example:"36"`
	Gender    *account.Gender `json:"gender" nullable:"true" doc:"null when not told" example:"FEMALE"`
	Language  string          `json:"language" enum:"en,hi" doc:"The language that the patient reads (BCP 47)" example:"hi"`
	BookedBy  BookedByOrNull  `json:"bookedBy" doc:"Who booked for the patient; null when the patient did"`
	Visits    []Visit         `json:"visits" maxItems:"20" doc:"The earlier consultations with this doctor, the newest first"`
}

// Visit is an earlier consultation of the patient with the same doctor.
type Visit struct {
	_ struct{} `doc:"An earlier consultation with the same doctor"`

	ConsultationID uuid.UUID           `json:"consultationId" doc:"The consultation"`
	PatientID      uuid.UUID           `json:"patientId" health:"patient" doc:"The patient"`
	StartTime      time.Time           `json:"startTime" doc:"When it began, or should have"`
	Status         consultation.Status `json:"status" doc:"How it ended" example:"COMPLETED"`
	Notes          *string             `json:"notes" health:"consultations.notes" doc:"The doctor's own notes, released or not (health data)" example:"Advised rest"`
	Prescriptions  []Prescription      `json:"prescriptions" doc:"What was prescribed, the newest first"`
}

// ReadPatient returns who comes to a consultation to its doctor, and audits that. Returns what
// consultation.ReadVisits returns.
func (s *Service) ReadPatient(ctx context.Context, tx *postgres.Tx, actor access.Actor, in PatientRequest) (Patient,
	error) {
	current, earlier, err := s.Consultations.ReadVisits(ctx, tx, actor, in.ID)
	if err != nil {
		return Patient{}, err
	}
	person, err := s.Accounts.ReadPerson(ctx, tx, current.PatientID)
	if err != nil {
		return Patient{}, err
	}
	out := Patient{PatientID: current.PatientID, FullName: person.FullName, Age: person.Age, Gender: person.Gender,
		Language: person.Language, Visits: []Visit{}}
	if current.BookedBy != nil {
		booker, err := s.Accounts.ReadPerson(ctx, tx, *current.BookedBy)
		if err != nil {
			return Patient{}, err
		}
		out.Language = booker.Language
		out.BookedBy = BookedByOrNull{&BookedBy{ID: *current.BookedBy, FullName: booker.FullName,
			Relation: *current.Relation, IsGuardian: current.IsMinor}}
	}
	byConsultation, err := s.ofConsultations(ctx, tx, earlier)
	if err != nil {
		return Patient{}, err
	}
	for _, c := range earlier {
		v := Visit{ConsultationID: c.ID, PatientID: c.PatientID, StartTime: c.StartTime, Status: c.Status,
			Notes: c.Notes, Prescriptions: []Prescription{}}
		v.Prescriptions = append(v.Prescriptions, byConsultation[c.ID]...)
		out.Visits = append(out.Visits, v)
	}
	audit.WriteReading(tx, actor, "consultation.read", in.ID, audit.Meta{"visits": len(earlier)},
		patientsOf(current, earlier)...)
	return out, nil
}

// patientsOf returns who comes, and whose visits these are: what was moved to the patient's account is another record.
func patientsOf(current consultation.Consultation, earlier []consultation.Consultation) []uuid.UUID {
	patients := []uuid.UUID{current.PatientID}
	for _, c := range earlier {
		if !slices.Contains(patients, c.PatientID) {
			patients = append(patients, c.PatientID)
		}
	}
	return patients
}

// ofConsultations returns the prescriptions of consultations, the newest first of each.
func (s *Service) ofConsultations(ctx context.Context, tx *postgres.Tx,
	all []consultation.Consultation) (map[uuid.UUID][]Prescription, error) {
	ids := make([]uuid.UUID, len(all))
	for i, c := range all {
		ids[i] = c.ID
	}
	rows, err := listPrescriptionsOfVisits(ctx, tx, ids)
	if err != nil {
		return nil, fmt.Errorf("list the prescriptions of visits: %w", err)
	}
	found := map[uuid.UUID][]Prescription{}
	for _, row := range rows {
		p, err := s.open(row.PrescriptionRow, row.Wrapped, row.SupersededBy)
		if err != nil {
			return nil, err
		}
		found[p.ConsultationID] = append(found[p.ConsultationID], p)
	}
	return found, nil
}
