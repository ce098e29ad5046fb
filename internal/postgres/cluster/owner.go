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

// tryLock takes the lock that a cluster's owner holds while its PostgreSQL runs. It returns nil without an error if
// another process holds the lock. The kernel frees it when the owner is killed.
func (f folder) tryLock() (*os.File, error) {
	path := filepath.Join(f.root, "postgres.lock")
	lock, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("this user can't write the data folder %s: %w", f.root, err)
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

// postmaster is what PostgreSQL writes into postmaster.pid.
type postmaster struct {
	pid    int
	socket string
	ready  bool
}

// postmaster reads postmaster.pid. The file may be left from a server that has ended: see isRunning.
func (f folder) postmaster() (postmaster, error) {
	text, err := os.ReadFile(filepath.Join(f.pgdata, "postmaster.pid"))
	if err != nil {
		return postmaster{}, err
	}
	// The lines are: process, data folder, start time, port, socket's folder, TCP address, shared memory, state.
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

// isRunning reports whether the process is this folder's postmaster, and not another process with the same number: a
// postmaster's working directory is its data folder.
func (f folder) isRunning(p postmaster) bool {
	cwd, err := os.Readlink("/proc/" + strconv.Itoa(p.pid) + "/cwd")
	return err == nil && cwd == f.pgdata
}

// awaitOrphan waits until the server of an owner that was killed has stopped. The kernel has already sent it SIGINT
// (see launchPostmaster); a second one does no harm, and helps where the kernel doesn't.
func (f folder) awaitOrphan(ctx context.Context, log *slog.Logger) error {
	p, err := f.postmaster()
	if err != nil || !f.isRunning(p) {
		return nil //nolint:nilerr // the file is missing or damaged: PostgreSQL itself handles that
	}
	log.InfoContext(ctx, "waiting for the PostgreSQL of a process that was killed to stop", "pid", p.pid)
	_ = syscall.Kill(p.pid, syscall.SIGINT)
	for f.isRunning(p) {
		if pause(ctx) != nil {
			return fmt.Errorf("a PostgreSQL without an owner runs on %s and does not stop: end process %d",
				f.pgdata, p.pid)
		}
	}
	return nil
}
