package config

import (
	"slices"
	"strings"
	"time"
)

const (
	shortestReminder, longestReminder = 5 * time.Minute, 720 * time.Hour
	maxReminders                      = 5
)

// ReminderLeads returns how long before the start of a consultation its parties are reminded, the shortest first.
// There are none if the setting is not valid, which Load refuses.
func (c *Config) ReminderLeads() []time.Duration {
	leads, _ := parseReminders(c.Reminders)
	return leads
}

// parseReminders returns the durations of a list, sorted, or false if one is not a whole number of seconds in the
// limits, or the same as another.
func parseReminders(list string) (leads []time.Duration, ok bool) {
	if list == "none" {
		return nil, true
	}
	for part := range strings.SplitSeq(list, ",") {
		lead, err := time.ParseDuration(strings.TrimSpace(part))
		if err != nil || lead < shortestReminder || lead > longestReminder || lead%time.Second != 0 ||
			slices.Contains(leads, lead) || len(leads) == maxReminders {
			return nil, false
		}
		leads = append(leads, lead)
	}
	slices.Sort(leads)
	return leads, true
}
