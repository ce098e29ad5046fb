package main

import (
	"bufio"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"amrutam/internal/testdb"
)

// helperVariable is the environment variable that makes the test binary act as the command.
const helperVariable = "AMRUTAM_WITH_HELPER"

func TestMain(m *testing.M) {
	if os.Getenv(helperVariable) != "" {
		main()
	}
	os.Exit(m.Run())
}

// withCommand returns the command, which runs a shell script.
func withCommand(t *testing.T, script string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], "--", "sh", "-c", script)
	cmd.Env = append(os.Environ(), helperVariable+"=1", testdb.Variable+"=")
	cmd.Stderr = os.Stderr
	return cmd
}

// clusterFolder returns the data folder of the cluster at this address.
func clusterFolder(address string) string {
	_, path, _ := strings.Cut(address, "host=")
	path, _, _ = strings.Cut(path, "&")
	return filepath.Dir(strings.ReplaceAll(path, "%2F", "/"))
}

// awaitRemoved waits until the folder is removed.
func awaitRemoved(t *testing.T, dir string) {
	t.Helper()
	if !strings.Contains(dir, "amrutam-test-") {
		t.Fatalf("%q is not the folder of a test cluster", dir)
	}
	timeout := time.After(30 * time.Second)
	for {
		if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
			return
		}
		select {
		case <-timeout:
			t.Fatalf("%s was not removed", dir)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func TestCommandKeepsInputAndExitCode(t *testing.T) {
	t.Parallel()
	cmd := withCommand(t, `read -r line; echo "$line"; echo "$`+testdb.Variable+`"; exit 7`)
	cmd.Stdin = strings.NewReader("typed\n")
	out, err := cmd.Output()
	var failed *exec.ExitError
	if !errors.As(err, &failed) || failed.ExitCode() != 7 {
		t.Errorf("ended with %v", err)
	}
	line, address, _ := strings.Cut(strings.TrimSpace(string(out)), "\n")
	if line != "typed" {
		t.Errorf("read %q", line)
	}
	dir := clusterFolder(address)
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) || !strings.Contains(dir, "amrutam-test-") {
		t.Errorf("the folder %q was not removed: %v", dir, err)
	}
}

func TestSignalsStopCommandAndCluster(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		signal syscall.Signal
		code   int
	}{{"forwarded", syscall.SIGTERM, 9}, {"interrupted", syscall.SIGINT, 8}, {"killed", syscall.SIGKILL, -1}} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			cmd := withCommand(t, `trap 'exit 9' TERM; trap 'exit 8' INT; echo "$`+testdb.Variable+
				`"; n=0; while [ $n -lt 100 ]; do n=$((n + 1)); sleep 0.1; done`)
			out, err := cmd.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			address, err := bufio.NewReader(out).ReadString('\n')
			if err != nil {
				t.Fatal(err)
			}
			if err := cmd.Process.Signal(c.signal); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); cmd.ProcessState.ExitCode() != c.code {
				t.Errorf("ended with %v", err)
			}
			awaitRemoved(t, clusterFolder(strings.TrimSpace(address)))
		})
	}
}

func TestRunRefusesMissingCommand(t *testing.T) {
	t.Parallel()
	if code, err := run([]string{"--"}); code != 2 || err == nil {
		t.Errorf("%d %v", code, err)
	}
	if code, err := run([]string{"/no/such/program"}); code != 1 || err == nil {
		t.Errorf("%d %v", code, err)
	}
}
