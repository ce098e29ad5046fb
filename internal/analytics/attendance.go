package analytics

import (
	"context"
	"time"

	"amrutam/internal/access"
	"amrutam/internal/postgres"
)

// NoShowRate says how many consultations of a period were missed or cancelled.
type NoShowRate struct {
	_ struct{} `doc:"How many consultations of a period were missed or cancelled"`

	Attendance

	CompleteUntil *time.Time  `json:"completeUntil" format:"date-time" doc:"Every change until this instant is counted; null while the first count is under way" example:"2026-11-23T18:00:00Z"`
	Previous      *Attendance `json:"previous,omitempty" doc:"With compare: the figures of the period before"`
}

// Attendance counts the consultations that start in a period and are over.
type Attendance struct {
	_ struct{} `doc:"The consultations that start in a period and are over"`

	From             string           `json:"from" format:"date" doc:"The first day" example:"2026-10-25"`
	To               string           `json:"to" format:"date" doc:"The last day" example:"2026-11-23"`
	Timezone         string           `json:"timezone" doc:"The IANA time zone whose days these are" example:"Asia/Kolkata"`
	Completed        int64            `json:"completed" doc:"COMPLETED" example:"85"`
	Cancelled        int64            `json:"cancelled" doc:"CANCELLED" example:"12"`
	CancelledBy      map[string]int64 `json:"cancelledBy" doc:"The cancelled ones by who did it" example:"{\"PATIENT\": 7, \"DOCTOR\": 2, \"SUPPORT\": 1, \"ADMIN\": 0, \"SYSTEM\": 2}"`
	NoShows          int64            `json:"noShows" doc:"NO_SHOW" example:"3"`
	AbsentParty      map[string]int64 `json:"absentParty" doc:"The missed ones by who was absent" example:"{\"PATIENT\": 2, \"DOCTOR\": 1}"`
	NoShowRate       *float64         `json:"noShowRate" doc:"noShows divided by completed and noShows together, to 4 places; null when there is none" example:"0.0341"`
	CancellationRate *float64         `json:"cancellationRate" doc:"cancelled divided by completed, cancelled and noShows together, to 4 places; null when there is none" example:"0.12"`
}

// ReadAttendance returns how many consultations of a period were missed or cancelled.
func ReadAttendance(ctx context.Context, r *postgres.Read, _ access.Actor, in ReportRequest) (NoShowRate, error) {
	p, err := in.parse(r.Now)
	if err != nil {
		return NoShowRate{}, err
	}
	periods := p.compared(in.CompareRequest)
	f, err := readFigures(ctx, r, []string{sourceDue}, spansOf(periods))
	if err != nil {
		return NoShowRate{}, err
	}
	out := NoShowRate{Attendance: attendance(p, f.due(0)), CompleteUntil: f.completeUntil}
	if len(periods) > 1 {
		before := attendance(periods[1], f.due(1))
		out.Previous = &before
	}
	return out, nil
}

func attendance(p period, d due) Attendance {
	return Attendance{
		From: p.firstDay(), To: p.lastDay(), Timezone: p.zone.String(),
		Completed: d.completed, Cancelled: d.cancelled, CancelledBy: d.cancelledBy, NoShows: d.noShows,
		AbsentParty: d.absent, NoShowRate: ratio(d.noShows, d.completed+d.noShows),
		CancellationRate: ratio(d.cancelled, d.completed+d.cancelled+d.noShows),
	}
}
