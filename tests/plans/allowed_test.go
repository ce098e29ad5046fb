package plans_test

import "strings"

// Reasons why a statement may read many rows or partitions.
const (
	counting = "it counts the rows of a period, or the facets of the doctor search"
	sweeping = "one look-up per month in a small partial index: jobs find rows of any age that a server has left"
	staff    = "staff list the rows of all users: one look-up per month in an index"
	merging  = "the names of a page: at this size the planner merges the index of all people and doesn't look up each"
	doctors  = "there are only thousands of doctors: a filter that few of them pass reads all of them"
	rare     = "unmatched money is rare"
	erasing  = "a job runs it once for each erased person"
	stopping = "it stops at the first 1,001 rows found"
	future   = "a consultation can be booked in any month before it starts"
	anyMonth = "rare rows can be in any month; the newest two months, where most pages end, are read first"
	sealing  = "one look-up per month in the index by transaction, whose entries can be of any month"
	batching = "a batch of the log is sealed at a time"
	live     = "each live day has a partition: there are five, and the default one"
	deleting = "the foreign key of a deleted slot: its consultations can be of any month"
)

// allowedFindings has the findings that are accepted, and why.
var allowedFindings = map[string]string{
	"countFacets on doctors: has a sequential scan":                      counting,
	"countFacets on doctors: reads many rows":                            counting,
	"countFacets on users: has a sequential scan":                        doctors,
	"countFacets on users: reads many rows":                              doctors,
	"countEntriesBefore on audit_logs: has a sequential scan":            batching,
	"countEntriesBefore on audit_logs: opens many partitions":            sealing,
	"countEntriesBefore on audit_logs: reads many rows":                  batching,
	"deleteKeys on idempotency_keys: opens many partitions":              erasing,
	"eraseConsultationTexts on consultations: opens many partitions":     erasing,
	"eraseRefundReasons on refunds: has a sequential scan":               erasing,
	"idempotency-keys/oldest on idempotency_keys: opens many partitions": live,
	"findXIDAfter on audit_logs: opens many partitions":                  sealing,
	"findXIDAfter on audit_logs: reads many rows":                        batching,
	"listAuditLogs on audit_logs: opens many partitions":                 anyMonth,
	"listConsultations on consultations: opens many partitions":          staff,
	"listConsultations on profiles: reads many rows":                     merging,
	"listConsultationsInPeriod on consultations: opens many partitions":  staff,
	"listConsultationsInPeriod on profiles: reads many rows":             merging,
	"listLeaves on audit_logs: opens many partitions":                    sealing,
	"listLeaves on audit_logs: reads many rows":                          batching,
	"listMissedConsultations on consultations: opens many partitions":    sweeping,
	"listOverdueConsultations on consultations: opens many partitions":   sweeping,
	"listOverrunConsultations on consultations: opens many partitions":   sweeping,
	"listUnmatched on unmatched_money: has a sequential scan":            rare,
	"listUnmatched on unmatched_money: reads many rows":                  rare,
	"readTreeBacklog on audit_logs: opens many partitions":               sealing,
	"searchDoctorsByColumn on doctors: has a sequential scan":            doctors,
	"searchDoctorsByColumn on doctors: reads many rows":                  doctors,
	"searchDoctorsByColumn on users: has a sequential scan":              doctors,
	"searchDoctorsByColumn on users: reads many rows":                    doctors,
	"searchDoctorsByDoctor on doctors: has a sequential scan":            doctors,
	"searchDoctorsByDoctor on doctors: reads many rows":                  doctors,
	"searchDoctorsByDoctor on users: reads many rows":                    merging,
	"searchDoctorsByWalk on doctors: has a sequential scan":              doctors,
	"searchDoctorsByWalk on doctors: reads many rows":                    doctors,
	"searchDoctorsByWalk on profiles: reads many rows":                   doctors,
	"searchDoctorsByWalk on users: reads many rows":                      merging,
	"searchDoctorsWordsFindFew on doctors: has a sequential scan":        stopping,
	"searchDoctorsWordsFindFew on doctors: reads many rows":              stopping,
	"summarize on availability_slots: reads many rows":                   counting,
	"summarize on consultations: has a sequential scan":                  counting,
	"summarize on consultations: opens many partitions":                  future,
	"summarize on consultations: reads many rows":                        counting,
	"summarize on doctors: has a sequential scan":                        counting,
	"summarize on doctors: reads many rows":                              counting,
	"summarize on payment_attempts: reads many rows":                     counting,

	`SELECT 1 FROM "public"."consultations" x WHERE $1 OPERATOR(pg_catalog.=) "slot_id" FOR KEY SHARE OF x` +
		` on consultations: opens many partitions`: deleting,
}

// smallTables has the tables that stay small, and why.
var smallTables = map[string]string{
	"goose_db_version": "one row for each migration",
	"master_key":       "one row",
	"audit_tree":       "one row",
	"consent_notices":  "one row for each version and language of a notice",
}

// isSmall reports whether a table may be small. River's tables count as small: it deletes finished jobs after a day,
// and its statements are not this project's.
func isSmall(table string) bool {
	return smallTables[table] != "" || strings.HasPrefix(table, "river_")
}
