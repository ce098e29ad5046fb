package analytics

import (
	"time"
	_ "time/tzdata" // zones must not depend on what the host has installed

	"amrutam/internal/httpapi"
	"amrutam/internal/problem"
)

const (
	// defaultDays are counted when from is left out, maxDays at most.
	defaultDays = 30
	maxDays     = 366
	// idLag is how far an id's time may be from the instant the row says it was made at.
	idLag = time.Hour
)

// PeriodIn asks for whole days of a time zone.
type PeriodIn struct {
	From     string `query:"from" format:"date" doc:"The first day; 29 days before to when left out" example:"2026-10-25"`
	To       string `query:"to" format:"date" doc:"The last day, counted too: at most 366 days from the first; today when left out" example:"2026-11-23"`
	Timezone string `query:"timezone" maxLength:"64" default:"UTC" doc:"The IANA time zone whose days are meant" example:"Asia/Kolkata"`
}

// period is a PeriodIn that was checked: its days, and the instants from begin until before end.
type period struct {
	from, to, zone string
	begin, end     time.Time
}

// period fills in what was left out and names everything that is wrong.
func (in PeriodIn) period(now time.Time) (period, error) {
	wrong := *problem.Invalid
	zone, known := httpapi.Zone(in.Timezone)
	if !known {
		wrong, zone = *wrong.WithField("query.timezone", httpapi.InvalidZone), time.UTC
	}
	day := func(name, text string, otherwise time.Time) time.Time {
		if text == "" {
			return otherwise
		}
		d, err := time.Parse(time.DateOnly, text)
		if err != nil {
			wrong = *wrong.WithField("query."+name, "expected a date like 2026-11-23")
			return otherwise
		}
		return d
	}
	year, month, date := now.In(zone).Date()
	to := day("to", in.To, time.Date(year, month, date, 0, 0, 0, 0, time.UTC))
	from := day("from", in.From, to.AddDate(0, 0, 1-defaultDays))
	switch {
	case len(wrong.Fields) > 0:
	case to.Before(from):
		wrong = *wrong.WithField("query.to", "must not be before from; it is today when left out")
	case from.AddDate(0, 0, maxDays).Compare(to) <= 0:
		wrong = *wrong.WithField("query.to",
			"must be at most 366 days from from, both counted; it is today when left out")
	}
	if len(wrong.Fields) > 0 {
		return period{}, &wrong
	}
	return period{from: from.Format(time.DateOnly), to: to.Format(time.DateOnly), zone: zone.String(),
		begin: firstInstant(from, zone), end: firstInstant(to.AddDate(0, 0, 1), zone)}, nil
}

// firstInstant is when a day begins in a zone. That isn't always midnight: clocks that go ahead then skip it, and
// those that go back have it twice. time.Date promises neither.
func firstInstant(day time.Time, zone *time.Location) time.Time {
	year, month, date := day.Date()
	midnight := time.Date(year, month, date, 0, 0, 0, 0, zone)
	began, ends := midnight.ZoneBounds()
	if wall(midnight).Before(day) {
		return ends.UTC()
	}
	if !began.IsZero() {
		if before := wall(began.Add(-1)); !before.Before(day) {
			_, offset := began.Add(-1).Zone()
			return day.Add(-time.Duration(offset) * time.Second)
		}
	}
	return midnight.UTC()
}

// wall is what the clocks show, written as if it were UTC.
func wall(t time.Time) time.Time {
	_, offset := t.Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}
