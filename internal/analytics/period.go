package analytics

import (
	"time"
	_ "time/tzdata" // zones must not depend on what the host has installed

	"amrutam/internal/httpapi"
	"amrutam/internal/problem"
)

const (
	// defaultDays is the length of a period without from, maxDays the longest.
	defaultDays = 30
	maxDays     = 366
)

// PeriodRequest names whole days in a time zone.
type PeriodRequest struct {
	From     string `query:"from" format:"date" doc:"The first day; 29 days before to when left out" example:"2026-10-25"`
	To       string `query:"to" format:"date" doc:"The last day, counted too: at most 366 days from the first; today when left out" example:"2026-11-23"`
	Timezone string `query:"timezone" maxLength:"64" default:"UTC" doc:"The IANA time zone whose days are meant" example:"Asia/Kolkata"`
}

// ReportRequest asks for a report of a period.
type ReportRequest struct {
	PeriodRequest
	CompareRequest
	httpapi.FormatRequest
}

// CompareRequest asks for the period before, too.
type CompareRequest struct {
	Compare string `query:"compare" enum:"previous" doc:"previous adds the figures of as many days right before the period" example:"previous"`
}

// period is a valid PeriodRequest: its first and last day as midnights in UTC, and its zone.
type period struct {
	from, to time.Time
	zone     *time.Location
}

func (p period) firstDay() string { return p.from.Format(time.DateOnly) }
func (p period) lastDay() string  { return p.to.Format(time.DateOnly) }

// span is from the first instant of the first day until before that of the day after the last.
func (p period) span() span {
	return span{httpapi.FirstInstant(p.from, p.zone), httpapi.FirstInstant(p.to.AddDate(0, 0, 1), p.zone)}
}

// previous returns the period of as many days before.
func (p period) previous() period {
	before := p.from.AddDate(0, 0, -1)
	return period{before.Add(-p.to.Sub(p.from)), before, p.zone}
}

// compared returns the period, and the one before if the request asks for it.
func (p period) compared(in CompareRequest) []period {
	if in.Compare == "" {
		return []period{p}
	}
	return []period{p, p.previous()}
}

// dayCount returns the number of days, both counted.
func (p period) dayCount() int { return int(p.to.Sub(p.from)/dayLength) + 1 }

// day returns the n-th day, as a period.
func (p period) day(n int) period {
	at := p.from.AddDate(0, 0, n)
	return period{at, at, p.zone}
}

// spansOf returns the span of each period.
func spansOf(periods []period) []span {
	all := make([]span, len(periods))
	for i, p := range periods {
		all[i] = p.span()
	}
	return all
}

// parse returns the period with defaults for what is left out, or a validation error that names every invalid field.
func (in PeriodRequest) parse(now time.Time) (period, error) {
	invalid := problem.Invalid
	zone, known := httpapi.Zone(in.Timezone)
	if !known {
		invalid = invalid.WithField("query.timezone", problem.NotZone)
		zone = time.UTC
	}
	parseDay := func(name, text string, otherwise time.Time) time.Time {
		if text == "" {
			return otherwise
		}
		day, err := time.Parse(time.DateOnly, text)
		if err != nil {
			invalid = invalid.WithField("query."+name, problem.NotDate)
			return otherwise
		}
		return day
	}
	year, month, date := now.In(zone).Date()
	to := parseDay("to", in.To, time.Date(year, month, date, 0, 0, 0, 0, time.UTC))
	from := parseDay("from", in.From, to.AddDate(0, 0, 1-defaultDays))
	switch {
	case len(invalid.Fields) > 0:
	case to.Before(from):
		invalid = invalid.WithField("query.to", faultBeforeFrom)
	case from.AddDate(0, 0, maxDays).Compare(to) <= 0:
		invalid = invalid.WithField("query.to",
			faultTooManyDays)
	}
	if len(invalid.Fields) > 0 {
		return period{}, invalid
	}
	return period{from, to, zone}, nil
}
