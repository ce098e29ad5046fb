package schedule

import (
	"context"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"amrutam/internal/money"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// Seat is one patient's place in a slot, with what the booking fixes: the time and the fee.
type Seat struct {
	SlotID, DoctorID uuid.UUID
	Start, End       time.Time
	Fee              money.Amount
	Currency         string
}

var (
	// ErrSlotMoved refuses a booking for a time that the doctor has changed since the patient saw the slot.
	ErrSlotMoved = problem.Conflict("slot-moved", "The slot has moved",
		"The slot begins at another time now.",
		"Look at its new time, and book it with that as startTime if it suits.")
	// ErrSlotTaken refuses a booking of a slot without a free seat.
	ErrSlotTaken = problem.Conflict("slot-taken", "The slot is taken",
		"The slot has no free seat.",
		"Choose another slot: GET /api/v1/availability/doctor/{doctorId} lists the free ones.")
	// ErrSlotNotBookable refuses a booking of a slot that is blocked or has begun, whose doctor takes no bookings, or
	// that the doctor's booking rules don't allow.
	ErrSlotNotBookable = problem.Conflict("slot-not-bookable", "The slot can't be booked",
		"The slot can't be booked: it is blocked, has begun, or its doctor takes no such bookings.",
		"Choose another slot: GET /api/v1/availability/doctor/{doctorId} lists the free ones.")
	// ErrOverlap refuses two consultations of one patient at the same time.
	ErrOverlap = problem.Conflict("seat-overlap", "You have another consultation then",
		"You have a consultation at that time.",
		"Choose another time, or cancel the other consultation first.")
)

// TakeSeat takes a seat in a slot for a consultation that the caller inserts later in the same transaction. It locks
// the patient until the transaction ends: the patient's other bookings and cancellations wait, so their number can't
// change after the caller has counted them. queueMore adds statements of the caller to the same round trip; they run
// after the seat is taken, and their errors are returned unchanged. Returns problem.NotFound, ErrSlotTaken,
// ErrSlotNotBookable or ErrOverlap if there is no seat to take; the transaction can then only be rolled back.
func TakeSeat(ctx context.Context, tx *postgres.Tx, slotID, patientID, consultationID uuid.UUID,
	queueMore func(*pgx.Batch)) (Seat, error) {
	var (
		batch   pgx.Batch
		seat    Seat
		counted bool
		free    = true
	)
	params := batchTakeSeatParams{PatientID: patientID, Now: tx.Now, SlotID: slotID, ConsultationID: consultationID}
	batchTakeSeat(&batch, params, func(row batchTakeSeatRow, err error) error {
		seat = Seat{SlotID: row.ID, DoctorID: row.DoctorID, Start: row.StartTime, End: row.EndTime,
			Fee: row.ConsultationFee, Currency: row.Currency}
		counted = row.IsCounted
		switch {
		case postgres.NoRows(err):
			free = false
			return nil
		case postgres.Violates(err, "seats_patient_overlap"), postgres.Violates(err, "seats_pkey"):
			return ErrOverlap
		case postgres.Violates(err, "seats_doctor_overlap"):
			return ErrSlotNotBookable.WithDetail(detailDoctorBusy)
		}
		return err
	})
	queueMore(&batch)
	err := tx.SendBatch(ctx, &batch).Close()
	switch {
	case !free:
		return Seat{}, seatError(ctx, tx, slotID, patientID)
	case err != nil || !counted:
		return seat, err
	}
	overfull, err := isDayOverfull(ctx, tx, seat.Start, tx.Now, seat.DoctorID)
	if err == nil && overfull {
		err = rulesError(ctx, tx, seat.DoctorID, refusedDaily, false)
	}
	return seat, err
}

// MoveSeat frees the seat of a consultation and takes one in another slot for it, as a booking would: the rest of the
// transaction sees the patient at the new time alone. The caller has locked the consultation. Returns what TakeSeat
// returns; the transaction can then only be rolled back.
func MoveSeat(ctx context.Context, tx *postgres.Tx, consultationID, patientID, from, to uuid.UUID) (Seat, error) {
	if err := lockMove(ctx, tx, from, to, patientID); err != nil {
		return Seat{}, err
	}
	freed, err := releaseSeat(ctx, tx, tx.Now, consultationID)
	if err != nil && !postgres.NoRows(err) {
		return Seat{}, err
	}
	seat, err := TakeSeat(ctx, tx, to, patientID, consultationID, func(*pgx.Batch) {})
	if err != nil {
		return Seat{}, err
	}
	// Afterwards, because an offer counts among the doctor's visits of the day.
	return seat, offerFreeSeat(ctx, tx, freed.ID, freed.PatientID)
}

// seatError returns the problem because of which batchTakeSeat took no seat.
func seatError(ctx context.Context, tx *postgres.Tx, slotID, patientID uuid.UUID) error {
	row, err := readBookability(ctx, tx, patientID, tx.Now, slotID)
	switch {
	case postgres.NoRows(err):
		return problem.NotFound
	case err != nil:
		return err
	case !row.PatientActive: // deleted or disabled since the request came in
		return problem.Unauthenticated
	case !row.DoctorBookable:
		return ErrSlotNotBookable
	case row.Refusal == refusedTaken:
		return ErrSlotTaken
	case row.Refusal == refusedBlocked, row.Refusal == refusedBegun:
		return ErrSlotNotBookable
	}
	return rulesError(ctx, tx, row.DoctorID, row.Refusal, row.Seen)
}

// rulesError returns ErrSlotNotBookable with the rule of the doctor that refuses the booking.
func rulesError(ctx context.Context, tx *postgres.Tx, doctorID uuid.UUID, refusal string, seen bool) error {
	rules, err := readRules(ctx, tx, doctorID)
	if err != nil {
		return err
	}
	return ErrSlotNotBookable.WithDetail(rules.explain(refusal, seen))
}

// LockSlots locks a doctor's future slots. It waits for bookings of them that have not committed yet.
func LockSlots(ctx context.Context, tx *postgres.Tx, doctorID uuid.UUID) error {
	return lockSlots(ctx, tx, doctorID, tx.Now)
}

// CloseSlots ends the bookings of a doctor's slots that begin after start: it blocks those that nobody has booked, and
// gives the others no more seats than are taken. The doctor's rules open theirs again if the doctor comes back.
func CloseSlots(ctx context.Context, tx *postgres.Tx, doctorID uuid.UUID, start time.Time) error {
	if err := setDoctorFillTime(ctx, tx, tx.Now, doctorID); err != nil {
		return err
	}
	return closeSlots(ctx, tx, tx.Now, doctorID, start)
}

// StartSeat records that the consultation of a seat is in progress. The caller has locked the doctor. Returns
// ErrConsultationInProgress if a consultation of another slot is in progress (patients who share a slot are seen
// together); the transaction can then only be rolled back.
func StartSeat(ctx context.Context, tx *postgres.Tx, consultationID uuid.UUID) error {
	err := startSeat(ctx, tx, consultationID)
	if postgres.Violates(err, "seats_doctor_in_progress") {
		return ErrConsultationInProgress.WithDetail(detailOtherInProgress)
	}
	return err
}

// ReleaseSeat frees the seat of a consultation, and makes a full slot AVAILABLE again, unless the seat is offered to
// somebody on the waitlist. It does nothing if the consultation has no seat.
func ReleaseSeat(ctx context.Context, tx *postgres.Tx, consultationID uuid.UUID) error {
	freed, err := releaseSeat(ctx, tx, tx.Now, consultationID)
	if postgres.NoRows(err) {
		return nil
	}
	if err != nil {
		return err
	}
	return offerFreeSeat(ctx, tx, freed.ID, freed.PatientID)
}
