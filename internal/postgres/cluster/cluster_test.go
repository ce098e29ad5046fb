package cluster

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestStartCreatesAndReopensData(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(dataDir(t), "deep", "data")
	begin := time.Now()
	c := start(t, dir)
	t.Logf("without data: %s", time.Since(begin))
	if !c.IsOwner() || c.BinDir() == "" {
		t.Errorf("owned %t, programs in %q", c.IsOwner(), c.BinDir())
	}
	user := query[string](t, c.DSN(Database), "SELECT current_user || current_setting('is_superuser')")
	if user != OwnerRole+"off" {
		t.Errorf("the owner is %s", user)
	}
	// Migrations must work without a superuser.
	execute(t, c.DSN(Database), "CREATE EXTENSION btree_gist")
	execute(t, c.DSN(Database), "CREATE TABLE saved (n int); INSERT INTO saved VALUES (7)")
	got := query[string](t, c.AdminDSN(Database), `SELECT concat_ws(' ', pg_encoding_to_char(encoding), datcollate,
		datlocprovider, current_setting('data_checksums'), current_setting('fsync'),
			'[' || current_setting('listen_addresses') || ']') FROM pg_database WHERE datname = current_database()`)
	if got != "UTF8 C.UTF-8 c on on []" {
		t.Errorf("the database was created as %s", got)
	}
	must(t, c.Stop(t.Context()))
	must(t, c.Stop(t.Context()))
	must(t, c.Err())
	if left, _ := filepath.Glob(filepath.Join(dir, "postgres.new-*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}

	begin = time.Now()
	c = start(t, dir)
	t.Logf("on existing data: %s", time.Since(begin))
	if n := query[int](t, c.DSN(Database), "SELECT n FROM saved"); n != 7 {
		t.Errorf("the saved row is %d", n)
	}
}

func TestStartAttachesToRunningServer(t *testing.T) {
	t.Parallel()
	dir := initializedDir(t)
	c := start(t, dir)
	o := startOtherProcess(t, dir)
	if o.isOwner || o.pid != c.server.cmd.Process.Pid {
		t.Errorf("the other process started process %d beside %d", o.pid, c.server.cmd.Process.Pid)
	}
	o.kill(t)
	attached := start(t, dir)
	must(t, attached.Stop(t.Context()))
	if attached.IsOwner() || attached.DSN("x") != c.DSN("x") || attached.Exited() != nil {
		t.Errorf("attached as %+v", attached)
	}
	query[int](t, c.DSN(Database), "SELECT 1") // neither process ended PostgreSQL
}

func TestStartAfterOwnerKilled(t *testing.T) {
	t.Parallel()
	dir := initializedDir(t)
	o := startOtherProcess(t, dir)
	if !o.isOwner {
		t.Fatal("the other process is not the owner")
	}
	attached := start(t, dir)
	execute(t, attached.DSN(Database), "CREATE TABLE saved (n int); INSERT INTO saved VALUES (7)")
	old := postmaster{pid: o.pid}
	o.kill(t)

	// Start at once, while the old server is still stopping.
	c := start(t, dir)
	if !c.IsOwner() || c.server.cmd.Process.Pid == o.pid || c.folder.isRunning(old) {
		t.Errorf("owned %t, the old server runs on: %t", c.IsOwner(), c.folder.isRunning(old))
	}
	if n := query[int](t, c.DSN(Database), "SELECT n FROM saved"); n != 7 {
		t.Errorf("the saved row is %d", n)
	}
	must(t, c.Stop(t.Context()))

	// Without a next start, too, the server ends with its owner.
	o = startOtherProcess(t, dir)
	o.kill(t)
	awaitGone(t, c.folder, o.pid)
}

func awaitGone(t *testing.T, f folder, pid int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for f.isRunning(postmaster{pid: pid}) {
		if pause(ctx) != nil {
			t.Fatal("the server outlives its owner")
		}
	}
}

func TestStartAfterServerKilled(t *testing.T) {
	t.Parallel()
	dir := initializedDir(t)
	c := start(t, dir)
	execute(t, c.DSN(Database), "CREATE TABLE saved (n int); INSERT INTO saved VALUES (7)")
	must(t, c.server.cmd.Process.Kill())
	<-c.Exited()
	requireError(t, c.Err(), "PostgreSQL ended", "killed")
	if _, err := c.folder.postmaster(); err != nil {
		t.Errorf("there should be a stale postmaster.pid: %v", err)
	}
	c = start(t, dir)
	if n := query[int](t, c.DSN(Database), "SELECT n FROM saved"); n != 7 {
		t.Errorf("the saved row is %d", n)
	}
}

func TestStartIgnoresStalePID(t *testing.T) {
	t.Parallel()
	dir := initializedDir(t)
	c := start(t, dir)
	must(t, c.Stop(t.Context()))
	// After a reboot another process may have the number; here it is this test's process.
	stale := fmt.Sprintf("%d\n%s\n0\n5432\n%s\n\n0 0\nready   \n", os.Getpid(), c.folder.pgdata, c.socket)
	must(t, os.WriteFile(filepath.Join(c.folder.pgdata, "postmaster.pid"), []byte(stale), 0o600))
	must(t, c.folder.chown(filepath.Join(c.folder.pgdata, "postmaster.pid")))
	c, err := Start(t.Context(), Options{DataDir: dir})
	if os.Geteuid() != 0 && err != nil {
		t.Skip("PostgreSQL itself refuses to start while a process of its own user has the number:", err)
	}
	must(t, err)
	must(t, c.Stop(t.Context()))
}

func TestConcurrentStartsHaveOneOwner(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	const here = 3
	clusters := make([]*Cluster, here)
	var wg sync.WaitGroup
	for i := range clusters {
		wg.Go(func() {
			c, err := Start(t.Context(), Options{DataDir: dir})
			if err != nil {
				t.Error(err)
				return
			}
			clusters[i] = c
		})
	}
	o := startOtherProcess(t, dir)
	wg.Wait()
	owners := 0
	if o.isOwner {
		owners++
	}
	for _, c := range clusters {
		if c == nil {
			continue
		}
		t.Cleanup(func() { _ = c.Stop(context.Background()) })
		if c.IsOwner() {
			owners++
		}
		query[int](t, c.DSN(Database), "SELECT 1")
	}
	if owners != 1 {
		t.Errorf("%d owners", owners)
	}
}

func TestStartAfterKilledInitdb(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	must(t, os.MkdirAll(filepath.Join(dir, "postgres.new-1", "base"), 0o700)) // left by a killed initdb
	ctx, cancel := context.WithCancel(t.Context())
	go func() { // cancelling kills initdb half-way
		defer cancel()
		for ctx.Err() == nil {
			if drafts, _ := filepath.Glob(filepath.Join(dir, "postgres.new-*", "global")); len(drafts) > 0 {
				return
			}
			_ = pause(ctx)
		}
	}()
	_, err := Start(ctx, Options{DataDir: dir})
	requireError(t, err, "initdb failed")
	if _, err := os.Stat(filepath.Join(dir, "postgres")); !os.IsNotExist(err) {
		t.Fatalf("an incomplete data folder is in place: %v", err)
	}
	query[int](t, start(t, dir).DSN(Database), "SELECT 1")
}

func TestStartInLongAndUnusualPaths(t *testing.T) {
	t.Parallel()
	for _, name := range []string{strings.Repeat("long-", 25), "a, b 'c'+%25"} {
		t.Run(name[:5], func(t *testing.T) {
			t.Parallel()
			dir := filepath.Join(dataDir(t), name)
			must(t, os.Rename(initializedDir(t), dir))
			c := start(t, dir)
			query[int](t, c.DSN(Database), "SELECT 1")
			if o := startOtherProcess(t, dir); o.isOwner {
				t.Error("the other process did not attach to the running PostgreSQL")
			}
			info, err := os.Stat(c.socket)
			must(t, err)
			if filepath.Dir(c.socket) != shortRoot || info.Mode().Perm() != 0o700 {
				t.Errorf("the socket is in %s, %s", c.socket, info.Mode())
			}
			must(t, c.Stop(t.Context()))
			if _, err := os.Stat(c.socket); !os.IsNotExist(err) {
				t.Errorf("the socket's folder was not removed: %v", err)
			}

			// A folder that others can write, or a link, is refused.
			must(t, os.Mkdir(c.socket, 0o700))
			t.Cleanup(func() { _ = os.Remove(c.socket) })
			must(t, os.Chmod(c.socket, 0o777))
			_, err = Start(t.Context(), Options{DataDir: dir})
			requireError(t, err, c.socket, "0700")
			must(t, os.Remove(c.socket))
			must(t, os.Symlink(t.TempDir(), c.socket))
			_, err = Start(t.Context(), Options{DataDir: dir})
			requireError(t, err, c.socket, "0700")
		})
	}
}

func TestStartRefusesBadFolders(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	file := filepath.Join(dir, "file")
	must(t, os.WriteFile(file, nil, 0o600))
	foreign := filepath.Join(dir, "foreign")
	must(t, os.MkdirAll(filepath.Join(foreign, "postgres", "photos"), 0o700))
	for _, c := range []struct {
		name, dir string
		words     []string
	}{
		{"none", "", []string{"name the data folder"}},
		{"a file", file, []string{file, "is a file"}},
		{"below a file", filepath.Join(file, "x"), []string{file, "is a file"}},
		{"unwritable", "/proc/amrutam", []string{"can't be created", "/proc/amrutam"}},
		{"other content", foreign, []string{foreign, "holds no PostgreSQL data"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, err := Start(t.Context(), Options{DataDir: c.dir})
			requireError(t, err, c.words...)
		})
	}
}

func TestStartOpensOnlyRootsOwnFolders(t *testing.T) {
	t.Parallel()
	parent := filepath.Join(dataDir(t), "closed")
	must(t, os.Mkdir(parent, 0o700))
	dir := filepath.Join(parent, "data")
	if os.Geteuid() != 0 {
		must(t, os.Chmod(parent, 0o500))
		_, err := Start(t.Context(), Options{DataDir: dir})
		requireError(t, err, "can't be created", dir)
		return
	}
	above := filepath.Dir(parent)
	must(t, os.Chmod(parent, 0o700))
	query[int](t, start(t, dir).DSN(Database), "SELECT 1")
	if info, err := os.Stat(parent); err != nil || info.Mode().Perm() != 0o711 {
		t.Errorf("other users should only pass through root's own folder: %v %v", info.Mode(), err)
	}

	// Another user's folder is not changed.
	foreign := filepath.Join(above, "foreign")
	must(t, os.Mkdir(foreign, 0o700))
	must(t, os.Chown(foreign, 12345, 12345))
	_, err := Start(t.Context(), Options{DataDir: filepath.Join(foreign, "data")})
	requireError(t, err, "can't pass through "+foreign+" ")
	if info, err := os.Stat(foreign); err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("another user's folder was changed: %v %v", info.Mode(), err)
	}
}

func TestStartRefusesDataOfOtherVersion(t *testing.T) {
	t.Parallel()
	dir := dataDir(t)
	must(t, os.Mkdir(filepath.Join(dir, "postgres"), 0o700))
	must(t, os.WriteFile(filepath.Join(dir, "postgres", "PG_VERSION"), []byte("14\n"), 0o600))
	bin, err := findBinaries("", 0)
	must(t, err)
	_, err = Start(t.Context(), Options{DataDir: dir})
	requireError(t, err, "PostgreSQL 14", "PostgreSQL "+strconv.Itoa(bin.Major), "PGBIN", "pg_upgrade")
}

func TestStartFailureShowsLog(t *testing.T) {
	t.Parallel()
	dir := initializedDir(t)
	must(t, os.WriteFile(filepath.Join(dir, "postgres.log"), make([]byte, maxLogBytes+1), 0o600))
	_, err := Start(t.Context(), Options{DataDir: dir, Settings: map[string]string{"shared_buffers": "much"}})
	requireError(t, err, "did not start", "shared_buffers")
	if _, err := os.Stat(filepath.Join(dir, "postgres.log.old")); err != nil {
		t.Errorf("the long log should be renamed: %v", err)
	}
	query[int](t, start(t, dir).DSN(Database), "SELECT 1")
}

func TestServerEnvironmentHoldsNoSecrets(t *testing.T) {
	t.Setenv("AMRUTAM_MASTER_KEY", "not-for-postgres")
	c := start(t, initializedDir(t))
	env, err := os.ReadFile("/proc/" + strconv.Itoa(c.server.cmd.Process.Pid) + "/environ")
	must(t, err)
	if strings.Contains(string(env), "not-for-postgres") {
		t.Error("PostgreSQL's environment holds a secret")
	}
	group, err := syscall.Getpgid(c.server.cmd.Process.Pid)
	must(t, err)
	if group == syscall.Getpgrp() {
		t.Error("Ctrl-C would reach PostgreSQL")
	}
}
