package main

import (
	"testing"
	"time"
)

func TestRollupDays(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct{ from, to, first, last, fault string }{
		{"2026-01-01", "2026-01-31", "2026-01-01", "2026-01-31", ""},
		{"2026-01-01", "", "2026-01-01", "2026-12-31", ""},
		{"2026-01-32", "", "", "", "--from must be a date like 2026-01-01"},
		{"2026-01-01", "tomorrow", "", "", "--to must be a date like 2026-12-31"},
		{"2026-01-02", "2026-01-01", "", "", "--to must not be before --from"},
		{"1926-01-01", "2026-01-01", "", "", "--to must be at most ten years after --from"},
	} {
		first, last, err := rollup{c.from, c.to}.days(now)
		switch {
		case c.fault != "":
			if err == nil || err.Error() != c.fault {
				t.Errorf("from %s to %s: error %v, want %s", c.from, c.to, err, c.fault)
			}
		case err != nil || first.Format(time.DateOnly) != c.first || last.Format(time.DateOnly) != c.last:
			t.Errorf("from %s to %s: %s to %s, error %v", c.from, c.to, first, last, err)
		}
	}
}
