package schedule

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/doctor"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// ListOwnRequest asks for a doctor's slots of every status.
type ListOwnRequest struct {
	httpapi.Paging
	From     time.Time    `query:"from" doc:"Slots that start at this time or later; now when left out" example:"2026-11-24T00:00:00Z"`
	To       time.Time    `query:"to" doc:"Slots that start before this time, at most 92 days after from; 14 days after from when left out" example:"2026-12-08T00:00:00Z"`
	Status   SlotStatus   `query:"status" doc:"Only these" example:"BLOCKED"`
	DoctorID httpapi.UUID `query:"doctorId" doc:"Whose; an administrator has to say it, a doctor sees only their own" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081"`
}

// position is where a page of own slots ended: the start alone wouldn't do, because blocked slots may share one.
type position = httpapi.Position[time.Time]

// ListOwn lists a doctor's slots of every status by their start. Returns problem.NotFound if they are another
// doctor's.
func (s *Service) ListOwn(ctx context.Context, r *postgres.Read, actor access.Actor,
	in ListOwnRequest) (httpapi.Page[Slot], error) {
	var none httpapi.Page[Slot]
	doctor, err := in.checkDoctor(actor)
	if err != nil {
		return none, err
	}
	from, to, _, err := ListRequest{From: in.From, To: in.To}.check(r.Now)
	if err != nil {
		return none, err
	}
	scope := "all slots of " + doctor.String()
	var after position
	if _, err := s.Cursors.Decode(scope, in.Cursor, &after); err != nil {
		return none, err
	}
	rows, err := listSlots(ctx, r, listSlotsParams{
		DoctorID:   doctor,
		FromTime:   from,
		ToTime:     to,
		Status:     string(in.Status),
		AfterStart: after.Value,
		AfterID:    after.ID,
		MaxRows:    int32(in.Limit + 1), //nolint:gosec // at most 101
	})
	if err != nil {
		return none, err
	}
	items := make([]Slot, len(rows))
	for i, row := range rows {
		items[i] = row.slot()
	}
	return httpapi.NewPage(s.Cursors, scope, in.Limit, items,
		func(s Slot) any { return position{Value: s.StartTime, ID: s.ID} }), nil
}

// checkDoctor returns the doctor whose slots are listed: an administrator names one, a doctor sees their own. Returns
// problem.NotFound if the actor may not see them.
func (in ListOwnRequest) checkDoctor(actor access.Actor) (uuid.UUID, error) {
	if in.DoctorID == "" {
		if actor.Is(access.RoleAdmin) {
			return uuid.Nil, problem.InvalidField("query.doctorId", faultNoDoctor)
		}
		return actor.ID, nil
	}
	doctor, err := uuid.Parse(string(in.DoctorID))
	if err != nil {
		return uuid.Nil, problem.InvalidField("query.doctorId", problem.NotUUID)
	}
	if !canRead(actor, doctor) {
		return uuid.Nil, problem.NotFoundAudited("doctor", doctor)
	}
	return doctor, nil
}

// ReadSlotRequest names the slot to read, and the visit for which it is read.
type ReadSlotRequest struct {
	SlotRequest
	doctor.VisitFilter
}

// Read returns one slot, with the end of a visit in it as List does. Returns problem.NotFound if it doesn't exist, is
// another doctor's, or is none that a patient can book now.
func (s *Service) Read(ctx context.Context, r *postgres.Read, actor access.Actor,
	in ReadSlotRequest) (FreeSlot, error) {
	row, err := readSlot(ctx, r, in.ID)
	if postgres.NoRows(err) {
		return FreeSlot{}, problem.NotFound
	}
	if err != nil {
		return FreeSlot{}, err
	}
	isPatient := actor.Is(access.RolePatient)
	seen := canRead(actor, row.DoctorID)
	if !seen && isPatient {
		if seen, err = isSlotBookable(ctx, r, row.DoctorID, in.ID, r.Now); err != nil {
			return FreeSlot{}, err
		}
	}
	if !seen {
		return FreeSlot{}, problem.NotFoundAudited("slot", in.ID)
	}
	visit, err := findVisit(ctx, r, actor, row.DoctorID, in.VisitFilter)
	// Doctors see their slots also while they aren't approved.
	if err != nil && (isPatient || !errors.Is(err, problem.NotFound)) {
		return FreeSlot{}, err
	}
	return FreeSlot{Slot: row.slot(), VisitEndTime: visit.end(row)}, nil
}
