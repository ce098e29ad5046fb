package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// server is a postmaster that this process started.
type server struct {
	cmd      *exec.Cmd
	exited   chan struct{}
	err      error // how it ended; set before exited is closed
	log      string
	logStart int64 // offset of this server's first line in the log
}

// startServer starts the postmaster and waits until it is ready.
func (c *Cluster) startServer(ctx context.Context, settings map[string]string) (*server, error) {
	for {
		s, err := c.launchPostmaster(settings)
		if err != nil {
			return nil, err
		}
		err = c.awaitReady(ctx, s)
		if err == nil {
			return s, nil
		}
		// The children of a postmaster that was killed need a moment to end.
		if s.hasExited() && strings.Contains(s.logTail(), "pre-existing shared memory block") && pause(ctx) == nil {
			continue
		}
		s.abort()
		return nil, err
	}
}

func (c *Cluster) awaitReady(ctx context.Context, s *server) error {
	for {
		if s.hasExited() {
			return fmt.Errorf("PostgreSQL did not start: %s", s.logTail())
		}
		if p, err := c.folder.postmaster(); err == nil && p.pid == s.cmd.Process.Pid && p.ready {
			return nil
		}
		if err := pause(ctx); err != nil {
			return fmt.Errorf("PostgreSQL was not ready in time: %w: %s", err, s.logTail())
		}
	}
}

// launchPostmaster starts the postmaster. The kernel sends it SIGINT, a fast shutdown, when the thread that forked it
// ends; so that thread is kept as long as the postmaster runs.
func (c *Cluster) launchPostmaster(settings map[string]string) (*server, error) {
	log, logStart, err := c.openLog()
	if err != nil {
		return nil, err
	}
	args := []string{"-D", c.folder.pgdata, "-k", c.socket, "-p", port}
	for _, setting := range append(sizeSettings(availableMemory()),
		"listen_addresses=", "timezone=UTC", "log_timezone=UTC",
		"jit=off", // compiling takes longer than the short statements
		// Keep health data out of the log: statements, parameters and the rows in errors can contain it.
		"log_statement=none",
		"log_min_error_statement=panic",
		"log_parameter_max_length_on_error=0",
		"log_error_verbosity=terse",
	) {
		args = append(args, "-c", setting)
	}
	for name, value := range settings {
		args = append(args, "-c", name+"="+value)
	}
	cmd := exec.Command(filepath.Join(c.bin.Dir, "postgres"), args...) //nolint:noctx // it outlives this call
	cmd.Dir, cmd.Env = "/", serverEnvironment()
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Credential: c.folder.credential,
		Pdeathsig:  syscall.SIGINT,
		Setpgid:    true, // Ctrl-C reaches only this process, which stops PostgreSQL after the last request
	}
	s := &server{cmd: cmd, exited: make(chan struct{}), log: c.folder.log, logStart: logStart}
	started := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with this function
		defer log.Close()
		err := cmd.Start()
		started <- err
		if err == nil {
			s.err = cmd.Wait()
		}
		close(s.exited)
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start PostgreSQL: %w", err)
	}
	return s, nil
}

// serverEnvironment returns PostgreSQL's environment: without this process's secrets, and with messages in English.
func serverEnvironment() []string {
	env := []string{"LC_ALL=C", "PATH=" + os.Getenv("PATH")}
	if libraries := os.Getenv("LD_LIBRARY_PATH"); libraries != "" {
		env = append(env, "LD_LIBRARY_PATH="+libraries)
	}
	return env
}

// maxLogBytes is the size after which the next start begins a new log.
const maxLogBytes = 10 << 20

func (c *Cluster) openLog() (*os.File, int64, error) {
	path := c.folder.log
	if info, err := os.Stat(path); err == nil && info.Size() > maxLogBytes {
		if err := os.Rename(path, path+".old"); err != nil {
			return nil, 0, fmt.Errorf("rename PostgreSQL's log: %w", err)
		}
	}
	log, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, 0, fmt.Errorf("open PostgreSQL's log: %w", err)
	}
	info, err := log.Stat()
	if err == nil {
		err = c.folder.chown(path)
	}
	if err != nil {
		_ = log.Close()
		return nil, 0, fmt.Errorf("open PostgreSQL's log: %w", err)
	}
	return log, info.Size(), nil
}

func (s *server) hasExited() bool {
	select {
	case <-s.exited:
		return true
	default:
		return false
	}
}

// logTail returns the last lines that this server wrote into its log.
func (s *server) logTail() string {
	text, err := os.ReadFile(s.log)
	if err != nil || int64(len(text)) <= s.logStart {
		return "it wrote nothing into " + s.log
	}
	return lastLines(string(text[s.logStart:]))
}

// abort ends a server that did not become ready.
func (s *server) abort() {
	_ = s.cmd.Process.Signal(syscall.SIGQUIT)
	<-s.exited
}

// initdb creates the data under another name and then renames it, so that a kill leaves no incomplete data folder.
func (c *Cluster) initdb(ctx context.Context, durable bool) error {
	f := c.folder
	for _, old := range newestFirst(f.pgdata + ".new-*") {
		_ = os.RemoveAll(old) // fails while an initdb that was just killed still writes; the next start tries again
	}
	if err := os.Remove(f.pgdata); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s exists but holds no PostgreSQL data: move it away", f.pgdata)
	}
	draft, err := os.MkdirTemp(f.root, filepath.Base(f.pgdata)+".new-")
	if err != nil {
		return fmt.Errorf("the data folder can't be written: %w", err)
	}
	defer os.RemoveAll(draft)
	if err := f.chown(draft); err != nil {
		return err
	}
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin.Dir, "initdb"), "--pgdata="+draft, "--username="+SuperuserRole,
		"--auth-local=trust", "--auth-host=reject", "--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=libc",
		"--data-checksums", "--no-instructions", "--no-sync",
		// A new file of the WAL is filled with zeros before its use, and all commits wait meanwhile: the default of
		// 16 MB takes as long as several commits.
		"--wal-segsize=4")
	cmd.Dir, cmd.Env = "/", serverEnvironment()
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: f.credential, Pdeathsig: syscall.SIGKILL, Setpgid: true}
	runtime.LockOSThread() // the signal is sent when the thread that forked initdb ends
	defer runtime.UnlockOSThread()
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb failed: %w: %s", err, lastLines(string(out)))
	}
	// One sync of the file system is faster than initdb's own sync of each file.
	if err := syncFolder(draft, durable, unix.Syncfs); err != nil {
		return err
	}
	if err := os.Rename(draft, f.pgdata); err != nil {
		return fmt.Errorf("move the new data into place: %w", err)
	}
	return syncFolder(f.root, durable, unix.Fsync)
}

func syncFolder(dir string, durable bool, sync func(fd int) error) error {
	if !durable {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return fmt.Errorf("write the new data to disk: %w", err)
	}
	defer d.Close()
	if err := sync(int(d.Fd())); err != nil {
		return fmt.Errorf("write the new data to disk: %w", err)
	}
	return nil
}
