package audit_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"amrutam/internal/access"
	"amrutam/internal/app"
	"amrutam/internal/apptest"
	"amrutam/internal/audit"
	"amrutam/internal/postgres"
	"amrutam/internal/testdb"
)

// newLog returns the service of the clinic's log, with small batches and a file for checkpoints. The clinic's own job
// doesn't run any more.
func newLog(t *testing.T, c *apptest.Clinic, batch int) (*audit.Service, audit.FileSink) {
	t.Helper()
	must(t, c.App.Queue.Stop(context.Background()))
	signer, err := app.AuditSigner(c.App.Sealer)
	must(t, err)
	file := audit.FileSink(filepath.Join(t.TempDir(), "checkpoints"))
	return &audit.Service{DB: c.App.DB, Signer: signer, Sink: file, Batch: batch}, file
}

// addEntries writes entries in transactions of up to three.
func addEntries(t *testing.T, db *postgres.DB, n int) {
	t.Helper()
	for written := 0; written < n; {
		size := min(1+written%3, n-written)
		must(t, db.Write(t.Context(), func(tx *postgres.Tx) error {
			for range size {
				audit.Write(tx, access.System("test"), "slot.create", uuid.New(), nil)
			}
			return nil
		}))
		written += size
	}
}

func verify(t *testing.T, log *audit.Service, outside []audit.Outside) audit.Verification {
	t.Helper()
	v, err := log.Verify(t.Context(), outside, func(int64, int64) {})
	must(t, err)
	return v
}

func readFile(t *testing.T, file audit.FileSink) []audit.Outside {
	t.Helper()
	f, err := os.Open(string(file))
	must(t, err)
	outside, err := audit.ReadCheckpoints(f, "the file")
	must(t, err)
	must(t, f.Close())
	return outside
}

