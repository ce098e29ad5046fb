package account_test

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/alexedwards/argon2id"
	"github.com/google/uuid"

	"amrutam/internal/account"
	"amrutam/internal/apptest"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := verified(t, c)
	a := c.Do(nobody, "POST", "auth/login", credentials(" "+strings.ToUpper(email)+" ", password), "User-Agent",
		strings.Repeat("é", 400)).Want(200)
	same(t, "tokenType", a.Text("tokenType"), "Bearer")
	same(t, "expiresIn", a.At("expiresIn"), 900.0)
	same(t, "email", a.Text("user", "email"), email)
	same(t, "isEmailVerified", a.At("user", "isEmailVerified"), true)
	same(t, "Cache-Control", a.Header.Get("Cache-Control"), "no-store")
	s := held(t, a)
	same(t, "id", c.Get(s.user, "users/me").Want(200).Text("id"), s.user.ID.String())
	same(t, "User-Agent", apptest.QueryOne[string](t, c, "SELECT user_agent FROM sessions"), strings.Repeat("é", 300))
	same(t, "hashes of tokens", c.Count("SELECT count(*) FROM session_tokens WHERE hash IN ($1, $2)",
		sha(s.user.Token), sha(s.refresh)), 2)
	same(t, "audit rows", audited(t, c, "session.start", apptest.QueryOne[uuid.UUID](t, c,
		"SELECT id FROM sessions").String()), 1)

	other := signIn(t, c, email, password)
	c.Get(s.user, "users/me").Want(200)
	c.Get(apptest.User{Token: s.refresh}, "users/me").Want(401, "unauthenticated")
	c.Get(apptest.User{Token: other.user.Token + "x"}, "users/me").Want(401, "unauthenticated")
}

func TestSignInHidesWhichAddressesAreKnown(t *testing.T) {
	t.Parallel()
	c := open(t)
	email, disabled, deleted, waiting, staff := verified(t, c), verified(t, c), verified(t, c), fresh(), c.Admin()
	c.Exec("UPDATE users SET disabled_at = now() WHERE email = $1", disabled)
	c.Exec("UPDATE users SET deleted_at = now() WHERE email = $1", deleted)
	c.Post(nobody, "auth/signup", registration(waiting)).Want(201)

	unknown := c.Post(nobody, "auth/login", credentials(fresh(), password)).Want(401, "invalid-credentials")
	headers := func(a *apptest.Answer) http.Header {
		h := a.Header.Clone()
		h.Del("X-Request-Id")
		h.Del("Date")
		return h
	}
	for name, in := range map[string]object{
		"wrong password":                      credentials(email, newPassword),
		"almost the password":                 credentials(email, password+" "),
		"the password in upper case":          credentials(email, strings.ToUpper(password)),
		"disabled, right password":            credentials(disabled, password),
		"disabled, wrong password":            credentials(disabled, newPassword),
		"deleted, right password":             credentials(deleted, password),
		"not verified, wrong password":        credentials(waiting, newPassword),
		"without a password":                  credentials(staff.Email, "none"),
		"no address at all":                   credentials("nobody", password),
		"an address in another Unicode form ": credentials("\u212bsha@example.org", password),
	} {
		a := c.Post(nobody, "auth/login", in).Want(401, "invalid-credentials")
		same(t, name+": body", withoutRequestID(a), withoutRequestID(unknown))
		same(t, name+": headers", headers(a), headers(unknown))
	}
	c.Post(nobody, "auth/login", credentials(waiting, password)).Want(403, "email-not-verified")
	same(t, "sessions", c.Count("SELECT count(*) FROM sessions WHERE user_id <> $1", staff.ID), 0)
	reasons := apptest.QueryOne[string](t, c, "SELECT string_agg(DISTINCT metadata->>'reason', ' ' ORDER BY "+
		"metadata->>'reason') FROM audit_logs WHERE action = 'session.refuse'")
	same(t, "reasons", reasons, "disabled email-not-verified unknown-address wrong-password")
	same(t, "audit rows", c.Count("SELECT count(*) FROM audit_logs WHERE action = 'session.refuse'"), 12)
	c.Post(nobody, "auth/login", object{"email": email}).Want(422)
	c.Post(nobody, "auth/login", credentials(email, "")).Want(422)
	c.Post(nobody, "auth/login", credentials(email, strings.Repeat("x", 1025))).Want(422)
}

// outdate gives everybody the password's hash with weaker parameters than today's.
func outdate(t *testing.T, c *apptest.Clinic) string {
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
	email := verified(t, c)
	weak := outdate(t, c)
	kept := func() string { return apptest.QueryOne[string](t, c, "SELECT password_hash FROM users") }
	c.Post(nobody, "auth/login", credentials(email, newPassword)).Want(401)
	same(t, "hash after a wrong password", kept(), weak)
	s := signIn(t, c, email, password)
	renewed := kept()
	if !strings.HasPrefix(renewed, account.HashPrefix()) {
		t.Errorf("the hash is %.40s", renewed)
	}
	c.Get(s.user, "users/me").Want(200)
	signIn(t, c, email, password)
	same(t, "hash after another sign-in", kept(), renewed)
}

