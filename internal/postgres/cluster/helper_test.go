package cluster

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sys/unix"
)

// helperVariable is the environment variable that makes the test binary open the cluster in a folder, print how, and
// wait to be killed.
const helperVariable = "AMRUTAM_CLUSTER_HELPER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(helperVariable); dir != "" {
		runHelper(dir)
		return
	}
	code := m.Run()
	if template.dir != "" {
		_ = os.RemoveAll(template.dir)
	}
	os.Exit(code)
}

func runHelper(dir string) {
	c, err := Start(context.Background(), Options{DataDir: dir})
	if err != nil {
		fmt.Println("error", err)
		os.Exit(1)
	}
	p, err := c.folder.postmaster()
	fmt.Println("ready", c.IsOwner(), p.pid, err)
	_, _ = bufio.NewReader(os.Stdin).ReadString('\n') // ends with the test
	_ = c.Stop(context.Background())
}

// otherProcess is a process that has opened a cluster.
type otherProcess struct {
	cmd     *exec.Cmd
	isOwner bool
	pid     int // of the postmaster
}

func startOtherProcess(t *testing.T, dir string) *otherProcess {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), helperVariable+"="+dir)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	must(t, err)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	t.Cleanup(func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	words := strings.Fields(line)
	if err != nil || words[0] != "ready" {
		t.Fatalf("the other process: %s %v", line, err)
	}
	o := &otherProcess{cmd: cmd, isOwner: words[1] == "true"}
	o.pid, err = strconv.Atoi(words[2])
	must(t, err)
	return o
}

func (o *otherProcess) kill(t *testing.T) {
	t.Helper()
	must(t, o.cmd.Process.Kill())
	_, _ = o.cmd.Process.Wait()
}

// tempBase returns /dev/shm if it is large enough: these tests kill processes, so memory keeps the data.
func tempBase() string {
	var shm unix.Statfs_t
	if unix.Statfs("/dev/shm", &shm) == nil && shm.Bavail*uint64(shm.Bsize) > 2<<30 &&
		unix.Access("/dev/shm", unix.W_OK) == nil {
		return "/dev/shm"
	}
	return os.TempDir()
}

// dataDir returns a new folder with a short path that PostgreSQL's user can pass through if root runs the tests. For
// t.TempDir both are false.
func dataDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp(tempBase(), "amrutam-cluster-")
	must(t, err)
	must(t, os.Chmod(dir, 0o711))
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

var template struct {
	sync.Once
	dir string
}

// initializedDir returns a data folder with a cluster in it, a copy of one that is created once: faster than initdb.
func initializedDir(t *testing.T) string {
	t.Helper()
	template.Do(func() {
		dir, err := os.MkdirTemp(tempBase(), "amrutam-cluster-")
		must(t, err)
		c, err := Start(t.Context(), Options{DataDir: dir, Settings: map[string]string{"fsync": "off"}})
		must(t, err)
		must(t, c.Stop(t.Context()))
		template.dir = dir
	})
	if template.dir == "" {
		t.Fatal("no cluster to copy")
	}
	dir := dataDir(t)
	out, err := exec.Command("cp", "-a", template.dir+"/postgres", dir).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return dir
}

func start(t *testing.T, dir string) *Cluster {
	t.Helper()
	c, err := Start(t.Context(), Options{DataDir: dir})
	must(t, err)
	t.Cleanup(func() { _ = c.Stop(context.Background()) })
	return c
}

func query[T any](t *testing.T, dsn, sql string) T {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	must(t, err)
	defer conn.Close(context.Background())
	var v T
	must(t, conn.QueryRow(t.Context(), sql).Scan(&v))
	return v
}

func execute(t *testing.T, dsn, sql string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	must(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(t.Context(), sql)
	must(t, err)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// requireError checks that the error is one line and contains the words.
func requireError(t *testing.T, err error, words ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("the error should mention %q: %v", w, err)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("the error has several lines: %v", err)
	}
}
