package analytics

import (
	"context"
	"time"

	"amrutam/internal/access"
	"amrutam/internal/postgres"
)

// ConsultationsPerDay has the consultations of each day of a period.
type ConsultationsPerDay struct {
	_ struct{} `doc:"The consultations of each day of a period"`

	Days

	CompleteUntil *time.Time `json:"completeUntil" format:"date-time" doc:"Every change until this instant is counted; null while the first count is under way" example:"2026-11-23T18:00:00Z"`
	Previous      *Days      `json:"previous,omitempty" doc:"With compare: the days of the period before"`
}

// Days are the days of a period.
type Days struct {
	_ struct{} `doc:"The days of a period"`

	From     string `json:"from" format:"date" doc:"The first day" example:"2026-10-25"`
	To       string `json:"to" format:"date" doc:"The last day" example:"2026-11-23"`
	Timezone string `json:"timezone" doc:"The IANA time zone whose days these are" example:"Asia/Kolkata"`
	Items    []Day  `json:"items" doc:"Every day, in order"`
}

// Day has the consultations of a day.
type Day struct {
	_ struct{} `doc:"The consultations of a day"`

	Day       string `json:"day" format:"date" doc:"The day" example:"2026-11-23"`
	Booked    int64  `json:"booked" doc:"Booked on the day (createdAt), whatever came of them" example:"12"`
	Due       int64  `json:"due" doc:"Those whose slot starts on the day, whenever they were booked, and whatever came of them" example:"10"`
	Completed int64  `json:"completed" doc:"The due ones that are COMPLETED" example:"7"`
	Cancelled int64  `json:"cancelled" doc:"The due ones that are CANCELLED" example:"2"`
	NoShows   int64  `json:"noShows" doc:"The due ones that are NO_SHOW" example:"1"`
}

// ListDays returns the consultations of each day of a period.
func ListDays(ctx context.Context, r *postgres.Read, _ access.Actor, in ReportRequest) (ConsultationsPerDay, error) {
	p, err := in.parse(r.Now)
	if err != nil {
		return ConsultationsPerDay{}, err
	}
	periods := p.compared(in.CompareRequest)
	var days []period
	for _, p := range periods {
		for n := range p.dayCount() {
			days = append(days, p.day(n))
		}
	}
	f, err := readFigures(ctx, r, []string{sourceBooked, sourceDue}, spansOf(days))
	if err != nil {
		return ConsultationsPerDay{}, err
	}
	all := f.days(days)
	out := ConsultationsPerDay{CompleteUntil: f.completeUntil, Days: p.days(all[:p.dayCount()])}
	if len(periods) > 1 {
		before := periods[1].days(all[p.dayCount():])
		out.Previous = &before
	}
	return out, nil
}

func (p period) days(items []Day) Days {
	return Days{From: p.firstDay(), To: p.lastDay(), Timezone: p.zone.String(), Items: items}
}

// days returns the days, which are the parts of the figures.
func (f figures) days(days []period) []Day {
	all := make([]Day, len(days))
	for i, p := range days {
		all[i].Day = p.firstDay()
	}
	for key, n := range f.sums {
		day := &all[key.part]
		if key.source == sourceBooked {
			day.Booked += n
			continue
		}
		status, _, _, isConsultation := parseDueLabel(key.label)
		if !isConsultation {
			continue
		}
		day.Due += n
		switch status {
		case "COMPLETED":
			day.Completed += n
		case "CANCELLED":
			day.Cancelled += n
		case "NO_SHOW":
			day.NoShows += n
		}
	}
	return all
}
