package plans_test

import "strings"

// Reasons why a statement may read many rows or partitions.
const (
	counting = "it counts the facets of the doctor search"
	sweeping = "one look-up per month in a small partial index: jobs find rows of any age that a server has left"
	staff    = "staff list the rows of all users: one look-up per month in an index"
	merging  = "the names of a page: at this size the planner merges the index of all people and doesn't look up each"
	doctors  = "there are only thousands of doctors: a filter that few of them pass reads all of them"
	rare     = "unmatched money is rare"
	erasing  = "a job runs it once for each erased person"
	stopping = "it stops at the first 1,001 rows found"
	anyMonth = "rare rows can be in any month; the newest two months, where most pages end, are read first"
	sealing  = "one look-up per month in the index by transaction, whose entries can be of any month"
	batching = "a batch of the log is sealed at a time"
	rolling  = "what changed is counted anew: a quarter of an hour, a doctor's day or a day, of any month"
	summing  = "a year of rollups is a few thousand rows"
	restored = "an operator asks once after a restore, and mails are kept for 90 days"
	live     = "each live day has a partition: there are five, and the default one"
	oldest   = "an archive run asks once for the oldest row, and stops at the first month that has one"
	reminds  = "a consultation that begins soon can have been booked in any month; a job looks it up by its start"
	seated   = "seats has the consultations to come only, and a change of hours asks for many slots at once"
	waiting  = "who waits can have signed up in any month: one look-up per month in an index, until the first who fits"
	daily    = "once a day, over the files of seven years: a few thousand rows"
	gauged   = "a metric counts who waits, in an index of those alone once most entries are over"
	deleting = "the foreign key of a deleted slot: its consultations can be of any month"
)

