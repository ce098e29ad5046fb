// Command with starts a throwaway PostgreSQL and runs another command whose tests use it:
//
//	go run ./internal/testdb/with -- go test ./...
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"

	"amrutam/internal/testdb"
)

func main() {
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "with:", err)
	}
	os.Exit(code)
}

func run(args []string) (code int, err error) {
	if len(args) > 0 && args[0] == "--" {
		args = args[1:]
	}
	if len(args) == 0 {
		return 2, errors.New("name the command to run")
	}
	// Register before PostgreSQL starts, so that a signal during the start also ends in a clean stop.
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	c, remove, err := testdb.StartThrowaway(context.Background())
	if err != nil {
		return 1, err
	}
	defer func() {
		if removeErr := remove(); removeErr != nil {
			code, err = max(code, 1), errors.Join(err, removeErr)
		}
	}()
	cmd := exec.Command(args[0], args[1:]...) //nolint:noctx // a signal ends it
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), testdb.Variable+"="+c.AdminDSN("postgres"))
	// Without this process every test would fail, so the kernel ends the command with it. The kernel sends the signal
	// when the thread that forked the command ends: keep that thread.
	runtime.LockOSThread()
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := cmd.Start(); err != nil {
		return 1, err
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	exited := c.Exited()
	for {
		select {
		case s := <-signals:
			_ = cmd.Process.Signal(s)
		case <-exited:
			// Every later test fails; say why.
			fmt.Fprintln(os.Stderr, "with: the test cluster ended:", c.Err())
			exited = nil
		case err := <-ended:
			return exitCode(cmd.ProcessState, err)
		}
	}
}

// exitCode returns the command's exit code, or 128 plus the number of the signal that killed it, as a shell does.
func exitCode(s *os.ProcessState, err error) (int, error) {
	var failed *exec.ExitError
	if err != nil && !errors.As(err, &failed) {
		return 1, err
	}
	if status, ok := s.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return s.ExitCode(), nil
}
