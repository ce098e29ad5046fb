package schedule

import (
	"context"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/doctor"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// ListRequest asks for a doctor's free slots.
type ListRequest struct {
	httpapi.Paging
	DoctorID uuid.UUID `path:"doctorId" format:"uuid" doc:"The doctor's id" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081"`
	From     time.Time `query:"from" doc:"Slots that start at this time or later; now when left out" example:"2026-11-24T00:00:00Z"`
	To       time.Time `query:"to" doc:"Slots that start before this time, at most 92 days after from; 14 days after from when left out" example:"2026-12-08T00:00:00Z"`
	Timezone string    `query:"timezone" maxLength:"64" doc:"IANA time zone; adds the times there to each item" example:"Asia/Kolkata"`
	doctor.VisitFilter
}

// FreeSlot is a slot as somebody books it, with its times in the requested time zone too.
type FreeSlot struct {
	_ struct{} `doc:"A slot, and how long a visit in it takes"`

	Slot
	VisitEndTime   time.Time  `json:"visitEndTime" doc:"When a visit that is booked in it ends: endTime, or sooner if the doctor's booking rules say how long a visit takes" example:"2026-11-24T05:00:00Z"`
	LocalStartTime *time.Time `json:"localStartTime,omitempty" doc:"startTime in the asked time zone, with its offset then" example:"2026-11-24T10:00:00+05:30"`
	LocalEndTime   *time.Time `json:"localEndTime,omitempty" doc:"endTime in the asked time zone, with its offset then" example:"2026-11-24T10:30:00+05:30"`
}

// List lists the slots of a doctor that the reader can book, by their start. Returns problem.NotFound if patients
// can't find the doctor.
func (s *Service) List(ctx context.Context, r *postgres.Read, actor access.Actor,
	in ListRequest) (httpapi.Page[FreeSlot], error) {
	var none httpapi.Page[FreeSlot]
	from, to, zone, err := in.check(r.Now)
	if err != nil {
		return none, err
	}
	scope := "free slots of " + in.DoctorID.String()
	after := r.Now
	if _, err := s.Cursors.Decode(scope, in.Cursor, &after); err != nil {
		return none, err
	}
	if after.Before(r.Now) {
		after = r.Now
	}
	visit, err := findVisit(ctx, r, actor, in.DoctorID, in.VisitFilter)
	if err != nil {
		return none, err
	}
	rows, err := listFreeSlots(ctx, r, listFreeSlotsParams{
		DoctorID: in.DoctorID,
		After:    after,
		FromTime: from,
		ToTime:   to,
		Seen:     visit.Seen,
		Now:      r.Now,
		MaxRows:  int32(in.Limit + 1), //nolint:gosec // at most 101
	})
	if err != nil {
		return none, err
	}
	items := make([]FreeSlot, len(rows))
	for i, row := range rows {
		items[i] = FreeSlot{Slot: row.slot(), VisitEndTime: visit.end(row)}
		if zone != nil {
			items[i].LocalStartTime = new(row.StartTime.In(zone))
			items[i].LocalEndTime = new(row.EndTime.In(zone))
		}
	}
	return httpapi.NewPage(s.Cursors, scope, in.Limit, items, func(f FreeSlot) any { return f.StartTime }), nil
}

// findVisit returns what a visit of the reader with a doctor is: a patient's own visits decide whether it is the
// first, for everybody else the request does. Returns problem.NotFound if patients can't find the doctor.
func findVisit(ctx context.Context, r *postgres.Read, actor access.Actor, doctorID uuid.UUID,
	in doctor.VisitFilter) (readVisitRow, error) {
	isPatient := actor.Is(access.RolePatient)
	patient, err := in.Patient(actor)
	if err != nil {
		return readVisitRow{}, err
	}
	visit, err := readVisit(ctx, r, isPatient, patient, doctorID)
	switch {
	case postgres.NoRows(err):
		return visit, problem.NotFound
	case !isPatient:
		visit.Seen = in.Visit == doctor.VisitFollowUp
	}
	return visit, err
}

// end returns when a visit ends that begins with the slot.
func (v readVisitRow) end(slot AvailabilitySlot) time.Time {
	minutes := v.FirstVisitMinutes
	if v.Seen {
		minutes = v.FollowUpMinutes
	}
	if minutes == nil {
		return slot.EndTime
	}
	return slot.StartTime.Add(time.Duration(*minutes) * time.Minute)
}

// check returns the period and the time zone, with defaults for what was left out; zone is nil when none was asked
// for. Returns problem.Invalid with every fault.
func (in ListRequest) check(now time.Time) (from, to time.Time, zone *time.Location, err error) {
	invalid := *problem.Invalid
	from, to = in.From, in.To
	if from.IsZero() {
		from = now
	}
	if to.IsZero() {
		to = from.Add(defaultWindow)
	}
	switch fault := httpapi.PeriodFault(from, to); {
	case fault != nil:
		invalid = *invalid.WithField("query.to", faultNotAfterNow)
	case to.Sub(from) > maxWindow:
		invalid = *invalid.WithField("query.to", problem.TooManyAfter.With("days", 92).With("field", "from"))
	}
	if in.Timezone != "" {
		var known bool
		if zone, known = httpapi.Zone(in.Timezone); !known {
			invalid = *invalid.WithField("query.timezone", problem.NotZone)
		}
	}
	if len(invalid.Fields) > 0 {
		return from, to, nil, &invalid
	}
	return from, to, zone, nil
}
