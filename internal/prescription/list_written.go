package prescription

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"golang.org/x/text/unicode/norm"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
)

// maxSearched is how many prescriptions a search for words opens for one page: medications are sealed, so that the
// database can't look into them.
const maxSearched = 500

// ListWrittenRequest asks for a page of the prescriptions that the doctor wrote.
type ListWrittenRequest struct {
	httpapi.Paging
	PatientID httpapi.UUID `query:"patientId" doc:"Only those for this patient" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081"`
	Q         string       `query:"q" text:"lines" maxLength:"200" doc:"Only those with a medication in whose name each of these words stands, in capitals or not" example:"triphala"`
}

// ListWritten lists the prescriptions that the doctor wrote, the newest first. A page of a search for words can hold
// fewer than asked for, or none, while there are more. Each call is audited with the patients that it shows.
func (s *Service) ListWritten(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in ListWrittenRequest) (httpapi.Page[Prescription], error) {
	page := httpapi.Page[Prescription]{Items: []Prescription{}}
	scope := "prescriptions/doctor/me " + string(in.PatientID)
	before := uuid.Max
	if _, err := s.Cursors.Decode(scope, in.Cursor, &before); err != nil {
		return page, err
	}
	words := strings.Fields(plain(in.Q))
	most := in.Limit
	if len(words) > 0 {
		most = maxSearched
	}
	rows, err := s.readWritten(ctx, tx, actor.ID, in.PatientID, before, int32(most+1))
	if err != nil {
		return page, fmt.Errorf("list the prescriptions of a doctor: %w", err)
	}
	patients := []uuid.UUID{}
	for i, row := range rows {
		if i == most || len(page.Items) == in.Limit {
			page.NextCursor = s.Cursors.Encode(scope, before)
			break
		}
		before = row.PrescriptionRow.ID
		p, err := s.open(row.PrescriptionRow, row.Wrapped, row.SupersededBy)
		if err != nil {
			return page, err
		}
		if !p.names(words) {
			continue
		}
		page.Items = append(page.Items, p)
		if !slices.Contains(patients, p.PatientID) {
			patients = append(patients, p.PatientID)
		}
	}
	audit.WriteReading(tx, actor, "prescription.list", actor.ID, nil, patients...)
	return page, nil
}

// readWritten reads prescriptions of a doctor, of one patient if one is named, the newest first.
func (s *Service) readWritten(ctx context.Context, tx *postgres.Tx, doctor uuid.UUID, patient httpapi.UUID,
	before uuid.UUID, limit int32) ([]listPrescriptionsOfDoctorRow, error) {
	if patient == "" {
		return listPrescriptionsOfDoctor(ctx, tx, doctor, before, limit)
	}
	rows, err := listPrescriptionsOfDoctorFor(ctx, tx, listPrescriptionsOfDoctorForParams{
		PatientID: uuid.MustParse(string(patient)), DoctorID: doctor, Before: before, RowLimit: limit})
	out := make([]listPrescriptionsOfDoctorRow, len(rows))
	for i, row := range rows {
		out[i] = listPrescriptionsOfDoctorRow(row)
	}
	return out, err
}

// names reports whether the name of a medication has all words, which are plain.
func (p Prescription) names(words []string) bool {
	return len(words) == 0 || slices.ContainsFunc(p.Medications, func(m Medication) bool {
		name := plain(m.Name)
		return !slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(name, word) })
	})
}

// plain returns a text as searches compare it.
func plain(text string) string { return strings.ToLower(norm.NFKC.String(text)) }
