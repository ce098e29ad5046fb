package plans_test

import "strings"

const (
	counting = "it counts: a period's figures, or what doctors are found by"
	sweeping = "a probe a month of a small partial index: what a stopped server has left is found, however old it is"
	staff    = "staff asks for everybody's: the months' indexes are merged, a probe a month"
	merging  = "a page's names: at this size the planner merges them with the index of all people instead of " +
		"looking each up"
	doctors   = "doctors are thousands where people are millions: a filter that hardly anybody passes asks all of them"
	exception = "what doesn't match is the exception"
	erasing   = "once in a person's life, by a job"
)

// allowed are the statements that may read much, and why.
var allowed = map[string]string{
	"countFacets on doctors: reads it from end to end":     counting,
	"countFacets on users: reads it from end to end":       doctors,
	"countFacets on users: looks at many rows":             doctors,
	"summarize on consultations: reads it from end to end": counting,
	"summarize on consultations: looks at many rows":       counting,
	"summarize on consultations: opens many partitions": "a consultation is booked in any month " +
		"before it begins",
	"summarize on doctors: reads it from end to end":                    counting,
	"summarize on doctors: looks at many rows":                          counting,
	"summarize on availability_slots: looks at many rows":               counting,
	"summarize on payment_attempts: looks at many rows":                 counting,
	"countFacets on doctors: looks at many rows":                        counting,
	"overdueConsultations on consultations: opens many partitions":      sweeping,
	"forgottenConsultations on consultations: opens many partitions":    sweeping,
	"listUnmatched on unmatched_money: reads it from end to end":        exception,
	"listUnmatched on unmatched_money: looks at many rows":              exception,
	"missedConsultations on consultations: opens many partitions":       sweeping,
	"listConsultations on consultations: opens many partitions":         staff,
	"listConsultationsInPeriod on consultations: opens many partitions": staff,
	"listConsultations on profiles: looks at many rows":                 merging,
	"listConsultationsInPeriod on profiles: looks at many rows":         merging,
	"searchDoctorsByWalk on profiles: looks at many rows":               doctors,
	"searchDoctorsByWalk on doctors: looks at many rows":                doctors,
	"searchDoctorsByWalk on users: looks at many rows":                  merging,
	"searchDoctorsByDoctor on doctors: looks at many rows":              doctors,
	"searchDoctorsByDoctor on users: looks at many rows":                merging,
	"searchDoctorsByColumn on doctors: looks at many rows":              doctors,
	"searchDoctorsWordsFindFew on doctors: looks at many rows":          "it stops at the first 1,001 found",
	"searchDoctorsByColumn on users: looks at many rows":                doctors,
	"listAuditLogs on audit_logs: opens many partitions": "what is rare may be in any month; the " +
		"newest two, where most pages end, are read first",
	"searchDoctorsByColumn on doctors: reads it from end to end":                                                                                    doctors,
	"searchDoctorsByColumn on users: reads it from end to end":                                                                                      doctors,
	"searchDoctorsWordsFindFew on doctors: reads it from end to end":                                                                                "it stops at the first 1,001 found",
	"searchDoctorsByDoctor on doctors: reads it from end to end":                                                                                    doctors,
	"searchDoctorsByWalk on doctors: reads it from end to end":                                                                                      doctors,
	"deleteKeys on idempotency_keys: opens many partitions":                                                                                         erasing,
	"forgetReasons on consultations: opens many partitions":                                                                                         erasing,
	"forgetRefundReasons on refunds: reads it from end to end":                                                                                      erasing,
	`SELECT 1 FROM "public"."consultations" x WHERE $1 OPERATOR(pg_catalog.=) "slot_id" FOR KEY SHARE OF x on consultations: opens many partitions`: "the foreign key of a slot that is deleted: its consultations may be of any month",
}

// small are the tables that stay small, and why.
var small = map[string]string{
	"goose_db_version": "a row a migration",
	"master_key":       "one row",
	"consent_notices":  "a row a version and language of a text",
}

// isSmall tells it of a table. River's are its own business: finished jobs go after a day, and its statements are not
// ours.
func isSmall(table string) bool { return small[table] != "" || strings.HasPrefix(table, "river_") }
