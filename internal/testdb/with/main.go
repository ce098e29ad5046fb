// Command with runs another command beside one throwaway PostgreSQL for all its tests:
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
	// From the first moment on: a signal while PostgreSQL starts ends it in order, too.
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
	cmd := exec.Command(args[0], args[1:]...) //nolint:noctx // signals end it
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.Env = append(os.Environ(), testdb.Variable+"="+c.AdminDSN("postgres"))
	// Without us its tests would only fail one by one. The signal comes when the thread that forked it ends: keep this
	// one.
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
			// Every test that follows fails; say why.
			fmt.Fprintln(os.Stderr, "with: the test cluster is gone:", c.Err())
			exited = nil
		case err := <-ended:
			return exitCode(cmd.ProcessState, err)
		}
	}
}

// exitCode is the command's own, as a shell has it: 128 and the signal's number when one killed it.
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
