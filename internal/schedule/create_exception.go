package schedule

import (
	"context"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/doctor"
	"amrutam/internal/postgres"
)

// CreateException stores a leave or extra hours of the actor and closes or opens slots. The consultations during a
// leave stay: the caller decides about them, and has locked them. Returns problem.Invalid, ErrExceptionOverlap,
// ErrTooManyExceptions, and doctor.ErrNotApproved for extra hours of a doctor who isn't approved.
func CreateException(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in CreateExceptionRequest) (ChangedException, error) {
	row, err := in.row(tx.Now)
	if err != nil {
		return ChangedException{}, err
	}
	approved, err := lockDoctor(ctx, tx, actor.ID)
	if err != nil {
		return ChangedException{}, err
	}
	if row.Kind == KindExtra && !approved {
		return ChangedException{}, doctor.ErrNotApproved
	}
	row.ID, row.DoctorID = uuid.Must(uuid.NewV7()), actor.ID
	if err := checkExceptions(ctx, tx, row); err != nil {
		return ChangedException{}, err
	}
	row, err = insertException(ctx, tx, insertExceptionParams{
		ID: row.ID, DoctorID: row.DoctorID, Kind: row.Kind, FromTime: row.FromTime, ToTime: row.ToTime,
		SlotMinutes: row.SlotMinutes, BufferMinutes: row.BufferMinutes, MaxPatients: row.MaxPatients, Now: tx.Now,
	})
	if postgres.Violates(err, "availability_exceptions_doctor_id_fkey") {
		return ChangedException{}, doctor.ErrNotApproved
	}
	if err != nil {
		return ChangedException{}, err
	}
	changes := SlotChanges{LeftOut: []SlotTimes{}, Outside: []OutsideSlot{}}
	if row.Kind == KindLeave {
		err = suspend(ctx, tx, row, &changes)
	} else {
		err = openExtra(ctx, tx, row, &changes)
	}
	if err != nil {
		return ChangedException{}, err
	}
	audit.Write(tx, actor, "availability-exception.create", row.ID, audit.Meta{"kind": row.Kind,
		"made": changes.Made, "removed": changes.Removed, "outside": len(changes.Outside)})
	return ChangedException{Exception: row.exception(), Slots: changes}, nil
}

// checkExceptions returns ErrTooManyExceptions, or ErrExceptionOverlap if the doctor has an exception at that time. A
// leave may cover extra hours.
func checkExceptions(ctx context.Context, tx *postgres.Tx, row ExceptionRow) error {
	switch n, err := countExceptions(ctx, tx, row.DoctorID, tx.Now); {
	case err != nil:
		return err
	case n >= maxExceptions:
		return ErrTooManyExceptions
	}
	other, err := findExceptionDuring(ctx, tx, findExceptionDuringParams{DoctorID: row.DoctorID,
		FromTime: row.FromTime, ToTime: row.ToTime, Kind: row.Kind})
	switch {
	case postgres.NoRows(err):
		return nil
	case err != nil:
		return err
	}
	return ErrExceptionOverlap.WithDetail(detailException.With("id", other.ID.String()))
}

// suspend closes the slots of a leave. Those with consultations keep them and take no more.
func suspend(ctx context.Context, tx *postgres.Tx, leave ExceptionRow, changes *SlotChanges) error {
	since := leave.FromTime.Add(-MaxLength)
	if since.Before(tx.Now) {
		since = tx.Now
	}
	ids, err := listOpenSlotsDuring(ctx, tx, listOpenSlotsDuringParams{DoctorID: leave.DoctorID,
		Since: since, Before: leave.ToTime, After: leave.FromTime})
	if err != nil || len(ids) == 0 {
		return err
	}
	locked, err := lockToClose(ctx, tx, ids)
	if err != nil {
		return err
	}
	for _, row := range locked {
		if row.SeatsTaken == 0 {
			changes.Removed++
		}
	}
	if err := suspendSlots(ctx, tx, leave.ID, tx.Now, ids); err != nil {
		return err
	}
	changes.Outside, err = listOutside(ctx, tx, ids)
	return err
}

// openExtra opens the slots of extra hours, but those that overlap another slot of the doctor. A slot that was closed
// at the same times is opened again.
func openExtra(ctx context.Context, tx *postgres.Tx, extra ExceptionRow, changes *SlotChanges) error {
	rows, err := listSlotsToFill(ctx, tx, extra.DoctorID, extra.FromTime.Add(-MaxLength), extra.ToTime)
	if err != nil {
		return err
	}
	end, err := erasureTime(ctx, tx, extra.DoctorID)
	if err != nil {
		return err
	}
	var taken []span
	closed := map[times]uuid.UUID{}
	for _, row := range rows {
		switch {
		case row.RuleID == nil && row.isClosed():
			closed[row.span().times()] = row.ID
		case row.Status != SlotBlocked || !row.isClosed():
			taken = append(taken, row.span())
		}
	}
	occupied := newSpans(taken)
	in := insertSlotsParams{DoctorID: extra.DoctorID, SlotMinutes: *extra.SlotMinutes, MaxPatients: *extra.MaxPatients,
		ExtraID: &extra.ID, Now: tx.Now, LocalStarts: []time.Time{}}
	var reopened []uuid.UUID
	for _, s := range extra.slots() {
		if _, isTaken := occupied.overlap(s, MaxLength); isTaken || (!end.IsZero() && s.start.After(end)) {
			changes.leaveOut(s)
			continue
		}
		if id, isClosed := closed[s.times()]; isClosed {
			reopened = append(reopened, id)
			continue
		}
		in.Ids = append(in.Ids, uuid.Must(uuid.NewV7()))
		in.Starts = append(in.Starts, s.start)
	}
	changes.Made = len(in.Ids) + len(reopened)
	if len(reopened) > 0 {
		err := reopenSlots(ctx, tx, reopenSlotsParams{ExtraID: extra.ID, Now: tx.Now, MaxPatients: *extra.MaxPatients,
			Ids: reopened})
		if err != nil {
			return err
		}
	}
	if len(in.Ids) == 0 {
		return nil
	}
	return insertSlots(ctx, tx, in)
}
