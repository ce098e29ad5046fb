package schedule

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var today = time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)

func TestRecurrence(t *testing.T) {
	t.Parallel()
	for text, days := range map[string]string{
		"FREQ=DAILY;COUNT=3":                                   "2026-12-01 2026-12-02 2026-12-03",
		"RRULE:FREQ=WEEKLY;BYDAY=MO,WE;COUNT=3":                "2026-12-02 2026-12-07 2026-12-09",
		"FREQ=WEEKLY;INTERVAL=2;BYDAY=TU;UNTIL=20261230":       "2026-12-01 2026-12-15 2026-12-29",
		"FREQ=MONTHLY;BYDAY=-1FR;COUNT=2":                      "2026-12-25 2027-01-29",
		"FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=1;COUNT=2": "2026-12-01 2027-01-01",
		"FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29;COUNT=1":          "2028-02-29",
		"FREQ=DAILY;UNTIL=20261202T000000Z":                    "2026-12-01 2026-12-02",
	} {
		r, fault := parseRecurrence(text, today)
		if fault != nil {
			t.Errorf("%s: %s", text, fault)
			continue
		}
		var got []string
		for _, day := range r.days(today, today.AddDate(3, 0, 0)) {
			got = append(got, day.Format(dateForm))
		}
		if strings.Join(got, " ") != days {
			t.Errorf("%s: %v, want %s", text, got, days)
		}
	}
}

// TestRecurrenceIsRefused also checks that each refusal comes at once.
func TestRecurrenceIsRefused(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"", "x", ";", "FREQ", "FREQ=", "FREQ=SECONDLY", "FREQ=MINUTELY", "FREQ=HOURLY", "freq=daily", "FREQ=DAILY;",
		"FREQ=DAILY;FREQ=DAILY", "FREQ=DAILY;BYHOUR=9", "FREQ=DAILY;BYSECOND=1", "FREQ=DAILY;X-MINE=1",
		"DTSTART:20260101T000000Z\nRRULE:FREQ=DAILY", "DTSTART=20260101;FREQ=DAILY", "FREQ=DAILY\nEXDATE:20260101",
		"EXDATE:20260101T000000Z", "RRULE:RRULE:FREQ=DAILY", "FREQ=DAILY;UNTIL=99991231", "FREQ=DAILY;UNTIL=20261131",
		"FREQ=DAILY;UNTIL=20200101", "FREQ=DAILY;UNTIL=00000000T000000Z", "FREQ=DAILY;COUNT=0",
		"FREQ=DAILY;COUNT=9999",
		"FREQ=DAILY;COUNT=-1",
		"FREQ=DAILY;COUNT=99999999999999999999", "FREQ=DAILY;INTERVAL=0", "FREQ=DAILY;INTERVAL=1001",
		"FREQ=DAILY;INTERVAL=9223372036854775807", "FREQ=DAILY;COUNT=2;UNTIL=20270101", "FREQ=MONTHLY;BYSETPOS=1",
		"FREQ=MONTHLY;BYDAY=MO;BYSETPOS=0", "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=367", "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=366",
		"FREQ=WEEKLY;BYDAY=2MO", "FREQ=WEEKLY;BYMONTHDAY=1", "FREQ=DAILY;BYDAY=XX", "FREQ=DAILY;BYDAY=MO,,TU",
		"FREQ=DAILY;BYMONTH=13", "FREQ=DAILY;BYMONTHDAY=32", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30",
		"FREQ=MONTHLY;BYDAY=5MO;BYMONTHDAY=1", "FREQ=YEARLY;BYDAY=99MO", "FREQ=MONTHLY;BYDAY=53MO",
		"FREQ=MONTHLY;BYDAY=-53MO",
		"FREQ=YEARLY;BYMONTH=12;BYDAY=MO,53TU", "FREQ=MONTHLY;BYDAY=6MO", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31",
		"FREQ=DAILY;INTERVAL=1000;BYMONTH=2;BYMONTHDAY=30", "FREQ=DAILY\x00",
	} {
		if _, fault := parseRecurrence(text, today); fault == nil {
			t.Errorf("%q is accepted", text)
		}
	}
}

// TestAnyRecurrence parses what parts make, however nonsensical. A rule that is accepted has a day.
func TestAnyRecurrence(t *testing.T) {
	t.Parallel()
	part := rapid.OneOf(
		rapid.SampledFrom([]string{"FREQ=DAILY", "FREQ=WEEKLY", "FREQ=MONTHLY", "FREQ=YEARLY", "WKST=SU",
			"INTERVAL=400",
			"INTERVAL=2", "COUNT=5000", "UNTIL=20350101", "BYDAY=MO", "BYDAY=-1MO", "BYDAY=5SU,-5SU", "BYDAY=53MO",
			"BYDAY=-53FR", "BYDAY=MO,-6TU", "BYMONTH=12",
			"BYMONTH=2", "BYMONTHDAY=-31", "BYMONTHDAY=30", "BYMONTHDAY=1,2", "BYSETPOS=-366", "BYSETPOS=1,-1"}),
		rapid.StringMatching(`[A-Z]{2,9}=[-+0-9A-Z,:;=]{0,12}`))
	rapid.Check(t, func(t *rapid.T) {
		text := strings.Join(rapid.SliceOfN(part, 1, 6).Draw(t, "parts"), ";")
		r, fault := parseRecurrence(text, today)
		if fault == nil && len(r.days(today, today.Add(maxValidity))) == 0 {
			t.Fatalf("%s has no day", text)
		}
	})
}
