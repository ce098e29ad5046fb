// Package fault kills and interrupts the real program and checks that nothing is lost or half done.
package fault_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/pquerna/otp/totp"

	"amrutam/internal/apptest"
	"amrutam/internal/postgres"
	"amrutam/internal/postgres/cluster"
	"amrutam/internal/testdb"
)

type object = map[string]any

// timeout limits each wait, even on a busy machine.
const timeout = 60 * time.Second

// tempDir contains the program.
var tempDir string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if tempDir, err = os.MkdirTemp("", "amrutam-fault-"); err != nil {
			panic(err)
		}
		defer func() { _ = os.RemoveAll(tempDir) }()
		return m.Run()
	}())
}

// masterKeyVariable is the setting that must be given together with DATABASE_URL.
const masterKeyVariable = "AMRUTAM_MASTER_KEY=2qPbuuHBcGc6Dn0Ia3zDo9nHVkRhNhvs01ykUEd4sBk="

const release = "v1.2.0-test"

// buildProgram builds the program, once, and returns its path.
var buildProgram = sync.OnceValues(func() (string, error) {
	return apptest.BuildProgram(tempDir, "-ldflags", "-X main.built="+release)
})

// server is a running `amrutam serve`.
type server struct {
	t   *testing.T
	cmd *exec.Cmd
	// client compares every response with openapi.json.
	client *http.Client
	addr   string
	log    *outputBuffer
	done   chan error
	// stdout has everything, for example the password of the demo users, before the server listens.
	stdout *outputBuffer
}

// outputBuffer collects the output of a process.
type outputBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *outputBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *outputBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// newCommand prepares the program with these environment variables. Of the test's own environment it passes on only
// what the program needs to find PostgreSQL.
func newCommand(t *testing.T, variables []string, arguments ...string) *exec.Cmd {
	t.Helper()
	path, err := buildProgram()
	must(t, err)
	cmd := exec.Command(path, arguments...) //nolint:noctx // the test stops it
	cmd.Env = apptest.ProgramEnvironment(variables...)
	return cmd
}

// newDatabase creates a migrated database in the PostgreSQL of all tests, for tests that kill only the server, and
// returns its address for DATABASE_URL.
func newDatabase(t *testing.T) (dsn string) {
	t.Helper()
	return testdb.New(t, testdb.Migrate, postgres.Fingerprint())
}

// startPostgres starts a PostgreSQL on a data folder. Tests set its address as DATABASE_URL.
func startPostgres(t *testing.T, data string) *cluster.Cluster {
	t.Helper()
	c, err := cluster.Start(context.Background(),
		cluster.Options{DataDir: data, Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	t.Cleanup(func() { _ = c.Stop(context.Background()) })
	return c
}

// createAdmin creates the administrator admin@example.org.
func createAdmin(t *testing.T, variables []string) {
	t.Helper()
	_, err := runCommand(t, variables, password+"\n",
		"admin", "create", "--email", "admin@example.org", "--name", "Test Admin")
	must(t, err)
}

// startServer starts `amrutam serve` and waits until it listens.
func startServer(t *testing.T, variables []string, arguments ...string) *server {
	t.Helper()
	log := &outputBuffer{}
	s := &server{
		t:      t,
		cmd:    newCommand(t, variables, append([]string{"serve"}, arguments...)...),
		client: apptest.NewClient(t, log),
		log:    log,
		stdout: &outputBuffer{},
		done:   make(chan error, 1),
	}
	stderr, err := s.cmd.StderrPipe()
	must(t, err)
	s.cmd.Stdout = s.stdout
	must(t, s.cmd.Start())
	listening := make(chan string, 1)
	go func() {
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			_, _ = fmt.Fprintln(s.log, lines.Text())
			var line struct{ Msg, Addr string }
			if json.Unmarshal(lines.Bytes(), &line) == nil && line.Msg == "listening" {
				listening <- line.Addr
			}
		}
		s.done <- s.cmd.Wait()
	}()
	t.Cleanup(func() { _ = s.cmd.Process.Kill() })
	select {
	case s.addr = <-listening:
	case err := <-s.done:
		t.Fatalf("the server ended: %v\n%s", err, s.log)
	case <-time.After(timeout):
		t.Fatalf("the server did not start to listen\n%s", s.log)
	}
	return s
}

// kill sends SIGKILL and waits for the exit.
func (s *server) kill() {
	s.t.Helper()
	must(s.t, s.cmd.Process.Kill())
	if err := <-s.done; err == nil {
		s.t.Fatal("the server was killed, but its exit code is 0")
	}
}

// stop sends SIGTERM and waits for a clean exit.
func (s *server) stop() {
	s.t.Helper()
	must(s.t, s.cmd.Process.Signal(syscall.SIGTERM))
	s.awaitExit()
}

// awaitExit waits until the server has exited, and checks that its exit code is 0.
func (s *server) awaitExit() {
	s.t.Helper()
	select {
	case err := <-s.done:
		if err != nil {
			s.t.Fatalf("the server did not exit cleanly: %v\n%s", err, s.log)
		}
	case <-time.After(timeout):
		s.t.Fatalf("the server did not exit\n%s", s.log)
	}
}

// response is the status, the header and the JSON body of a response.
type response struct {
	status int
	header http.Header
	body   object
}

func (r response) text(name string) string { s, _ := r.body[name].(string); return s }

// request sends one request. It returns an error if no complete response arrives.
func (s *server) request(method, path, token, key string, body any) (response, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return response{}, err
	}
	r, err := http.NewRequestWithContext(context.Background(), method, "http://"+s.addr+path, bytes.NewReader(text))
	if err != nil {
		return response{}, err
	}
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	httpResponse, err := s.client.Do(r)
	if err != nil {
		return response{}, err
	}
	defer func() { _ = httpResponse.Body.Close() }()
	responseBody, err := io.ReadAll(httpResponse.Body)
	if err != nil {
		return response{}, err
	}
	a := response{status: httpResponse.StatusCode, header: httpResponse.Header}
	if len(responseBody) > 0 && json.Unmarshal(responseBody, &a.body) != nil {
		return a, errors.New("the response is incomplete")
	}
	return a, nil
}

