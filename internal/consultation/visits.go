package consultation

import (
	"context"
	"fmt"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"amrutam/internal/access"
	"amrutam/internal/account"
	"amrutam/internal/consent"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// maxVisits is how many earlier visits a doctor is shown: the newest.
const maxVisits = 20

// ReadVisits returns a consultation to its doctor, with the patient's earlier ones with the same doctor, the newest
// first: from the booking on, as long as a prescription may be written. The caller audits the reading. Returns
// problem.NotFound; consent.ErrRequired if the patient's consent to a consultation that isn't over was withdrawn.
func (s *Service) ReadVisits(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	id uuid.UUID) (current Consultation, earlier []Consultation, err error) {
	full, err := readAny(ctx, tx, id)
	if postgres.NoRows(err) {
		return current, nil, problem.NotFound
	}
	if err != nil {
		return current, nil, err
	}
	row := full.ConsultationRow
	end := row.ScheduledEnd
	if row.EndedAt != nil {
		end = *row.EndedAt
	}
	if !isDoctor(actor, row) || row.Status == StatusCancelled || tx.Now.After(end.Add(s.Config.PrescribeWithin)) {
		return current, nil, problem.NotFoundAudited("consultation", id)
	}
	if !row.Status.IsFinal() {
		if err := consent.LockForStart(ctx, tx, id); err != nil {
			return current, nil, err
		}
	}
	moved, err := account.MovedTo(ctx, tx, row.PatientID)
	if err != nil {
		return current, nil, err
	}
	people := append(moved, row.PatientID)
	query := selectConsultations(allRows) + fmt.Sprintf(` WHERE c.patient_id = ANY($1::uuid[]) AND c.doctor_id = $2
		AND c.scheduled_start < $3 AND c.id >= ids_since($4)
		ORDER BY c.scheduled_start DESC, c.id DESC LIMIT %d`, maxVisits)
	scan := func(row pgx.CollectableRow) (Consultation, error) { return s.scan(row, allData) }
	earlier, err = postgres.List(ctx, tx, "listVisits", query,
		[]any{people, row.DoctorID, row.ScheduledStart, oldestOf(people)}, scan)
	if err != nil {
		return current, nil, fmt.Errorf("list earlier visits: %w", err)
	}
	current, err = s.response(full, noHealthData)
	return current, earlier, err
}
