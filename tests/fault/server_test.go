// Package fault kills and cuts the real program and looks at what is left.
package fault_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
)

type object = map[string]any

// patience is how long anything may take on a machine that does other things too.
const patience = 60 * time.Second

var folder string

func TestMain(m *testing.M) {
	os.Exit(func() int {
		var err error
		if folder, err = os.MkdirTemp("", "amrutam-fault-"); err != nil {
			panic(err)
		}
		defer func() { _ = os.RemoveAll(folder) }()
		return m.Run()
	}())
}

// sealedWith is the key of a database that isn't the data folder's: no other is made beside it.
const sealedWith = "AMRUTAM_MASTER_KEY=2qPbuuHBcGc6Dn0Ia3zDo9nHVkRhNhvs01ykUEd4sBk="

const release = "v1.2.0-test"

// program builds the real one, once.
var program = sync.OnceValues(func() (string, error) {
	path := filepath.Join(folder, "amrutam")
	out, err := exec.Command("go", "build", "-ldflags", "-X main.built="+release, "-o", path, "amrutam/cmd/amrutam").
		CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	return path, nil
})

// server is a running `amrutam serve`.
type server struct {
	t   *testing.T
	cmd *exec.Cmd
	// client compares every answer with the document.
	client *http.Client
	addr   string
	log    *log
	done   chan error
	// stdout is whole once the server listens.
	stdout *log
}

type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// command runs the program with these variables and nothing of the test's own settings but where PostgreSQL is.
func command(t *testing.T, variables []string, arguments ...string) *exec.Cmd {
	t.Helper()
	path, err := program()
	must(t, err)
	cmd := exec.Command(path, arguments...) //nolint:noctx // the test stops it
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "HOME=" + os.Getenv("HOME"), "PGBIN=" + os.Getenv("PGBIN"),
		"XDG_CACHE_HOME=" + os.Getenv("XDG_CACHE_HOME"), "AMRUTAM_METRICS_LISTEN=off", "AMRUTAM_LOG_FORMAT=json"},
		variables...)
	return cmd
}

// serve starts the program and waits until it listens.
func serve(t *testing.T, variables []string, arguments ...string) *server {
	t.Helper()
	s := &server{t: t, cmd: command(t, variables, append([]string{"serve"}, arguments...)...), log: &log{},
		stdout: &log{}, done: make(chan error, 1), client: apptest.NewClient(t)}
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
	case <-time.After(patience):
		t.Fatalf("the server does not listen\n%s", s.log)
	}
	return s
}

// kill is kill -9.
func (s *server) kill() {
	s.t.Helper()
	must(s.t, s.cmd.Process.Kill())
	if err := <-s.done; err == nil {
		s.t.Fatal("the server was killed, but says it ended cleanly")
	}
}

// stop sends SIGTERM and waits for a clean end.
func (s *server) stop() {
	s.t.Helper()
	must(s.t, s.cmd.Process.Signal(syscall.SIGTERM))
	s.ended()
}

func (s *server) ended() {
	s.t.Helper()
	select {
	case err := <-s.done:
		if err != nil {
			s.t.Fatalf("the server did not end cleanly: %v\n%s", err, s.log)
		}
	case <-time.After(patience):
		s.t.Fatalf("the server does not end\n%s", s.log)
	}
}

// answer of the server.
type answer struct {
	status int
	header http.Header
	body   object
}

func (a answer) text(name string) string { s, _ := a.body[name].(string); return s }

// ask sends one request; the error is the network's.
func (s *server) ask(method, path, token, key string, body any) (answer, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return answer{}, err
	}
	r, err := http.NewRequestWithContext(context.Background(), method, "http://"+s.addr+path, bytes.NewReader(text))
	if err != nil {
		return answer{}, err
	}
	r.Header.Set("Content-Type", "application/json")
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	if key != "" {
		r.Header.Set("Idempotency-Key", key)
	}
	response, err := s.client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	said, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, err
	}
	a := answer{status: response.StatusCode, header: response.Header}
	if len(said) > 0 && json.Unmarshal(said, &a.body) != nil {
		return a, errors.New("the answer was cut")
	}
	return a, nil
}

