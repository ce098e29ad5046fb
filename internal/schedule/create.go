package schedule

import (
	"context"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/postgres"
)

// SlotInput is a new slot.
type SlotInput struct {
	Body struct {
		StartTime   time.Time  `json:"startTime" doc:"When it begins: in the future, at most 365 days ahead" example:"2026-11-24T10:00:00+05:30"`
		EndTime     time.Time  `json:"endTime" doc:"When it ends: 5 minutes to 8 hours later" example:"2026-11-24T10:30:00+05:30"`
		MaxPatients int        `json:"maxPatients,omitempty" minimum:"1" maximum:"100" default:"1" doc:"How many patients it takes" example:"1"`
		Status      SlotStatus `json:"status,omitempty" enum:"AVAILABLE,BLOCKED" default:"AVAILABLE" doc:"BLOCKED keeps a time free of patients" example:"AVAILABLE"`
	}
}

// Create opens a slot of the signed-in doctor. Errors: ErrDoctorNotApproved, ErrSlotOverlap.
func (s *Service) Create(ctx context.Context, tx *postgres.Tx, who access.Actor, in SlotInput) (Slot, error) {
	start, end := instant(in.Body.StartTime), instant(in.Body.EndTime)
	if err := checkTimes(start, end, tx.Now); err != nil {
		return Slot{}, err
	}
	row, err := query.insertSlot(ctx, tx, insertSlotParams{
		ID: uuid.Must(uuid.NewV7()), DoctorID: who.ID, StartTime: start, EndTime: end, Status: in.Body.Status,
		MaxPatients: int32(in.Body.MaxPatients), Now: tx.Now, //nolint:gosec // at most 100
	})
	switch {
	case postgres.NoRows(err):
		return Slot{}, ErrDoctorNotApproved
	case overlaps(err):
		return Slot{}, ErrSlotOverlap
	case err != nil:
		return Slot{}, err
	}
	audit.Write(tx, who, "slot.create", row.ID, nil)
	return row.slot(), nil
}
