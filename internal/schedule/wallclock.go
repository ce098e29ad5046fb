package schedule

import "time"

// date is a day of the calendar, as midnight UTC.
type date = time.Time

// dateOf returns the day on which an instant falls in a time zone.
func dateOf(at time.Time, zone *time.Location) date {
	year, month, day := at.In(zone).Date()
	return time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
}

// instantOf returns the instant at which the clocks of a zone show a time, given as minutes after the beginning of a
// day, and whether there is one: a clock that is set forward skips times. Of the two instants of a time that a clock
// shows twice, because it is set back, it returns the first.
func instantOf(day date, minute int, zone *time.Location) (time.Time, bool) {
	wall := day.Add(time.Duration(minute) * time.Minute)
	year, month, d := wall.Date()
	at := time.Date(year, month, d, wall.Hour(), wall.Minute(), 0, 0, zone)
	if !showsWall(at, wall) {
		return time.Time{}, false
	}
	// time.Date doesn't say which of the two it returns. The first one is before the change of the clocks.
	if change, _ := at.ZoneBounds(); !change.IsZero() {
		_, offset := at.Zone()
		_, before := change.Add(-time.Nanosecond).Zone()
		earlier := at.Add(time.Duration(offset-before) * time.Second)
		if earlier.Before(change) && showsWall(earlier, wall) {
			at = earlier
		}
	}
	return at.UTC(), true
}

// showsWall reports whether the clocks of an instant's zone show the time of wall.
func showsWall(at, wall time.Time) bool {
	_, offset := at.Zone()
	return at.UTC().Add(time.Duration(offset) * time.Second).Equal(wall)
}
