package session_test

import (
	"bytes"
	"net/http"
	"strings"
	"testing"
	"time"

	"amrutam/internal/apptest"
	"amrutam/internal/config"
)

// browser sends the cookie of a session, as a browser does.
type browser struct {
	c      *apptest.Clinic
	cookie string
}

// signInWithCookie signs in by password and returns a browser with the cookie.
func signInWithCookie(t *testing.T, c *apptest.Clinic, email string) (browser, *apptest.Answer) {
	t.Helper()
	a := c.Post(anonymous, "auth/login", object{"email": email, "password": password, "session": "COOKIE"}).Want(200)
	return browser{c, cookieOf(t, a)}, a
}

// cookieOf checks the attributes of an answer's cookie, and returns the cookie.
func cookieOf(t *testing.T, a *apptest.Answer) string {
	t.Helper()
	said, err := http.ParseSetCookie(a.Header.Get("Set-Cookie"))
	must(t, err)
	if said.Name != "__Host-amrutam" || !said.Secure || !said.HttpOnly || said.SameSite != http.SameSiteLaxMode ||
		said.Path != "/" || said.Domain != "" {
		t.Errorf("the cookie is %s", a.Header.Get("Set-Cookie"))
	}
	return said.Name + "=" + said.Value
}

func (b browser) do(method, path string, body any, headers ...string) *apptest.Answer {
	return b.c.Do(anonymous, method, path, body, append([]string{"Cookie", b.cookie}, headers...)...)
}

func (b browser) get(path string) *apptest.Answer { return b.do("GET", path, nil) }

func TestCookieSession(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := signUp(t, c)
	b, a := signInWithCookie(t, c, email)
	token := strings.TrimPrefix(b.cookie, "__Host-amrutam=")
	if bytes.Contains(a.Body, []byte(token)) || a.At("accessToken") != nil || a.At("refreshToken") != nil ||
		a.At("expiresIn") != any(3600.0) {
		t.Errorf("the answer is %s", a.Body)
	}
	wantEqual(t, "who", b.get("users/me").Want(200).Text("email"), email)
	b.do("PATCH", "users/me", object{"fullName": "Meera Iyer"}).Want(200)
	// One kind of token is no other.
	c.Get(apptest.User{Token: token}, "users/me").Want(401, "unauthenticated")
	refresh(c, token).Want(401)
	s := signIn(t, c, email, password)
	for _, other := range []string{s.user.Token, s.refresh, "", "garbage", strings.Repeat("a", 4000)} {
		browser{c, "__Host-amrutam=" + other}.get("users/me").Want(401, "unauthenticated")
	}
	browser{c, b.cookie + "; " + b.cookie}.get("users/me").Want(401, "unauthenticated")
	browser{c, strings.Replace(b.cookie, "__Host-", "", 1)}.get("users/me").Want(401, "unauthenticated")
	b.do("GET", "users/me", nil, "Authorization", "Bearer garbage").Want(401, "unauthenticated") // a header is meant
	b.do("GET", "users/me", nil, "Authorization", "Bearer "+s.user.Token).Want(200)

	// Nothing that was there before a sign-in is a session after it.
	fixed := browser{c, "__Host-amrutam=ct_chosen-by-somebody-else"}
	again := fixed.do("POST", "auth/login", object{"email": email, "password": password, "session": "COOKIE"}).
		Want(200)
	if cookieOf(t, again) == fixed.cookie {
		t.Error("the cookie was taken over")
	}
	fixed.get("users/me").Want(401)

	out := b.do("POST", "auth/logout", nil).Want(204)
	if gone := out.Header.Get("Set-Cookie"); !strings.Contains(gone, "__Host-amrutam=;") ||
		!strings.Contains(gone, "Max-Age=0") {
		t.Errorf("the cookie stays: %q", gone)
	}
	b.get("users/me").Want(401)
	if left := c.Post(s.user, "auth/logout", nil).Want(204).Header.Get("Set-Cookie"); left != "" {
		t.Errorf("whoever holds tokens loses a cookie: %q", left)
	}
	b, _ = signInWithCookie(t, c, email)
	b.do("POST", "auth/change-password", object{"currentPassword": password, "newPassword": newPassword}).Want(204)
	b.get("users/me").Want(401)
}

// TestCookieWithoutTLS checks that a page that came by HTTP can't use the cookie of a server with HTTPS, in a browser
// that sends only an Origin.
func TestCookieWithoutTLS(t *testing.T) {
	t.Parallel()
	c := open(t, func(cfg *config.Config) { cfg.PublicURL = "https://care.example" })
	b, _ := signInWithCookie(t, c, signUp(t, c))
	host := strings.TrimPrefix(c.URL, "http://")
	b.do("PATCH", "users/me", object{"timezone": "Asia/Kolkata"}, "Origin", "https://"+host).Want(200)
	b.do("PATCH", "users/me", object{"timezone": "Asia/Kolkata"}, "Origin", "http://"+host).Want(403,
		"cross-site-request")
}

