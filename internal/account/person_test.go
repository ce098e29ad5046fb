package account

import (
	"testing"
	"time"
)

func TestAgeOn(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 20, 0, 0, 0, time.UTC) // the 24th in India
	for _, c := range []struct {
		birth, zone string
		want        int
	}{
		{"1990-11-22", "UTC", 36},
		{"1990-11-23", "UTC", 36},
		{"1990-11-24", "UTC", 35},
		{"1990-11-24", "Asia/Kolkata", 36},
		{"1990-12-01", "UTC", 35},
		{"2026-11-23", "UTC", 0},
		{"2004-02-29", "UTC", 22},
	} {
		if got := ageOn(c.birth, c.zone, now); got == nil || *got != c.want {
			t.Errorf("%s in %s: %v, want %d", c.birth, c.zone, got, c.want)
		}
	}
	if got := ageOn("2004-02-29", "UTC", time.Date(2026, 2, 28, 12, 0, 0, 0, time.UTC)); *got != 21 {
		t.Errorf("on 28 February: %d", *got)
	}
	if got := ageOn("", "UTC", now); got != nil {
		t.Errorf("without a date: %d", *got)
	}
}
