package events

import "amrutam/internal/retention"

// Retention says how long events are kept.
var Retention = []retention.Rule{{
	Name:  "events",
	What:  "What a user is told of: ids and states",
	After: "it happened",
	Why:   "a client whose connection broke goes on from there; after that it reads everything anew",
	Table: "events",
	Since: "created_at",
	Keep:  kept,
}}