// A sign-in elsewhere renews the hash between this one's look and its session.
func TestSignInDuringRehash(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := verified(t, c)
	renewed := apptest.QueryOne[string](t, c, "SELECT password_hash FROM users")
	outdate(t, c)
	release := lock(t, c, "SELECT FROM users FOR UPDATE")
	answer := make(chan *apptest.Answer, 1)
	go func() { answer <- c.Post(nobody, "auth/login", credentials(email, password)) }()
	blocked(t, c, 1)
	release("UPDATE users SET password_hash = $1", renewed)
	c.Get(held(t, (<-answer).Want(200)).user, "users/me").Want(200)

	crowds.Lock()
	defer crowds.Unlock()
	outdate(t, c)
	for _, a := range atOnce(8,
		func(int) *apptest.Answer { return c.Post(nobody, "auth/login", credentials(email, password)) }) {
		c.Get(held(t, a.Want(200)).user, "users/me").Want(200)
	}
}

func TestDisabledAndDeletedUsersAreSignedOut(t *testing.T) {
	t.Parallel()
	c := open(t)
	for _, column := range []string{"disabled_at", "deleted_at"} {
		email := verified(t, c)
		s := signIn(t, c, email, password)
		c.Exec("UPDATE users SET "+column+" = now() WHERE id = $1", s.user.ID)
		dead(t, c, s)
		c.Post(nobody, "auth/request-password-reset", object{"email": email}).Want(202)
		quiet(t, c)
		same(t, column+": reset mails", len(mails(t, c, email, "reset-password")), 0)
	}
}

// The gate for passwords belongs to the process: this test runs alone, before the parallel ones.
//
//nolint:paralleltest // it fills what the other tests would wait for
func TestHashingIsBoundedAndUniform(t *testing.T) {
	c := apptest.Open(t)
	email := verified(t, c)
	s := signIn(t, c, email, password)
	c.Exec("UPDATE users SET password_reset_token = $1, password_reset_expiry = now() + interval '1 hour'",
		sha("reset"))
	type request struct {
		path string
		user apptest.User
		body object
		want int
	}
	all := map[string]request{
		"sign-in":                   {"auth/login", nobody, credentials(email, password), 200},
		"wrong password":            {"auth/login", nobody, credentials(email, newPassword), 401},
		"unknown address":           {"auth/login", nobody, credentials(fresh(), password), 401},
		"a user without a password": {"auth/login", nobody, credentials(c.Admin().Email, password), 401},
		"sign-up":                   {"auth/signup", nobody, registration(fresh()), 201},
		"taken address":             {"auth/signup", nobody, registration(email), 201},
		"reset": {"auth/reset-password", nobody,
			object{"token": "reset", "newPassword": password}, 204},
		"wrong current password": {"auth/change-password", s.user,
			object{"currentPassword": "wrong", "newPassword": newPassword}, 401},
	}
	free := account.FillHashing()
	empty := account.FillQueue()
	for name, r := range all {
		a := c.Post(r.user, r.path, r.body).Want(503, "busy")
		// drawn, so that not all come back at once
		if wait := a.Header.Get("Retry-After"); !slices.Contains([]string{"1", "2", "3"}, wait) {
			t.Errorf("%s: Retry-After: %q", name, wait)
		}
	}
	form := url.Values{"token": {"reset"}, "password": {newPassword}}.Encode()
	page := c.Do(nobody, "POST", "/reset-password", []byte(form), "Content-Type",
		"application/x-www-form-urlencoded").Want(503)
	same(t, "page: Retry-After", page.Header.Get("Retry-After"), "1")
	empty()
	// Each waits for one place, whoever it is about, and no answer comes before it got one.
	delete(all, "reset") // it would end the session of the next
	for name, r := range all {
		answer := make(chan *apptest.Answer, 1)
		go func() { answer <- c.Post(r.user, r.path, r.body) }()
		wait(t, name+" at the gate", func() bool { return account.Waiting() == 1 })
		if len(answer) > 0 {
			t.Errorf("%s is answered without hashing", name)
		}
		free()
		(<-answer).Want(r.want)
		free = account.FillHashing()
	}
	// A client that hangs up leaves the queue.
	ctx, hangUp := context.WithCancel(context.Background())
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		body := strings.NewReader(`{"email":"asha@example.org","password":"x"}`)
		r, _ := http.NewRequestWithContext(ctx, http.MethodPost, c.URL+"/api/v1/auth/login", body)
		r.Header.Set("Content-Type", "application/json")
		if response, err := c.Client().Do(r); err == nil {
			_ = response.Body.Close()
		}
	}()
	wait(t, "the client", func() bool { return account.Waiting() == 1 })
	hangUp()
	<-gone
	wait(t, "its leaving", func() bool { return account.Waiting() == 0 })
	free()
	signIn(t, c, email, password)
	wait(t, "free places", func() bool { return account.Hashing() == 0 })
}
