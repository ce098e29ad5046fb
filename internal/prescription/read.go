package prescription

import (
	"bytes"
	"context"
	"slices"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// PurposeHeader has the purpose for which an ADMIN reads health data.
type PurposeHeader struct {
	Purpose string `header:"X-Purpose" maxLength:"200" doc:"Why an ADMIN reads health data; kept in the audit log. Without it an ADMIN gets none" example:"complaint 2291"`
}

// ReadRequest names a prescription.
type ReadRequest struct {
	PurposeHeader
	ID uuid.UUID `path:"id" format:"uuid" doc:"The prescription"`
}

// ListOfConsultationRequest names the consultation whose prescriptions are listed.
type ListOfConsultationRequest struct {
	PurposeHeader
	ConsultationID uuid.UUID `path:"consultationId" format:"uuid" doc:"The consultation"`
}

// ListMineRequest asks for a page of the patient's own prescriptions.
type ListMineRequest struct{ httpapi.Paging }

// auditRead audits who read a prescription, and the purpose of staff.
func auditRead(tx *postgres.Tx, actor access.Actor, id, patient uuid.UUID, purpose string) {
	meta := audit.Meta{}
	if actor.IsStaff() {
		meta["purpose"] = purpose
	}
	audit.WriteReading(tx, actor, "prescription.read", id, meta, patient)
}

// AuditReading audits that the response stored for an idempotency key was read.
func (p Prescription) AuditReading(tx *postgres.Tx, actor access.Actor) {
	audit.WriteReading(tx, actor, "prescription.read", p.ID, audit.Meta{"replayed": true}, p.PatientID)
}

// Read returns one prescription. Returns problem.NotFound.
func (s *Service) Read(ctx context.Context, tx *postgres.Tx, actor access.Actor, in ReadRequest) (Prescription,
	error) {
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

// ListOfConsultation lists a consultation's prescriptions, the newest first. Returns problem.NotFound.
func (s *Service) ListOfConsultation(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in ListOfConsultationRequest) (httpapi.Page[Prescription], error) {
	page := httpapi.Page[Prescription]{Items: []Prescription{}}
	if err := httpapi.RequireRecentMFAFor(tx.Now, actor, in.Purpose); err != nil {
		return page, err
	}
	parties, err := readParties(ctx, tx, in.ConsultationID)
	if postgres.NoRows(err) {
		return page, problem.NotFound
	}
	if err != nil {
		return page, err
	}
	if !canRead(actor, parties.PatientID, parties.DoctorID, in.Purpose) {
		return page, problem.NotFoundAudited("consultation", in.ConsultationID)
	}
	rows, err := listPrescriptionsOfConsultation(ctx, tx, in.ConsultationID)
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

// readPatients returns the actor and whose prescriptions these are, each once.
func readPatients(actor access.Actor, rows []listPrescriptionsOfPatientRow) []uuid.UUID {
	patients := []uuid.UUID{actor.ID}
	for _, row := range rows {
		if !slices.Contains(patients, row.PrescriptionRow.PatientID) {
			patients = append(patients, row.PrescriptionRow.PatientID)
		}
	}
	return patients
}

// listOfPeople lists the prescriptions of several people, the newest first. One statement for all of them would read
// what all have, or look for them among everybody's.
func listOfPeople(ctx context.Context, tx *postgres.Tx, people []uuid.UUID, before uuid.UUID,
	limit int32) (all []listPrescriptionsOfPatientRow, err error) {
	for _, person := range people {
		rows, err := listPrescriptionsOfPatient(ctx, tx, person, before, limit)
		if err != nil {
			return nil, err
		}
		all = append(all, rows...)
	}
	slices.SortFunc(all, func(a, b listPrescriptionsOfPatientRow) int {
		return bytes.Compare(b.PrescriptionRow.ID[:], a.PrescriptionRow.ID[:])
	})
	return all[:min(len(all), int(limit))], nil
}

// ListMine lists the prescriptions of the patient and of the patient's dependants, the newest first.
func (s *Service) ListMine(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in ListMineRequest) (httpapi.Page[Prescription], error) {
	var page httpapi.Page[Prescription]
	before := uuid.Max
	if _, err := s.Cursors.Decode("prescriptions/me", in.Cursor, &before); err != nil {
		return page, err
	}
	limit := int32(in.Limit + 1) //nolint:gosec // at most 101
	rows, err := listOfPeople(ctx, tx, actor.People(), before, limit)
	if err != nil {
		return page, err
	}
	audit.WriteReading(tx, actor, "prescription.list", actor.ID, nil, readPatients(actor, rows)...)
	var items []Prescription
	for _, row := range rows {
		p, err := s.open(row.PrescriptionRow, row.Wrapped, row.SupersededBy)
		if err != nil {
			return page, err
		}
		items = append(items, p)
	}
	endOf := func(p Prescription) any { return p.ID }
	return httpapi.NewPage(s.Cursors, "prescriptions/me", in.Limit, items, endOf), nil
}