func TestCrossSiteRequestsCannotUseCookie(t *testing.T) {
	t.Parallel()
	const app = "https://app.example.org"
	c := open(t, func(cfg *config.Config) { cfg.CORSOrigins = []string{app} })
	b, _ := signInWithCookie(t, c, signUp(t, c))
	host := strings.TrimPrefix(c.URL, "http://")
	for name, from := range map[string][]string{
		"cross-site":         {"Sec-Fetch-Site", "cross-site"},
		"same-site":          {"Sec-Fetch-Site", "same-site"},
		"unknown":            {"Sec-Fetch-Site", "elsewhere"},
		"an old browser":     {"Origin", "https://evil.example"},
		"a sandbox":          {"Origin", "null"},
		"a CORS origin":      {"Origin", app, "Sec-Fetch-Site", "cross-site"},
		"a name that begins": {"Origin", "http://" + host + ".evil.example"},
	} {
		for _, method := range []string{"GET", "PATCH", "DELETE"} {
			var body any
			if method == "PATCH" {
				body = object{"fullName": "Somebody Else"}
			}
			a := b.do(method, "users/me", body, from...)
			if a.Status != 403 || a.Text("type") != "/problems/cross-site-request" {
				t.Errorf("%s %s: %d %s", name, method, a.Status, a.Body)
			}
			if a.Header.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("%s may read with the cookie", name)
			}
		}
		// Nor does another site sign somebody in as its own user.
		body := object{"email": newEmail(), "password": password, "session": "COOKIE"}
		a := c.Do(anonymous, "POST", "auth/login", body, from...)
		if a.Status != 403 || a.Header.Get("Set-Cookie") != "" {
			t.Errorf("%s signs in: %d", name, a.Status)
		}
	}
	wantEqual(t, "name", b.get("users/me").Want(200).Text("fullName"), "Meera Nair")
	for name, from := range map[string][]string{
		"this page": {"Sec-Fetch-Site", "same-origin"}, "typed in": {"Sec-Fetch-Site", "none"},
		"an old browser's page": {"Origin", c.URL}, "no browser": nil,
	} {
		if a := b.do("PATCH", "users/me", object{"timezone": "Asia/Kolkata"}, from...); a.Status != 200 {
			t.Errorf("%s: %s", name, a.Body)
		}
	}
	// Bearer tokens are never sent by a browser itself, so pages of other sites may.
	s := signIn(t, c, signUp(t, c), password)
	c.Do(s.user, "GET", "users/me", nil, "Origin", app, "Sec-Fetch-Site", "cross-site").Want(200)
	// Where nobody need be signed in, the cookie doesn't matter.
	for _, cookie := range []string{b.cookie, "__Host-amrutam=gone"} {
		browser{c, cookie}.do("GET", "doctors", nil, "Sec-Fetch-Site", "cross-site").Want(200)
		browser{c, cookie}.do("GET", "doctors", nil).Want(200)
	}
}

func TestCookieIsExtendedByUse(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := signUp(t, c)
	b, _ := signInWithCookie(t, c, email)
	idle, _ := signInWithCookie(t, c, email)
	for range 35 { // of forty minutes each
		b.get("users/me").Want(200)
		c.Clock.Advance(40 * time.Minute)
	}
	idle.get("users/me").Want(401)
	b.get("users/me").Want(200)
	wantEqual(t, "devices", len(b.get("auth/sessions").Want(200).Items()), 2) // the other one's day isn't over
	c.Clock.Advance(40 * time.Minute)
	b.get("users/me").Want(401, "unauthenticated") // a day, however busy
}

func TestCookieAfterSecondFactor(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := signUp(t, c)
	s := signIn(t, c, email, password)
	k := c.NewPasskey()
	k.Register(s.user)
	begun := c.Post(anonymous, "auth/login", object{"email": email, "password": password, "session": "COOKIE"}).
		Want(200)
	if begun.Header.Get("Set-Cookie") != "" {
		t.Error("a password alone signs in")
	}
	a := c.Post(anonymous, "auth/verify-mfa", object{"mfaToken": begun.Text("mfaToken"), "passkey": k.Prove(),
		"session": "COOKIE"}).Want(200)
	browser{c, cookieOf(t, a)}.get("users/me").Want(200)
	a = c.Post(anonymous, "auth/passkey-login", object{"credential": k.Prove(), "session": "COOKIE"}).Want(200)
	b := browser{c, cookieOf(t, a)}
	b.do("DELETE", "auth/passkeys/"+k.ID, nil).Want(204) // proven a moment ago
	c.Post(anonymous, "auth/login", object{"email": email, "password": password, "session": "SHARED"}).Want(422)
}
