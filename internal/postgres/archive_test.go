package postgres_test

import (
	"strings"
	"testing"

	"amrutam/internal/postgres"
)

// TestArchiveHasSameColumns checks that rows can be moved as they are: a migration that adds a column to a live table
// adds it to the archive too, and makes the views of both again.
func TestArchiveHasSameColumns(t *testing.T) {
	t.Parallel()
	db := open(t, postgres.Options{MaxConns: 2})
	columns := func(table string) string {
		return text(t, db, `SELECT string_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull),
			', ' ORDER BY attnum) FROM pg_attribute WHERE attrelid = '`+table+`'::regclass AND attnum > 0
			AND NOT attisdropped AND attname <> 'archived'`)
	}
	for _, table := range []string{"consultations", "prescriptions", "consultation_consents"} {
		if live, archived := columns(table), columns("archived_"+table); live != archived {
			t.Errorf("%s has %s, and its archive %s", table, live, archived)
		}
		if live, both := columns(table), columns("all_"+table); strings.Count(live, ",") != strings.Count(both, ",") {
			t.Errorf("%s has %s, and its view %s", table, live, both)
		}
	}
}
