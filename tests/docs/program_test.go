package docs_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"amrutam/internal/postgres/cluster"
)

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

// amrutam builds the program, once.
var amrutam = sync.OnceValues(func() (string, error) {
	path := filepath.Join(folder, "amrutam")
	out, err := exec.Command("go", "build", "-o", path, "amrutam/cmd/amrutam").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

// command runs the program with these variables alone.
func command(t *testing.T, variables []string, arguments ...string) *exec.Cmd {
	t.Helper()
	path, err := amrutam()
	must(t, err)
	cmd := exec.Command(path, arguments...) //nolint:noctx // the test stops it
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "PGBIN=" + os.Getenv("PGBIN"),
		"XDG_CACHE_HOME=" + os.Getenv("XDG_CACHE_HOME"), "AMRUTAM_METRICS_LISTEN=off", "AMRUTAM_LOG_FORMAT=json",
		"AMRUTAM_LISTEN=127.0.0.1:0"}, variables...)
	return cmd
}

// serve starts the program and gives its address, and what it printed before it listened.
func serve(t *testing.T, variables []string, arguments ...string) (address, printed string) {
	t.Helper()
	cmd := command(t, variables, append([]string{"serve"}, arguments...)...)
	stderr, err := cmd.StderrPipe()
	must(t, err)
	var out output
	cmd.Stdout = &out
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
		case <-time.After(2 * patience):
			_ = cmd.Process.Kill()
		}
	})
	select {
	case address = <-listening:
	case <-ended:
		t.Fatalf("the server ended:\n%s", log.String())
	case <-time.After(2 * patience):
		t.Fatal("the server does not listen")
	}
	return address, out.String()
}

// output collects what a running program prints.
type output struct {
	mu   sync.Mutex
	text strings.Builder
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// block gives the commands of a page that are marked for a test: the fence after <!-- test: name -->.
func block(t *testing.T, page, name string) string {
	t.Helper()
	_, text, found := strings.Cut(read(t, page), "<!-- test: "+name+" -->\n```sh\n")
	text, _, closed := strings.Cut(text, "\n```")
	if !found || !closed {
		t.Fatalf("%s has no block %s", page, name)
	}
	return text + "\n"
}

// shell runs commands of a page in a folder.
func shell(t *testing.T, dir string, variables []string, commands string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", commands)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), variables...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s\n%s", err, commands, out)
	}
	return string(out)
}

// TestBackupAndRestore runs the commands of docs/operations/backup.md: from one PostgreSQL into another, where the
// restored database is served with the key, and with no other.
func TestBackupAndRestore(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"pg_dump", "pg_restore", "psql"} {
		program(t, name)
	}
	const key = "AMRUTAM_MASTER_KEY=2qPbuuHBcGc6Dn0Ia3zDo9nHVkRhNhvs01ykUEd4sBk="
	start := func() *cluster.Cluster {
		c, err := cluster.Start(context.Background(), cluster.Options{DataDir: filepath.Join(t.TempDir(), "data"),
			Logger: slog.New(slog.DiscardHandler)})
		must(t, err)
		t.Cleanup(func() { _ = c.Stop(context.Background()) })
		return c
	}
	from, to, dir := start(), start(), t.TempDir()
	// Named as in docs/operations/database-roles.md: a dump holds default privileges of its owner by name.
	shell(t, dir, []string{"ADMIN_URL=" + from.AdminDSN("postgres")},
		`psql -q "$ADMIN_URL" -c 'ALTER ROLE amrutam RENAME TO amrutam_owner'`)
	owner := strings.Replace(from.DSN(cluster.Database), "amrutam@", "amrutam_owner@", 1)
	serve(t, []string{"DATABASE_URL=" + owner, key, "AMRUTAM_DATA_DIR=" + dir}, "--demo")
	shell(t, dir, []string{"OWNER_URL=" + owner}, block(t, "docs/operations/backup.md", "dump"))

	admin := to.AdminDSN("postgres")
	// The cluster has made what a bare PostgreSQL hasn't.
	shell(t, dir, []string{"ADMIN_URL=" + admin}, `psql -q -v ON_ERROR_STOP=1 "$ADMIN_URL" <<'SQL'
DROP DATABASE amrutam;
DROP ROLE amrutam_server;
DROP ROLE amrutam;
DROP ROLE amrutam_app;
DROP ROLE amrutam_reader;
SQL`)
	restored := strings.Replace(admin, "/postgres?", "/amrutam?", 1)
	shell(t, dir, []string{"ADMIN_URL=" + admin, "RESTORED_URL=" + restored},
		block(t, "docs/operations/backup.md", "restore"))

	login := strings.Replace(restored, "postgres@", "amrutam_login@", 1)
	variables := []string{"DATABASE_URL=" + login, "AMRUTAM_DATA_DIR=" + dir}
	for _, arguments := range [][]string{{"migrate", "--status"}, {"check"}} {
		if out, err := command(t, variables, arguments...).CombinedOutput(); err != nil {
			t.Errorf("%v: %v %s", arguments, err, out)
		}
	}
	if out, err := command(t, append(variables, "AMRUTAM_MASTER_KEY=c7yq0vq5uT0yNOJzIQcE5cKqv0pT6xk3eZs4vdAq1fA="),
		"serve").CombinedOutput(); err == nil || !strings.Contains(string(out), "AMRUTAM_MASTER_KEY") {
		t.Errorf("with another key: %v %s", err, out)
	}
	serve(t, append(variables, key))
}
