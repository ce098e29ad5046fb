package fault_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"amrutam/internal/postgres/cluster"
)

// installation is a data folder with a folder for its backups.
type installation struct {
	t       *testing.T
	data    string
	backups string
}

func newInstallation(t *testing.T) *installation {
	t.Helper()
	return &installation{t: t, data: filepath.Join(t.TempDir(), "data"), backups: t.TempDir()}
}

// variables are the settings of the installation.
func (i *installation) variables(more ...string) []string {
	return append([]string{"AMRUTAM_DATA_DIR=" + i.data, "AMRUTAM_BACKUP_DIR=" + i.backups,
		"AMRUTAM_LISTEN=127.0.0.1:0"}, more...)
}

// run runs a command that must succeed.
func (i *installation) run(arguments ...string) string {
	i.t.Helper()
	out, err := runCommand(i.t, i.variables(), "", arguments...)
	if err != nil {
		i.t.Fatalf("%v: %v %s", arguments, err, out)
	}
	return out
}

// execute runs a statement in the database, beside a running server.
func (i *installation) execute(sql string) {
	i.t.Helper()
	i.connect(func(conn *pgx.Conn) {
		_, err := conn.Exec(i.t.Context(), sql)
		must(i.t, err)
	})
}

// query returns the one value of a statement, as text.
func (i *installation) query(sql string) (value string) {
	i.t.Helper()
	i.connect(func(conn *pgx.Conn) {
		must(i.t, conn.QueryRow(i.t.Context(), sql).Scan(&value))
	})
	return value
}

