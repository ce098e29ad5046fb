package account_test

import (
	"html"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"amrutam/internal/apptest"
)

// press sends the form of a page as a browser does.
func press(c *apptest.Clinic, path string, form url.Values, headers ...string) *apptest.Answer {
	return c.Do(nobody, "POST", path, []byte(form.Encode()),
		append([]string{"Content-Type", "application/x-www-form-urlencoded"}, headers...)...)
}

// page checks what every page must have, and gives its text.
func page(t *testing.T, a *apptest.Answer, status int) string {
	t.Helper()
	a.Want(status)
	same(t, "Content-Type", a.Header.Get("Content-Type"), "text/html; charset=utf-8")
	same(t, "Cache-Control", a.Header.Get("Cache-Control"), "no-store")
	same(t, "X-Frame-Options", a.Header.Get("X-Frame-Options"), "DENY")
	same(t, "Referrer-Policy", a.Header.Get("Referrer-Policy"), "same-origin")
	csp := a.Header.Get("Content-Security-Policy")
	for _, directive := range []string{"default-src 'none'", "form-action 'self'", "frame-ancestors 'none'",
		"base-uri 'none'"} {
		if !strings.Contains(csp, directive) {
			t.Errorf("the CSP %q lacks %s", csp, directive)
		}
	}
	if strings.Contains(csp, "unsafe") {
		t.Errorf("the CSP is %q", csp)
	}
	return string(a.Body)
}

var hidden = regexp.MustCompile(`name="token" value="([^"]*)"`)

