package audit_test

import (
	"strings"
	"testing"

	"amrutam/internal/apptest"
	"amrutam/internal/audit"
	"amrutam/internal/postgres"
)

// TestWantedRestore takes the whole database back, and states that it was wanted. The log goes on from there; the
// statement hides no later cut, and who has the database alone can't make one.
func TestWantedRestore(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	log, file := newLog(t, c, 0)
	conn := superuser(t, c)
	run := func(sql string) {
		_, err := conn.Exec(t.Context(), sql)
		must(t, err)
	}
	tables := []string{"audit_tree", "audit_tiles", "audit_checkpoints", "audit_restores", "audit_logs"}
	keep := func(name string) {
		for _, table := range tables {
			run("CREATE TEMP TABLE " + name + table + " AS TABLE " + table)
		}
	}
	takeBack := func(name string) {
		for _, table := range tables {
			run("TRUNCATE " + table)
			run("INSERT INTO " + table + " TABLE " + name + table)
		}
	}
	want := func(when, finding string, givenUp int) {
		t.Helper()
		v := verify(t, log, readFile(t, file))
		switch {
		case finding == "" && v.Finding != nil, finding != "" && v.Finding == nil,
			v.Finding != nil && !strings.HasPrefix(v.Finding.Text, finding):
			t.Errorf("%s: found %v, want %q", when, v.Finding, finding)
		case v.Finding == nil && v.GivenUp != givenUp:
			t.Errorf("%s: %d checkpoints given up, want %d", when, v.GivenUp, givenUp)
		}
	}
	addEntries(t, c.App.DB, 10)
	c.Seal(log)
	keep("first_")
	addEntries(t, c.App.DB, 10)
	c.Seal(log)
	takeBack("first_")
	want("after the restore", "the log was cut: ", 0)

	err := c.App.DB.Write(t.Context(), func(tx *postgres.Tx) error {
		_, err := audit.StateRestore(t.Context(), tx, log.Signer)
		return err
	})
	must(t, err)
	want("after the statement", "", 1)
	addEntries(t, c.App.DB, 15)
	c.Seal(log)
	want("after new entries", "", 1)
	v := verify(t, log, nil)
	if v.Finding != nil || len(v.Restores) != 1 {
		t.Errorf("from inside: %v, %d restores", v.Finding, len(v.Restores))
	}
	outside := readFile(t, file)
	if last := outside[len(outside)-2].Note; !strings.Contains(last, "\nrestored\n") {
		t.Errorf("the statement is not outside: %s", last)
	}

	keep("second_")
	run("UPDATE audit_restores SET note = replace(note, E'\\nrestored', E'\\nrestored2')")
	want("with a forged statement", "a statement of a restore in the database is not", 0)
	run("TRUNCATE audit_restores")
	run("INSERT INTO audit_restores SELECT created_at, (SELECT note FROM audit_checkpoints LIMIT 1) " +
		"FROM second_audit_restores")
	want("with a checkpoint as a statement", "a statement of a restore in the database is not", 0)
	takeBack("second_")
	addEntries(t, c.App.DB, 10)
	c.Seal(log)
	want("before the second cut", "", 1)
	takeBack("first_")
	run("INSERT INTO audit_restores TABLE second_audit_restores") // the old statement again
	want("after a cut that nobody wanted", "the log was cut: ", 0)
}
