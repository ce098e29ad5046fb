package docs_test

import (
	"bufio"
	"context"
	"encoding/json"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"amrutam/internal/apptest"
	"amrutam/internal/postgres/cluster"
)

// folder is a temporary directory of this package.
var folder string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if folder, err = os.MkdirTemp("", "amrutam-docs-"); err != nil {
			panic(err)
		}
		defer func() { _ = os.RemoveAll(folder) }()
		return m.Run()
	}())
}

// buildProgram builds the program once and returns its path.
var buildProgram = sync.OnceValues(func() (string, error) {
	return apptest.BuildProgram(folder)
})

// newCommand returns a command of the program, which gets only these environment variables and those that it needs.
func newCommand(t *testing.T, variables []string, arguments ...string) *exec.Cmd {
	t.Helper()
	path, err := buildProgram()
	must(t, err)
	cmd := exec.Command(path, arguments...) //nolint:noctx // the test stops it
	cmd.Env = append(apptest.ProgramEnvironment("AMRUTAM_LISTEN=127.0.0.1:0"), variables...)
	return cmd
}

// startServer starts the server, waits until it listens and returns its address. The end of the test stops it.
func startServer(t *testing.T, variables []string, arguments ...string) (address string) {
	t.Helper()
	cmd := newCommand(t, variables, append([]string{"serve"}, arguments...)...)
	stderr, err := cmd.StderrPipe()
	must(t, err)
	must(t, cmd.Start())
	listening, ended := make(chan string, 1), make(chan struct{})
	var log strings.Builder
	go func() {
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			var line struct{ Msg, Addr string }
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "listening" {
				listening <- line.Addr
			}
			log.WriteString(lines.Text() + "\n")
		}
		_ = cmd.Wait()
		close(ended)
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-ended:
		case <-time.After(2 * timeout):
			_ = cmd.Process.Kill()
		}
	})
	select {
	case address = <-listening:
	case <-ended:
		t.Fatalf("the server ended:\n%s", log.String())
	case <-time.After(2 * timeout):
		t.Fatal("the server does not listen")
	}
	return address
}

// commandsIn returns the commands of a page that are marked for a test: those after <!-- test: name -->.
func commandsIn(t *testing.T, page, name string) string {
	t.Helper()
	_, text, found := strings.Cut(readFile(t, page), "<!-- test: "+name+" -->\n```sh\n")
	text, _, closed := strings.Cut(text, "\n```")
	if !found || !closed {
		t.Fatalf("%s has no commands marked %s", page, name)
	}
	return text + "\n"
}

// runShell runs commands of a page in a directory and returns their output. The variables are added to the
// environment.
func runShell(t *testing.T, dir string, variables []string, commands string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", commands)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), variables...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, commands, out)
	}
	return string(out)
}

// TestBackupAndRestore runs the commands of docs/operations/backup.md, which move a database from one PostgreSQL to
// another, and checks that the server runs on the restored database with its master key and with no other.
func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"pg_dump", "pg_restore", "psql"} {
		findProgram(t, name)
	}
	const key = "AMRUTAM_MASTER_KEY=2qPbuuHBcGc6Dn0Ia3zDo9nHVkRhNhvs01ykUEd4sBk="
	startPostgres := func() *cluster.Cluster {
		options := cluster.Options{DataDir: filepath.Join(t.TempDir(), "data"), Logger: slog.New(slog.DiscardHandler)}
		c, err := cluster.Start(context.Background(), options)
		must(t, err)
		t.Cleanup(func() { _ = c.Stop(context.Background()) })
		return c
	}
	from, to, dir := startPostgres(), startPostgres(), t.TempDir()
	// The name is that of docs/operations/database-roles.md: a dump contains the owner's default privileges by name.
	runShell(t, dir, []string{"ADMIN_URL=" + from.AdminDSN("postgres")},
		`psql -q "$ADMIN_URL" -c 'ALTER ROLE amrutam RENAME TO amrutam_owner'`)
	owner := strings.Replace(from.DSN(cluster.Database), "amrutam@", "amrutam_owner@", 1)
	startServer(t, []string{"DATABASE_URL=" + owner, key, "AMRUTAM_DATA_DIR=" + dir}, "--demo")
	runShell(t, dir, []string{"OWNER_URL=" + owner}, commandsIn(t, "docs/operations/backup.md", "dump"))

	admin := to.AdminDSN("postgres")
	// A new PostgreSQL has neither the database nor the roles, which the cluster has created.
	runShell(t, dir, []string{"ADMIN_URL=" + admin}, `psql -q -v ON_ERROR_STOP=1 "$ADMIN_URL" <<'SQL'
DROP DATABASE amrutam;
DROP ROLE amrutam_server;
DROP ROLE amrutam;
DROP ROLE amrutam_app;
DROP ROLE amrutam_reader;
SQL`)
	restored := strings.Replace(admin, "/postgres?", "/amrutam?", 1)
	runShell(t, dir, []string{"ADMIN_URL=" + admin, "RESTORED_URL=" + restored},
		commandsIn(t, "docs/operations/backup.md", "restore"))

	login := strings.Replace(restored, "postgres@", "amrutam_login@", 1)
	variables := []string{"DATABASE_URL=" + login, "AMRUTAM_DATA_DIR=" + dir}
	for _, arguments := range [][]string{{"migrate", "--status"}, {"check"}} {
		if out, err := newCommand(t, variables, arguments...).CombinedOutput(); err != nil {
			t.Errorf("%v: %v %s", arguments, err, out)
		}
	}
	const otherKey = "AMRUTAM_MASTER_KEY=c7yq0vq5uT0yNOJzIQcE5cKqv0pT6xk3eZs4vdAq1fA="
	out, err := newCommand(t, append(variables, otherKey), "serve").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "AMRUTAM_MASTER_KEY") {
		t.Errorf("with another key: %v %s", err, out)
	}
	startServer(t, append(variables, key))
	mode, err := newCommand(t, append(variables, key), "restore-mode").CombinedOutput()
	if err != nil || !strings.Contains(string(mode), "moved to another PostgreSQL") {
		t.Errorf("the restore mode: %v %s", err, mode)
	}
	runShell(t, dir, append(variables, key, "PATH="+filepath.Dir(newCommand(t, nil).Path)+":"+os.Getenv("PATH")),
		commandsIn(t, "docs/operations/backup.md", "restore mode"))
}
