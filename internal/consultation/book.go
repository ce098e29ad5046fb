package consultation

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/consent"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
	"amrutam/internal/schedule"
)

// BookIn is a booking.
type BookIn struct {
	Body struct {
		_ struct{} `doc:"The slot to book, and why"`

		SlotID   uuid.UUID  `json:"slotId" format:"uuid" doc:"A free slot"`
		Reason   string     `json:"reason" health:"consultations.reason" text:"lines" minLength:"1" maxLength:"2000" pattern:"\\S" patternDescription:"more than spaces" doc:"Why you come; only you and the doctor read it" example:"Back pain for two weeks"`
		DoctorID *uuid.UUID `json:"doctorId,omitempty" format:"uuid" doc:"When given, the slot must be this doctor's"`
		// A doctor may move a slot between a patient's look and booking.
		StartTime *time.Time `json:"startTime,omitempty" doc:"The start that the patient was shown: when given, the slot must still begin then" example:"2026-11-24T10:00:00+05:30"`
	}
}

// Book takes a seat, fixes the fee and opens its payment, all or nothing. A fee of zero is confirmed at once. Errors:
// schedule.ErrSlotTaken, schedule.ErrSlotNotBookable, schedule.ErrSlotMoved, schedule.ErrOverlap, ErrTooManyUnpaid,
// ErrTooManyAbandoned, ErrTooManyBookings, ErrTooManyWithDoctor, consent.ErrRequired.
func (s *Service) Book(ctx context.Context, tx *postgres.Tx, actor access.Actor, in BookIn) (Consultation, error) {
	id := tx.NewID()
	var patient batchReadPatientRow
	seat, err := schedule.TakeSeat(ctx, tx, in.Body.SlotID, actor.ID, id, s.askPatient(tx, id, &patient))
	if err != nil {
		return Consultation{}, err
	}
	if in.Body.DoctorID != nil && *in.Body.DoctorID != seat.DoctorID {
		return Consultation{}, problem.InvalidField("body.doctorId", "is not the doctor of this slot")
	}
	if in.Body.StartTime != nil && !in.Body.StartTime.Equal(seat.Start) {
		return Consultation{}, schedule.ErrSlotMoved.WithDetail("The slot begins at " + seat.Start.UTC().
			Format(time.RFC3339) + " now.")
	}
	if err := s.mayBook(tx.Now, patient); err != nil {
		return Consultation{}, err
	}
	key, err := s.Sealer.UnwrapCached(actor.ID, patient.Wrapped)
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
	row := ConsultationRow{ID: id, PatientID: actor.ID, DoctorID: seat.DoctorID, SlotID: seat.SlotID,
		Status: StatusRequested, Reason: reason, PaymentStatus: PaymentPending, Fee: seat.Fee,
		Currency: seat.Currency, ScheduledStart: seat.Start, ScheduledEnd: seat.End, PaymentDueAt: &due,
		CreatedAt: tx.Now, UpdatedAt: tx.Now}
	if seat.Fee == 0 {
		row.Status, row.PaymentStatus, row.PaymentDueAt = StatusConfirmed, PaymentPaid, nil
	}
	queueInsertConsultation(tx, queueInsertConsultationParams{ID: id, PatientID: row.PatientID, DoctorID: row.DoctorID,
		SlotID: row.SlotID, Status: row.Status, Reason: row.Reason, PaymentStatus: row.PaymentStatus, Fee: row.Fee,
		Currency: row.Currency, ScheduledStart: row.ScheduledStart, ScheduledEnd: row.ScheduledEnd,
		PaymentDueAt: row.PaymentDueAt, Now: tx.Now})
	consent.Imply(tx, actor.ID, id, patient.NoticeVersion)
	s.Money.Open(tx, id, seat.Fee, seat.Currency)
	audit.Write(tx, actor, "consultation.book", id,
		audit.Meta{"to": row.Status, "slotId": seat.SlotID, "doctorId": seat.DoctorID})
	tx.AfterCommit(s.Metrics.Bookings.WithLabelValues(string(row.Status)).Inc)
	if row.Status == StatusConfirmed {
		if err := s.tellBoth(ctx, tx, row, parties{patient.PatientName, patient.DoctorName}, "consultation-confirmed",
			nil); err != nil {
			return Consultation{}, err
		}
	}
	c := summary(row)
	c.Reason, c.PatientName, c.DoctorName = &in.Body.Reason, patient.PatientName, patient.DoctorName
	return c, nil
}

// askPatient queues the question whether the patient consents to treatment and what else they have booked, with their
// key and both names. The seat of consultation holds the patient's lock: bookings fired at once can't all be the last
// that is allowed, and a withdrawal was either stored before this statement began, and is seen, or waits until the
// booking is stored.
func (s *Service) askPatient(tx *postgres.Tx, consultation uuid.UUID, patient *batchReadPatientRow) func(*pgx.Batch) {
	// What was booked before is over: the partitions of earlier months aren't touched.
	since := tx.Now.Add(-s.Config.PayWithin - abandonedFor)
	return func(b *pgx.Batch) {
		tx.PlanOnce(b)
		arg := batchReadPatientParams{Now: tx.Now, AbandonedSince: tx.Now.Add(-abandonedFor), Since: since,
			OldestID: postgres.IDsFrom(since), ConsultationID: consultation,
			MostAbandoned: int32(s.Config.MaxAbandoned)} //nolint:gosec // config allows 1,000,000 at most
		batchReadPatient(b, arg, func(row batchReadPatientRow, err error) error {
			*patient = row
			return err
		})
	}
}

// mayBook is nil when the patient consents and may hold the seat just taken, too.
// Errors: consent.ErrRequired, ErrTooManyUnpaid, ErrTooManyAbandoned, ErrTooManyBookings, ErrTooManyWithDoctor.
func (s *Service) mayBook(now time.Time, patient batchReadPatientRow) error {
	switch {
	case !patient.Consented:
		return consent.RequiredFor(patient.NoticeVersion)
	case int(patient.Unpaid) >= s.Config.MaxUnpaid:
		return ErrTooManyUnpaid
	case patient.AbandonedAt.Add(abandonedFor).After(now):
		return ErrTooManyAbandoned.WithDetail(
			fmt.Sprintf("%d unpaid bookings of yours ended without payment within a day. You can book again from %s.",
				s.Config.MaxAbandoned, patient.AbandonedAt.Add(abandonedFor).Format(time.RFC3339)))
	case int(patient.Live) > s.Config.MaxBookings:
		return ErrTooManyBookings
	case int(patient.LiveWithDoctor) > s.Config.MaxBookingsWithDoctor:
		return ErrTooManyWithDoctor
	}
	return nil
}
