package consultation

import (
	"context"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"amrutam/internal/access"
	"amrutam/internal/account"
	"amrutam/internal/audit"
	"amrutam/internal/consent"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
	"amrutam/internal/schedule"
)

// BookRequest names the slot to book and says why.
type BookRequest struct {
	Body struct {
		_ struct{} `doc:"The slot to book, and why"`

		SlotID      uuid.UUID  `json:"slotId" format:"uuid" doc:"A free slot"`
		Reason      string     `json:"reason" health:"consultations.reason" text:"lines" minLength:"1" maxLength:"2000" pattern:"\\S" patternDescription:"more than spaces" doc:"Why you come; only you and the doctor read it" example:"Back pain for two weeks"`
		DependantID *uuid.UUID `json:"dependantId,omitempty" format:"uuid" doc:"Whom you book for; when left out, yourself" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7090"`
		DoctorID    *uuid.UUID `json:"doctorId,omitempty" format:"uuid" doc:"When given, the slot must be this doctor's"`
		// A doctor may move a slot after the patient was shown its time.
		StartTime *time.Time `json:"startTime,omitempty" doc:"The start that the patient was shown: when given, the slot must still begin then" example:"2026-11-24T10:00:00+05:30"`
	}
}

// Book takes a seat, fixes the fee and opens the payment, all or nothing. The patient owes the doctor's present fee;
// if that is zero, the payment succeeds and the consultation is confirmed at once. Returns schedule.ErrSlotTaken,
// schedule.ErrSlotNotBookable, schedule.ErrSlotMoved, schedule.ErrOverlap, and what checkBooking returns.
func (s *Service) Book(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in BookRequest) (Consultation, error) {
	person, bookedFor, err := s.findPerson(ctx, tx, actor, in)
	if err != nil {
		return Consultation{}, err
	}
	id := tx.NewID()
	var patient batchReadPatientRow
	seat, err := schedule.TakeSeat(ctx, tx, in.Body.SlotID, person, id,
		s.queueReadPatient(tx, actor, person, id, &patient))
	if err != nil {
		return Consultation{}, err
	}
	if err := checkSeat(in, seat); err != nil {
		return Consultation{}, err
	}
	if err := s.checkBooking(tx.Now, patient); err != nil {
		return Consultation{}, err
	}
	row := s.newConsultation(id, person, seat, tx.Now)
	if bookedFor != nil {
		row.BookedBy, row.Relation, row.IsMinor = &actor.ID, &bookedFor.Relation, bookedFor.IsMinorAt(seat.Start)
	}
	if row.CancellationPolicy = patient.CancellationPolicy; row.CancellationPolicy == nil {
		row.CancellationPolicy = new(s.Config.CancellationPolicy.String())
	}
	key, err := s.Sealer.UnwrapCached(person, patient.Wrapped)
	if err != nil {
		return Consultation{}, err
	}
	if row.Reason, err = key.Seal(columnReason, id, in.Body.Reason); err != nil {
		return Consultation{}, err
	}
	queueInsertConsultation(tx, queueInsertConsultationParams{
		ID: id, PatientID: row.PatientID, DoctorID: row.DoctorID, SlotID: row.SlotID,
		Status: row.Status, Reason: row.Reason,
		PaymentStatus: row.PaymentStatus, Fee: row.Fee, Currency: row.Currency, PaymentDueAt: row.PaymentDueAt,
		ScheduledStart: row.ScheduledStart, ScheduledEnd: row.ScheduledEnd,
		CancellationPolicy: row.CancellationPolicy, GraceUntil: row.GraceUntil,
		BookedBy: row.BookedBy, Relation: row.Relation, IsMinor: row.IsMinor,
		Now: tx.Now,
	})
	consent.RecordImplied(tx, actor.ID, id, patient.NoticeVersion)
	s.Payments.Open(tx, id, seat.Fee, seat.Currency)
	meta := audit.Meta{"to": row.Status, "slotId": seat.SlotID, "doctorId": seat.DoctorID}
	if row.BookedBy != nil {
		meta["dependantId"], meta["relation"], meta["isMinor"] = person, *row.Relation, row.IsMinor
	}
	audit.Write(tx, actor, "consultation.book", id, meta)
	tx.AfterCommit(s.Metrics.Bookings.WithLabelValues(string(row.Status)).Inc)
	if row.Status == StatusConfirmed {
		names := partyNames{patient: patient.PatientName, doctor: patient.DoctorName}
		if err := s.notifyNamedParties(ctx, tx, row, names, "consultation-confirmed", nil); err != nil {
			return Consultation{}, err
		}
	}
	c := s.withoutHealthData(row)
	c.Reason = &in.Body.Reason
	c.PatientName, c.DoctorName = patient.PatientName, patient.DoctorName
	c.HasConsent = new(true)
	return c, nil
}

