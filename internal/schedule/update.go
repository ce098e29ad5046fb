package schedule

import (
	"context"
	"errors"
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

// UpdateSlotRequest is a merge patch of a slot.
type UpdateSlotRequest struct {
	httpapi.IfMatch
	ID   uuid.UUID `path:"id" format:"uuid" doc:"The slot's id" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7082"`
	Body struct {
		_ struct{} `doc:"A merge patch of the slot: absent members stay unchanged"`

		StartTime   httpapi.Field[time.Time]  `json:"startTime,omitempty" doc:"When it begins" example:"2026-11-24T10:00:00+05:30"`
		EndTime     httpapi.Field[time.Time]  `json:"endTime,omitempty" doc:"When it ends" example:"2026-11-24T10:30:00+05:30"`
		MaxPatients httpapi.Field[int32]      `json:"maxPatients,omitempty" minimum:"1" maximum:"100" doc:"The most patients it takes; at least the number of seats that are taken" example:"2"`
		Status      httpapi.Field[SlotStatus] `json:"status,omitempty" enum:"AVAILABLE,BLOCKED" doc:"Blocks an empty slot, or opens a blocked one" example:"BLOCKED"`
	}
}

// Update changes the times, the seats or the status of a slot. It returns problem.NotFound if the slot isn't the
// actor's, problem.PreconditionFailed if it has changed meanwhile, problem.Invalid if its times are wrong,
// ErrSlotBegun, ErrSlotHasConsultations, ErrSlotExists, ErrSlotOverlap, ErrOnLeave or ErrErasureDue if it can't be
// changed like this, problem.InvalidTransition if a full slot is set to AVAILABLE, and doctor.ErrNotApproved if the
// doctor isn't approved and the slot would not be blocked.
func (s *Service) Update(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in UpdateSlotRequest) (Slot, error) {
	approvalErr := doctor.LockApproved(ctx, tx, actor.ID)
	if approvalErr != nil && !errors.Is(approvalErr, doctor.ErrNotApproved) {
		return Slot{}, approvalErr
	}
	row, err := lockOwnSlot(ctx, tx, actor, in.ID)
	if err != nil {
		return Slot{}, err
	}
	if err := in.Check(row.slot().ETag()); err != nil {
		return Slot{}, err
	}
	before := row
	changed, err := in.apply(&row, tx.Now)
	for errors.Is(err, ErrSlotHasConsultations) { // or seats are only offered: no more offers end than must
		freed, freeErr := freeOffered(ctx, tx, &before, new(int32(1)))
		if freeErr != nil {
			return Slot{}, freeErr
		}
		if freed == 0 {
			break
		}
		row = before
		changed, err = in.apply(&row, tx.Now)
	}
	switch {
	case err != nil:
		return Slot{}, err
	case len(changed) > 0 && row.Status != SlotBlocked && approvalErr != nil:
		return Slot{}, approvalErr
	}
	if !row.StartTime.Equal(before.StartTime) || !row.EndTime.Equal(before.EndTime) {
		if err := forgetTimes(ctx, tx, before); err != nil {
			return Slot{}, err
		}
		row.RuleID, row.LocalStart, row.ExtraID = nil, nil, nil // it is the doctor's own now
	}
	if err := storeChange(ctx, tx, &row, changed); err != nil {
		return Slot{}, err
	}
	audit.Write(tx, actor, "slot.update", row.ID, audit.Meta{"changed": changed})
	return row.slot(), nil
}

// storeChange stores the changed members of a slot. The caller has locked the slot and its doctor.
func storeChange(ctx context.Context, tx *postgres.Tx, row *AvailabilitySlot, changed []string) error {
	if len(changed) == 0 {
		return nil
	}
	onlyMaxPatients := slices.Equal(changed, []string{"maxPatients"})
	if !onlyMaxPatients {
		if err := checkConflicts(ctx, tx, *row); err != nil {
			return err
		}
	}
	if row.Status == SlotAvailable {
		if err := checkLeave(ctx, tx, *row); err != nil {
			return err
		}
	}
	if !onlyMaxPatients || row.Status == SlotAvailable {
		row.BlockedBy = nil // the doctor's hand decides now
	}
	row.UpdatedAt = tx.Now
	return conflictError(updateSlot(ctx, tx, updateSlotParams{
		ID:          row.ID,
		StartTime:   row.StartTime,
		EndTime:     row.EndTime,
		Status:      row.Status,
		MaxPatients: row.MaxPatients,
		RuleID:      row.RuleID,
		LocalStart:  row.LocalStart,
		ExtraID:     row.ExtraID,
		BlockedBy:   row.BlockedBy,
		Now:         tx.Now,
	}))
}

// lockOwnSlot locks one of the actor's own slots until the transaction ends, so no seat can be taken until then.
// Returns problem.NotFound if the slot doesn't exist or isn't the actor's.
func lockOwnSlot(ctx context.Context, tx *postgres.Tx, actor access.Actor, id uuid.UUID) (AvailabilitySlot, error) {
	row, err := lockSlot(ctx, tx, id)
	switch {
	case postgres.NoRows(err):
		return row, problem.NotFound
	case err != nil:
		return row, err
	case !canChange(actor, row):
		return row, problem.NotFoundAudited("slot", id)
	}
	return row, nil
}

// freeOffered ends offers of a slot that the caller has locked, as takeBack does, and corrects its row.
func freeOffered(ctx context.Context, tx *postgres.Tx, row *AvailabilitySlot, most *int32) (int32, error) {
	seats, err := takeBack(ctx, tx, most, row.ID)
	if err != nil || seats == 0 {
		return 0, err
	}
	*row, err = lockSlot(ctx, tx, row.ID)
	return seats, err
}

// apply writes the patch into row and returns the names of the members that it changed.
func (in UpdateSlotRequest) apply(row *AvailabilitySlot, now time.Time) ([]string, error) {
	before := *row
	patch := in.Body
	if patch.StartTime.Set {
		row.StartTime = toMicroseconds(patch.StartTime.Value)
	}
	if patch.EndTime.Set {
		row.EndTime = toMicroseconds(patch.EndTime.Value)
	}
	patch.MaxPatients.Apply(&row.MaxPatients)
	requested := row.Status
	patch.Status.Apply(&requested)
	switch {
	case requested == SlotBlocked:
		row.Status = SlotBlocked
	case row.SeatsTaken == row.MaxPatients:
		row.Status = SlotBooked
	default:
		row.Status = SlotAvailable
	}
	changed := changedMembers(before, *row)
	moved := slices.Contains(changed, "startTime") || slices.Contains(changed, "endTime")
	blocked := slices.Contains(changed, "status") && row.Status == SlotBlocked

	switch {
	case len(changed) > 0 && !before.StartTime.After(now):
		return nil, ErrSlotBegun
	case before.SeatsTaken > 0 && (moved || blocked), row.SeatsTaken > row.MaxPatients:
		return nil, consultationsError(before.SeatsTaken)
	case patch.Status.Set && requested == SlotAvailable && row.Status == SlotBooked:
		return nil, problem.InvalidTransition.WithDetail(detailSlotFull)
	case moved:
		return changed, checkTimes(row.StartTime, row.EndTime, now)
	}
	return changed, nil
}

// changedMembers returns the JSON names of the members in which two versions of a slot differ.
func changedMembers(before, after AvailabilitySlot) []string {
	changed := []string{}
	if !after.StartTime.Equal(before.StartTime) {
		changed = append(changed, "startTime")
	}
	if !after.EndTime.Equal(before.EndTime) {
		changed = append(changed, "endTime")
	}
	if after.MaxPatients != before.MaxPatients {
		changed = append(changed, "maxPatients")
	}
	if after.Status != before.Status {
		changed = append(changed, "status")
	}
	return changed
}

// consultationsError returns ErrSlotHasConsultations with the number of consultations in its detail.
func consultationsError(count int32) error {
	return ErrSlotHasConsultations.WithCount(int(count)).WithDetail(detailConsultations.With("count", count))
}