// superuser opens a connection that ignores triggers and foreign keys.
func superuser(t *testing.T, c *apptest.Clinic) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), testdb.SuperuserDSN(t, c.DB.Pool.Config().ConnString()))
	must(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	_, err = conn.Exec(t.Context(), "SET session_replication_role = replica")
	must(t, err)
	return conn
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const insertEntry = "INSERT INTO audit_logs (id, action, entity_type, entity_id, created_at, xid)"

// TestVerifyFindsTampering changes one thing of a sealed log as a superuser can, and expects it to be found and named.
func TestVerifyFindsTampering(t *testing.T) {
	t.Parallel()
	// $1 is the id of an entry in the middle, and $2 that of another one.
	for name, tampering := range map[string]struct {
		sql, want  string
		namesEntry bool
	}{
		"an altered action": {sql: "UPDATE audit_logs SET action = 'slot.creatf' WHERE id = $1",
			want: "was altered", namesEntry: true},
		"an altered time": {
			sql:  "UPDATE audit_logs SET created_at = created_at + interval '1 microsecond' WHERE id = $1",
			want: "was altered", namesEntry: true},
		"altered metadata": {sql: `UPDATE audit_logs SET metadata = metadata || '{"x": 1}' WHERE id = $1`,
			want: "was altered", namesEntry: true},
		"an emptied address": {sql: "UPDATE audit_logs SET ip_address = '' WHERE id = $1",
			want: "was altered", namesEntry: true},
		"a removed entry": {sql: "DELETE FROM audit_logs WHERE id = $1", want: "was removed", namesEntry: true},
		"an entry inserted beside another": {sql: insertEntry + `
			SELECT gen_random_uuid(), action, entity_type, entity_id, created_at, xid FROM audit_logs WHERE id = $1`,
			want: "was inserted"},
		"an entry inserted at the beginning": {sql: insertEntry + `
			VALUES (gen_random_uuid(), 'slot.create', 'slot', 'x', now(), '3')`, want: "was inserted"},
		"an entry inserted without a transaction": {sql: insertEntry + `
			VALUES (gen_random_uuid(), 'slot.create', 'slot', 'x', now(), NULL)`, want: "was inserted"},
		"an entry at the place of another": {sql: `UPDATE audit_logs a SET xid = b.xid FROM audit_logs b
			WHERE a.id = $1 AND b.id = $2`, want: "was moved", namesEntry: true},
		"a renamed entry": {sql: "UPDATE audit_logs SET id = gen_random_uuid() WHERE id = $1",
			want: "was removed", namesEntry: true},
		"altered hashes": {sql: `UPDATE audit_tiles SET hashes = set_byte(hashes, 40, get_byte(hashes, 40) # 1)
			WHERE level = 0`,
			want: "was altered"},
		"altered ids": {sql: `UPDATE audit_tiles SET entries = set_byte(entries, 40, get_byte(entries, 40) # 1)
			WHERE level = 0`,
			want: "was removed"},
		"a cut tile": {sql: `UPDATE audit_tiles SET hashes = substr(hashes, 1, 64), entries = substr(entries, 1, 32)
			WHERE level = 0`, want: "is missing from the tree, or cut"},
		"no tiles":       {sql: "DELETE FROM audit_tiles", want: "is missing from the tree, or cut"},
		"no checkpoints": {sql: "DELETE FROM audit_checkpoints", want: "checkpoints were removed"},
		"an altered checkpoint": {sql: "UPDATE audit_checkpoints SET note = replace(note, 'time 2', 'time 1')",
			want: "its signature is wrong"},
		"a moved checkpoint": {sql: "UPDATE audit_checkpoints SET xid = '3'", want: "is not what was signed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := apptest.Open(t)
			log, file := newLog(t, c, 0)
			addEntries(t, c.App.DB, 30)
			c.Seal(log)
			outside := readFile(t, file)
			if v := verify(t, log, outside); v.Finding != nil || v.Entries < 30 {
				t.Fatalf("before: %+v", v)
			}
			entry := apptest.QueryOne[uuid.UUID](t, c, "SELECT id FROM audit_logs ORDER BY xid, id OFFSET 12 LIMIT 1")
			other := apptest.QueryOne[uuid.UUID](t, c, "SELECT id FROM audit_logs ORDER BY xid, id OFFSET 25 LIMIT 1")
			sql := strings.NewReplacer("$1", "'"+entry.String()+"'", "$2", "'"+other.String()+"'").
				Replace(tampering.sql)
			tag, err := superuser(t, c).Exec(t.Context(), sql)
			must(t, err)
			if tag.RowsAffected() == 0 {
				t.Fatal("nothing was changed")
			}
			v := verify(t, log, outside)
			if v.Finding == nil || !strings.Contains(v.Finding.Text, tampering.want) {
				t.Fatalf("found %v, want %q", v.Finding, tampering.want)
			}
			isNamed := v.Finding.Entry == entry && strings.Contains(v.Finding.Text, entry.String())
			if tampering.namesEntry && !isNamed {
				t.Errorf("found %v, want entry %s", v.Finding, entry)
			}
		})
	}
}

// TestVerifyFindsConsistentTampering alters an entry and its hash in the tree: only the signed root tells.
func TestVerifyFindsConsistentTampering(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	log, _ := newLog(t, c, 0)
	addEntries(t, c.App.DB, 30)
	c.Seal(log)
	size := verify(t, log, nil).Entries
	addEntries(t, c.App.DB, 30)
	c.Seal(log)
	conn := superuser(t, c)
	_, err := conn.Exec(t.Context(), `WITH a AS (UPDATE audit_logs SET action = 'slot.delete'
			WHERE id = (SELECT id FROM audit_logs ORDER BY xid, id OFFSET $1 LIMIT 1) RETURNING *)
		UPDATE audit_tiles SET hashes = overlay(hashes PLACING (
			SELECT sha256('\x00'::bytea || convert_to(
			json_build_array(id, actor_id, actor_role, action, entity_type, entity_id, metadata, ip_address,
			(extract(epoch FROM created_at) * 1000000)::bigint)::text, 'UTF8')) FROM a) FROM $2)
		WHERE level = 0`, size+3, (size+3)*32+1)
	must(t, err)
	v := verify(t, log, nil)
	if v.Finding == nil || v.Finding.Leaf != size || !strings.Contains(v.Finding.Text, "their root is not that of") {
		t.Errorf("found %v, want another root from entry %d on", v.Finding, size)
	}
}

