package fault_test

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"amrutam/internal/postgres"
)

// TestCommandLine checks that help and version are printed on request, and that a mistake prints one line.
func TestCommandLine(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		arguments string
		code      int
		out, err  string // what standard output and standard error contain; "" for nothing
	}{
		{"help", 0, "Commands:", ""},
		{"--help", 0, "Commands:", ""},
		{"-h", 0, "Commands:", ""},
		{"help serve", 0, "AMRUTAM_LISTEN", ""},
		{"serve --help", 0, "AMRUTAM_LISTEN", ""},
		{"--version", 0, "amrutam " + release + " go1.", ""},
		{"version", 0, fmt.Sprint(" schema ", postgres.SchemaVersion()), ""},
		{"version", 0, "amrutam " + release + " go1.", ""},
		{"", 2, "", "try amrutam --help"},
		{"migrat", 2, "", "did you mean \"migrate\"?; try amrutam --help"},
		{"serve --port 80", 2, "", "unknown flag --port"},
		{"admin create", 2, "", "missing flags: --email=STRING, --name=STRING; try amrutam --help"},
		{"seed --scale 2", 1, "", "--scale must be between"},
		{"seed --until yesterday", 1, "", "YYYY-MM-DD"},
		{"help nothing", 2, "", "try amrutam --help"},
	} {
		t.Run(c.arguments, func(t *testing.T) {
			t.Parallel()
			cmd := newCommand(t, nil, strings.Fields(c.arguments)...)
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			var failed *exec.ExitError
			if err := cmd.Run(); err != nil && !errors.As(err, &failed) {
				t.Fatal(err)
			}
			if code := cmd.ProcessState.ExitCode(); code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			if !strings.Contains(stdout.String(), c.out) || (c.out == "") != (stdout.Len() == 0) {
				t.Errorf("standard output: %s", stdout.String())
			}
			lines := strings.Count(stderr.String(), "\n")
			if !strings.Contains(stderr.String(), c.err) || lines != min(1, len(c.err)) {
				t.Errorf("standard error: %s", stderr.String())
			}
		})
	}
}