func TestVerificationPage(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := fresh()
	c.Post(nobody, "auth/signup", registration(email)).Want(201)
	token := mailed(t, c, email, "verify-email", 1)
	link := "/verify-email?token=" + token
	if text := mails(t, c, email, "verify-email")[0]; !strings.Contains(text, link) {
		t.Fatalf("the mail does not link to the page: %s", text)
	}
	state := func() string { return apptest.QueryOne[string](t, c, "SELECT users::text FROM users") }
	before := state()
	for range 2 {
		text := page(t, c.Get(nobody, link), 200)
		same(t, "token in the form", hidden.FindStringSubmatch(text)[1], token)
		if !strings.Contains(text, `action="/verify-email"`) || !strings.Contains(text, `method="post"`) {
			t.Errorf("form: %s", text)
		}
	}
	c.Do(nobody, "HEAD", link, nil).Want(200)
	form := url.Values{"token": {token}}
	for _, headers := range [][]string{
		{"Origin", "https://evil.example"}, {"Origin", "null"},
		{"Origin", strings.Replace(c.URL, "http:", "https:", 1) + "1"},
		{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site", "Origin", "https://evil.example"},
	} {
		if text := page(t, press(c, "/verify-email", form, headers...), 403); !strings.Contains(text, "another site") {
			t.Errorf("cross-origin: %s", text)
		}
	}
	c.Do(nobody, "PUT", link, []byte(form.Encode()), "Content-Type", "application/x-www-form-urlencoded").Want(405,
		"method-not-allowed")
	c.Do(nobody, "POST", link, []byte("{}")).Want(422) // the token of the address is not the form's
	same(t, "user", state(), before)

	text := page(t, press(c, "/verify-email", form, "Origin", c.URL, "Sec-Fetch-Site", "same-origin"), 200)
	if !strings.Contains(text, "confirmed") || strings.Contains(text, "<form") {
		t.Errorf("done: %s", text)
	}
	signIn(t, c, email, password)
	page(t, press(c, "/verify-email", form), 422)
	same(t, "audit rows", c.Count("SELECT count(*) FROM audit_logs WHERE action = 'user.verify-email'"), 1)
}

// TestVerificationPageOfContestedAddress says that a password is yet to be chosen.
func TestVerificationPageOfContestedAddress(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := fresh()
	c.Post(nobody, "auth/signup", registration(email)).Want(201)
	c.Post(nobody, "auth/signup", registration(email, func(m object) { m["password"] = newPassword })).Want(201)
	text := page(t, press(c, "/verify-email", url.Values{"token": {mailed(t, c, email, "verify-email", 2)}}), 200)
	if !strings.Contains(text, "mailed you a link to choose") {
		t.Errorf("done: %s", text)
	}
	mailed(t, c, email, "choose-password", 1)
}

func TestPagesEscapeTheToken(t *testing.T) {
	t.Parallel()
	c := open(t)
	evil := `"><script>alert(1)</script><x y='`
	for _, path := range []string{"/verify-email", "/reset-password"} {
		text := page(t, c.Get(nobody, path+"?token="+url.QueryEscape(evil)), 200)
		if strings.Contains(text, "<script") {
			t.Errorf("%s: %s", path, text)
		}
		same(t, "token", html.UnescapeString(hidden.FindStringSubmatch(text)[1]), evil)
		if text := page(t, press(c, path, url.Values{"token": {evil}, "password": {newPassword}}),
			422); strings.Contains(text, "<script") || strings.Contains(text, "alert") {
			t.Errorf("%s: %s", path, text)
		}
		for _, link := range []string{path, path + "?token="} {
			if text := page(t, c.Get(nobody, link), 200); !strings.Contains(text, "incomplete") ||
				strings.Contains(text, "<form") {
				t.Errorf("%s: %s", link, text)
			}
		}
		page(t, press(c, path, url.Values{"token": {strings.Repeat("x", 17<<10)}}), 400)
		page(t, c.Do(nobody, "POST", path, []byte("token=%zz"), "Content-Type",
			"application/x-www-form-urlencoded"), 400)
		page(t, press(c, path, url.Values{"token": {"\xff\x00"}, "password": {newPassword}}), 422)
	}
}

func TestResetPage(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := verified(t, c)
	s := signIn(t, c, email, password)
	token := requestReset(t, c, email, 1)
	text := page(t, c.Get(nobody, "/reset-password?token="+token), 200)
	for _, part := range []string{`action="/reset-password"`, `type="password"`, `autocomplete="new-password"`,
		`minlength="15"`} {
		if !strings.Contains(text, part) {
			t.Errorf("the form lacks %s: %s", part, text)
		}
	}
	with := func(password string) url.Values { return url.Values{"token": {token}, "password": {password}} }
	for refused, fault := range map[string]string{
		"fourteen chars":         "must have at least 15 characters",
		"":                       "must have at least 15 characters",
		"meera looks at a boat":  "must not contain your name or address",
		"abcdefghijklmnop":       "must not be a sequence or a repetition",
		"seven lamps\x00 aflame": "must be text",
		"seven lamps\xff aflame": "must be text",
	} {
		text := page(t, press(c, "/reset-password", with(refused)), 422)
		if !strings.Contains(text, "The password "+fault+".") || hidden.FindStringSubmatch(text)[1] != token {
			t.Errorf("%q: %s", refused, text)
		}
		if refused != "" && strings.Contains(text, refused) {
			t.Errorf("the page repeats the password: %s", text)
		}
	}
	page(t, press(c, "/reset-password", with(newPassword), "Origin", "https://evil.example"), 403)
	c.Get(s.user, "users/me").Want(200)
	page(t, press(c, "/reset-password", with(newPassword), "Origin", c.URL), 200)
	page(t, press(c, "/reset-password", with(newPassword)), 422)
	dead(t, c, s)
	c.Post(nobody, "auth/login", credentials(email, password)).Want(401)
	signIn(t, c, email, newPassword)
	mailed(t, c, email, "password-changed", 1)

	late := requestReset(t, c, email, 2)
	c.Clock.Advance(time.Hour)
	if text := page(t, press(c, "/reset-password", url.Values{"token": {late}, "password": {password}}),
		422); !strings.Contains(text, "no longer works") {
		t.Errorf("expired: %s", text)
	}
}
