package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// tryLock takes the lock that a cluster's owner holds as long as its PostgreSQL runs; nil without an error means that
// another process has it. The kernel frees it when the owner is killed.
func (f folder) tryLock() (*os.File, error) {
	path := filepath.Join(f.root, "postgres.lock")
	lock, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("the data folder %s can't be written by this user, or belongs to another: %w", f.root,
			err)
	}
	if err != nil {
		return nil, fmt.Errorf("lock the data folder: %w", err)
	}
	err = syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		return lock, f.chown(path)
	}
	_ = lock.Close()
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return nil, nil
	}
	return nil, fmt.Errorf("lock the data folder: %w", err)
}

// postmaster is what PostgreSQL writes about itself into postmaster.pid.
type postmaster struct {
	pid    int
	socket string
	ready  bool
}

// postmaster reads that file. It may be left from a server that is gone: see alive.
func (f folder) postmaster() (postmaster, error) {
	text, err := os.ReadFile(filepath.Join(f.pgdata, "postmaster.pid"))
	if err != nil {
		return postmaster{}, err
	}
	// Process, data folder, start, port, socket's folder, TCP address, shared memory, state.
	lines := strings.Split(string(text), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(lines[0]))
	if err != nil || pid <= 0 {
		return postmaster{}, errors.New("postmaster.pid names no process")
	}
	p := postmaster{pid: pid}
	if len(lines) > 4 {
		p.socket = lines[4]
	}
	p.ready = len(lines) > 7 && strings.TrimSpace(lines[7]) == "ready"
	return p, nil
}

// isRunning tells a running server from another process that got its number: a postmaster works in its data folder.
func (f folder) isRunning(p postmaster) bool {
	cwd, err := os.Readlink("/proc/" + strconv.Itoa(p.pid) + "/cwd")
	return err == nil && cwd == f.pgdata
}

// awaitOrphan waits for the server of an owner that was killed. The kernel has told it to stop already (see serve); saying
// it again does nothing more, and covers kernels that don't.
func (f folder) awaitOrphan(ctx context.Context, log *slog.Logger) error {
	p, err := f.postmaster()
	if err != nil || !f.isRunning(p) {
		return nil //nolint:nilerr // no file, or a damaged one: PostgreSQL itself decides what that means
	}
	log.InfoContext(ctx, "waiting for the PostgreSQL of a process that was killed to stop", "pid", p.pid)
	_ = syscall.Kill(p.pid, syscall.SIGINT)
	for f.isRunning(p) {
		if pause(ctx) != nil {
			return fmt.Errorf("a PostgreSQL without an owner runs on %s and does not stop: end process %d", f.pgdata,
				p.pid)
		}
	}
	return nil
}
