package consultation

import (
	"context"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// ReadIn names a consultation.
type ReadIn struct {
	ID      uuid.UUID `path:"id" format:"uuid" doc:"The consultation"`
	Purpose string    `header:"X-Purpose" maxLength:"200" doc:"Why an ADMIN reads health data; kept in the audit log. Without it an ADMIN gets none" example:"complaint 2291"`
}

// Read shows a consultation to its parties and staff, and notes who read.
func (s *Service) Read(ctx context.Context, tx *postgres.Tx, actor access.Actor, in ReadIn) (Consultation, error) {
	if err := httpapi.RequireRecentMFAFor(tx.Now, actor, in.Purpose); err != nil {
		return Consultation{}, err
	}
	full, err := readConsultation(ctx, tx, in.ID)
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
	health := canSeeHealth(actor, row, in.Purpose)
	auditRead(tx, actor, row, health, in.Purpose)
	return s.view(full, health)
}

// auditRead writes down who read a consultation.
func auditRead(tx *postgres.Tx, actor access.Actor, row ConsultationRow, health bool, purpose string) {
	meta := audit.Meta{"healthData": health}
	if health && actor.IsStaff() {
		meta["purpose"] = purpose
	}
	audit.WriteReading(tx, actor, "consultation.read", row.ID, meta, row.PatientID)
}

// NoteReading of the stored answer of a key.
func (c Consultation) NoteReading(tx *postgres.Tx, actor access.Actor) {
	health := c.Reason != nil || c.Notes != nil || c.CancellationReason != nil
	audit.WriteReading(tx, actor, "consultation.read", c.ID, audit.Meta{"healthData": health, "replayed": true},
		c.PatientID)
}

func (s *Service) view(full readConsultationRow, health bool) (Consultation, error) {
	c := summary(full.ConsultationRow)
	c.PatientName, c.DoctorName, c.RefundedAmount = full.PatientName, full.DoctorName, full.Refunded
	if !health {
		return c, nil
	}
	return c, s.open(&c, full.ConsultationRow, full.Wrapped)
}
