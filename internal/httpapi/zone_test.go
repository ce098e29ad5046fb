package httpapi_test

import (
	"testing"
	"time"

	"amrutam/internal/httpapi"
)

func TestFirstInstant(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ zone, day, begins string }{
		{"UTC", "2026-11-23", "2026-11-23T00:00:00Z"},
		{"Asia/Kolkata", "2026-11-23", "2026-11-22T18:30:00Z"},
		{"Asia/Kathmandu", "2026-11-23", "2026-11-22T18:15:00Z"},
		{"America/New_York", "2026-03-08", "2026-03-08T05:00:00Z"},
		{"America/New_York", "2026-03-09", "2026-03-09T04:00:00Z"},
		{"America/New_York", "2026-11-02", "2026-11-02T05:00:00Z"},
		{"America/Havana", "2026-03-08", "2026-03-08T05:00:00Z"}, // from 0:00 to 1:00
		{"America/Havana", "2026-11-01", "2026-11-01T04:00:00Z"}, // from 1:00 to 0:00
		{"America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z"},
		{"America/Sao_Paulo", "2018-02-18", "2018-02-18T03:00:00Z"}, // from 0:00 to 23:00 the day before
		{"Africa/Cairo", "2024-04-26", "2024-04-25T22:00:00Z"},
		{"Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"}, // a day that was skipped
		{"Pacific/Apia", "2011-12-31", "2011-12-30T10:00:00Z"},
		{"Asia/Kolkata", "0001-01-01", "0000-12-31T18:06:32Z"},
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		day, err := time.Parse(time.DateOnly, c.day)
		if err != nil {
			t.Fatal(err)
		}
		if got := httpapi.FirstInstant(day, zone).Format(time.RFC3339); got != c.begins {
			t.Errorf("%s begins in %s at %s, want %s", c.day, c.zone, got, c.begins)
		}
	}
}

// Every instant belongs to exactly one day. That is the date that clocks show, except where they go back over
// midnight.
func TestDaysAreContiguous(t *testing.T) {
	t.Parallel()
	for _, name := range []string{
		"UTC", "Asia/Kolkata", "Asia/Tehran", "Asia/Beirut",
		"America/New_York", "America/Havana", "America/Sao_Paulo", "America/Santiago",
		"Africa/Cairo", "Africa/Casablanca", "Australia/Lord_Howe", "Pacific/Apia", "Europe/Dublin",
	} {
		zone, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		last := time.Time{}
		for day := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC); day.Year() < 2030; day = day.AddDate(0, 0, 1) {
			begins := httpapi.FirstInstant(day, zone)
			if begins.Before(last) {
				t.Fatalf("%s: %s begins before the day before it", name, day)
			}
			last = begins
			date := day.Format(time.DateOnly)
			shown := begins.In(zone).Format(time.DateOnly)
			before := begins.Add(-1).In(zone).Format(time.DateOnly)
			if before >= date || shown < date || shown > date && name != "Pacific/Apia" {
				t.Fatalf("%s: when %s begins, clocks go from %s to %s", name, date, before, shown)
			}
		}
	}
}