// findPerson returns who is to be seen; bookedFor is nil for the actor. Returns problem.NotFound for somebody for whom
// the actor's account doesn't act.
func (s *Service) findPerson(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in BookRequest) (person uuid.UUID, bookedFor *account.BookedFor, err error) {
	if in.Body.DependantID == nil {
		return actor.ID, nil, nil
	}
	dependant, err := s.Accounts.LockDependant(ctx, tx, actor, *in.Body.DependantID)
	return dependant.ID, &dependant, err
}

// queueReadPatient queues the statement that reads whether the patient consents to treatment, what else they have
// booked, their data key and both names. It runs after the statement that takes the seat and locks the patient. So of
// simultaneous bookings only as many succeed as are allowed; and a withdrawal of consent was either stored before and
// is seen, or waits until the booking is stored.
func (s *Service) queueReadPatient(tx *postgres.Tx, actor access.Actor, person, consultation uuid.UUID,
	patient *batchReadPatientRow) func(*pgx.Batch) {
	// Bookings that start earlier are over. The bound keeps the statement out of the partitions of earlier months.
	since := tx.Now.Add(-s.Config.PayWithin - abandonedFor)
	people := actor.People()
	if !slices.Contains(people, person) { // made since the request was admitted
		people = append(people, person)
	}
	return func(b *pgx.Batch) {
		tx.PlanOnce(b)
		arg := batchReadPatientParams{
			ConsultationID: consultation,
			Account:        actor.ID,
			People:         people,
			Now:            tx.Now,
			Since:          since,
			OldestID:       postgres.IDsFrom(since),
			AbandonedSince: tx.Now.Add(-abandonedFor),
			MaxAbandoned:   int32(s.Config.MaxAbandoned), //nolint:gosec // config allows 1,000,000 at most
		}
		batchReadPatient(b, arg, func(row batchReadPatientRow, err error) error {
			*patient = row
			return err
		})
	}
}

// checkSeat checks that the seat is of the doctor and at the time that the patient was shown. Returns
// schedule.ErrSlotMoved if the time is another one.
func checkSeat(in BookRequest, seat schedule.Seat) error {
	if in.Body.DoctorID != nil && *in.Body.DoctorID != seat.DoctorID {
		return problem.InvalidField("body.doctorId", faultNotItsDoctor)
	}
	return checkStart(in.Body.StartTime, seat)
}

// checkStart returns schedule.ErrSlotMoved if the seat begins at another time than the one that was shown, if any.
func checkStart(shown *time.Time, seat schedule.Seat) error {
	if shown == nil || shown.Equal(seat.Start) {
		return nil
	}
	return schedule.ErrSlotMoved.WithDetail(detailMoved.With("time", seat.Start))
}

// newConsultation returns the row of a booking without its reason. It has to be paid by the configured time, and
// before it starts; one whose fee is zero is paid and confirmed.
func (s *Service) newConsultation(id, patient uuid.UUID, seat schedule.Seat, now time.Time) ConsultationRow {
	row := ConsultationRow{
		ID: id, PatientID: patient, DoctorID: seat.DoctorID, SlotID: seat.SlotID,
		Status:        StatusRequested,
		PaymentStatus: PaymentPending, Fee: seat.Fee, Currency: seat.Currency,
		ScheduledStart: seat.Start, ScheduledEnd: seat.End,
		GraceUntil: new(earliest(now.Add(s.Config.CancellationGrace), seat.Start)),
		CreatedAt:  now, UpdatedAt: now,
	}
	if seat.Fee == 0 {
		row.Status, row.PaymentStatus = StatusConfirmed, PaymentPaid
		return row
	}
	row.PaymentDueAt = new(earliest(now.Add(s.Config.PayWithin), seat.Start))
	return row
}

func earliest(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

// checkBooking checks that the patient consents to treatment, and has no more bookings than allowed with the one just
// made. Returns consent.ErrRequired, ErrTooManyUnpaid, ErrTooManyAbandoned, ErrTooManyBookings, ErrTooManyWithDoctor.
func (s *Service) checkBooking(now time.Time, patient batchReadPatientRow) error {
	switch {
	case !patient.Consented:
		return consent.RequiredError(patient.NoticeVersion)
	case int(patient.Unpaid) >= s.Config.MaxUnpaid:
		return ErrTooManyUnpaid
	case patient.AbandonedAt.Add(abandonedFor).After(now):
		return ErrTooManyAbandoned.WithDetail(detailAbandoned.With("count", s.Config.MaxAbandoned).
			With("time", patient.AbandonedAt.Add(abandonedFor)))
	case int(patient.Live) > s.Config.MaxBookings:
		return ErrTooManyBookings
	case int(patient.LiveWithDoctor) > s.Config.MaxBookingsWithDoctor:
		return ErrTooManyWithDoctor
	}
	return nil
}
