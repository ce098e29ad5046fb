package schedule

import (
	"context"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/postgres"
)

// DaySlot is a slot of a doctor's day.
type DaySlot struct {
	ID         uuid.UUID
	Start, End time.Time
	Status     SlotStatus
	TakenSeats int
	FreeSeats  int // of a slot that isn't blocked
}

// Leave is a time at which a doctor doesn't work.
type Leave struct {
	_ struct{} `doc:"A time at which the doctor is on leave"`

	StartTime time.Time `json:"startTime" doc:"When it begins, which may be on an earlier day" example:"2026-11-24T08:00:00Z"`
	EndTime   time.Time `json:"endTime" doc:"When it ends, which may be on a later day" example:"2026-11-24T10:00:00Z"`
}

// ListDay returns the slots and leaves of a doctor that overlap a period, by their start.
func ListDay(ctx context.Context, db postgres.Querier, doctor uuid.UUID, from, to time.Time) ([]DaySlot, []Leave,
	error) {
	rows, err := listSlotsOfDay(ctx, db, listSlotsOfDayParams{
		DoctorID: doctor, Since: from.Add(-MaxLength), Before: to, After: from,
	})
	if err != nil {
		return nil, nil, err
	}
	slots := make([]DaySlot, len(rows))
	for i, row := range rows {
		slots[i] = DaySlot{ID: row.ID, Start: row.StartTime, End: row.EndTime, Status: row.Status,
			TakenSeats: int(row.SeatsTaken)}
		if row.Status != SlotBlocked {
			slots[i].FreeSeats = int(row.MaxPatients - row.SeatsTaken)
		}
	}
	off, err := listLeaves(ctx, db, doctor, from, to)
	leaves := make([]Leave, len(off))
	for i, l := range off {
		leaves[i] = Leave{StartTime: l.FromTime, EndTime: l.ToTime}
	}
	return slots, leaves, err
}
