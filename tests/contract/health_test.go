package contract_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"amrutam/internal/apptest"
)

// noHealthData has the bytea columns that have no health data, or that no response shows as JSON, and what they have.
var noHealthData = map[string]string{
	"attempts.key":                     "a hash of who attempted what",
	"audit_export_parts.data":          "entries of the audit log without health data, for administrators",
	"audit_tiles.entries":              "ids of entries of the audit log",
	"audit_tiles.hashes":               "hashes",
	"data_keys.wrapped":                "a person's data key, sealed",
	"exports.archive":                  "a person's copy of their own data, which only they download, as a file",
	"exports.sha256":                   "a hash of that file",
	"idempotency_keys.response_body":   "a response, which the pipeline checks again when it is replayed",
	"mailbox_messages.content":         "a mail, which has no health data",
	"mailbox_messages.recipient_index": "a hash of an address",
	"mails.budget":                     "a hash of an address",
	"mails.content":                    "a mail, which has no health data",
	"master_key.previous":              "a key, sealed",
	"master_key.root":                  "a key, sealed",
	"master_key.sealed":                "a text that proves the master key",
	"passkeys.credential_id":           "a passkey",
	"passkeys.public_key":              "a passkey",
	"profiles.address":                 "a postal address, for its owner and staff",
	"profiles.date_of_birth":           "a date of birth, for its owner and staff",
	"profiles.phone":                   "a number, for its owner and staff",
	"profiles.phone_index":             "a hash of a number",
	"calendar_feeds.secret_hash":       "a hash of a secret",
	"recovery_codes.hash":              "a hash of a secret",
	"session_tokens.hash":              "a hash of a secret",
	"tickets.data":                     "a sign-up or sign-in that is not finished",
	"tickets.hash":                     "a hash of a secret",
	"users.email_verification_token":   "a hash of a secret",
	"users.mfa_secret":                 "the secret of an authenticator app",
	"users.password_reset_token":       "a hash of a secret",
}

// TestHealthDataIsTagged checks that every sealed column with health data has a health tag where a response shows it,
// so that httpapi refuses to show it without a reading in the patient's access log.
func TestHealthDataIsTagged(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	rows, err := c.DB.Pool.Query(t.Context(), `SELECT c.relname || '.' || a.attname FROM pg_attribute a
		JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
		WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND NOT a.attisdropped
		AND a.attnum > 0 AND a.atttypid IN ('bytea'::regtype, 'bytea[]'::regtype) AND c.relname NOT LIKE 'river%'`)
	if err != nil {
		t.Fatal(err)
	}
	columns, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	tagged := map[string]bool{}
	for _, shown := range c.App.API.HealthColumns {
		for _, column := range shown {
			tagged[column] = true
		}
	}
	for _, column := range columns {
		if live, isArchived := strings.CutPrefix(column, "archived_"); isArchived && tagged[live] {
			continue // the same fields show it
		}
		if reason := noHealthData[column]; tagged[column] == (reason != "") {
			t.Errorf("%s: add a health tag to the fields that show it, or add it to noHealthData", column)
		}
	}
	for _, column := range slices.Concat(slices.Collect(maps.Keys(tagged)), slices.Collect(maps.Keys(noHealthData))) {
		if !slices.Contains(columns, column) {
			t.Errorf("there is no column %s", column)
		}
	}
}
