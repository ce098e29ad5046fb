package analytics

import (
	"context"
	"time"

	"amrutam/internal/access"
	"amrutam/internal/postgres"
)

// SpecializationsRequest asks for the specializations of a period.
type SpecializationsRequest struct {
	ReportRequest
	LimitRequest
}

// TopSpecializations has the specializations with the most completed consultations.
type TopSpecializations struct {
	_ struct{} `doc:"The specializations with the most completed consultations"`

	Specializations

	CompleteUntil *time.Time       `json:"completeUntil" format:"date-time" doc:"Every change until this instant is counted; null while the first count is under way" example:"2026-11-23T18:00:00Z"`
	Previous      *Specializations `json:"previous,omitempty" doc:"With compare: those of the period before"`
}

// Specializations has the specializations of a period.
type Specializations struct {
	_ struct{} `doc:"The specializations of a period. A day's group of fewer than five patients is folded into OTHER, with others so that OTHER is no smaller either"`

	From  string                `json:"from" format:"date" doc:"The first day, of UTC whatever the time zone" example:"2026-10-25"`
	To    string                `json:"to" format:"date" doc:"The last day, of UTC whatever the time zone" example:"2026-11-23"`
	Total int64                 `json:"total" doc:"All completed consultations that start in the period" example:"85"`
	Items []SpecializationCount `json:"items" doc:"The largest first, OTHER last"`
}

// SpecializationCount counts the completed consultations of a specialization.
type SpecializationCount struct {
	_ struct{} `doc:"The completed consultations of a specialization"`

	Specialization string   `json:"specialization" doc:"The field of the doctors now, in its commonest spelling; OTHER when folded" example:"Panchakarma"`
	Folded         bool     `json:"folded" doc:"Whether these are several small groups, or those beyond the limit" example:"false"`
	Consultations  int64    `json:"consultations" doc:"COMPLETED, by the start of the slot; days on which the group is folded are in OTHER" example:"60"`
	Share          *float64 `json:"share" doc:"consultations divided by total, to 4 places" example:"0.7059"`
}

// otherGroup is the name of what is folded.
const otherGroup = "OTHER"

// ListSpecializations returns the specializations with the most completed consultations in a period.
func ListSpecializations(ctx context.Context, r *postgres.Read, _ access.Actor,
	in SpecializationsRequest) (TopSpecializations, error) {
	p, err := in.parse(r.Now)
	if err != nil {
		return TopSpecializations{}, err
	}
	periods := p.compared(in.CompareRequest)
	all, until, err := readGroups(ctx, r, "specialization", periods)
	if err != nil {
		return TopSpecializations{}, err
	}
	out := TopSpecializations{Specializations: periods[0].specializations(all[0], in.Limit), CompleteUntil: until}
	if len(periods) > 1 {
		before := periods[1].specializations(all[1], in.Limit)
		out.Previous = &before
	}
	return out, nil
}

func (p period) specializations(g groups, limit int) Specializations {
	g.limit(limit)
	out := Specializations{From: p.firstDay(), To: p.lastDay(), Total: g.total(), Items: []SpecializationCount{}}
	for _, s := range g.shown {
		out.Items = append(out.Items, SpecializationCount{Specialization: s.name, Consultations: s.consultations,
			Share: ratio(s.consultations, out.Total)})
	}
	if g.other > 0 {
		out.Items = append(out.Items, SpecializationCount{Specialization: otherGroup, Folded: true,
			Consultations: g.other, Share: ratio(g.other, out.Total)})
	}
	return out
}
