package privacy_test

import (
	_ "embed"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

//go:embed testdata/columns.txt
var decidedColumns string

// tablesAboutPeople selects the tables with a foreign key to people, and those that refer to people or consultations
// without one: a consultation may be live or archived.
const tablesAboutPeople = `SELECT r.relname, r.oid FROM pg_class r
	WHERE r.relkind IN ('r', 'p') AND NOT r.relispartition AND r.relnamespace = 'public'::regnamespace
		AND (EXISTS (SELECT FROM pg_constraint k WHERE k.conrelid = r.oid AND k.contype = 'f'
				AND k.confrelid IN ('users'::regclass, 'doctors'::regclass, 'consultations'::regclass))
			OR EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = r.oid
				AND a.attname IN ('user_id', 'patient_id', 'doctor_id', 'consultation_id')))`

// TestEveryTableAboutPeople checks that this list has every table about people. For each it says which
// file of an export has its rows, and what an erasure does to them.
func TestEveryTableAboutPeople(t *testing.T) {
	t.Parallel()
	c := open(t)
	decided := map[string]string{
		"users": "account.json, and activity.json of administrators who invited; " +
			"contact emptied",
		"profiles":                "account.json; contact emptied, then the name",
		"data_keys":               "a secret; destroyed",
		"dependant_transfers":     "dependants.json, and activity.json of staff; kept, they name anonymous",
		"dependants":              "dependants.json; kept, they name anonymous: each is erased as a person",
		"sessions":                "sessions.json; deleted",
		"passkeys":                "passkeys.json; deleted",
		"recovery_codes":          "secrets; deleted",
		"tickets":                 "secrets; deleted",
		"doctors":                 "doctor.json; self-description emptied, then the registration",
		"availability_slots":      "slots.json; kept, they name anonymous",
		"availability_rules":      "availability-rules.json; kept until the doctor deletes them, they name anonymous",
		"availability_exceptions": "availability-exceptions.json; kept for a year, they name anonymous",
		"leave_offers":            "what a patient may choose for some hours; deleted then",
		"waitlist_entries":        "waitlist.json; deleted",
		"booking_rules":           "booking-rules.json; kept, they name anonymous",
		"consultations": "consultations.json; emptied when never started, else kept until they " +
			"are unreadable",
		"call_sides":                     "how browsers reach each other; deleted after a day, they name nobody",
		"seats":                          "consultations.json; released when upcoming consultations are cancelled",
		"prescriptions":                  "prescriptions.json; kept until they are unreadable",
		"payments":                       "payments.json; kept, they name anonymous",
		"archived_consultations":         "consultations.json; as live ones",
		"archived_prescriptions":         "prescriptions.json; kept until they are unreadable",
		"archived_consultation_consents": "consents.json; kept as evidence",
		"refunds":                        "payments.json, and activity.json of staff; kept, they name anonymous",
		"unmatched_money": "payments.json by the payment's attempts, and activity.json of staff; kept, " +
			"resolutions emptied",
		"reviews": "reviews.json of the author, review-replies.json of the doctor, and activity.json of moderators; " +
			"texts emptied, the ratings stay and name anonymous",
		"review_reports":        "review-reports.json; reasons emptied",
		"rollup_doctor_days":    "sums of what slots.json and consultations.json have; kept, they name anonymous",
		"rollup_doctor_months":  "sums of what slots.json and consultations.json have; kept, they name anonymous",
		"audit_logs":            "activity.json and access-log.json; kept as evidence",
		"idempotency_keys":      "responses that other files have too, for a day; deleted",
		"mails":                 "mails.json; deleted",
		"addenda":               "addenda.json; kept until they are unreadable",
		"disputes":              "disputes.json, and activity.json of staff; texts emptied",
		"consents":              "consents.json; kept as evidence, optional ones withdrawn",
		"calendar_feeds":        "a secret; deleted",
		"reminders":             "mails.json has their mails; kept for a month, they name anonymous",
		"events":                "ids and states that other files have too; kept for a day, they name anonymous",
		"consultation_consents": "consents.json; kept as evidence",
		"audit_exports":         "activity.json of the administrator; deleted after a day",
		"exports":               "requests.json; deleted",
		"erasures":              "requests.json; kept as evidence",
	}
	rows, err := c.DB.Pool.Query(t.Context(), `SELECT relname FROM (`+tablesAboutPeople+`) r`)
	must(t, err)
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(t, err)
	for _, table := range tables {
		if decided[table] == "" {
			t.Errorf("the table %s is about people: add a file for it in contents.go, erase its rows in eraseData, "+
				"and describe both here", table)
		}
		delete(decided, table)
	}
	if len(decided) > 0 {
		t.Errorf("these tables are not about people: %v", decided)
	}
}

// TestEveryColumnAboutPeople checks that the columns of these tables are those in testdata/columns.txt. Whoever adds
// one decides about its export and its erasure first.
func TestEveryColumnAboutPeople(t *testing.T) {
	t.Parallel()
	c := open(t)
	decided := map[string]bool{}
	for line := range strings.Lines(decidedColumns) {
		table, columns, _ := strings.Cut(line, ":")
		for column := range strings.FieldsSeq(columns) {
			decided[table+"."+column] = true
		}
	}
	rows, err := c.DB.Pool.Query(t.Context(), `SELECT DISTINCT attrelid::regclass || '.' || attname
		FROM (`+tablesAboutPeople+` UNION SELECT 'users', 'users'::regclass) r
		JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped`)
	must(t, err)
	columns, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(t, err)
	for _, column := range columns {
		if !decided[column] {
			t.Errorf("%s is about people: decide what an export (contents.go) and an erasure do with it, and add it "+
				"to testdata/columns.txt", column)
		}
		delete(decided, column)
	}
	if len(decided) > 0 {
		t.Errorf("the database doesn't have %v", slices.Sorted(maps.Keys(decided)))
	}
}
