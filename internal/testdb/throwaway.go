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

// minFreeBytes in bytes is what a run of all tests may come to need.
const minFreeBytes = 4 << 30

// StartThrowaway starts a cluster that may lose everything, in memory where there is room. remove stops it and deletes its
// folder; when this process ends without having called it, even by kill -9, that happens all the same.
func StartThrowaway(ctx context.Context) (c *cluster.Cluster, remove func() error, err error) {
	dir, err := os.MkdirTemp(tempBase(), "amrutam-test-")
	if err != nil {
		return nil, nil, fmt.Errorf("make the test cluster's folder: %w", err)
	}
	reap, err := startReaper(dir)
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	c, err = cluster.Start(ctx, cluster.Options{DataDir: dir, Settings: map[string]string{
		"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "max_connections": "400",
		"shared_buffers": "256MB",
	}})
	if err != nil {
		return nil, nil, errors.Join(err, reap())
	}
	return c, func() error { return errors.Join(c.Stop(context.Background()), reap()) }, nil
}

// tempBase is /dev/shm, unless it is as small as containers have it.
func tempBase() string {
	const shm = "/dev/shm"
	var s unix.Statfs_t
	if unix.Statfs(shm, &s) == nil && s.Bavail*uint64(s.Bsize) >= minFreeBytes && unix.Access(shm, unix.W_OK) == nil {
		return shm
	}
	return os.TempDir()
}

// startReaper deletes the folder once this process is gone, or when reap is called. It is a shell that waits for the other
// end of its input to be closed, which the kernel does for us at the latest, and then for PostgreSQL, which ends for
// the same reason. `go test` gives no better moment: a test's process has no say after its last test, and none at all
// at a panic or a timeout.
func startReaper(dir string) (reap func() error, err error) {
	const script = `read -r _
n=0
while [ -e "$1/postgres/postmaster.pid" ] && [ $n -lt 100 ]; do n=$((n + 1)); sleep 0.1; done
rm -rf -- "$1" || { sleep 1; rm -rf -- "$1"; }`
	cmd := exec.Command("/bin/sh", "-c", script, "reaper", dir) //nolint:noctx // it outlives us
	cmd.Dir, cmd.Env = "/", []string{"PATH=" + os.Getenv("PATH")}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // Ctrl-C is not for it
	input, err := cmd.StdinPipe()
	if err != nil {
		return nil, fmt.Errorf("watch over the test cluster's folder: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("watch over the test cluster's folder: %w", err)
	}
	reaperInputs.Store(input, dir)
	return func() error { return errors.Join(input.Close(), cmd.Wait()) }, nil
}

// reaperInputs of reapers, kept from the garbage collector: it would close them.
var reaperInputs sync.Map
