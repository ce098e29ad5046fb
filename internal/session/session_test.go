package session_test

import (
	"net/url"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
	"amrutam/internal/config"
)

type object = map[string]any

var anonymous apptest.User

const (
	password    = "seven lamps light the well"
	newPassword = "nine boats cross the quiet lake"
)

// Tokens, addresses, numbers and parts of the passwords that the tests use.
var private = regexp.MustCompile(`@|%40|\b(at|rt)_|[A-Za-z0-9_-]{43}|lamps|boats|\+91|\(98123\)|98123(45|40)[0-9]{2}`)

// open starts a clinic, and checks at the end of the test that its log holds nothing private and no errors.
func open(t *testing.T, configure ...func(*config.Config)) *apptest.Clinic {
	t.Helper()
	c := apptest.Open(t, configure...)
	t.Cleanup(func() {
		for line := range strings.Lines(c.Log.String()) {
			if found := private.FindString(line); found != "" {
				t.Errorf("the log holds %q: %s", found, line)
			}
			if strings.Contains(line, `"level":"ERROR"`) {
				t.Errorf("the log holds an error: %s", line)
			}
		}
	})
	return c
}

func newEmail() string { return "asha-" + uuid.NewString()[:13] + "@example.org" }

func registration(email string, change ...func(object)) object {
	body := object{"email": email, "password": password, "fullName": "Meera Nair", "role": "PATIENT"}
	for _, f := range change {
		f(body)
	}
	return body
}

func credentials(email, password string) object { return object{"email": email, "password": password} }

// signUp signs a user up, verifies the address and returns it.
func signUp(t *testing.T, c *apptest.Clinic, change ...func(object)) string {
	t.Helper()
	email := newEmail()
	c.Post(anonymous, "auth/signup", registration(email, change...)).Want(201)
	c.Post(anonymous, "auth/verify-email", object{"token": awaitMail(t, c, email, "verify-email", 1)}).Want(204)
	return email
}

// session is what a client holds.
type session struct {
	user    apptest.User
	refresh string
}

func signIn(t *testing.T, c *apptest.Clinic, email, password string) session {
	t.Helper()
	return sessionOf(t, c.Post(anonymous, "auth/login", credentials(email, password)).Want(200))
}

// sessionOf returns the session that an answer has the tokens of.
func sessionOf(t *testing.T, a *apptest.Answer) session {
	t.Helper()
	id, err := uuid.Parse(a.Text("user", "id"))
	must(t, err)
	s := session{user: apptest.User{ID: id, Email: a.Text("user", "email"), Token: a.Text("accessToken")},
		refresh: a.Text("refreshToken")}
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

// awaitMail waits for the nth mail of a kind to an address, and returns the token of its link.
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

// mails are the texts of an address's mails of a kind, the newest first.
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
	waitFor(t, "the jobs' end", func() bool {
		return c.Count("SELECT count(*) FROM river_job WHERE state NOT IN ('completed', 'cancelled', "+
			"'discarded') AND kind <> 'partition.upkeep'") == 0
	})
}

func waitFor(t *testing.T, what string, there func() bool) {
	t.Helper()
	late := time.After(30 * time.Second)
	for !there() {
		select {
		case <-late:
			t.Fatalf("%s does not come", what)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

func countAudits(t *testing.T, c *apptest.Clinic, action, entity string) int {
	t.Helper()
	return c.Count("SELECT count(*) FROM audit_logs WHERE action = $1 AND entity_id = $2", action, entity)
}

func wantEqual(t *testing.T, what string, a, b any) {
	t.Helper()
	if !reflect.DeepEqual(a, b) {
		t.Errorf("%s: %v, want %v", what, a, b)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
