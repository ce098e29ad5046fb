package schedule

import (
	"context"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// DeleteException deletes an exception of the actor. The slots that a leave had closed are opened again, with as many
// seats as the rule says or as were taken; the free slots of extra hours are closed, and booked ones stay. Returns
// problem.NotFound.
func DeleteException(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in ExceptionRequest) (SlotChanges, error) {
	approved, err := lockDoctor(ctx, tx, actor.ID)
	if err != nil {
		return SlotChanges{}, err
	}
	row, err := readException(ctx, tx, in.ID)
	switch {
	case postgres.NoRows(err):
		return SlotChanges{}, problem.NotFound
	case err != nil:
		return SlotChanges{}, err
	case !canChangeHours(actor, row.DoctorID):
		return SlotChanges{}, problem.NotFoundAudited("availability-exception", in.ID)
	}
	if err := deleteException(ctx, tx, row.ID); err != nil {
		return SlotChanges{}, err
	}
	changes := SlotChanges{LeftOut: []SlotTimes{}, Outside: []OutsideSlot{}}
	switch {
	case row.Kind == KindExtra:
		var ids []uuid.UUID
		ids, err = listExtraSlots(ctx, tx, listExtraSlotsParams{DoctorID: row.DoctorID, After: tx.Now,
			Before: row.ToTime, ExtraID: row.ID})
		if err == nil {
			err = closeUnwanted(ctx, tx, &changes, row.ID, ids)
		}
	case approved: // otherwise the rules make their slots after the approval
		err = resume(ctx, tx, actor, row, &changes)
	}
	if err != nil {
		return SlotChanges{}, err
	}
	audit.Write(tx, actor, "availability-exception.delete", row.ID, audit.Meta{"made": changes.Made,
		"removed": changes.Removed, "outside": len(changes.Outside)})
	return changes, nil
}

// resume opens the slots that a leave had closed. Nothing was opened during the leave, so they overlap no other.
func resume(ctx context.Context, tx *postgres.Tx, actor access.Actor, leave ExceptionRow, changes *SlotChanges) error {
	after, before := leave.FromTime.Add(-MaxLength), leave.ToTime
	if after.Before(tx.Now) {
		after = tx.Now
	}
	switch end, err := erasureTime(ctx, tx, leave.DoctorID); {
	case err != nil:
		return err
	case !end.IsZero() && end.Before(before):
		before = end.Add(time.Microsecond)
	}
	opened, err := resumeSlots(ctx, tx, resumeSlotsParams{DoctorID: leave.DoctorID, After: after, Before: before,
		LeaveID: leave.ID, Now: tx.Now})
	if err != nil {
		return err
	}
	changes.Made = int(opened)
	rows, err := listRulesOf(ctx, tx, leave.DoctorID)
	if err != nil {
		return err
	}
	for _, row := range rows {
		filled, err := refill(ctx, tx, row, actor)
		if err != nil {
			return err
		}
		changes.Made += filled.Made
		changes.Removed += filled.Removed
		more := min(len(filled.LeftOut), maxListed-len(changes.LeftOut))
		changes.LeftOut = append(changes.LeftOut, filled.LeftOut[:more]...)
		changes.Outside = append(changes.Outside, filled.Outside...)
	}
	return nil
}
