// Package scripts runs the scripts on machines that lack something: each test's PATH holds nothing but what it names.
package scripts_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// machine is a folder of programs.
type machine struct {
	t   *testing.T
	bin string
}

// with makes a machine that has these of the real one's programs.
func with(t *testing.T, programs ...string) *machine {
	t.Helper()
	m := &machine{t: t, bin: t.TempDir()}
	for _, name := range programs {
		path, err := exec.LookPath(name)
		m.must(err)
		m.must(os.Symlink(path, filepath.Join(m.bin, name)))
	}
	return m
}

func (m *machine) must(err error) {
	m.t.Helper()
	if err != nil {
		m.t.Fatal(err)
	}
}

// program puts a shell script in the place of a program.
func (m *machine) program(name, script string) {
	m.t.Helper()
	m.must(os.WriteFile(filepath.Join(m.bin, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700))
}

// run gives what a script says. DONE is a file beside the programs, for what they did.
func (m *machine) run(variables []string, script string, arguments ...string) (out, said string, err error) {
	m.t.Helper()
	cmd := exec.CommandContext(m.t.Context(), filepath.Join("..", "..", "scripts", script), arguments...)
	cmd.Env = append([]string{"PATH=" + m.bin, "HOME=" + m.bin, "DONE=" + filepath.Join(m.bin, "done")}, variables...)
	var words strings.Builder
	cmd.Stderr = &words
	text, err := cmd.Output()
	return strings.TrimSpace(string(text)), words.String(), err
}

func (m *machine) done() string {
	text, _ := os.ReadFile(filepath.Join(m.bin, "done"))
	return string(text)
}

// apt installs a chromium that says nothing.
const apt = `echo "$@" >>"$DONE"; case "$*" in *install*chromium*)
	echo "#!/bin/sh" >"${0%/*}/chromium"; chmod +x "${0%/*}/chromium";; esac`

func TestChromiumIsInstalledWhenThereIsNone(t *testing.T) {
	t.Parallel()
	for name, variables := range map[string][]string{"unset": nil, "empty": {"CHROMIUM="},
		"of nothing": {"CHROMIUM=/nowhere/chromium"}} {
		m := with(t, "sh", "chmod")
		m.program("id", "echo 0")
		m.program("apt-get", apt)
		out, said, err := m.run(variables, "chromium.sh")
		if err != nil || out != filepath.Join(m.bin, "chromium") || !strings.Contains(m.done(), "install") {
			t.Errorf("CHROMIUM %s: %v %q %q, apt-get did %q", name, err, out, said, m.done())
		}
		m.must(os.Remove(filepath.Join(m.bin, "done")))
		if out, _, err := m.run(variables, "chromium.sh"); err != nil || out != filepath.Join(m.bin, "chromium") ||
			m.done() != "" {
			t.Errorf("the second time: %v %q, apt-get did %q", err, out, m.done())
		}
	}
}

func TestChromiumIsTakenWhereItIs(t *testing.T) {
	t.Parallel()
	m := with(t, "sh")
	m.program("apt-get", apt)
	m.program("id", "echo 0")
	m.program("my-chromium", "true")
	m.program("google-chrome", "true")
	if out, _, err := m.run(nil, "chromium.sh"); err != nil || out != filepath.Join(m.bin, "google-chrome") {
		t.Errorf("%v %q", err, out)
	}
	own := filepath.Join(m.bin, "my-chromium")
	if out, _, err := m.run([]string{"CHROMIUM=" + own}, "chromium.sh"); err != nil || out != own || m.done() != "" {
		t.Errorf("%v %q", err, out)
	}
}

// TestAnOrdinaryUserIsToldWhatIsMissing, and the tests that need it are left out.
func TestAnOrdinaryUserIsToldWhatIsMissing(t *testing.T) {
	t.Parallel()
	m := with(t, "sh")
	m.program("id", "echo 1000")
	m.program("apt-get", apt)
	if out, said, err := m.run(nil, "chromium.sh"); err != nil || out != "" ||
		!strings.Contains(said, "apt-get install chromium") || m.done() != "" {
		t.Errorf("%v %q %q", err, out, said)
	}
	m = with(t, "bash", "env", "dirname")
	m.program("id", "echo 1000")
	if _, said, err := m.run(nil, "lint-shell.sh"); err != nil ||
		!strings.Contains(said, "apt-get install shellcheck") {
		t.Errorf("%v %q", err, said)
	}
	if _, said, err := m.run([]string{"CI=true"}, "lint-shell.sh"); err == nil {
		t.Errorf("CI goes on without shellcheck: %q", said)
	}
}

func TestRaceNeedsACompiler(t *testing.T) {
	t.Parallel()
	m := with(t, "bash", "env")
	m.program("go", "echo gcc")
	_, said, err := m.run(nil, "gotest.sh", "-timeout", "20m", "-race", "./...")
	var failed *exec.ExitError
	if !errors.As(err, &failed) || !strings.Contains(said, "install gcc") || strings.Count(said, "\n") != 1 {
		t.Errorf("%v %q", err, said)
	}
}
