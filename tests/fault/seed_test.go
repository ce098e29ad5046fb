package fault_test

import (
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestSeed fills a private PostgreSQL that the command starts, and checks it with the next command.
func TestSeed(t *testing.T) {
	t.Parallel()
	variables := []string{"AMRUTAM_DATA_DIR=" + t.TempDir()}
	out, err := runCommand(t, []string{"AMRUTAM_ENV=production"}, "", "seed")
	if err == nil || !strings.Contains(out, "production") {
		t.Errorf("in production: %v, %s", err, out)
	}
	arguments := []string{"seed", "--scale", "0.00005", "--until", "2026-03-01"}
	out, err = runCommand(t, variables, "", arguments...)
	if err != nil || !strings.Contains(out, "until 2026-03-01T05:00:00Z") || !strings.Contains(out, "password is") {
		t.Fatalf("%v: %s", err, out)
	}
	if out, err := runCommand(t, variables, "", "check"); err != nil {
		t.Errorf("check: %v, %s", err, out)
	}
	out, err = runCommand(t, variables, "", arguments...)
	if err == nil || !strings.Contains(out, "has users already") {
		t.Errorf("again: %v, %s", err, out)
	}
}

// TestSeedInterrupted checks that Ctrl-C ends the command with an explanation, which the next one repeats.
func TestSeedInterrupted(t *testing.T) {
	t.Parallel()
	variables := []string{"AMRUTAM_DATA_DIR=" + t.TempDir()}
	cmd := newCommand(t, variables, "seed", "--scale", "0.1")
	var out outputBuffer
	cmd.Stdout, cmd.Stderr = &out, &out
	must(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	deadline := time.After(timeout)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !strings.Contains(out.String(), " rows/s") {
		select {
		case err := <-ended:
			t.Fatalf("ended early: %v, %s", err, out.String())
		case <-deadline:
			t.Fatalf("no progress: %s", out.String())
		case <-tick.C:
		}
	}
	must(t, cmd.Process.Signal(syscall.SIGINT))
	select {
	case err := <-ended:
		if err == nil || !strings.Contains(out.String(), "interrupted: the database is incomplete") {
			t.Errorf("interrupted: %v, %s", err, out.String())
		}
	case <-time.After(timeout):
		t.Fatalf("still running: %s", out.String())
	}
	if out, err := runCommand(t, variables, "", "seed"); err == nil || !strings.Contains(out, "did not finish") {
		t.Errorf("again: %v, %s", err, out)
	}
}