// want is ask for what must work.
func (s *server) want(status int, method, path, token, key string, body any) answer {
	s.t.Helper()
	a, err := s.ask(method, path, token, key, body)
	must(s.t, err)
	if a.status != status {
		s.t.Fatalf("%s %s: status %d instead of %d: %v", method, path, a.status, status, a.body)
	}
	return a
}

var token = regexp.MustCompile(`verify-email\?token=([A-Za-z0-9_-]+)`)

const password = "nine boats cross the quiet lake"

// join signs somebody up and in, has a patient consent to treatment, and gives the access token.
func (s *server) join(email, role string) string {
	s.t.Helper()
	s.want(201, "POST", "/api/v1/auth/signup", "", "",
		object{"email": email, "password": password, "fullName": "Test Person", "role": role})
	s.await("a mail", func() bool {
		found := token.FindStringSubmatch(fmt.Sprint(s.want(200, "GET", "/dev/mailbox.json?to="+email, "", "", nil).
			body))
		if found == nil {
			return false
		}
		s.want(204, "POST", "/api/v1/auth/verify-email", "", "", object{"token": found[1]})
		return true
	})
	if role == "PATIENT" {
		session := s.signIn(email)
		s.want(201, "POST", "/api/v1/consents", session, "", object{"purpose": "TREATMENT", "noticeVersion": 1})
		return session
	}
	return s.signIn(email)
}

func (s *server) signIn(email string) string {
	s.t.Helper()
	return s.want(200, "POST", "/api/v1/auth/login", "", "", object{"email": email, "password": password}).
		text("accessToken")
}

// enrol sets up the second factor that staff needs.
func (s *server) enrol(token string) string {
	s.t.Helper()
	secret := s.want(200, "POST", "/api/v1/auth/enable-mfa", token, "", nil).text("secret")
	code, err := totp.GenerateCode(secret, time.Now())
	must(s.t, err)
	s.want(200, "POST", "/api/v1/auth/confirm-mfa", token, "", object{"otp": code})
	return token
}

// await asks until look finds it.
func (s *server) await(what string, look func() bool) {
	s.t.Helper()
	for deadline := time.Now().Add(patience); ; {
		if look() {
			return
		}
		if time.Now().After(deadline) {
			s.t.Fatalf("%s did not come\n%s", what, s.log)
		}
		<-time.After(20 * time.Millisecond)
	}
}

func (s *server) ready(want int) func() bool {
	return func() bool {
		a, err := s.ask("GET", "/health/ready", "", "", nil)
		return err == nil && a.status == want
	}
}

// run runs another command to its end.
func run(t *testing.T, variables []string, input string, arguments ...string) (string, error) {
	t.Helper()
	cmd := command(t, variables, arguments...)
	cmd.Stdin = strings.NewReader(input)
	defer time.AfterFunc(patience, func() { _ = cmd.Process.Kill() }).Stop()
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// With another master key nothing could be read, and what is written would be lost when the right one is back: the
// server doesn't start, and the data stays good.
func TestAnotherMasterKey(t *testing.T) {
	t.Parallel()
	variables := []string{"AMRUTAM_DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "AMRUTAM_LISTEN=127.0.0.1:0"}
	s := serve(t, variables)
	s.join("patient@example.org", "PATIENT")
	s.stop()
	for _, arguments := range [][]string{{"serve"}, {"admin", "create", "--email", "admin@example.org", "--name",
		"Ad Min"}} {
		out, err := run(t, append(variables, "AMRUTAM_MASTER_KEY="+strings.Repeat("A", 43)+"="), password+"\n",
			arguments...)
		if err == nil || !strings.Contains(out, "AMRUTAM_MASTER_KEY") || strings.Contains(out, "listening") {
			t.Errorf("%s with another key: %v\n%s", arguments[0], err, out)
		}
	}
	s = serve(t, variables)
	s.want(200, "GET", "/api/v1/users/me", s.signIn("patient@example.org"), "", nil)
	s.stop()
}
