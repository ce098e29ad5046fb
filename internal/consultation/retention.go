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
	}, {
		Name:  "calls",
		What:  "How browsers reached each other in a video call",
		After: "they last said so",
		Why:   "a client that connects anew needs the other side's; after the visit nobody does",
		Table: "call_sides",
		Since: "updated_at",
		Keep:  retention.Day,
	},
}
