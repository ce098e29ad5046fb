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

const (
	// maxDays is the longest period whose days are counted: two months of a calendar.
	maxDays = 62
	// maxOffset is more than any time zone is away from UTC.
	maxOffset = 26 * time.Hour
)

// DaysRequest asks for the free seats of a doctor on each day.
type DaysRequest struct {
	DoctorID uuid.UUID `path:"doctorId" format:"uuid" doc:"The doctor's id" example:"0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081"`
	From     string    `query:"from" format:"date" doc:"The first day; today when left out" example:"2026-11-24"`
	To       string    `query:"to" format:"date" doc:"The last day, counted too: at most 62 days from the first; 30 days after it when left out" example:"2026-11-30"`
	Timezone string    `query:"timezone" maxLength:"64" default:"UTC" doc:"The IANA time zone whose days are meant" example:"Asia/Kolkata"`
	doctor.VisitFilter
}

// FreeDays are the days of a period, each with what is free.
type FreeDays struct {
	_ struct{} `doc:"What is free on each day of a period"`

	Timezone string    `json:"timezone" doc:"The IANA time zone whose days these are" example:"Asia/Kolkata"`
	Items    []FreeDay `json:"items" doc:"Every day of the period, in order"`
}

// FreeDay is a day with what is free on it.
type FreeDay struct {
	_ struct{} `doc:"What is free on a day"`

	Day       string `json:"day" format:"date" doc:"The day" example:"2026-11-24"`
	FreeSlots int    `json:"freeSlots" doc:"Slots that can be booked" example:"6"`
	FreeSeats int    `json:"freeSeats" doc:"Free seats in these slots" example:"6"`
}

// CountDays counts the slots of a doctor that the reader can book, by the day on which they start. Returns
// problem.NotFound if patients can't find the doctor.
func (s *Service) CountDays(ctx context.Context, r *postgres.Read, actor access.Actor,
	in DaysRequest) (FreeDays, error) {
	from, to, zone, err := in.check(r.Now)
	if err != nil {
		return FreeDays{}, err
	}
	visit, err := findVisit(ctx, r, actor, in.DoctorID, in.VisitFilter)
	if err != nil {
		return FreeDays{}, err
	}
	// A little more than the days of any zone: which of them a slot belongs to is decided below.
	rows, err := listFreeSeats(ctx, r, listFreeSeatsParams{
		DoctorID: in.DoctorID,
		Now:      r.Now,
		FromTime: from.Add(-maxOffset),
		ToTime:   to.Add(24*time.Hour + maxOffset),
		Seen:     visit.Seen,
	})
	if err != nil {
		return FreeDays{}, err
	}
	out := FreeDays{Timezone: zone.String(), Items: []FreeDay{}}
	index := map[string]int{}
	for day := from; !day.After(to); day = day.AddDate(0, 0, 1) {
		index[day.Format(time.DateOnly)] = len(out.Items)
		out.Items = append(out.Items, FreeDay{Day: day.Format(time.DateOnly)})
	}
	for _, row := range rows {
		if i, asked := index[row.StartTime.In(zone).Format(time.DateOnly)]; asked {
			out.Items[i].FreeSlots++
			out.Items[i].FreeSeats += int(row.Seats)
		}
	}
	return out, nil
}

// check returns the first and the last day, as midnights in UTC, and the time zone. Returns problem.Invalid with every
// fault.
func (in DaysRequest) check(now time.Time) (from, to time.Time, zone *time.Location, err error) {
	invalid := *problem.Invalid
	zone, known := httpapi.Zone(in.Timezone)
	if !known {
		invalid = *invalid.WithField("query.timezone", problem.NotZone)
		zone = time.UTC
	}
	parse := func(name, text string, otherwise time.Time) time.Time {
		if text == "" {
			return otherwise
		}
		day, err := time.Parse(time.DateOnly, text)
		if err != nil {
			invalid = *invalid.WithField("query."+name, problem.NotDate)
			return otherwise
		}
		return day
	}
	year, month, date := now.In(zone).Date()
	from = parse("from", in.From, time.Date(year, month, date, 0, 0, 0, 0, time.UTC))
	to = parse("to", in.To, from.AddDate(0, 0, 30))
	switch {
	case len(invalid.Fields) > 0:
	case to.Before(from):
		invalid = *invalid.WithField("query.to", faultBeforeFrom)
	case !to.Before(from.AddDate(0, 0, maxDays)):
		invalid = *invalid.WithField("query.to",
			faultTooManyDays)
	}
	if len(invalid.Fields) > 0 {
		return from, to, zone, &invalid
	}
	return from, to, zone, nil
}
