package consultation

import (
	"context"
	"hash/fnv"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/payment"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
	"amrutam/internal/schedule"
)

// BookIn is a booking.
type BookIn struct {
	Body struct {
		SlotID   uuid.UUID  `json:"slotId" format:"uuid" doc:"A free slot" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081"`
		Reason   string     `json:"reason" minLength:"1" maxLength:"2000" pattern:"\\S" doc:"Why you come; only you and the doctor read it" example:"Back pain for two weeks"`
		DoctorID *uuid.UUID `json:"doctorId,omitempty" format:"uuid" doc:"When given, the slot must be this doctor's" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081"`
	}
}

// Book takes a seat, fixes the fee and opens its payment, all or nothing. A fee of zero is confirmed at once.
// Errors: schedule.ErrSlotTaken, schedule.ErrSlotNotBookable, schedule.ErrOverlap, ErrTooManyUnpaid.
func (s *Service) Book(ctx context.Context, tx *postgres.Tx, who access.Actor, in BookIn) (Consultation, error) {
	if err := s.checkUnpaid(ctx, tx, who); err != nil {
		return Consultation{}, err
	}
	id := tx.NewID()
	seat, err := schedule.TakeSeat(ctx, tx, in.Body.SlotID, who.ID, id)
	if err != nil {
		return Consultation{}, err
	}
	if in.Body.DoctorID != nil && *in.Body.DoctorID != seat.DoctorID {
		return Consultation{}, problem.Wrong("body.doctorId", "is not the doctor of this slot")
	}
	key, err := s.Sealer.Person(ctx, tx, who.ID)
	if err != nil {
		return Consultation{}, err
	}
	reason, err := key.Seal(columnReason, id, in.Body.Reason)
	if err != nil {
		return Consultation{}, err
	}
	due := tx.Now.Add(s.Config.PayWithin)
	row := ConsultationRow{ID: id, PatientID: who.ID, DoctorID: seat.DoctorID, SlotID: seat.SlotID, Status: ConsultationStatusREQUESTED,
		Reason: reason, PaymentStatus: PaymentStatusPENDING, Fee: seat.Fee, Currency: seat.Currency, ScheduledStart: seat.Start,
		ScheduledEnd: seat.End, PaymentDueAt: &due, CreatedAt: tx.Now, UpdatedAt: tx.Now}
	if seat.Fee == 0 {
		row.Status, row.PaymentStatus, row.PaymentDueAt = ConsultationStatusCONFIRMED, PaymentStatusPAID, nil
	}
	tx.Queue(insertConsultation, row.ID, row.PatientID, row.DoctorID, row.SlotID, row.Status, row.Reason, row.PaymentStatus,
		row.Fee, row.Currency, row.ScheduledStart, row.ScheduledEnd, row.PaymentDueAt, tx.Now)
	payment.Open(tx, id, seat.Fee, seat.Currency)
	audit.Write(tx, who, "consultation.book", id, audit.Meta{"to": row.Status, "slotId": seat.SlotID, "doctorId": seat.DoctorID})
	s.Metrics.Bookings.WithLabelValues(string(row.Status)).Inc()
	if row.Status == ConsultationStatusCONFIRMED {
		if err := s.tell(ctx, tx, row, "consultation-confirmed", nil); err != nil {
			return Consultation{}, err
		}
	}
	c := summary(row)
	c.Reason = &in.Body.Reason
	return c, nil
}

// checkUnpaid counts under a lock on the patient, so that bookings fired at once can't all be the third.
func (s *Service) checkUnpaid(ctx context.Context, tx *postgres.Tx, who access.Actor) error {
	var batch pgx.Batch
	batch.Queue("SELECT pg_advisory_xact_lock($1)", patientLock(who.ID))
	batch.Queue(`SELECT count(*) FROM seats s JOIN consultations c ON c.id = s.consultation_id
		WHERE s.patient_id = $1 AND c.status = 'REQUESTED'`, who.ID)
	results := tx.SendBatch(ctx, &batch)
	defer func() { _ = results.Close() }()
	if _, err := results.Exec(); err != nil {
		return err
	}
	var unpaid int
	if err := results.QueryRow().Scan(&unpaid); err != nil {
		return err
	}
	if unpaid >= s.Config.MaxUnpaid {
		return ErrTooManyUnpaid
	}
	return results.Close()
}

func patientLock(patient uuid.UUID) int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte("unpaid"))
	_, _ = h.Write(patient[:])
	return int64(h.Sum64()) //nolint:gosec // any 64 bits serve
}
