package account_test

import (
	"crypto/sha256"
	"net/url"
	"os"
	"reflect"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/account"
	"amrutam/internal/apptest"
	"amrutam/internal/config"
)

func TestMain(m *testing.M) {
	account.CheapHashes()
	os.Exit(m.Run())
}

type object = map[string]any

var nobody apptest.User

const (
	password    = "seven lamps light the well"
	newPassword = "nine boats cross the quiet lake"
)

// Tokens, addresses, numbers and parts of the passwords that the tests use.
var private = regexp.MustCompile(`@|%40|\b(at|rt)_|[A-Za-z0-9_-]{43}|lamps|boats|\+91|\(98123\)|98123(45|40)[0-9]{2}`)

// open starts a clinic whose log, at the end of the test, must hold nothing private and no failure.
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

func fresh() string { return "asha-" + uuid.NewString()[:13] + "@example.org" }

func registration(email string, change ...func(object)) object {
	body := object{"email": email, "password": password, "fullName": "Meera Nair", "role": "PATIENT"}
	for _, f := range change {
		f(body)
	}
	return body
}

func credentials(email, password string) object { return object{"email": email, "password": password} }

// verified signs somebody up and proves the address.
func verified(t *testing.T, c *apptest.Clinic, change ...func(object)) string {
	t.Helper()
	email := fresh()
	c.Post(nobody, "auth/signup", registration(email, change...)).Want(201)
	c.Post(nobody, "auth/verify-email", object{"token": mailed(t, c, email, "verify-email", 1)}).Want(204)
	return email
}

// session is what a client holds.
type session struct {
	user    apptest.User
	refresh string
}

func signIn(t *testing.T, c *apptest.Clinic, email, password string) session {
	t.Helper()
	return held(t, c.Post(nobody, "auth/login", credentials(email, password)).Want(200))
}

// held are the tokens of an answer.
func held(t *testing.T, a *apptest.Answer) session {
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
	return c.Post(nobody, "auth/refresh-token", object{"refreshToken": token})
}

// dead fails unless neither token of the session works any more.
func dead(t *testing.T, c *apptest.Clinic, s session) {
	t.Helper()
	c.Get(s.user, "users/me").Want(401, "unauthenticated")
	refresh(c, s.refresh).Want(401, "invalid-refresh-token")
}

var tokenInMail = regexp.MustCompile(`token=([A-Za-z0-9_-]+)`)

// mailed waits for the nth mail of a kind to an address, and gives the token of its link.
func mailed(t *testing.T, c *apptest.Clinic, to, kind string, n int) string {
	t.Helper()
	var token string
	wait(t, "mail "+kind, func() bool {
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
	for _, m := range c.Get(nobody, "/dev/mailbox.json?to="+url.QueryEscape(to)).Want(200).Items() {
		if text, ok := m["text"].(string); ok && m["kind"] == kind {
			found = append(found, text)
		}
	}
	return found
}

// quiet waits until every job that the test caused has run, so that a mail which isn't there won't come.
func quiet(t *testing.T, c *apptest.Clinic) {
	t.Helper()
	wait(t, "the jobs' end", func() bool {
		return c.Count("SELECT count(*) FROM river_job WHERE state NOT IN ('completed', 'cancelled', "+
			"'discarded') AND kind <> 'partition.upkeep'") == 0
	})
}

func wait(t *testing.T, what string, there func() bool) {
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

func audited(t *testing.T, c *apptest.Clinic, action, entity string) int {
	t.Helper()
	return c.Count("SELECT count(*) FROM audit_logs WHERE action = $1 AND entity_id = $2", action, entity)
}

func sha(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// crowd is how many passwords arrive at once: 20, or what the queue of a smaller machine takes.
func crowd() int { return min(20, 16*runtime.GOMAXPROCS(0)) }

// crowds take turns: together they would fill the queue for passwords, which all servers of this process share.
var crowds sync.Mutex

// atOnce runs do n times at once and gives what each gave.
func atOnce[T any](n int, do func(i int) T) []T {
	out := make([]T, n)
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			<-start
			out[i] = do(i)
		})
	}
	close(start)
	all.Wait()
	return out
}

// withoutRequestID is an answer's body but for the one member that differs each time.
func withoutRequestID(a *apptest.Answer) object {
	m := a.Map()
	delete(m, "requestId")
	return m
}

func same(t *testing.T, what string, a, b any) {
	t.Helper()
	if !reflect.DeepEqual(a, b) {
		t.Errorf("%s: %v, want %v", what, a, b)
	}
}

// faultsOf are the places and messages of a 422.
func faultsOf(t *testing.T, a *apptest.Answer) map[string]string {
	t.Helper()
	found := map[string]string{}
	list, _ := a.At("errors").([]any)
	for _, one := range list {
		m, ok := one.(object)
		if !ok {
			t.Fatalf("errors: %s", a.Body)
		}
		place, _ := m["location"].(string)
		found[place], _ = m["message"].(string)
	}
	return found
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
