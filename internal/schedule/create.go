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

// CreateSlotRequest is a new slot.
type CreateSlotRequest struct {
	Body struct {
		_ struct{} `doc:"The new slot"`

		StartTime   time.Time  `json:"startTime" doc:"When it begins: in the future, at most 365 days ahead" example:"2026-11-24T10:00:00+05:30"`
		EndTime     time.Time  `json:"endTime" doc:"When it ends: 5 minutes to 8 hours later" example:"2026-11-24T10:30:00+05:30"`
		MaxPatients int        `json:"maxPatients,omitempty" minimum:"1" maximum:"100" default:"1" doc:"How many patients it takes" example:"1"`
		Status      SlotStatus `json:"status,omitempty" enum:"AVAILABLE,BLOCKED" default:"AVAILABLE" doc:"BLOCKED keeps a time free of patients" example:"AVAILABLE"`
	}
}

// Create opens a slot of the signed-in doctor. It locks the doctor, so that the slots of one doctor are created and
// moved one after the other: two overlapping ones at once would end in a deadlock. Returns doctor.ErrNotApproved,
// ErrSlotExists, ErrSlotOverlap, ErrOnLeave or ErrErasureDue if the slot can't be opened.
func (s *Service) Create(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in CreateSlotRequest) (Slot, error) {
	start := toMicroseconds(in.Body.StartTime)
	end := toMicroseconds(in.Body.EndTime)
	if err := checkTimes(start, end, tx.Now); err != nil {
		return Slot{}, err
	}
	if err := doctor.LockApproved(ctx, tx, actor.ID); err != nil {
		return Slot{}, err
	}
	row := AvailabilitySlot{
		ID:        uuid.Must(uuid.NewV7()),
		DoctorID:  actor.ID,
		StartTime: start,
		EndTime:   end,
		Status:    in.Body.Status,
	}
	if err := checkConflicts(ctx, tx, row); err != nil {
		return Slot{}, err
	}
	if row.Status != SlotBlocked {
		if err := checkLeave(ctx, tx, row); err != nil {
			return Slot{}, err
		}
	}
	row, err := insertSlot(ctx, tx, insertSlotParams{
		ID:          row.ID,
		DoctorID:    row.DoctorID,
		StartTime:   row.StartTime,
		EndTime:     row.EndTime,
		Status:      row.Status,
		MaxPatients: int32(in.Body.MaxPatients), //nolint:gosec // at most 100
		Now:         tx.Now,
	})
	if err != nil {
		return Slot{}, conflictError(err)
	}
	audit.Write(tx, actor, "slot.create", row.ID, nil)
	return row.slot(), nil
}

// checkConflicts checks a new or changed slot against the doctor's other slots and the end of the account. The caller
// has locked the doctor. The table's constraints refuse the same slots; this check doesn't depend on their indexes.
// Returns ErrSlotExists, ErrSlotOverlap or ErrErasureDue if the slot can't be stored.
func checkConflicts(ctx context.Context, tx *postgres.Tx, slot AvailabilitySlot) error {
	others, err := listSlotsDuring(ctx, tx, listSlotsDuringParams{
		DoctorID: slot.DoctorID,
		Since:    slot.StartTime.Add(-MaxLength),
		Before:   slot.EndTime,
		After:    slot.StartTime,
	})
	if err != nil {
		return err
	}
	overlap := false
	for _, other := range others {
		switch {
		case other.ID == slot.ID:
		case other.StartTime.Equal(slot.StartTime) && other.EndTime.Equal(slot.EndTime):
			return ErrSlotExists.WithDetail(detailSlotExists.With("id", other.ID.String()))
		case slot.Status != SlotBlocked && other.Status != SlotBlocked:
			overlap = true
		}
	}
	if overlap {
		return ErrSlotOverlap
	}
	return checkErasure(ctx, tx, slot)
}

// checkErasure returns ErrErasureDue if the slot isn't blocked and starts after its doctor's data are due to be
// erased. The caller has locked the doctor.
func checkErasure(ctx context.Context, tx *postgres.Tx, slot AvailabilitySlot) error {
	if slot.Status == SlotBlocked {
		return nil
	}
	end, err := findErasureTime(ctx, tx, slot.DoctorID)
	switch {
	case postgres.NoRows(err):
		return nil
	case err != nil:
		return err
	case slot.StartTime.After(end):
		return ErrErasureDue.WithDetail(detailAccountEnds.With("time", end))
	}
	return nil
}

// checkLeave returns ErrOnLeave if the doctor, whom the caller has locked, is on leave at the time of a slot.
func checkLeave(ctx context.Context, tx *postgres.Tx, slot AvailabilitySlot) error {
	leaves, err := leavesWithin(ctx, tx, slot.DoctorID, span{slot.StartTime, slot.EndTime})
	if err == nil && len(leaves) > 0 {
		return ErrOnLeave
	}
	return err
}

// conflictError turns a violation of the table's constraints into the problem that checkConflicts returns for it.
func conflictError(err error) error {
	switch {
	case postgres.Violates(err, "availability_slots_overlap"):
		return ErrSlotOverlap
	case postgres.Violates(err, "availability_slots_doctor_times_key"),
		postgres.Violates(err, "availability_slots_doctor_times_status_key"):
		return ErrSlotExists
	}
	return err
}
