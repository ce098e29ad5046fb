package consultation

import "amrutam/internal/retention"

// Retention says how long reminders are kept.
var Retention = []retention.Rule{
	{
		Name:  "reminders",
		What:  "Which reminders were made",
		After: "the consultation began",
		Why:   "a reminder is made once; for a month it can be answered who was reminded",
		Table: "reminders",
		Since: "scheduled_start",
		Keep:  30 * retention.Day,
	},
}
