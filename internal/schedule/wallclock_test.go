package schedule

import (
	"strings"
	"testing"
	"time"

	"amrutam/internal/problem"
)

// zones change their clocks on both hemispheres, by an hour or half of one, at midnight and later, or not at all.
var zones = []string{"Asia/Kolkata", "Asia/Kathmandu", "Pacific/Chatham", "Australia/Lord_Howe", "Europe/Berlin",
	"America/New_York", "America/Sao_Paulo", "America/Santiago", "Africa/Casablanca", "Africa/Cairo", "Asia/Beirut",
	"Pacific/Auckland"}

// shownAt returns for each minute that the clocks of a zone show since base the first minute after base at which they
// do, or 0. It asks Go for each minute in turn.
func shownAt(zone *time.Location, base time.Time, days int) []int {
	first := make([]int, (days+2)*24*60)
	for i := 1; i < days*24*60; i++ {
		_, offset := base.Add(time.Duration(i) * time.Minute).In(zone).Zone()
		if wall := i + offset/60; wall >= 0 && first[wall] == 0 {
			first[wall] = i
		}
	}
	return first
}

// TestSlotsKeepTheirWallClock compares the slots of the years 2026 to 2028 with Go's own zone data: each wall time of
// the rule that exists has one slot, at the first instant of it, which lasts its minutes.
func TestSlotsKeepTheirWallClock(t *testing.T) {
	t.Parallel()
	from, to := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2028, 12, 31, 0, 0, 0, 0, time.UTC)
	for _, name := range zones {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			zone, err := time.LoadLocation(name)
			if err != nil {
				t.Fatal(err)
			}
			base := from.AddDate(0, 0, -2)
			first := shownAt(zone, base, 3*366+4)
			for _, form := range []struct{ start, end, slot, buffer int32 }{
				{0, 1440, 30, 0}, {0, 1440, 45, 0}, {5, 1440, 20, 7}, {0, 480, 5, 0}, {60, 240, 90, 0},
			} {
				rule := parsedRule{RuleRow: RuleRow{StartMinute: form.start, EndMinute: form.end,
					SlotMinutes: form.slot, BufferMinutes: form.buffer, ValidFrom: from, ValidTo: &to}, zone: zone}
				var fault *problem.Message
				if rule.days, fault = parseRecurrence("FREQ=DAILY", from); fault != nil {
					t.Fatal(fault)
				}
				slots := rule.slots(from, to)
				i, free := 0, time.Time{}
				for day := from; !day.After(to); day = day.AddDate(0, 0, 1) {
					for m := form.start; m+form.slot <= form.end; m += form.slot + form.buffer {
						wall := day.Add(time.Duration(m) * time.Minute)
						minute := first[int(wall.Sub(base)/time.Minute)]
						start := base.Add(time.Duration(minute) * time.Minute)
						if minute == 0 || start.Before(free) {
							continue
						}
						free = start.Add(time.Duration(form.slot) * time.Minute)
						if i == len(slots) || !slots[i].start.Equal(start) || !slots[i].end.Equal(free) ||
							!slots[i].local.Equal(wall) {
							t.Fatalf("%+v: no slot at %v (%v), or another one", form, wall, start)
						}
						i++
					}
				}
				if i != len(slots) {
					t.Fatalf("%+v: %d slots too many", form, len(slots)-i)
				}
			}
		})
	}
}

// TestClockChange has slots at changes of the clocks, computed by hand.
func TestClockChange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		zone, day        string
		start, end, slot int32
		want             string // in UTC
	}{
		{"Europe/Berlin", "2026-03-29", 60, 240, 30, "00:00-00:30 00:30-01:00 01:00-01:30 01:30-02:00"},
		{"Europe/Berlin", "2026-03-29", 105, 240, 30, "00:45-01:15 01:15-01:45"}, // the first lasts until 03:15
		{"Europe/Berlin", "2026-10-25", 60, 240, 60, "23:00-00:00 00:00-01:00 02:00-03:00"},
		{"Australia/Lord_Howe", "2026-10-04", 90, 180, 30, "15:00-15:30 15:30-16:00"},
		{"Australia/Lord_Howe", "2026-04-05", 90, 180, 30, "14:30-15:00 15:30-16:00 16:00-16:30"},
		{"Asia/Kathmandu", "2026-10-25", 540, 600, 30, "03:15-03:45 03:45-04:15"},
		{"Pacific/Chatham", "2026-10-25", 540, 600, 30, "19:15-19:45 19:45-20:15"},
	} {
		zone, err := time.LoadLocation(c.zone)
		if err != nil {
			t.Fatal(err)
		}
		day, _ := time.Parse(dateForm, c.day)
		rule := parsedRule{RuleRow: RuleRow{StartMinute: c.start, EndMinute: c.end, SlotMinutes: c.slot,
			ValidFrom: day},
			zone: zone}
		rule.days, _ = parseRecurrence("FREQ=DAILY", day)
		var got []string
		for _, s := range rule.slots(day, day) {
			got = append(got, s.start.Format("15:04")+"-"+s.end.Format("15:04"))
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %v, want %s", c.zone, got, c.want)
		}
	}
}