// expect sends a request and fails the test if the status is another one.
func (s *server) expect(status int, method, path, token, key string, body any) response {
	s.t.Helper()
	a, err := s.request(method, path, token, key, body)
	must(s.t, err)
	if a.status != status {
		s.t.Fatalf("%s %s: status %d instead of %d: %v", method, path, a.status, status, a.body)
	}
	return a
}

var verifyTokenPattern = regexp.MustCompile(`verify-email\?token=([A-Za-z0-9_-]+)`)

const password = "nine boats cross the quiet lake"

// signUpAndSignIn signs a user up and in, gives a patient's consent to treatment, and returns the access token.
func (s *server) signUpAndSignIn(email, role string) string {
	s.t.Helper()
	s.expect(201, "POST", "/api/v1/auth/signup", "", "",
		object{"email": email, "password": password, "fullName": "Test Person", "role": role})
	s.waitFor("a mail", func() bool {
		mailbox := s.expect(200, "GET", "/dev/mailbox.json?to="+email, "", "", nil)
		found := verifyTokenPattern.FindStringSubmatch(fmt.Sprint(mailbox.body))
		if found == nil {
			return false
		}
		s.expect(204, "POST", "/api/v1/auth/verify-email", "", "", object{"token": found[1]})
		return true
	})
	if role == "PATIENT" {
		token := s.signIn(email)
		s.expect(201, "POST", "/api/v1/consents", token, "", object{"purpose": "TREATMENT", "noticeVersion": 1})
		return token
	}
	return s.signIn(email)
}

func (s *server) signIn(email string) string {
	s.t.Helper()
	answer := s.expect(200, "POST", "/api/v1/auth/login", "", "", object{"email": email, "password": password})
	return answer.text("accessToken")
}

// createApprovedDoctor signs up a doctor without a fee, approves them with the token of an administrator, and returns
// the doctor's access token.
func (s *server) createApprovedDoctor(adminToken string) string {
	s.t.Helper()
	doctor := s.signUpAndSignIn("doctor@example.org", "DOCTOR")
	profile := s.expect(201, "POST", "/api/v1/doctors", doctor, "", object{
		"specialization":     "Kayachikitsa",
		"yearsOfExperience":  3,
		"registrationNumber": "FAULT-1",
		"consultationFee":    "0.00",
		"languagesSpoken":    []string{"en"},
	})
	s.expect(200, "PATCH", "/api/v1/doctors/"+profile.text("id")+"/approve", adminToken, "", object{"approved": true})
	return doctor
}

// enableMFA sets up the second factor that staff need, and returns the token that it was given.
func (s *server) enableMFA(token string) string {
	s.t.Helper()
	secret := s.expect(200, "POST", "/api/v1/auth/enable-mfa", token, "", nil).text("secret")
	code, err := totp.GenerateCode(secret, time.Now())
	must(s.t, err)
	s.expect(200, "POST", "/api/v1/auth/confirm-mfa", token, "", object{"otp": code})
	return token
}

// waitFor repeats check until it returns true. what names the expected change in the error.
func (s *server) waitFor(what string, check func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(timeout); ; {
		if check() {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("waiting for %s took too long\n%s", what, s.log)
		}
		<-time.After(20 * time.Millisecond)
	}
}

// readyStatusIs returns a check, for waitFor, that /health/ready returns the status.
func (s *server) readyStatusIs(want int) func() bool {
	return func() bool {
		a, err := s.request("GET", "/health/ready", "", "", nil)
		return err == nil && a.status == want
	}
}

// runCommand runs a command until it exits, and returns its standard output and standard error.
func runCommand(t *testing.T, variables []string, input string, arguments ...string) (string, error) {
	t.Helper()
	cmd := newCommand(t, variables, arguments...)
	cmd.Stdin = strings.NewReader(input)
	defer time.AfterFunc(timeout, func() { _ = cmd.Process.Kill() }).Stop()
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestServeRefusesOtherMasterKey: with another master key the server could read nothing, and new data would be lost
// when the right key is set again. So it doesn't start, and the data is not changed.
func TestServeRefusesOtherMasterKey(t *testing.T) {
	t.Parallel()
	variables := []string{"AMRUTAM_DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "AMRUTAM_LISTEN=127.0.0.1:0"}
	s := startServer(t, variables)
	s.signUpAndSignIn("patient@example.org", "PATIENT")
	s.stop()
	otherKey := append(variables, "AMRUTAM_MASTER_KEY="+strings.Repeat("A", 43)+"=")
	for _, arguments := range [][]string{
		{"serve"},
		{"admin", "create", "--email", "admin@example.org", "--name", "Test Admin"},
	} {
		out, err := runCommand(t, otherKey, password+"\n", arguments...)
		if err == nil || !strings.Contains(out, "AMRUTAM_MASTER_KEY") || strings.Contains(out, "listening") {
			t.Errorf("%s with another key: %v\n%s", arguments[0], err, out)
		}
	}
	s = startServer(t, variables)
	s.expect(200, "GET", "/api/v1/users/me", s.signIn("patient@example.org"), "", nil)
	s.stop()
}
