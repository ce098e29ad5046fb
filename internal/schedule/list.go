package schedule

import (
	"context"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// ListInput asks for a doctor's free slots.
type ListInput struct {
	httpapi.Paging
	DoctorID uuid.UUID `path:"doctorId" format:"uuid" doc:"The doctor's id" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081"`
	From     time.Time `query:"from" doc:"Slots that start at this time or later; now when left out" example:"2026-11-24T00:00:00Z"`
	To       time.Time `query:"to" doc:"Slots that start before this time, at most 92 days after from; 14 days after from when left out" example:"2026-12-08T00:00:00Z"`
	Timezone string    `query:"timezone" maxLength:"64" doc:"IANA time zone; adds the times there to each item" example:"Asia/Kolkata"`
}

// SlotFree is a free slot, with its times in the zone that was asked for.
type SlotFree struct {
	_ struct{} `doc:"A slot with a free seat"`

	Slot
	LocalStartTime *time.Time `json:"localStartTime,omitempty" doc:"startTime in the asked time zone, with its offset then" example:"2026-11-24T10:00:00+05:30"`
	LocalEndTime   *time.Time `json:"localEndTime,omitempty" doc:"endTime in the asked time zone, with its offset then" example:"2026-11-24T10:30:00+05:30"`
}

// List shows when an approved doctor can be booked. Error: problem.NotFound.
func (s *Service) List(ctx context.Context, r *postgres.Read, _ access.Actor, in ListInput) (httpapi.Page[SlotFree],
	error) {
	var none httpapi.Page[SlotFree]
	from, to, zone, err := in.check(r.Now)
	if err != nil {
		return none, err
	}
	scope, after := "free slots of "+in.DoctorID.String(), r.Now
	if _, err := s.Cursors.Decode(scope, in.Cursor, &after); err != nil {
		return none, err
	}
	if after.Before(r.Now) {
		after = r.Now
	}
	known, err := findsDoctor(ctx, r, in.DoctorID)
	if err != nil {
		return none, err
	}
	if !known {
		return none, problem.NotFound
	}
	//nolint:gosec // at most 101
	rows, err := listFreeSlots(ctx, r, listFreeSlotsParams{
		DoctorID: in.DoctorID, After: after, FromTime: from, ToTime: to, Most: int32(in.Limit + 1),
	})
	if err != nil {
		return none, err
	}
	items := make([]SlotFree, len(rows))
	for i, row := range rows {
		items[i] = SlotFree{Slot: row.slot()}
		if zone != nil {
			start, end := row.StartTime.In(zone), row.EndTime.In(zone)
			items[i].LocalStartTime, items[i].LocalEndTime = &start, &end
		}
	}
	return httpapi.NewPage(s.Cursors, scope, in.Limit, items, func(f SlotFree) any { return f.StartTime }), nil
}

// check fills in what was left out and names everything that is wrong.
func (in ListInput) check(now time.Time) (from, to time.Time, zone *time.Location, err error) {
	wrong := *problem.Invalid
	from, to = in.From, in.To
	if from.IsZero() {
		from = now
	}
	if to.IsZero() {
		to = from.Add(window)
	}
	switch fault := httpapi.PeriodFault(from, to); {
	case fault != "":
		wrong = *wrong.WithField("query.to", fault+", which is now when left out")
	case to.Sub(from) > maxWindow:
		wrong = *wrong.WithField("query.to", "must be at most 92 days after from")
	}
	if in.Timezone != "" {
		var known bool
		if zone, known = httpapi.Zone(in.Timezone); !known {
			wrong = *wrong.WithField("query.timezone", httpapi.InvalidZone)
		}
	}
	if len(wrong.Fields) > 0 {
		return from, to, nil, &wrong
	}
	return from, to, zone, nil
}