func (i *installation) connect(use func(conn *pgx.Conn)) {
	i.t.Helper()
	c, err := cluster.Start(i.t.Context(), cluster.Options{DataDir: i.data})
	must(i.t, err)
	defer func() { must(i.t, c.Stop(context.Background())) }()
	conn, err := pgx.Connect(i.t.Context(), c.AdminDSN(cluster.Database))
	must(i.t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	use(conn)
}

// restore restores into a new data folder that has a copy of the master key.
func (i *installation) restore(arguments ...string) (restored *installation, out string, err error) {
	i.t.Helper()
	restored = newInstallation(i.t)
	must(i.t, os.Mkdir(restored.data, 0o700))
	key, err := os.ReadFile(filepath.Join(i.data, "master.key"))
	must(i.t, err)
	must(i.t, os.WriteFile(filepath.Join(restored.data, "master.key"), key, 0o600))
	out, err = runCommand(i.t, []string{"AMRUTAM_DATA_DIR=" + restored.data}, "",
		append([]string{"restore", "--from", i.backups}, arguments...)...)
	return restored, out, err
}

// series returns the folder of the one series.
func (i *installation) series() string {
	i.t.Helper()
	found, err := filepath.Glob(filepath.Join(i.backups, "*", "key.json"))
	must(i.t, err)
	if len(found) != 1 {
		i.t.Fatalf("%d series, want 1", len(found))
	}
	return filepath.Dir(found[0])
}

func (i *installation) bases() []string {
	i.t.Helper()
	found, err := filepath.Glob(filepath.Join(i.series(), "base", "[0-9]*"))
	must(i.t, err)
	return found
}

// TestRestoreToBeforeADelete backs up beside a server, deletes the data folder, and restores to just before a delete,
// and to the end.
func TestRestoreToBeforeADelete(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	s := startServer(t, i.variables("AMRUTAM_METRICS_LISTEN=127.0.0.1:0"))
	s.waitFor("a base backup", func() bool { return strings.Contains(s.log.String(), "backup was made and verified") })
	i.execute("CREATE TABLE notes (text text); INSERT INTO notes VALUES ('first')")
	before := i.query("SELECT to_char(clock_timestamp(), 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"') FROM pg_sleep(0.01)")
	i.execute("SELECT pg_sleep(0.01); DELETE FROM notes; INSERT INTO notes VALUES ('second')")
	metrics := s.metrics()
	for _, name := range []string{"amrutam_backup_wal_age_seconds ", "amrutam_backup_base_age_seconds ",
		"amrutam_backup_wal_waiting_bytes ", "amrutam_restore_mode 0"} {
		if !strings.Contains(metrics, "\n"+name) {
			t.Errorf("the metric %s is missing", name)
		}
	}
	const entries = "entries-000000000000000.zst" // as a compressed month of the audit log
	must(t, os.MkdirAll(filepath.Join(i.data, "audit-files"), 0o700))
	must(t, os.WriteFile(filepath.Join(i.data, "audit-files", entries), []byte(before), 0o600))
	i.run("backup") // completes the WAL that has the delete
	if n := len(i.bases()); n != 2 {
		t.Errorf("%d base backups, want the server's and the command's", n)
	}
	s.kill()
	for to, want := range map[string]string{"--to=" + before: "first", "": "second"} {
		restored, out, err := i.restore(slices.DeleteFunc([]string{to}, func(s string) bool { return s == "" })...)
		if err != nil {
			t.Fatalf("%v %s", err, out)
		}
		got := restored.query(`SELECT concat_ws(' ', (SELECT string_agg(text, ',') FROM notes), is_on,
			(SELECT count(*) FROM audit_logs WHERE action = 'restore-mode.on')) FROM restore_mode`)
		if want += " t 1"; got != want {
			t.Errorf("restored %q: notes, mode and audit rows are %q, want %q", to, got, want)
		}
		if !strings.Contains(out, "base backup  2") || !strings.Contains(out, "Restore mode is on") {
			t.Errorf("the output: %s", out)
		}
		text, err := os.ReadFile(filepath.Join(restored.data, "audit-files", entries))
		if err != nil || string(text) != before {
			t.Errorf("restored %q: the file of the audit log: %q, %v", to, text, err)
		}
		left, err := filepath.Glob(filepath.Join(restored.data, "restore.new-*"))
		must(t, err)
		if len(left) > 0 {
			t.Errorf("left behind: %v", left)
		}
	}
}

// TestRestoreRefuses tests what a restore refuses, and that it then changes nothing.
func TestRestoreRefuses(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	i.run("backup") // alone
	i.execute("CREATE TABLE notes (text text)")
	i.run("backup")
	i.execute("INSERT INTO notes VALUES ('x')")
	i.run("backup")
	t.Run("arguments", func(t *testing.T) {
		t.Parallel()
		refuseArguments(t, i)
	})
	t.Run("damage", func(t *testing.T) {
		t.Parallel()
		refuseDamage(t, i)
	})
}

func refuseArguments(t *testing.T, i *installation) {
	t.Helper()
	for name, refusal := range map[string]struct {
		arguments []string
		prepare   func(data string, variables *[]string)
		want      string
	}{
		"no time":        {[]string{"--to=yesterday"}, nil, "--to is no time like"},
		"the future":     {[]string{"--to=2999-01-01T00:00:00Z"}, nil, "is in the future"},
		"too early":      {[]string{"--to=2020-01-01T00:00:00Z"}, nil, "is before the first backup: the earliest"},
		"too late":       {[]string{"--to=" + time.Now().Format(time.RFC3339Nano)}, nil, "is after the last change"},
		"no folder":      {[]string{"--from=/nonexistent"}, nil, "the folder /nonexistent is missing"},
		"an empty one":   {[]string{"--from=" + t.TempDir()}, nil, "holds no backups"},
		"managed":        {nil, setVariables("DATABASE_URL=postgres://localhost/x"), "DATABASE_URL is set"},
		"no key":         {nil, removeKey, "a restore needs the master key"},
		"another key":    {nil, setVariables(masterKeyVariable), "the master key doesn't open"},
		"a damaged key":  {nil, setVariables("AMRUTAM_MASTER_KEY=abc"), "AMRUTAM_MASTER_KEY"},
		"data":           {nil, addFile, "is not empty, it holds postgres"},
		"another major":  {nil, otherPrograms(t), "the backup is of PostgreSQL"},
		"a wrong folder": {nil, setVariables("AMRUTAM_DATA_DIR=/"), "must not be in the data folder"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := t.TempDir()
			key, err := os.ReadFile(filepath.Join(i.data, "master.key"))
			must(t, err)
			must(t, os.WriteFile(filepath.Join(data, "master.key"), key, 0o600))
			variables := []string{"AMRUTAM_DATA_DIR=" + data, "AMRUTAM_BACKUP_DIR=" + i.backups}
			if refusal.prepare != nil {
				refusal.prepare(data, &variables)
			}
			before := listFolder(t, data)
			out, err := runCommand(t, variables, "", append([]string{"restore"}, refusal.arguments...)...)
			if err == nil || !strings.Contains(out, refusal.want) || strings.Count(out, "\n") > 2 {
				t.Errorf("%v %s", err, out)
			}
			if after := listFolder(t, data); after != before {
				t.Errorf("the data folder holds %s, before %s", after, before)
			}
		})
	}
}

func setVariables(more ...string) func(string, *[]string) {
	return func(_ string, variables *[]string) {
		for _, variable := range more {
			if strings.HasPrefix(variable, "DATABASE_URL") {
				*variables = slices.DeleteFunc(*variables, func(v string) bool {
					return strings.HasPrefix(v, "AMRUTAM_BACKUP_DIR")
				})
			}
		}
		*variables = append(*variables, more...)
	}
}

func removeKey(data string, _ *[]string) { _ = os.Remove(filepath.Join(data, "master.key")) }

func addFile(data string, _ *[]string) { _ = os.Mkdir(filepath.Join(data, "postgres"), 0o700) }

// otherPrograms names a folder with programs that say that they are PostgreSQL 16.
func otherPrograms(t *testing.T) func(string, *[]string) {
	t.Helper()
	folder := t.TempDir()
	for name, text := range map[string]string{"initdb": "", "postgres": "echo 'postgres (PostgreSQL) 16.1'"} {
		program := []byte("#!/bin/sh\n" + text + "\n")
		must(t, os.WriteFile(filepath.Join(folder, name), program, 0o700))
	}
	return setVariables("PGBIN=" + folder)
}

// listFolder returns the names in a folder, without the lock of its PostgreSQL.
func listFolder(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	must(t, err)
	var names []string
	for _, e := range entries {
		if e.Name() != "postgres.lock" {
			names = append(names, e.Name())
		}
	}
	return strings.Join(names, " ")
}

// killWhen starts a command and kills it when a path exists that matches the pattern.
func killWhen(t *testing.T, variables []string, pattern string, arguments ...string) {
	t.Helper()
	cmd := newCommand(t, variables, arguments...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	must(t, cmd.Start())
	for deadline := time.Now().Add(timeout); ; {
		if found, _ := filepath.Glob(pattern); len(found) > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("%v made no %s: %s", arguments, pattern, &out)
		}
		<-time.After(time.Millisecond)
	}
	must(t, cmd.Process.Kill())
	if err := cmd.Wait(); err == nil {
		t.Fatalf("%v ended before it was killed: %s", arguments, &out)
	}
}

// TestKilledBackupAndRestore kills a backup and a restore in the middle. The next ones work, and a backup that is not
// complete is never restored.
func TestKilledBackupAndRestore(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	i.run("migrate")
	killWhen(t, i.variables(), filepath.Join(i.backups, "*", "base", ".partial-*", "data"), "backup")
	if _, out, err := i.restore(); err == nil || !strings.Contains(out, "holds no complete base backup") {
		t.Errorf("the incomplete backup was restored: %v %s", err, out)
	}
	i.run("backup")
	if left, _ := filepath.Glob(filepath.Join(i.series(), "base", ".partial-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
	restored := newInstallation(t)
	must(t, os.Mkdir(restored.data, 0o700))
	must(t, os.Link(filepath.Join(i.data, "master.key"), filepath.Join(restored.data, "master.key")))
	restored.backups = i.backups
	for _, when := range []string{"restore.new-*/postgres/base", "restore.new-*/postgres/postmaster.pid"} {
		killWhen(t, restored.variables(), filepath.Join(restored.data, when), "restore")
	}
	out := restored.run("restore")
	if left, _ := filepath.Glob(filepath.Join(restored.data, "restore.new-*")); len(left) > 0 {
		t.Errorf("left behind: %v: %s", left, out)
	}
	restored.run("check")
}

// TestArchivingRecovers takes the folder of the backups away while a server runs, and gives it back: no WAL is missing
// then.
func TestArchivingRecovers(t *testing.T) {
	t.Parallel()
	i := newInstallation(t)
	s := startServer(t, i.variables())
	s.waitFor("a base backup", func() bool { return strings.Contains(s.log.String(), "backup was made and verified") })
	away := i.backups + ".away"
	must(t, os.Rename(i.backups, away))
	i.execute("CREATE TABLE notes (text text)")
	for n := range 3 {
		i.execute(fmt.Sprintf("INSERT INTO notes VALUES ('%d')", n))
		i.execute("SELECT pg_switch_wal()")
	}
	s.waitFor("the failure", func() bool { return strings.Contains(s.log.String(), "WAL can't be archived") })
	out, err := runCommand(t, i.variables(), "", "backup")
	if err == nil || !strings.Contains(out, "AMRUTAM_BACKUP_DIR: the folder "+i.backups+" is missing") {
		t.Errorf("a backup to a missing folder: %v %s", err, out)
	}
	must(t, os.Rename(away, i.backups))
	s.waitFor("the archive", func() bool { return strings.Contains(s.log.String(), "WAL is archived again") })
	s.stop()
	restored, out, err := i.restore()
	if err != nil {
		t.Fatalf("%v %s", err, out)
	}
	if got := restored.query("SELECT string_agg(text, ',' ORDER BY text) FROM notes"); got != "0,1,2" {
		t.Errorf("restored %s", got)
	}
}
