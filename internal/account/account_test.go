package account_test

import (
	"crypto/sha256"
	"net/url"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
	"amrutam/internal/config"
)

type object = map[string]any

// anonymous sends requests without a session.
var anonymous apptest.User

const (
	password      = "seven lamps light the well"
	newPassword   = "nine boats cross the quiet lake"
	wrongPassword = "wrong words, wrong words"
)

// privateText matches tokens, addresses, numbers and parts of the passwords that the tests use.
var privateText = regexp.MustCompile(
	`@|%40|\b(at|rt)_|[A-Za-z0-9_-]{43}|lamps|boats|\+91|\(98123\)|98123(45|40)[0-9]{2}`)

// open starts a clinic, and checks at the end of the test that its log contains nothing private and no errors.
func open(t *testing.T, configure ...func(*config.Config)) *apptest.Clinic {
	t.Helper()
	c := apptest.Open(t, configure...)
	t.Cleanup(func() {
		for line := range strings.Lines(c.Log.String()) {
			if found := privateText.FindString(line); found != "" {
				t.Errorf("the log contains %q: %s", found, line)
			}
			if strings.Contains(line, `"level":"ERROR"`) {
				t.Errorf("the log contains an error: %s", line)
			}
		}
	})
	return c
}

// newEmail returns an address that no other test uses.
func newEmail() string { return "asha-" + uuid.NewString()[:13] + "@example.org" }

// registration returns the body of a sign-up.
func registration(email string, change ...func(object)) object {
	body := object{"email": email, "password": password, "fullName": "Meera Nair", "role": "PATIENT"}
	for _, f := range change {
		f(body)
	}
	return body
}

// withPassword changes the password of a registration.
func withPassword(password string) func(object) {
	return func(body object) { body["password"] = password }
}

func credentials(email, password string) object { return object{"email": email, "password": password} }

// signUp signs a user up, verifies the address and returns it.
func signUp(t *testing.T, c *apptest.Clinic, change ...func(object)) string {
	t.Helper()
	email := newEmail()
	c.Post(anonymous, "auth/signup", registration(email, change...)).Want(201)
	verifyEmail(c, awaitMail(t, c, email, "verify-email", 1)).Want(204)
	return email
}

// session is what a client stores after a sign-in. The user has the access token.
type session struct {
	user    apptest.User
	refresh string
}

func login(c *apptest.Clinic, email, password string) *apptest.Answer {
	return c.Post(anonymous, "auth/login", credentials(email, password))
}

// signIn returns the new session of a user who has no second factor.
func signIn(t *testing.T, c *apptest.Clinic, email, password string) session {
	t.Helper()
	return sessionOf(t, login(c, email, password).Want(200))
}

// sessionOf returns the session that an answer has the tokens of.
func sessionOf(t *testing.T, a *apptest.Answer) session {
	t.Helper()
	id, err := uuid.Parse(a.Text("user", "id"))
	must(t, err)
	s := session{
		user:    apptest.User{ID: id, Email: a.Text("user", "email"), Token: a.Text("accessToken")},
		refresh: a.Text("refreshToken"),
	}
	if !strings.HasPrefix(s.user.Token, "at_") || !strings.HasPrefix(s.refresh, "rt_") {
		t.Fatalf("tokens: %s", a.Body)
	}
	return s
}

func refresh(c *apptest.Clinic, token string) *apptest.Answer {
	return c.Post(anonymous, "auth/refresh-token", object{"refreshToken": token})
}

// wantEnded fails the test if a token of the session still works.
func wantEnded(t *testing.T, c *apptest.Clinic, s session) {
	t.Helper()
	c.Get(s.user, "users/me").Want(401, "unauthenticated")
	refresh(c, s.refresh).Want(401, "invalid-refresh-token")
}

var tokenInMail = regexp.MustCompile(`token=([A-Za-z0-9_-]+)`)

// awaitMail waits for the nth mail of a kind to an address, and returns the token of its link, or "" if it has none.
func awaitMail(t *testing.T, c *apptest.Clinic, to, kind string, n int) string {
	t.Helper()
	var token string
	waitFor(t, "mail "+kind, func() bool {
		found := mails(t, c, to, kind)
		if len(found) > n {
			t.Fatalf("%d mails of kind %s, want %d", len(found), kind, n)
		}
		if len(found) < n {
			return false
		}
		if m := tokenInMail.FindStringSubmatch(found[0]); m != nil { // the newest is first
			token = m[1]
		}
		return true
	})
	return token
}

// mails returns the texts of an address's mails of a kind, the newest first.
func mails(t *testing.T, c *apptest.Clinic, to, kind string) []string {
	t.Helper()
	var found []string
	for _, m := range c.Get(anonymous, "/dev/mailbox.json?to="+url.QueryEscape(to)).Want(200).Items() {
		if text, ok := m["text"].(string); ok && m["kind"] == kind {
			found = append(found, text)
		}
	}
	return found
}

// awaitJobs waits until every job of the test has run: a mail that wasn't sent by then won't be.
func awaitJobs(t *testing.T, c *apptest.Clinic) {
	t.Helper()
	waitFor(t, "the end of all jobs", func() bool {
		return c.Count("SELECT count(*) FROM river_job WHERE state NOT IN ('completed', 'cancelled', "+
			"'discarded') AND kind <> 'partition.upkeep'") == 0
	})
}

// waitFor waits until done returns true, and fails the test after 30 s.
func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	timeout := time.After(30 * time.Second)
	for !done() {
		select {
		case <-timeout:
			t.Fatalf("waited too long for %s", what)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func countAudits(t *testing.T, c *apptest.Clinic, action, entity string) int {
	t.Helper()
	return c.Count("SELECT count(*) FROM audit_logs WHERE action = $1 AND entity_id = $2", action, entity)
}

// hashOf returns the SHA-256 of a token, which the database stores in its place.
func hashOf(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// burstSize is how many passwords a test sends at the same time: 20, or as many as the queue of a small machine takes.
func burstSize() int { return min(20, 16*runtime.GOMAXPROCS(0)) }

// fillHashing takes every place for a running hash until release is called: passwords wait in the queue meanwhile.
func fillHashing(c *apptest.Clinic) (release func()) {
	running := c.App.Passwords.Running
	for range cap(running) {
		running <- struct{}{}
	}
	return func() {
		for range cap(running) {
			<-running
		}
	}
}

// fillQueue takes every place in the queue for hashing until release is called: passwords are refused meanwhile.
func fillQueue(c *apptest.Clinic) (release func()) {
	passwords := c.App.Passwords
	passwords.Waiting.Add(passwords.MaxWaiting)
	return func() { passwords.Waiting.Add(-passwords.MaxWaiting) }
}

// withoutRequestID returns an answer's body without the request id, which differs each time.
func withoutRequestID(a *apptest.Answer) object {
	m := a.Map()
	delete(m, "requestId")
	return m
}

func wantEqual(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// fieldErrors returns the messages of a 422 by their locations.
func fieldErrors(t *testing.T, a *apptest.Answer) map[string]string {
	t.Helper()
	messages := map[string]string{}
	list, _ := a.At("errors").([]any)
	for _, item := range list {
		m, ok := item.(object)
		if !ok {
			t.Fatalf("errors: %s", a.Body)
		}
		location, _ := m["location"].(string)
		messages[location], _ = m["message"].(string)
	}
	return messages
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
