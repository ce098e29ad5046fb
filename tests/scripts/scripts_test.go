// Package scripts runs the scripts on machines without some programs: in each test, PATH has only the programs that
// the test names.
package scripts_test

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"amrutam/internal/apptest"
)

// machine is a folder with programs, which is the only one in PATH.
type machine struct {
	t   *testing.T
	bin string
}

// newMachine returns a machine with these programs of the real machine.
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

// addScript adds a program that is a shell script.
func (m *machine) addScript(name, script string) {
	m.t.Helper()
	m.must(os.WriteFile(filepath.Join(m.bin, name), []byte("#!/bin/sh\n"+script+"\n"), 0o700))
}

// run runs one of the project's scripts and returns its output. The variable DONE names a file in which the programs
// can record what they did; log reads it.
func (m *machine) run(variables []string, script string, arguments ...string) (out, stderr string, err error) {
	m.t.Helper()
	cmd := exec.CommandContext(m.t.Context(), filepath.Join("..", "..", "scripts", script), arguments...)
	cmd.Env = append([]string{"PATH=" + m.bin, "HOME=" + m.bin, "DONE=" + filepath.Join(m.bin, "done")}, variables...)
	var stderrText strings.Builder
	cmd.Stderr = &stderrText
	stdout, err := cmd.Output()
	return strings.TrimSpace(string(stdout)), stderrText.String(), err
}

func (m *machine) log() string {
	text, _ := os.ReadFile(filepath.Join(m.bin, "done"))
	return string(text)
}

// aptScript stands in for apt-get: it records its arguments and installs an empty chromium.
const aptScript = `echo "$@" >>"$DONE"
case "$*" in *install*chromium*)
	echo "#!/bin/sh" >"${0%/*}/chromium"
	chmod +x "${0%/*}/chromium";;
esac`

func TestChromiumIsInstalledIfMissing(t *testing.T) {
	t.Parallel()
	for name, variables := range map[string][]string{
		"unset":          nil,
		"empty":          {"CHROMIUM="},
		"a missing file": {"CHROMIUM=/nowhere/chromium"},
	} {
		m := newMachine(t, "sh", "chmod")
		m.addScript("id", "echo 0")
		m.addScript("apt-get", aptScript)
		out, stderr, err := m.run(variables, "chromium.sh")
		if err != nil || out != filepath.Join(m.bin, "chromium") || !strings.Contains(m.log(), "install") {
			t.Errorf("CHROMIUM is %s: %v %q %q, apt-get did %q", name, err, out, stderr, m.log())
		}
		m.must(os.Remove(filepath.Join(m.bin, "done")))
		out, _, err = m.run(variables, "chromium.sh")
		if err != nil || out != filepath.Join(m.bin, "chromium") || m.log() != "" {
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

// TestNonRootUserGetsInstallHint: the script says how to install the program, and succeeds, so that the tests that
// need it are skipped. In CI it fails.
func TestNonRootUserGetsInstallHint(t *testing.T) {
	t.Parallel()
	m := newMachine(t, "sh")
	m.addScript("id", "echo 1000")
	m.addScript("apt-get", aptScript)
	out, stderr, err := m.run(nil, "chromium.sh")
	if err != nil || out != "" || !strings.Contains(stderr, "apt-get install chromium") || m.log() != "" {
		t.Errorf("%v %q %q", err, out, stderr)
	}
	m = newMachine(t, "bash", "env", "dirname")
	m.addScript("id", "echo 1000")
	_, stderr, err = m.run(nil, "lint-shell.sh")
	if err != nil || !strings.Contains(stderr, "apt-get install shellcheck") {
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

// TestRestoreDrill runs the drill on a few megabytes.
func TestRestoreDrill(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("psql"); err != nil {
		t.Skip("the drill needs psql")
	}
	program, err := apptest.BuildProgram(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	script := filepath.Join("..", "..", "scripts", "restore-drill.sh")
	cmd := exec.CommandContext(t.Context(), script, "5", "2", t.TempDir())
	cmd.Env = append(os.Environ(), "AMRUTAM_TEST_PROGRAM="+program)
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "RPO ") || !strings.Contains(string(out), "RTO ") {
		t.Errorf("%v %s", err, out)
	}
}
