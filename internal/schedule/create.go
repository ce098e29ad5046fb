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

// SlotInput is a new slot.
type SlotInput struct {
	Body struct {
		_ struct{} `doc:"The new slot"`

		StartTime   time.Time  `json:"startTime" doc:"When it begins: in the future, at most 365 days ahead" example:"2026-11-24T10:00:00+05:30"`
		EndTime     time.Time  `json:"endTime" doc:"When it ends: 5 minutes to 8 hours later" example:"2026-11-24T10:30:00+05:30"`
		MaxPatients int        `json:"maxPatients,omitempty" minimum:"1" maximum:"100" default:"1" doc:"How many patients it takes" example:"1"`
		Status      SlotStatus `json:"status,omitempty" enum:"AVAILABLE,BLOCKED" default:"AVAILABLE" doc:"BLOCKED keeps a time free of patients" example:"AVAILABLE"`
	}
}

// Create opens a slot of the signed-in doctor. The doctor's lock has one doctor's slots opened and moved one after
// the other: two overlapping ones at once would wait for each other and be told apart only by the deadlock detector.
// Errors: doctor.ErrNotApproved, ErrSlotExists, ErrSlotOverlap, ErrErasureDue.
func (s *Service) Create(ctx context.Context, tx *postgres.Tx, actor access.Actor, in SlotInput) (Slot, error) {
	start, end := instant(in.Body.StartTime), instant(in.Body.EndTime)
	if err := checkTimes(start, end, tx.Now); err != nil {
		return Slot{}, err
	}
	row := AvailabilitySlot{ID: uuid.Must(uuid.NewV7()), DoctorID: actor.ID, StartTime: start, EndTime: end,
		Status: in.Body.Status}
	if err := doctor.Holds(ctx, tx, actor.ID); err != nil {
		return Slot{}, err
	}
	if err := checkFree(ctx, tx, row); err != nil {
		return Slot{}, err
	}
	row, err := insertSlot(ctx, tx, insertSlotParams{
		ID: row.ID, DoctorID: actor.ID, StartTime: start, EndTime: end, Status: in.Body.Status,
		MaxPatients: int32(in.Body.MaxPatients), Now: tx.Now, //nolint:gosec // at most 100
	})
	if err != nil {
		return Slot{}, refused(err)
	}
	audit.Write(tx, actor, "slot.create", row.ID, nil)
	return row.slot(), nil
}

// checkFree is nil when nothing of the doctor, whose lock the caller holds, stands in the way of a new or moved slot.
// Of other slots the table's constraints say the same; this asks without their indexes. Errors: ErrSlotExists,
// ErrSlotOverlap, ErrErasureDue.
func checkFree(ctx context.Context, tx *postgres.Tx, slot AvailabilitySlot) error {
	others, err := slotsDuring(ctx, tx, slotsDuringParams{DoctorID: slot.DoctorID,
		Since: slot.StartTime.Add(-maxLength), Before: slot.EndTime, After: slot.StartTime})
	if err != nil {
		return err
	}
	overlap := false
	for _, o := range others {
		switch {
		case o.ID == slot.ID:
		case o.StartTime.Equal(slot.StartTime) && o.EndTime.Equal(slot.EndTime):
			return ErrSlotExists.WithDetail("You have a slot of exactly these times: " + o.ID.String() + ".")
		default:
			overlap = overlap || (slot.Status != SlotBlocked && o.Status != SlotBlocked)
		}
	}
	if overlap {
		return ErrSlotOverlap
	}
	return checkEnd(ctx, tx, slot)
}

// checkEnd is nil unless the slot is open and starts when its doctor, whose lock the caller holds, will have been
// erased. Error: ErrErasureDue.
func checkEnd(ctx context.Context, tx *postgres.Tx, slot AvailabilitySlot) error {
	if slot.Status == SlotBlocked {
		return nil
	}
	end, err := endsAt(ctx, tx, slot.DoctorID)
	switch {
	case postgres.NoRows(err):
		return nil
	case err != nil:
		return err
	case slot.StartTime.After(end):
		return ErrErasureDue.WithDetail("Your account ends on " + end.UTC().Format(time.RFC3339) +
			": what starts later would be cancelled.")
	}
	return nil
}

// refused turns what the table's constraints refuse into what checkFree tells.
func refused(err error) error {
	switch {
	case postgres.Violates(err, "availability_slots_overlap"):
		return ErrSlotOverlap
	case postgres.Violates(err, "availability_slots_doctor_times_key"),
		postgres.Violates(err, "availability_slots_doctor_times_status_key"):
		return ErrSlotExists
	}
	return err
}
