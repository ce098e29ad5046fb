package account_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/alexedwards/argon2id"
	"github.com/google/uuid"

	"amrutam/internal/apptest"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := signUp(t, c)
	a := c.Do(anonymous, "POST", "auth/login", credentials(" "+strings.ToUpper(email)+" ", password),
		"User-Agent", strings.Repeat("é", 400)).Want(200)
	wantEqual(t, "tokenType", a.Text("tokenType"), "Bearer")
	wantEqual(t, "expiresIn", a.At("expiresIn"), 900.0)
	wantEqual(t, "email", a.Text("user", "email"), email)
	wantEqual(t, "isEmailVerified", a.At("user", "isEmailVerified"), true)
	wantEqual(t, "Cache-Control", a.Header.Get("Cache-Control"), "no-store")
	s := sessionOf(t, a)
	wantEqual(t, "id", c.Get(s.user, "users/me").Want(200).Text("id"), s.user.ID.String())
	userAgent := apptest.QueryOne[string](t, c, "SELECT user_agent FROM sessions")
	wantEqual(t, "User-Agent", userAgent, strings.Repeat("é", 300))
	wantEqual(t, "hashes of tokens", c.Count("SELECT count(*) FROM session_tokens WHERE hash IN ($1, $2)",
		hashOf(s.user.Token), hashOf(s.refresh)), 2)
	id := apptest.QueryOne[uuid.UUID](t, c, "SELECT id FROM sessions").String()
	wantEqual(t, "audit rows", countAudits(t, c, "session.start", id), 1)

	other := signIn(t, c, email, password)
	c.Get(s.user, "users/me").Want(200)
	c.Get(apptest.User{Token: s.refresh}, "users/me").Want(401, "unauthenticated")
	c.Get(apptest.User{Token: other.user.Token + "x"}, "users/me").Want(401, "unauthenticated")
}

func TestSignInHidesWhichAddressesAreKnown(t *testing.T) {
	t.Parallel()
	c := open(t)
	email, disabled, deleted := signUp(t, c), signUp(t, c), signUp(t, c)
	unverified, admin := newEmail(), c.Admin()
	c.Exec("UPDATE users SET disabled_at = now() WHERE email = $1", disabled)
	c.Exec("UPDATE users SET deleted_at = now() WHERE email = $1", deleted)
	c.Post(anonymous, "auth/signup", registration(unverified)).Want(201)

	unknown := login(c, newEmail(), password).Want(401, "invalid-credentials")
	headers := func(a *apptest.Answer) http.Header {
		h := a.Header.Clone()
		h.Del("X-Request-Id")
		h.Del("Date")
		return h
	}
	for name, in := range map[string]object{
		"wrong password":                     credentials(email, newPassword),
		"almost the password":                credentials(email, password+" "),
		"the password in upper case":         credentials(email, strings.ToUpper(password)),
		"disabled, right password":           credentials(disabled, password),
		"disabled, wrong password":           credentials(disabled, newPassword),
		"deleted, right password":            credentials(deleted, password),
		"not verified, wrong password":       credentials(unverified, newPassword),
		"a user without a password":          credentials(admin.Email, "none"),
		"no address at all":                  credentials("nobody", password),
		"an address in another Unicode form": credentials("\u212bsha@example.org", password),
	} {
		a := c.Post(anonymous, "auth/login", in).Want(401, "invalid-credentials")
		wantEqual(t, name+": body", withoutRequestID(a), withoutRequestID(unknown))
		wantEqual(t, name+": headers", headers(a), headers(unknown))
	}
	login(c, unverified, password).Want(403, "email-not-verified")
	wantEqual(t, "sessions", c.Count("SELECT count(*) FROM sessions WHERE user_id <> $1", admin.ID), 0)
	reasons := apptest.QueryOne[string](t, c, `SELECT string_agg(DISTINCT metadata->>'reason', ' '
		ORDER BY metadata->>'reason') FROM audit_logs WHERE action = 'session.refuse'`)
	wantEqual(t, "reasons", reasons, "disabled email-not-verified unknown-address wrong-password")
	wantEqual(t, "audit rows", c.Count("SELECT count(*) FROM audit_logs WHERE action = 'session.refuse'"), 12)
	c.Post(anonymous, "auth/login", object{"email": email}).Want(422)
	login(c, email, "").Want(422)
	login(c, email, strings.Repeat("x", 1025)).Want(422)
}

// storeWeakHash gives all users a hash of the password with weaker parameters than the current ones, and returns it.
func storeWeakHash(t *testing.T, c *apptest.Clinic) string {
	t.Helper()
	hash, err := argon2id.CreateHash(password, &argon2id.Params{Memory: 8 << 10, Iterations: 1, Parallelism: 1,
		SaltLength: 16, KeyLength: 32})
	must(t, err)
	c.Exec("UPDATE users SET password_hash = $1", hash)
	return hash
}

func TestSignInRenewsOutdatedHash(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := signUp(t, c)
	weak := storeWeakHash(t, c)
	readHash := func() string { return apptest.QueryOne[string](t, c, "SELECT password_hash FROM users") }
	login(c, email, newPassword).Want(401)
	wantEqual(t, "hash after a wrong password", readHash(), weak)
	s := signIn(t, c, email, password)
	renewed := readHash()
	p := c.App.Passwords.Params
	prefix := fmt.Sprintf("$argon2id$v=19$m=%d,t=%d,p=%d$", p.Memory, p.Iterations, p.Parallelism)
	if !strings.HasPrefix(renewed, prefix) {
		t.Errorf("the hash is %.40s", renewed)
	}
	c.Get(s.user, "users/me").Want(200)
	signIn(t, c, email, password)
	wantEqual(t, "hash after another sign-in", readHash(), renewed)
}

