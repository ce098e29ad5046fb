package httpapi

import (
	"regexp"
	"time"
)

// IANA names begin with an upper-case letter; the system's own files beside them (localtime, posix/…) don't.
var zoneName = regexp.MustCompile(`^[A-Z][A-Za-z0-9_+/-]*$`)

// Zone returns the time zone with an IANA name, and whether there is one.
func Zone(name string) (*time.Location, bool) {
	if !zoneName.MatchString(name) || name == "Local" || name == "Factory" {
		return nil, false
	}
	zone, err := time.LoadLocation(name)
	return zone, err == nil
}

// FirstInstant returns when a day, given as midnight in UTC, begins in a zone. That isn't always midnight: where
// clocks go forward at midnight the day has none, where they go back there may be two, and time.Date promises neither
// the first nor the second. A day that the zone has skipped begins with the next one.
func FirstInstant(day time.Time, zone *time.Location) time.Time {
	year, month, date := day.Date()
	midnight := time.Date(year, month, date, 0, 0, 0, 0, zone)
	began, ends := midnight.ZoneBounds()
	if wallTime(midnight).Before(day) {
		return ends.UTC()
	}
	if !began.IsZero() {
		if before := wallTime(began.Add(-1)); !before.Before(day) {
			_, offset := began.Add(-1).Zone()
			return day.Add(-time.Duration(offset) * time.Second)
		}
	}
	return midnight.UTC()
}

// wallTime returns the date and time that clocks in t's zone show, as a time in UTC.
func wallTime(t time.Time) time.Time {
	_, offset := t.Zone()
	return t.UTC().Add(time.Duration(offset) * time.Second)
}
