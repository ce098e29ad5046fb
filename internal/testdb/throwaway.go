package testdb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"amrutam/internal/postgres/cluster"
)

// minFreeBytes is what a run of all tests may need.
const minFreeBytes = 4 << 30

// StartThrowaway starts a cluster for tests, in memory if there is enough: a crash loses its data. remove stops the
// cluster and deletes its folder. That happens too when this process ends without calling remove, even by kill -9.
func StartThrowaway(ctx context.Context) (c *cluster.Cluster, remove func() error, err error) {
	dir, err := os.MkdirTemp(tempBase(), "amrutam-test-")
	if err != nil {
		return nil, nil, fmt.Errorf("create the test cluster's folder: %w", err)
	}
	reap, err := startReaper(dir)
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	c, err = cluster.Start(ctx, cluster.Options{DataDir: dir, Settings: map[string]string{
		"fsync":              "off",
		"synchronous_commit": "off",
		"full_page_writes":   "off",
		"max_connections":    "400",
		"shared_buffers":     "256MB",
		// Its workers would visit every test's database; a test that depends on statistics runs ANALYZE itself.
		"autovacuum": "off",
	}})
	if err != nil {
		return nil, nil, errors.Join(err, reap())
	}
	return c, func() error { return errors.Join(c.Stop(context.Background()), reap()) }, nil
}

// tempBase returns /dev/shm, or the temporary folder if /dev/shm is too small, as in many containers.
func tempBase() string {
	const shm = "/dev/shm"
	var s unix.Statfs_t
	isLarge := unix.Statfs(shm, &s) == nil && s.Bavail*uint64(s.Bsize) >= minFreeBytes
	if isLarge && unix.Access(shm, unix.W_OK) == nil {
		return shm
	}
	return os.TempDir()
}

// startReaper starts a shell that deletes the folder when this process ends, or when reap is called. The shell waits
// until its input is closed, which the kernel does when this process ends, and then until PostgreSQL has ended. `go
// test` offers no better moment: after the last test, a panic or a timeout, the test binary runs no more of our code.
func startReaper(dir string) (reap func() error, err error) {
	const script = `read -r _
n=0
while [ -e "$1/postgres/postmaster.pid" ] && [ $n -lt 100 ]; do n=$((n + 1)); sleep 0.1; done
rm -rf -- "$1" || { sleep 1; rm -rf -- "$1"; }`
	cmd := exec.Command("/bin/sh", "-c", script, "reaper", dir) //nolint:noctx // it outlives us
	cmd.Dir, cmd.Env = "/", []string{"PATH=" + os.Getenv("PATH")}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // so that Ctrl-C doesn't end it
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("start the cleanup of the test cluster's folder: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start the cleanup of the test cluster's folder: %w", err)
	}
	reaperInputs.Store(input, dir)
	return func() error { return errors.Join(input.Close(), cmd.Wait()) }, nil
}

// reaperInputs refers to the inputs of the shells, because the garbage collector would close them.
var reaperInputs sync.Map
