package prescription

import (
	"context"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// PurposeIn carries why an ADMIN reads health data.
type PurposeIn struct {
	Purpose string `header:"X-Purpose" maxLength:"200" doc:"Why an ADMIN reads health data; kept in the audit log. Without it an ADMIN gets none" example:"complaint 2291"`
}

// ReadIn names a prescription.
type ReadIn struct {
	PurposeIn
	ID uuid.UUID `path:"id" format:"uuid" doc:"The prescription"`
}

// OfConsultationIn names a consultation.
type OfConsultationIn struct {
	PurposeIn
	ConsultationID uuid.UUID `path:"consultationId" format:"uuid" doc:"The consultation"`
}

// MineIn asks for the patient's own.
type MineIn struct{ httpapi.Paging }

func auditRead(tx *postgres.Tx, actor access.Actor, id, patient uuid.UUID, purpose string) {
	meta := audit.Meta{}
	if actor.IsStaff() {
		meta["purpose"] = purpose
	}
	audit.WriteReading(tx, actor, "prescription.read", id, meta, patient)
}

// NoteReading of the stored answer of a key.
func (p Prescription) NoteReading(tx *postgres.Tx, actor access.Actor) {
	audit.WriteReading(tx, actor, "prescription.read", p.ID, audit.Meta{"replayed": true}, p.PatientID)
}

// Read shows one prescription.
func (s *Service) Read(ctx context.Context, tx *postgres.Tx, actor access.Actor, in ReadIn) (Prescription, error) {
	if err := httpapi.RequireRecentMFAFor(tx.Now, actor, in.Purpose); err != nil {
		return Prescription{}, err
	}
	row, err := readPrescription(ctx, tx, in.ID)
	if postgres.NoRows(err) {
		return Prescription{}, problem.NotFound
	}
	if err != nil {
		return Prescription{}, err
	}
	p := row.PrescriptionRow
	if !canRead(actor, p.PatientID, p.DoctorID, in.Purpose) {
		return Prescription{}, problem.NotFoundAudited("prescription", in.ID)
	}
	auditRead(tx, actor, p.ID, p.PatientID, in.Purpose)
	return s.open(p, row.Wrapped, row.SupersededBy)
}

// OfConsultation lists a consultation's prescriptions, newest first.
func (s *Service) OfConsultation(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in OfConsultationIn) (httpapi.Page[Prescription], error) {
	page := httpapi.Page[Prescription]{Items: []Prescription{}}
	if err := httpapi.RequireRecentMFAFor(tx.Now, actor, in.Purpose); err != nil {
		return page, err
	}
	parties, err := consultationParties(ctx, tx, in.ConsultationID)
	if postgres.NoRows(err) {
		return page, problem.NotFound
	}
	if err != nil {
		return page, err
	}
	if !canRead(actor, parties.PatientID, parties.DoctorID, in.Purpose) {
		return page, problem.NotFoundAudited("consultation", in.ConsultationID)
	}
	rows, err := prescriptionsOfConsultation(ctx, tx, in.ConsultationID)
	if err != nil {
		return page, err
	}
	meta := audit.Meta{"consultationId": in.ConsultationID}
	if actor.IsStaff() {
		meta["purpose"] = in.Purpose
	}
	audit.WriteReading(tx, actor, "prescription.list", in.ConsultationID, meta, parties.PatientID)
	for _, row := range rows {
		p, err := s.open(row.PrescriptionRow, row.Wrapped, row.SupersededBy)
		if err != nil {
			return page, err
		}
		page.Items = append(page.Items, p)
	}
	return page, nil
}

// Mine lists the patient's own prescriptions, newest first.
func (s *Service) Mine(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in MineIn) (httpapi.Page[Prescription], error) {
	var page httpapi.Page[Prescription]
	before := uuid.Max
	if _, err := s.Cursors.Open("prescriptions/me", in.Cursor, &before); err != nil {
		return page, err
	}
	rows, err := prescriptionsOfPatient(ctx, tx, actor.ID, before,
		int32(in.Limit+1)) //nolint:gosec // at most 101
	if err != nil {
		return page, err
	}
	audit.WriteReading(tx, actor, "prescription.list", actor.ID, nil, actor.ID)
	var items []Prescription
	for _, row := range rows {
		p, err := s.open(row.PrescriptionRow, row.Wrapped, row.SupersededBy)
		if err != nil {
			return page, err
		}
		items = append(items, p)
	}
	return httpapi.NewPage(s.Cursors, "prescriptions/me", in.Limit, items, func(p Prescription) any { return p.ID }),
		nil
}