// TestSignInDuringRehash checks that a sign-in succeeds if another one renews the hash after it has compared the
// password and before it stores its session.
func TestSignInDuringRehash(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := signUp(t, c)
	renewed := apptest.QueryOne[string](t, c, "SELECT password_hash FROM users")
	storeWeakHash(t, c)
	release := lock(t, c, "SELECT FROM users FOR UPDATE")
	answer := make(chan *apptest.Answer, 1)
	go func() { answer <- login(c, email, password) }()
	awaitLockWaiters(t, c, 1)
	release("UPDATE users SET password_hash = $1", renewed)
	c.Get(sessionOf(t, (<-answer).Want(200)).user, "users/me").Want(200)

	storeWeakHash(t, c)
	answers := apptest.Concurrently(8, func(int) *apptest.Answer { return login(c, email, password) })
	for _, a := range answers {
		c.Get(sessionOf(t, a.Want(200)).user, "users/me").Want(200)
	}
}

func TestDisabledAndDeletedUsersAreSignedOut(t *testing.T) {
	t.Parallel()
	c := open(t)
	for _, column := range []string{"disabled_at", "deleted_at"} {
		email := signUp(t, c)
		s := signIn(t, c, email, password)
		c.Exec("UPDATE users SET "+column+" = now() WHERE id = $1", s.user.ID)
		wantEnded(t, c, s)
		c.Post(anonymous, "auth/request-password-reset", object{"email": email}).Want(202)
		awaitJobs(t, c)
		wantEqual(t, column+": reset mails", len(mails(t, c, email, "reset-password")), 0)
	}
}

// TestHashingIsBoundedAndUniform checks that passwords are refused when the queue for hashing is full, and that every
// request with a password waits for a hash, whether the address is known or not.
func TestHashingIsBoundedAndUniform(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	email := signUp(t, c)
	s := signIn(t, c, email, password)
	c.Exec("UPDATE users SET password_reset_token = $1, password_reset_expiry = now() + interval '1 hour'",
		hashOf("reset"))
	type request struct {
		path string
		user apptest.User
		body object
		want int
	}
	requests := map[string]request{
		"sign-in":                   {"auth/login", anonymous, credentials(email, password), 200},
		"wrong password":            {"auth/login", anonymous, credentials(email, newPassword), 401},
		"unknown address":           {"auth/login", anonymous, credentials(newEmail(), password), 401},
		"a user without a password": {"auth/login", anonymous, credentials(c.Admin().Email, password), 401},
		"sign-up":                   {"auth/signup", anonymous, registration(newEmail()), 201},
		"taken address":             {"auth/signup", anonymous, registration(email), 201},
		"reset": {"auth/reset-password", anonymous,
			object{"token": "reset", "newPassword": password}, 204},
		"wrong current password": {"auth/change-password", s.user,
			object{"currentPassword": "wrong", "newPassword": newPassword}, 401},
	}
	releaseHashing := fillHashing(c)
	releaseQueue := fillQueue(c)
	for name, r := range requests {
		a := c.Post(r.user, r.path, r.body).Want(503, "busy")
		// The number is random, so that not all clients retry at the same time.
		if seconds := a.Header.Get("Retry-After"); !slices.Contains([]string{"1", "2", "3"}, seconds) {
			t.Errorf("%s: Retry-After: %q", name, seconds)
		}
	}
	releaseQueue()
	// Each request waits in the queue once, and is not answered before.
	delete(requests, "reset") // it would end the session of the others
	for name, r := range requests {
		answer := make(chan *apptest.Answer, 1)
		go func() { answer <- c.Post(r.user, r.path, r.body) }()
		waitFor(t, name+" in the queue", func() bool { return c.App.Passwords.Waiting.Load() == 1 })
		if len(answer) > 0 {
			t.Errorf("%s is answered without hashing", name)
		}
		releaseHashing()
		(<-answer).Want(r.want)
		releaseHashing = fillHashing(c)
	}
	// A request that its client cancels leaves the queue.
	ctx, cancel := context.WithCancel(context.Background())
	cancelled := make(chan struct{})
	go func() {
		defer close(cancelled)
		body := strings.NewReader(`{"email":"asha@example.org","password":"x"}`)
		r, _ := http.NewRequestWithContext(ctx, http.MethodPost, c.URL+"/api/v1/auth/login", body)
		r.Header.Set("Content-Type", "application/json")
		if response, err := c.Client().Do(r); err == nil {
			_ = response.Body.Close()
		}
	}()
	waitFor(t, "the request in the queue", func() bool { return c.App.Passwords.Waiting.Load() == 1 })
	cancel()
	<-cancelled
	waitFor(t, "an empty queue", func() bool { return c.App.Passwords.Waiting.Load() == 0 })
	releaseHashing()
	signIn(t, c, email, password)
	waitFor(t, "the end of all hashes", func() bool { return len(c.App.Passwords.Running) == 0 })
}
