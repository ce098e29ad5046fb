// Package clients makes the typed clients of examples/ from openapi.json, compiles them and has them book on a server.
package clients_test

import (
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
)

type object = map[string]any

const password = "seven lamps light the well"

func TestGo(t *testing.T) {
	t.Parallel()
	folder := copyExample(t, "go")
	run(t, folder, "go", "generate", "./...")
	// The copy's path changes with every run; without it in the binaries, what is unchanged comes from Go's cache.
	run(t, folder, "go", "vet", "-trimpath", "./...")
	run(t, folder, "go", "build", "-trimpath", "-o", "book", ".")
	books(t, folder, "./book")
}

func TestTypeScript(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("npm"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("npm is missing")
		}
		t.Skip("npm is missing: the TypeScript client is left out")
	}
	folder := copyExample(t, "typescript")
	packages := strings.TrimSpace(run(t, "../..", "scripts/npm.sh", "examples/typescript"))
	must(t, os.Symlink(filepath.Join(packages, "node_modules"), filepath.Join(folder, "node_modules")))
	run(t, folder, "npm", "run", "generate")
	run(t, folder, "npm", "run", "build")
	books(t, folder, "npm", "run", "--silent", "start")
}

// copyExample copies an example and the document to a place of their own, as they lie in the clone, without what was
// made there.
func copyExample(t *testing.T, name string) (folder string) {
	t.Helper()
	root := t.TempDir()
	folder = filepath.Join(root, "examples", name)
	source := filepath.Join("..", "..", "examples", name)
	must(t, filepath.WalkDir(source, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.Name() == "node_modules" || entry.Name() == "dist" {
			return filepath.SkipDir
		}
		to := filepath.Join(folder, strings.TrimPrefix(path, source))
		if entry.IsDir() {
			return os.MkdirAll(to, 0o755)
		}
		if entry.Name() == "client.gen.go" || entry.Name() == "amrutam.ts" {
			return nil
		}
		return copyFile(path, to)
	}))
	must(t, copyFile(filepath.Join("..", "..", "openapi.json"), filepath.Join(root, "openapi.json")))
	return folder
}

func copyFile(from, to string) error {
	text, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	return os.WriteFile(to, text, 0o644)
}

// run fails the test when the program does.
func run(t *testing.T, folder, program string, arguments ...string) (stdout string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, arguments...)
	cmd.Dir = folder
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", program, strings.Join(arguments, " "), err, out, &stderr)
	}
	return string(out)
}

var booked = regexp.MustCompile(`(?m)^booked (\S+) with \S.* at 20\S+: REQUESTED$`)

// books runs an example as a new patient, who has consented to nothing, and looks at what it did; then with a wrong
// password, which it must report.
func books(t *testing.T, folder, program string, arguments ...string) {
	t.Helper()
	c := apptest.Open(t)
	c.Slot(c.Doctor("500.00"), 48*time.Hour, 1)
	email := signUp(t, c)
	example := func(password string) (said string, err error) {
		cmd := exec.CommandContext(t.Context(), program, arguments...)
		cmd.Dir = folder
		cmd.Env = append(os.Environ(), "AMRUTAM_URL="+c.URL, "AMRUTAM_EMAIL="+email, "AMRUTAM_PASSWORD="+password)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	said, err := example(password)
	found := booked.FindStringSubmatch(said)
	if err != nil || found == nil {
		t.Fatalf("%v\n%s", err, said)
	}
	token := c.Post(apptest.User{}, "auth/login", object{"email": email, "password": password}).Want(200).
		Text("accessToken")
	c.Get(apptest.User{Token: token}, "consultations/"+found[1]).Want(200)
	said, err = example("not " + password)
	if err == nil || !strings.Contains(said, "/problems/invalid-credentials") {
		t.Errorf("with a wrong password: %v\n%s", err, said)
	}
}

var tokenInLink = regexp.MustCompile(`/verify-email\?token=([A-Za-z0-9_-]+)`)

// signUp makes a patient who can sign in with the password.
func signUp(t *testing.T, c *apptest.Clinic) (email string) {
	t.Helper()
	email = "client-" + uuid.NewString() + "@example.org"
	c.Post(apptest.User{}, "auth/signup",
		object{"email": email, "password": password, "fullName": "Asha Rao", "role": "PATIENT"}).Want(201)
	var token []string
	c.Await("mailed", func() bool {
		mails := c.Get(apptest.User{}, "/dev/mailbox.json?to="+url.QueryEscape(email)).Want(200)
		token = tokenInLink.FindStringSubmatch(string(mails.Body))
		return token != nil
	})
	c.Post(apptest.User{}, "auth/verify-email", object{"token": token[1]}).Want(204)
	return email
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
