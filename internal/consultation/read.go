package consultation

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// ReadRequest names a consultation, and the purpose for which an ADMIN reads its health data.
type ReadRequest struct {
	ID      uuid.UUID `path:"id" format:"uuid" doc:"The consultation"`
	Purpose string    `header:"X-Purpose" maxLength:"200" doc:"Why an ADMIN reads health data; kept in the audit log. Without it an ADMIN gets none" example:"complaint 2291"`
}

// Read returns a consultation to its parties and staff, and audits who read it. Returns problem.NotFound.
func (s *Service) Read(ctx context.Context, tx *postgres.Tx, actor access.Actor, in ReadRequest) (Consultation,
	error) {
	if err := httpapi.RequireRecentMFAFor(tx.Now, actor, in.Purpose); err != nil {
		return Consultation{}, err
	}
	full, err := readAny(ctx, tx, in.ID)
	if postgres.NoRows(err) {
		return Consultation{}, problem.NotFound
	}
	if err != nil {
		return Consultation{}, err
	}
	row := full.ConsultationRow
	if !canSee(actor, row) {
		return Consultation{}, problem.NotFoundAudited("consultation", in.ID)
	}
	sight := sightOf(actor, row, in.Purpose)
	auditRead(tx, actor, row, sight != noHealthData, in.Purpose)
	return s.response(full, sight)
}

// fullRow is a consultation with what its response needs of other tables.
type fullRow struct {
	readConsultationRow
	archived bool
}

// readAny reads a live or archived consultation. Most are live, so the archive is read only for those that aren't.
func readAny(ctx context.Context, db postgres.Querier, id uuid.UUID) (fullRow, error) {
	row, err := readConsultation(ctx, db, id)
	if !postgres.NoRows(err) {
		return fullRow{readConsultationRow: row}, err
	}
	query := selectConsultations(archivedRows) + " WHERE c.id = $1"
	rows, err := postgres.List(ctx, db, "readArchivedConsultation", query, []any{id}, scanRow)
	if err == nil && len(rows) == 0 {
		err = pgx.ErrNoRows
	}
	if err != nil {
		return fullRow{}, err
	}
	return rows[0], nil
}

// auditRead audits who read a consultation, whether with its health data, and for which purpose.
func auditRead(tx *postgres.Tx, actor access.Actor, row ConsultationRow, health bool, purpose string) {
	meta := audit.Meta{"healthData": health}
	if health && actor.IsStaff() {
		meta["purpose"] = purpose
	}
	audit.WriteReading(tx, actor, "consultation.read", row.ID, meta, row.PatientID)
}

// AuditReading audits that the response stored for an idempotency key was read.
func (c Consultation) AuditReading(tx *postgres.Tx, actor access.Actor) {
	health := c.Reason != nil || c.Notes != nil || c.CancellationReason != nil
	meta := audit.Meta{"healthData": health, "replayed": true}
	audit.WriteReading(tx, actor, "consultation.read", c.ID, meta, c.PatientID)
}
