package consultation

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/consent"
	"amrutam/internal/payment"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
	"amrutam/internal/schedule"
	"amrutam/internal/seal"
)

// BookIn is a booking.
type BookIn struct {
	Body struct {
		SlotID   uuid.UUID  `json:"slotId" format:"uuid" doc:"A free slot" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081"`
		Reason   string     `json:"reason" text:"lines" minLength:"1" maxLength:"2000" pattern:"\\S" patternDescription:"more than spaces" doc:"Why you come; only you and the doctor read it" example:"Back pain for two weeks"`
		DoctorID *uuid.UUID `json:"doctorId,omitempty" format:"uuid" doc:"When given, the slot must be this doctor's" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081"`
	}
}

// Book takes a seat, fixes the fee and opens its payment, all or nothing. A fee of zero is confirmed at once.
// Errors: schedule.ErrSlotTaken, schedule.ErrSlotNotBookable, schedule.ErrOverlap, ErrTooManyUnpaid, ErrTooManyAbandoned,
// ErrTooManyBookings, ErrTooManyWithDoctor, consent.ErrRequired.
func (s *Service) Book(ctx context.Context, tx *postgres.Tx, who access.Actor, in BookIn) (Consultation, error) {
	id := tx.NewID()
	seat, err := schedule.TakeSeat(ctx, tx, in.Body.SlotID, who.ID, id)
	if err != nil {
		return Consultation{}, err
	}
	if in.Body.DoctorID != nil && *in.Body.DoctorID != seat.DoctorID {
		return Consultation{}, problem.Wrong("body.doctorId", "is not the doctor of this slot")
	}
	patient, key, err := s.checkPatient(ctx, tx, who, seat.DoctorID)
	if err != nil {
		return Consultation{}, err
	}
	reason, err := key.Seal(columnReason, id, in.Body.Reason)
	if err != nil {
		return Consultation{}, err
	}
	due := tx.Now.Add(s.Config.PayWithin)
	if due.After(seat.Start) {
		due = seat.Start
	}
	row := ConsultationRow{ID: id, PatientID: who.ID, DoctorID: seat.DoctorID, SlotID: seat.SlotID, Status: ConsultationStatusREQUESTED,
		Reason: reason, PaymentStatus: PaymentStatusPENDING, Fee: seat.Fee, Currency: seat.Currency, ScheduledStart: seat.Start,
		ScheduledEnd: seat.End, PaymentDueAt: &due, CreatedAt: tx.Now, UpdatedAt: tx.Now}
	if seat.Fee == 0 {
		row.Status, row.PaymentStatus, row.PaymentDueAt = ConsultationStatusCONFIRMED, PaymentStatusPAID, nil
	}
	tx.Queue(insertConsultation, row.ID, row.PatientID, row.DoctorID, row.SlotID, row.Status, row.Reason, row.PaymentStatus,
		row.Fee, row.Currency, row.ScheduledStart, row.ScheduledEnd, row.PaymentDueAt, tx.Now)
	consent.Imply(tx, who.ID, id, patient.NoticeVersion)
	payment.Open(tx, id, seat.Fee, seat.Currency)
	audit.Write(tx, who, "consultation.book", id, audit.Meta{"to": row.Status, "slotId": seat.SlotID, "doctorId": seat.DoctorID})
	s.Metrics.Bookings.WithLabelValues(string(row.Status)).Inc()
	if row.Status == ConsultationStatusCONFIRMED {
		if err := s.tellBoth(ctx, tx, row, parties{patient.PatientName, patient.DoctorName}, "consultation-confirmed", nil); err != nil {
			return Consultation{}, err
		}
	}
	c := summary(row)
	c.Reason, c.PatientName, c.DoctorName = &in.Body.Reason, patient.PatientName, patient.DoctorName
	return c, nil
}

// checkPatient asks in one round trip whether the patient consents to treatment and what else they have booked, and fetches their key
// and both names. The seat just taken holds the patient's lock: bookings fired at once can't all be the last that is allowed, and
// a withdrawal was either stored before this statement began, and is seen, or waits until the booking is stored.
func (s *Service) checkPatient(ctx context.Context, tx *postgres.Tx, who access.Actor, doctor uuid.UUID) (readPatientRow, seal.Key, error) {
	// What was booked before is over: the partitions of earlier months aren't touched.
	since := tx.Now.Add(-s.Config.PayWithin - abandonedFor)
	row, err := query.readPatient(ctx, tx, readPatientParams{PatientID: who.ID, DoctorID: doctor, Now: tx.Now, Since: since,
		AbandonedSince: tx.Now.Add(-abandonedFor), MostAbandoned: int32(s.Config.MaxAbandoned)}) //nolint:gosec // validated
	switch {
	case err != nil:
		return row, seal.Key{}, err
	case !row.Consented:
		return row, seal.Key{}, consent.RequiredFor(row.NoticeVersion)
	case int(row.Unpaid) >= s.Config.MaxUnpaid:
		return row, seal.Key{}, ErrTooManyUnpaid
	case row.AbandonedAt.Add(abandonedFor).After(tx.Now):
		return row, seal.Key{}, ErrTooManyAbandoned.With(fmt.Sprintf("%d unpaid bookings of yours ended without payment within a day. You can book again from %s.",
			s.Config.MaxAbandoned, row.AbandonedAt.Add(abandonedFor).Format(time.RFC3339)))
	case int(row.Live) > s.Config.MaxBookings:
		return row, seal.Key{}, ErrTooManyBookings
	case int(row.LiveWithDoctor) > s.Config.MaxBookingsWithDoctor:
		return row, seal.Key{}, ErrTooManyWithDoctor
	}
	key, err := s.Sealer.Wrapped(who.ID, row.Wrapped)
	return row, key, err
}