// allowedFindings has the findings that are accepted, and why.
var allowedFindings = map[string]string{
	"countApprovals on doctors: has a sequential scan":                   rolling,
	"countBooked on consultations: opens many partitions":                rolling,
	"countDue on consultations: opens many partitions":                   rolling,
	"countEntriesBefore on audit_logs: has a sequential scan":            batching,
	"countEntriesBefore on audit_logs: opens many partitions":            sealing,
	"countEntriesBefore on audit_logs: reads many rows":                  batching,
	"countFacets on doctors: has a sequential scan":                      counting,
	"countFacets on doctors: reads many rows":                            counting,
	"countFacets on users: has a sequential scan":                        doctors,
	"countFacets on users: reads many rows":                              doctors,
	"countMails on mails: has a sequential scan":                         restored,
	"deleteKeys on idempotency_keys: opens many partitions":              erasing,
	"eraseConsultationTexts on consultations: opens many partitions":     erasing,
	"eraseRefundReasons on refunds: has a sequential scan":               erasing,
	"findOldestConsultation on consultations: opens many partitions":     oldest,
	"findXIDAfter on audit_logs: opens many partitions":                  sealing,
	"findXIDAfter on audit_logs: reads many rows":                        batching,
	"findFirstXID on audit_logs: opens many partitions":                  sealing,
	"listExpiredFiles on audit_files: has a sequential scan":             daily,
	"insertDoctorDays on archived_consultations: has a sequential scan":  rolling,
	"insertDoctorDays on consultations: has a sequential scan":           rolling,
	"insertDoctorDays on consultations: reads many rows":                 rolling,
	"insertDoctorDays on consultations: opens many partitions":           rolling,
	"insertGroups on consultations: opens many partitions":               rolling,
	"insertGroups on doctors: has a sequential scan":                     rolling,
	"listAuditLogs on audit_logs: opens many partitions":                 anyMonth,
	"listConsultations on consultations: opens many partitions":          staff,
	"listConsultations on profiles: reads many rows":                     merging,
	"listConsultationsInPeriod on consultations: opens many partitions":  staff,
	"listConsultationsInPeriod on profiles: reads many rows":             merging,
	"listDisputedVisits on consultations: opens many partitions":         staff,
	"listDoctorsOfDay on consultations: opens many partitions":           rolling,
	"listFirstFreeSlots on doctors: has a sequential scan":               doctors,
	"listLeaves on audit_logs: opens many partitions":                    sealing,
	"listLeaves on audit_logs: reads many rows":                          batching,
	"listMissedConsultations on consultations: opens many partitions":    sweeping,
	"listOverdueConsultations on consultations: opens many partitions":   sweeping,
	"listUnpaidBalances on consultations: opens many partitions":         sweeping,
	"listOverrunConsultations on consultations: opens many partitions":   sweeping,
	"listUnmatched on unmatched_money: has a sequential scan":            rare,
	"listUnmatched on unmatched_money: reads many rows":                  rare,
	"listVisits on consultations: opens many partitions":                 staff,
	"lockConsultationsToRemind on consultations: opens many partitions":  reminds,
	"noteDaysOfDoctors on consultations: opens many partitions":          rolling,
	"countSlots on availability_slots: reads many rows":                  rolling,
	"listDoctorsOfDay on availability_slots: reads many rows":            rolling,
	"insertDoctorDays on availability_slots: reads many rows":            rolling,
	"deleteUnusedSlots on consultations: opens many partitions":          deleting,
	"listCompletedOfDay on consultations: opens many partitions":         rolling,
	"noteNextVisits on consultations: opens many partitions":             rolling,
	"listSeatsOf on seats: has a sequential scan":                        seated,
	"readDoctors on doctors: has a sequential scan":                      doctors,
	"readTreeBacklog on audit_logs: opens many partitions":               sealing,
	"readWaitlistBacklog on waitlist_entries: has a sequential scan":     gauged,
	"searchDoctorsByColumn on doctors: has a sequential scan":            doctors,
	"searchDoctorsByColumn on doctors: reads many rows":                  doctors,
	"searchDoctorsByColumn on users: has a sequential scan":              doctors,
	"searchDoctorsByColumn on booking_rules: has a sequential scan":      doctors,
	"listOtherAlternatives on booking_rules: has a sequential scan":      doctors,
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
	"sumAllDays on rollups: has a sequential scan":                       summing,
	"sumAllDays on rollups: reads many rows":                             summing,
	"sumDoctors on rollup_doctor_days: reads many rows":                  summing,
	"sumDoctors on rollup_doctor_months: has a sequential scan":          summing,
	"sumRollups on rollups: has a sequential scan":                       summing,
	"sumRollups on rollups: reads many rows":                             summing,
	"idempotency-keys/oldest on idempotency_keys: opens many partitions": live,

	"EXISTS (SELECT FROM consultations c WHERE c.patient_id = patient AND c.id >= ids_since(patient) " +
		"AND c.doctor_id = doctor AND c.status = 'COMPLETED') OR EXISTS (" +
		" on consultations: opens many partitions": waiting,
	`SELECT 1 FROM "public"."consultations" x WHERE $1 OPERATOR(pg_catalog.=) "slot_id" FOR KEY SHARE OF x` +
		` on consultations: opens many partitions`: deleting,
}

// smallTables has the tables that stay small, and why.
var smallTables = map[string]string{
	"goose_db_version":   "one row for each migration",
	"master_key":         "one row",
	"audit_tree":         "one row",
	"audit_exports":      "at most five for each administrator",
	"audit_export_parts": "the parts of audit_exports",
	"consent_notices":    "one row for each version and language of a notice",
	"rollup_state":       "one row",
	"rollup_changes":     "the changes of about a minute",
	"audit_restores":     "one row for each restore that somebody wanted",
	"restore_mode":       "one row",
}

// isSmall reports whether a table may be small. River's tables count as small: it deletes finished jobs after a day,
// and its statements are not this project's.
func isSmall(table string) bool {
	return smallTables[table] != "" || strings.HasPrefix(table, "river_")
}
