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

// Seat is a taken place, with what the booking fixes: the time and the fee.
type Seat struct {
	SlotID, DoctorID uuid.UUID
	Start, End       time.Time
	Fee              money.Amount
	Currency         string
}

var (
	// ErrSlotMoved: the doctor changed its time since the patient saw it.
	ErrSlotMoved = problem.Conflict("slot-moved", "The slot has moved",
		"The slot begins at another time now.",
		"Look at its new time, and book it with that as startTime if it suits.")
	// ErrSlotTaken: somebody was quicker.
	ErrSlotTaken = problem.Conflict("slot-taken", "The slot is taken",
		"The slot has no free seat.",
		"Choose another slot: GET /api/v1/availability/doctor/{doctorId} lists the free ones.")
	// ErrSlotNotBookable: blocked, begun or over, or its doctor can't be booked now.
	ErrSlotNotBookable = problem.Conflict("slot-not-bookable", "The slot can't be booked",
		"The slot can't be booked: it is blocked, has begun, or its doctor takes no bookings.",
		"Choose another slot: GET /api/v1/availability/doctor/{doctorId} lists the free ones.")
	// ErrOverlap: a patient is in one place at a time.
	ErrOverlap = problem.Conflict("seat-overlap", "You have another consultation then",
		"You have a consultation at that time.",
		"Choose another time, or cancel the other consultation first.")
)

// TakeSeat takes a place in a slot for a consultation that the caller inserts later in the same transaction. From here
// to the transaction's end the patient's other bookings and cancellations wait, so what the caller counts of them
// stays so. What also queues is asked in the same round trip, when the place is taken; its errors come back as they
// are. Errors: problem.NotFound, ErrSlotTaken, ErrSlotNotBookable, ErrOverlap (the transaction can then only be rolled
// back).
func TakeSeat(ctx context.Context, tx *postgres.Tx, slotID, patientID, consultationID uuid.UUID,
	also func(*pgx.Batch)) (Seat, error) {
	var (
		batch pgx.Batch
		seat  Seat
		free  = true
	)
	arg := batchTakeSeatParams{PatientID: patientID, Now: tx.Now, SlotID: slotID, ConsultationID: consultationID}
	batchTakeSeat(&batch, arg, func(row batchTakeSeatRow, err error) error {
		seat = Seat{SlotID: row.ID, DoctorID: row.DoctorID, Start: row.StartTime, End: row.EndTime,
			Fee: row.ConsultationFee, Currency: row.Currency}
		switch {
		case postgres.NoRows(err):
			free = false
			return nil
		case postgres.Violates(err, "seats_patient_overlap"), postgres.Violates(err, "seats_pkey"):
			return ErrOverlap
		case postgres.Violates(err, "seats_doctor_overlap"):
			return ErrSlotNotBookable.WithDetail("The doctor has a consultation in another slot at that time.")
		}
		return err
	})
	also(&batch)
	err := tx.SendBatch(ctx, &batch).Close()
	if !free {
		return Seat{}, refusal(ctx, tx, slotID, patientID)
	}
	return seat, err
}

// refusal finds out why batchTakeSeat changed nothing.
func refusal(ctx context.Context, tx *postgres.Tx, slotID, patientID uuid.UUID) error {
	row, err := whyNoSeat(ctx, tx, patientID, slotID)
	switch {
	case postgres.NoRows(err):
		return problem.NotFound
	case err != nil:
		return err
	case !row.PatientMay: // deleted or disabled since the request came in
		return problem.Unauthenticated
	case row.Status == SlotBlocked, !row.StartTime.After(tx.Now), !row.DoctorBookable:
		return ErrSlotNotBookable
	}
	return ErrSlotTaken
}

// LockSlots locks a doctor's slots to come, whose bookings under way it waits for.
func LockSlots(ctx context.Context, tx *postgres.Tx, doctorID uuid.UUID) error {
	return lockSlots(ctx, tx, doctorID, tx.Now)
}

// CloseSlots blocks those of a doctor's slots from a start on that nobody has booked, and has the others take nobody
// more.
func CloseSlots(ctx context.Context, tx *postgres.Tx, doctorID uuid.UUID, start time.Time) error {
	return closeSlots(ctx, tx, tx.Now, doctorID, start)
}

// StartSeat notes that the consultation of a seat is in progress. The caller holds the doctor's lock.
// Error: ErrConsultationInProgress, while one of another slot is: patients who share a slot are seen together. (The
// transaction can then only be rolled back.)
func StartSeat(ctx context.Context, tx *postgres.Tx, consultationID uuid.UUID) error {
	err := startSeat(ctx, tx, consultationID)
	if postgres.Violates(err, "seats_doctor_in_progress") {
		return ErrConsultationInProgress.WithDetail("Another consultation of yours, in another slot, is in progress.")
	}
	return err
}

// ReleaseSeat gives the place of a consultation back; a slot that was full is AVAILABLE again. It does nothing when
// the consultation holds none.
func ReleaseSeat(ctx context.Context, tx *postgres.Tx, consultationID uuid.UUID) error {
	return releaseSeat(ctx, tx, tx.Now, consultationID)
}
