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

// newMachine makes a machine that has these of the real one's programs.
func newMachine(t *testing.T, programs ...string) *machine {
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

// addScript puts a shell script in the place of a program.
func (m *machine) addScript(name, script string) {
	m.t.Helper()
	m.must(os.WriteFile(filepath.Join(m.bin, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700))
}

// run gives what a script says. DONE is a file beside the programs, for what they did.
func (m *machine) run(variables []string, script string, arguments ...string) (out, stderr string, err error) {
	m.t.Helper()
	cmd := exec.CommandContext(m.t.Context(), filepath.Join("..", "..", "scripts", script), arguments...)
	cmd.Env = append([]string{"PATH=" + m.bin, "HOME=" + m.bin, "DONE=" + filepath.Join(m.bin, "done")}, variables...)
	var stderrText strings.Builder
	cmd.Stderr = &stderrText
	text, err := cmd.Output()
	return strings.TrimSpace(string(text)), stderrText.String(), err
}

func (m *machine) log() string {
	text, _ := os.ReadFile(filepath.Join(m.bin, "done"))
	return string(text)
}

// aptScript installs a chromium that says nothing.
const aptScript = `echo "$@" >>"$DONE"; case "$*" in *install*chromium*) echo "#!/bin/sh" >"${0%/*}/chromium"; chmod +x "${0%/*}/chromium";; esac`

func TestChromiumIsInstalledIfMissing(t *testing.T) {
	t.Parallel()
	for name, variables := range map[string][]string{"unset": nil, "empty": {"CHROMIUM="},
		"of nothing": {"CHROMIUM=/nowhere/chromium"}} {
		m := newMachine(t, "sh", "chmod")
		m.addScript("id", "echo 0")
		m.addScript("apt-get", aptScript)
		out, stderr, err := m.run(variables, "chromium.sh")
		if err != nil || out != filepath.Join(m.bin, "chromium") || !strings.Contains(m.log(), "install") {
			t.Errorf("CHROMIUM %s: %v %q %q, apt-get did %q", name, err, out, stderr, m.log())
		}
		m.must(os.Remove(filepath.Join(m.bin, "done")))
		if out, _, err := m.run(variables, "chromium.sh"); err != nil || out != filepath.Join(m.bin, "chromium") ||
			m.log() != "" {
			t.Errorf("the second time: %v %q, apt-get did %q", err, out, m.log())
		}
	}
}

func TestInstalledChromiumIsUsed(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "sh")
	m.addScript("apt-get", aptScript)
	m.addScript("id", "echo 0")
	m.addScript("my-chromium", "true")
	m.addScript("google-chrome", "true")
	if out, _, err := m.run(nil, "chromium.sh"); err != nil || out != filepath.Join(m.bin, "google-chrome") {
		t.Errorf("%v %q", err, out)
	}
	own := filepath.Join(m.bin, "my-chromium")
	if out, _, err := m.run([]string{"CHROMIUM=" + own}, "chromium.sh"); err != nil || out != own || m.log() != "" {
		t.Errorf("%v %q", err, out)
	}
}

// TestNonRootUserGetsInstallHint, and the tests that need it are left out.
func TestNonRootUserGetsInstallHint(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "sh")
	m.addScript("id", "echo 1000")
	m.addScript("apt-get", aptScript)
	if out, stderr, err := m.run(nil, "chromium.sh"); err != nil || out != "" ||
		!strings.Contains(stderr, "apt-get install chromium") || m.log() != "" {
		t.Errorf("%v %q %q", err, out, stderr)
	}
	m = newMachine(t, "bash", "env", "dirname")
	m.addScript("id", "echo 1000")
	if _, stderr, err := m.run(nil, "lint-shell.sh"); err != nil ||
		!strings.Contains(stderr, "apt-get install shellcheck") {
		t.Errorf("%v %q", err, stderr)
	}
	if _, stderr, err := m.run([]string{"CI=true"}, "lint-shell.sh"); err == nil {
		t.Errorf("CI goes on without shellcheck: %q", stderr)
	}
}

func TestRaceNeedsCompiler(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "bash", "env")
	m.addScript("go", "echo gcc")
	_, stderr, err := m.run(nil, "gotest.sh", "-timeout", "20m", "-race", "./...")
	var failed *exec.ExitError
	if !errors.As(err, &failed) || !strings.Contains(stderr, "install gcc") || strings.Count(stderr, "\n") != 1 {
		t.Errorf("%v %q", err, stderr)
	}
}
