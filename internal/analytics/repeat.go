package analytics

import (
	"context"
	"time"

	"amrutam/internal/access"
	"amrutam/internal/postgres"
)

// RepeatPatients says how many completed consultations were a patient's first, and how many a later one.
type RepeatPatients struct {
	_ struct{} `doc:"How many completed consultations were a patient's first, and how many a later one"`

	Visits

	CompleteUntil *time.Time `json:"completeUntil" format:"date-time" doc:"Every change until this instant is counted; null while the first count is under way" example:"2026-11-23T18:00:00Z"`
	Previous      *Visits    `json:"previous,omitempty" doc:"With compare: those of the period before"`
}

// Visits counts the completed consultations of a period.
type Visits struct {
	_ struct{} `doc:"The completed consultations of a period. On days when the new or the returning patients are fewer than five, both are folded"`

	From       string   `json:"from" format:"date" doc:"The first day, of UTC whatever the time zone" example:"2026-10-25"`
	To         string   `json:"to" format:"date" doc:"The last day, of UTC whatever the time zone" example:"2026-11-23"`
	Total      int64    `json:"total" doc:"All completed consultations that start in the period" example:"85"`
	First      *int64   `json:"first" doc:"Those that are the patient's first completed one ever, which is one a patient; null when folded on every day" example:"30"`
	Later      *int64   `json:"later" doc:"Those of patients who had completed one before; null when folded on every day" example:"45"`
	Folded     int64    `json:"folded" doc:"Those of days when a group was too small to be shown" example:"10"`
	RepeatRate *float64 `json:"repeatRate" doc:"later divided by first and later together, to 4 places; null when both are folded" example:"0.6"`
}

// CountVisits returns how many completed consultations of a period were a patient's first.
func CountVisits(ctx context.Context, r *postgres.Read, _ access.Actor, in ReportRequest) (RepeatPatients, error) {
	p, err := in.parse(r.Now)
	if err != nil {
		return RepeatPatients{}, err
	}
	periods := p.compared(in.CompareRequest)
	all, until, err := readGroups(ctx, r, "visit", periods)
	if err != nil {
		return RepeatPatients{}, err
	}
	out := RepeatPatients{Visits: periods[0].visits(all[0]), CompleteUntil: until}
	if len(periods) > 1 {
		before := periods[1].visits(all[1])
		out.Previous = &before
	}
	return out, nil
}

func (p period) visits(g groups) Visits {
	out := Visits{From: p.firstDay(), To: p.lastDay(), Total: g.total(), First: g.of("NEW"), Later: g.of("RETURNING"),
		Folded: g.other}
	var first, later int64
	if out.First != nil {
		first = *out.First
	}
	if out.Later != nil {
		later = *out.Later
	}
	out.RepeatRate = ratio(later, first+later)
	return out
}
