package consultation

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
	"amrutam/internal/schedule"
)

// maxOfDay is how many consultations of a day are shown: more than fit into one, unless slots have many seats.
const maxOfDay = 1000

// DoctorConsultationPage is a page of a doctor's consultations, or a whole day.
type DoctorConsultationPage struct {
	_ struct{} `doc:"A page of consultations, or with date a doctor's day"`

	httpapi.Page[Consultation]
	Day    *CalendarDay     `json:"day,omitempty" doc:"The day that was asked for with date; then all its consultations are in items, by their start, but for cancelled ones"`
	Gaps   []Gap            `json:"gaps,omitzero" doc:"With date: the day's free slots, and what is empty between its first and its last slot or consultation, by their start"`
	Leaves []schedule.Leave `json:"leaves,omitzero" doc:"With date: the leaves that the day is part of"`
}

// CalendarDay is a day of the calendar where the doctor is.
type CalendarDay struct {
	_ struct{} `doc:"A day of the calendar in a time zone"`

	Date       string    `json:"date" format:"date" doc:"The day" example:"2026-11-24"`
	Timezone   string    `json:"timezone" doc:"The IANA time zone of the doctor's profile, whose day it is" example:"Asia/Kolkata"`
	StartTime  time.Time `json:"startTime" doc:"When the day begins there" example:"2026-11-23T18:30:00Z"`
	EndTime    time.Time `json:"endTime" doc:"When it ends: 24 hours later, or 23 or 25 if the clocks are changed" example:"2026-11-24T18:30:00Z"`
	IsComplete bool      `json:"isComplete" doc:"Whether all of its consultations are in items: false if there are more than 1,000" example:"true"`
}

// GapKind is why a time of a doctor's day is free.
type GapKind string

// The kinds of gaps.
const (
	GapSlot  GapKind = "SLOT"
	GapEmpty GapKind = "EMPTY"
)

// Schema lists the kinds.
func (GapKind) Schema(r huma.Registry) *huma.Schema {
	return httpapi.Enum(r, "GapKind", "SLOT is a slot to come with free seats; EMPTY has neither slot nor "+
		"consultation nor leave, or a slot that has begun and that nobody booked", GapSlot, GapEmpty)
}

// Gap is a free time of a doctor's day.
type Gap struct {
	_ struct{} `doc:"A free time of a day"`

	Kind      GapKind    `json:"kind" doc:"Why it is free" example:"SLOT"`
	StartTime time.Time  `json:"startTime" doc:"When it begins" example:"2026-11-24T05:00:00Z"`
	EndTime   time.Time  `json:"endTime" doc:"When it ends" example:"2026-11-24T05:30:00Z"`
	SlotID    *uuid.UUID `json:"slotId,omitempty" format:"uuid" doc:"The slot, of SLOT"`
	FreeSeats int        `json:"freeSeats,omitempty" doc:"The slot's free seats, of SLOT; somebody may have booked another one of its seats" example:"1"`
}

// listDay returns a day of the doctor. Returns problem.Invalid.
func (s *Service) listDay(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in DoctorListRequest) (DoctorConsultationPage, error) {
	var out DoctorConsultationPage
	day, err := in.checkDay()
	if err != nil {
		return out, err
	}
	name, err := readTimezone(ctx, tx, actor.ID)
	if err != nil {
		return out, err
	}
	zone, known := httpapi.Zone(name)
	if !known {
		return out, fmt.Errorf("consultation: %s has an unknown time zone", actor.ID)
	}
	from, to := httpapi.FirstInstant(day, zone), httpapi.FirstInstant(day.AddDate(0, 0, 1), zone)
	if !from.Before(to) {
		return out, problem.InvalidField("query.date", faultNoSuchDay)
	}
	// One that began on the day before may last into this one.
	request := ListRequest{From: from.Add(-schedule.MaxLength), To: to, Sort: SortEarliest, Status: notCancelled,
		Paging: httpapi.Paging{Limit: maxOfDay}}
	out.Page, err = s.list(ctx, tx, request, "a day", allData, []filter{{ofDoctor, actor.ID}})
	if err != nil {
		return out, err
	}
	out.Day = &CalendarDay{Date: in.Date, Timezone: name, StartTime: from, EndTime: to,
		IsComplete: out.NextCursor == ""}
	out.NextCursor = ""
	out.Items = slices.DeleteFunc(out.Items, func(c Consultation) bool { return !c.EndTime.After(from) })
	slots, leaves, err := schedule.ListDay(ctx, tx, actor.ID, from, to)
	if err != nil {
		return out, err
	}
	out.Gaps, out.Leaves = findGaps(period{from, to}, tx.Now, out.Items, slots, leaves), leaves
	audit.WriteReading(tx, actor, "consultation.list", actor.ID, nil, patientsOf(out.Items)...)
	return out, nil
}

