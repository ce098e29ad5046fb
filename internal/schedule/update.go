package schedule

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/doctor"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// SlotPatchInput is a merge patch of a slot.
type SlotPatchInput struct {
	httpapi.IfMatch
	ID   uuid.UUID `path:"id" format:"uuid" doc:"The slot's id" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7082"`
	Body struct {
		_ struct{} `doc:"A merge patch of the slot: what is absent stays"`

		StartTime   httpapi.Field[time.Time]  `json:"startTime,omitempty" doc:"When it begins" example:"2026-11-24T10:00:00+05:30"`
		EndTime     httpapi.Field[time.Time]  `json:"endTime,omitempty" doc:"When it ends" example:"2026-11-24T10:30:00+05:30"`
		MaxPatients httpapi.Field[int32]      `json:"maxPatients,omitempty" minimum:"1" maximum:"100" doc:"How many patients it takes; not under the seats that are taken" example:"2"`
		Status      httpapi.Field[SlotStatus] `json:"status,omitempty" enum:"AVAILABLE,BLOCKED" doc:"Blocks an empty slot, or opens a blocked one" example:"BLOCKED"`
	}
}

// Update moves, resizes, blocks or opens a slot. Errors: 404 to anybody but its doctor, problem.PreconditionFailed,
// ErrSlotBegun, ErrSlotHasConsultations, ErrSlotExists, ErrSlotOverlap, problem.InvalidTransition (a full slot is not
// made AVAILABLE by hand), and doctor.ErrNotApproved for whatever leaves it open.
func (s *Service) Update(ctx context.Context, tx *postgres.Tx, actor access.Actor, in SlotPatchInput) (Slot, error) {
	notApproved := doctor.Holds(ctx, tx, actor.ID)
	if notApproved != nil && !errors.Is(notApproved, doctor.ErrNotApproved) {
		return Slot{}, notApproved
	}
	row, err := lock(ctx, tx, actor, in.ID)
	if err != nil {
		return Slot{}, err
	}
	if err := in.Check(row.slot().ETag()); err != nil {
		return Slot{}, err
	}
	changed, err := in.apply(&row, tx.Now)
	switch {
	case err != nil:
		return Slot{}, err
	case len(changed) > 0 && row.Status != SlotBlocked && notApproved != nil:
		return Slot{}, notApproved
	}
	if err := store(ctx, tx, &row, changed); err != nil {
		return Slot{}, err
	}
	audit.Write(tx, actor, "slot.update", row.ID, audit.Meta{"changed": changed})
	return row.slot(), nil
}

// store writes what changed of a slot that the caller has locked, and its doctor.
func store(ctx context.Context, tx *postgres.Tx, row *AvailabilitySlot, changed []string) error {
	if len(changed) == 0 {
		return nil
	}
	if !slices.Equal(changed, []string{"maxPatients"}) { // moved, blocked or opened
		if err := checkFree(ctx, tx, *row); err != nil {
			return err
		}
	}
	row.UpdatedAt = tx.Now
	return refused(updateSlot(ctx, tx, updateSlotParams{
		ID: row.ID, StartTime: row.StartTime, EndTime: row.EndTime, Status: row.Status, MaxPatients: row.MaxPatients,
		Now: tx.Now,
	}))
}

// lock reads a slot of who's and holds the row until the transaction ends: no seat is taken meanwhile.
func lock(ctx context.Context, tx *postgres.Tx, actor access.Actor, id uuid.UUID) (AvailabilitySlot, error) {
	row, err := lockSlot(ctx, tx, id)
	switch {
	case postgres.NoRows(err):
		return row, problem.NotFound
	case err != nil:
		return row, err
	case !owns(actor, row):
		return row, problem.NotFoundAudited("slot", id)
	}
	return row, nil
}

// apply writes the patch into row and names the members that differ from what was there.
func (in SlotPatchInput) apply(row *AvailabilitySlot, now time.Time) ([]string, error) {
	before, b := *row, in.Body
	if b.StartTime.Set {
		row.StartTime = instant(b.StartTime.Value)
	}
	if b.EndTime.Set {
		row.EndTime = instant(b.EndTime.Value)
	}
	b.MaxPatients.Apply(&row.MaxPatients)
	asked := row.Status
	b.Status.Apply(&asked)
	if asked != SlotBlocked {
		row.Status = SlotAvailable
		if row.SeatsTaken == row.MaxPatients {
			row.Status = SlotBooked
		}
	} else {
		row.Status = SlotBlocked
	}
	changed := []string{}
	note := func(name string, differs bool) bool {
		if differs {
			changed = append(changed, name)
		}
		return differs
	}
	moved := note("startTime", !row.StartTime.Equal(before.StartTime))
	moved = note("endTime", !row.EndTime.Equal(before.EndTime)) || moved
	note("maxPatients", row.MaxPatients != before.MaxPatients)
	blocked := note("status", row.Status != before.Status) && row.Status == SlotBlocked

	switch {
	case len(changed) > 0 && !before.StartTime.After(now):
		return nil, ErrSlotBegun
	case before.SeatsTaken > 0 && (moved || blocked), row.SeatsTaken > row.MaxPatients:
		return nil, inTheWay(before.SeatsTaken)
	case b.Status.Set && asked == SlotAvailable && row.Status == SlotBooked:
		return nil, problem.InvalidTransition.WithDetail(
			"The slot is full: it becomes AVAILABLE when a seat is freed or added.")
	case moved:
		return changed, checkTimes(row.StartTime, row.EndTime, now)
	}
	return changed, nil
}

func inTheWay(seats int32) error {
	if seats == 1 {
		return ErrSlotHasConsultations.WithDetail("1 consultation stands in the way.")
	}
	return ErrSlotHasConsultations.WithDetail(fmt.Sprintf("%d consultations stand in the way.", seats))
}