// TestCutLogIsFound takes the whole database back to an earlier checkpoint: only the checkpoints outside tell.
func TestCutLogIsFound(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	log, file := newLog(t, c, 0)
	addEntries(t, c.App.DB, 10)
	c.Seal(log)
	conn := superuser(t, c)
	run := func(statements ...string) {
		for _, sql := range statements {
			_, err := conn.Exec(t.Context(), sql)
			must(t, err)
		}
	}
	for _, table := range []string{"audit_tree", "audit_tiles", "audit_checkpoints", "audit_logs"} {
		run("CREATE TEMP TABLE old_" + table + " AS TABLE " + table)
	}
	addEntries(t, c.App.DB, 10)
	c.Seal(log)
	outside := readFile(t, file)
	for _, table := range []string{"audit_tree", "audit_tiles", "audit_checkpoints", "audit_logs"} {
		run("TRUNCATE "+table, "INSERT INTO "+table+" TABLE old_"+table)
	}
	if v := verify(t, log, nil); v.Finding != nil {
		t.Errorf("from inside: %v", v.Finding)
	}
	if v := verify(t, log, outside); v.Finding == nil || !strings.HasPrefix(v.Finding.Text, "the log was cut: ") {
		t.Errorf("with the checkpoints outside: %v", v.Finding)
	}
}

// TestBackdatedEntryIsFound tests that an entry which is inserted with an old time, and sealed since, is found.
func TestBackdatedEntryIsFound(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	log, _ := newLog(t, c, 0)
	addEntries(t, c.App.DB, 3)
	c.Seal(log)
	id := uuid.New()
	c.Exec(`INSERT INTO audit_logs (id, action, entity_type, entity_id, created_at)
		VALUES ($1, 'slot.create', 'slot', 'x', now() - interval '3 hours')`, id)
	c.Seal(log)
	if v := verify(t, log, nil); v.Finding == nil || v.Finding.Entry != id {
		t.Errorf("found %v, want entry %s", v.Finding, id)
	}
}

// TestCheckpointsOutside tests files of checkpoints that were cut, mixed up or swapped.
func TestCheckpointsOutside(t *testing.T) {
	t.Parallel()
	c, other := apptest.Open(t), apptest.Open(t)
	log, file := newLog(t, c, 0)
	otherLog, otherFile := newLog(t, other, 0)
	addEntries(t, other.App.DB, 5)
	other.Seal(otherLog)
	for range 3 {
		addEntries(t, c.App.DB, 5)
		c.Seal(log)
	}
	text, err := os.ReadFile(string(file))
	must(t, err)
	foreign, err := os.ReadFile(string(otherFile))
	must(t, err)
	lines := strings.SplitAfter(string(text), "\n")
	for name, test := range map[string]struct{ file, want string }{
		"whole":            {string(text), ""},
		"empty":            {"", ""},
		"in another order": {lines[2] + lines[0] + lines[1], ""},
		"a repeated write": {lines[0] + lines[1][:40] + "\n" + lines[1] + lines[2], ""},
		"without its end":  {string(text[:len(text)-1]), ""},
		"a cut line": {
			lines[0] + lines[1][:40] + "\n" + lines[2], "line 2 of the file is no checkpoint, or cut",
		},
		"a cut end":          {lines[0] + lines[1][:40], "line 2 of the file is no checkpoint, or cut"},
		"one of another log": {lines[0] + string(foreign), "line 2 of the file: it is signed by another installation"},
		"a changed size": {
			strings.Replace(lines[0], `\n`, `\n9`, 1), "line 1 of the file: its signature is wrong",
		},
	} {
		outside, err := audit.ReadCheckpoints(strings.NewReader(test.file), "the file")
		must(t, err)
		v := verify(t, log, outside)
		if got := fmt.Sprint(v.Finding); test.want == "" && v.Finding != nil || test.want != "" && got != test.want {
			t.Errorf("%s: found %v, want %q", name, v.Finding, test.want)
		}
	}
}
