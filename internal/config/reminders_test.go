package config

import (
	"slices"
	"testing"
	"time"
)

func TestReminderLeads(t *testing.T) {
	t.Parallel()
	for list, want := range map[string][]time.Duration{"none": nil, "24h,1h": {time.Hour, 24 * time.Hour},
		" 5m , 720h": {5 * time.Minute, 720 * time.Hour}} {
		if got, ok := parseReminders(list); !ok || !slices.Equal(got, want) {
			t.Errorf("%q is %v, %v", list, got, ok)
		}
	}
	for _, list := range []string{"", "24h,", "1h,60m", "4m", "721h", "-1h", "1h,none", "tomorrow", "1h 2h",
		"5m,6m,7m,8m,9m,10m", "5m1ns"} {
		if got, ok := parseReminders(list); ok {
			t.Errorf("%q is %v", list, got)
		}
	}
}
