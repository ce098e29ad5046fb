package consent

import "amrutam/internal/retention"

// Retention says how long consents are kept, as their notices promise. The database refuses to delete them earlier.
var Retention = []retention.Rule{{
	Name:  "optional-consents",
	What:  "Withdrawn consents to messages and to the use of data",
	After: "the withdrawal",
	Why:   "evidence, for as long as a claim can be brought (Limitation Act 1963)",
	Table: "consents",
	Since: "withdrawn_at",
	Keep:  3 * retention.Year,
	Where: "purpose <> 'TREATMENT'",
}}