// notCancelled are the states of consultations that take time.
var notCancelled = []Status{StatusRequested, StatusConfirmed, StatusInProgress, StatusCompleted, StatusNoShow}

// checkDay returns the day that is asked for, as midnight UTC. Returns problem.Invalid with every fault.
func (in DoctorListRequest) checkDay() (time.Time, error) {
	invalid := *problem.Invalid
	for _, f := range []struct {
		name string
		used bool
	}{
		{"status", len(in.Status) > 0},
		{"from", !in.From.IsZero()},
		{"to", !in.To.IsZero()},
		{"cursor", in.Cursor != ""},
		{"patientId", in.PatientID != ""},
		{"sort", in.Sort != SortLatest},
		{"limit", in.Limit != httpapi.DefaultLimit},
	} {
		if f.used {
			invalid = *invalid.WithField("query."+f.name, faultBesideDate)
		}
	}
	day, err := time.Parse(time.DateOnly, in.Date)
	if err != nil || day.Year() < 2000 || day.Year() > 2199 {
		invalid = *invalid.WithField("query.date", faultDay)
	}
	if len(invalid.Fields) > 0 {
		return day, &invalid
	}
	return day, nil
}

// period is the time from start to end, without the end.
type period struct{ start, end time.Time }

// findGaps returns the free times of a day, by their start.
func findGaps(day period, now time.Time, items []Consultation, slots []schedule.DaySlot,
	leaves []schedule.Leave) []Gap {
	gaps := []Gap{}
	var taken []period
	var used period // from the first to the last slot or consultation
	use := func(p period) {
		if used.start.IsZero() || p.start.Before(used.start) {
			used.start = p.start
		}
		if p.end.After(used.end) {
			used.end = p.end
		}
	}
	for _, c := range items {
		taken = append(taken, period{c.StartTime, c.EndTime})
		use(period{c.StartTime, c.EndTime})
	}
	for _, slot := range slots {
		isFree := slot.FreeSeats > 0 && slot.Start.After(now)
		if isFree {
			gaps = append(gaps, Gap{Kind: GapSlot, StartTime: slot.Start, EndTime: slot.End, SlotID: &slot.ID,
				FreeSeats: slot.FreeSeats})
		}
		if isFree || slot.TakenSeats > 0 || slot.Status == schedule.SlotBlocked {
			taken = append(taken, period{slot.Start, slot.End})
		}
		if slot.Status != schedule.SlotBlocked {
			use(period{slot.Start, slot.End})
		}
	}
	for _, l := range leaves {
		taken = append(taken, period{l.StartTime, l.EndTime})
	}
	if used.start.Before(day.start) {
		used.start = day.start
	}
	if used.end.After(day.end) {
		used.end = day.end
	}
	for _, p := range without(used, taken) {
		gaps = append(gaps, Gap{Kind: GapEmpty, StartTime: p.start, EndTime: p.end})
	}
	slices.SortStableFunc(gaps, func(a, b Gap) int { return a.StartTime.Compare(b.StartTime) })
	return gaps
}

// without returns the parts of a period that none of the others has.
func without(p period, others []period) (rest []period) {
	slices.SortFunc(others, func(a, b period) int { return a.start.Compare(b.start) })
	at := p.start
	for _, other := range others {
		if end := earliest(other.start, p.end); at.Before(end) {
			rest = append(rest, period{at, end})
		}
		if other.end.After(at) {
			at = other.end
		}
	}
	if at.Before(p.end) {
		rest = append(rest, period{at, p.end})
	}
	return rest
}
