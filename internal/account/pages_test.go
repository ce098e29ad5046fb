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

// submitForm sends the form of a page, as a browser does.
func submitForm(c *apptest.Clinic, path string, form url.Values, headers ...string) *apptest.Answer {
	return c.Do(anonymous, "POST", path, []byte(form.Encode()),
		append([]string{"Content-Type", "application/x-www-form-urlencoded"}, headers...)...)
}

// wantPage checks the status of a page and the headers that every page has, and returns its text.
func wantPage(t *testing.T, a *apptest.Answer, status int) string {
	t.Helper()
	a.Want(status)
	wantEqual(t, "Content-Type", a.Header.Get("Content-Type"), "text/html; charset=utf-8")
	wantEqual(t, "Cache-Control", a.Header.Get("Cache-Control"), "no-store")
	wantEqual(t, "X-Frame-Options", a.Header.Get("X-Frame-Options"), "DENY")
	wantEqual(t, "Referrer-Policy", a.Header.Get("Referrer-Policy"), "same-origin")
	csp := a.Header.Get("Content-Security-Policy")
	for _, directive := range []string{
		"default-src 'none'", "form-action 'self'", "frame-ancestors 'none'", "base-uri 'none'",
	} {
		if !strings.Contains(csp, directive) {
			t.Errorf("the CSP %q lacks %s", csp, directive)
		}
	}
	if strings.Contains(csp, "unsafe") {
		t.Errorf("the CSP is %q", csp)
	}
	return string(a.Body)
}

var tokenField = regexp.MustCompile(`name="token" value="([^"]*)"`)

// tokenIn returns the token in the form of a page.
func tokenIn(t *testing.T, text string) string {
	t.Helper()
	found := tokenField.FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("the page has no token: %s", text)
	}
	return html.UnescapeString(found[1])
}

func TestVerificationPage(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := newEmail()
	c.Post(anonymous, "auth/signup", registration(email)).Want(201)
	token := awaitMail(t, c, email, "verify-email", 1)
	link := "/verify-email?token=" + token
	if text := mails(t, c, email, "verify-email")[0]; !strings.Contains(text, link) {
		t.Fatalf("the mail does not link to the page: %s", text)
	}
	readUser := func() string { return apptest.QueryOne[string](t, c, "SELECT users::text FROM users") }
	before := readUser()
	for range 2 {
		text := wantPage(t, c.Get(anonymous, link), 200)
		wantEqual(t, "token in the form", tokenIn(t, text), token)
		if !strings.Contains(text, `action="/verify-email"`) || !strings.Contains(text, `method="post"`) {
			t.Errorf("the form is %s", text)
		}
	}
	c.Do(anonymous, "HEAD", link, nil).Want(200)
	form := url.Values{"token": {token}}
	for _, headers := range [][]string{
		{"Origin", "https://evil.example"}, {"Origin", "null"},
		{"Origin", strings.Replace(c.URL, "http:", "https:", 1) + "1"},
		{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site", "Origin", "https://evil.example"},
	} {
		text := wantPage(t, submitForm(c, "/verify-email", form, headers...), 403)
		if !strings.Contains(text, "another site") {
			t.Errorf("with %v: %s", headers, text)
		}
	}
	c.Do(anonymous, "PUT", link, []byte(form.Encode()), "Content-Type", "application/x-www-form-urlencoded").
		Want(405, "method-not-allowed")
	c.Do(anonymous, "POST", link, []byte("{}")).Want(422) // the token counts only in the form, not in the URL
	wantEqual(t, "user", readUser(), before)

	text := wantPage(t, submitForm(c, "/verify-email", form, "Origin", c.URL, "Sec-Fetch-Site", "same-origin"), 200)
	if !strings.Contains(text, "confirmed") || strings.Contains(text, "<form") {
		t.Errorf("the page after the form is %s", text)
	}
	signIn(t, c, email, password)
	wantPage(t, submitForm(c, "/verify-email", form), 422)
	wantEqual(t, "audit rows", c.Count("SELECT count(*) FROM audit_logs WHERE action = 'user.verify-email'"), 1)
}

// TestVerificationPageOfContestedAddress checks that the page says that the user must choose a password, if there were
// several sign-ups with the address.
func TestVerificationPageOfContestedAddress(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := newEmail()
	c.Post(anonymous, "auth/signup", registration(email)).Want(201)
	c.Post(anonymous, "auth/signup", registration(email, withPassword(newPassword))).Want(201)
	form := url.Values{"token": {awaitMail(t, c, email, "verify-email", 2)}}
	text := wantPage(t, submitForm(c, "/verify-email", form), 200)
	if !strings.Contains(text, "mailed you a link to choose") {
		t.Errorf("the page after the form is %s", text)
	}
	awaitMail(t, c, email, "choose-password", 1)
}

func TestPagesEscapeTheToken(t *testing.T) {
	t.Parallel()
	c := open(t)
	evil := `"><script>alert(1)</script><x y='`
	for _, path := range []string{"/verify-email", "/reset-password"} {
		text := wantPage(t, c.Get(anonymous, path+"?token="+url.QueryEscape(evil)), 200)
		if strings.Contains(text, "<script") {
			t.Errorf("%s: %s", path, text)
		}
		wantEqual(t, "token", tokenIn(t, text), evil)
		text = wantPage(t, submitForm(c, path, url.Values{"token": {evil}, "password": {newPassword}}), 422)
		if strings.Contains(text, "<script") || strings.Contains(text, "alert") {
			t.Errorf("%s: %s", path, text)
		}
		for _, link := range []string{path, path + "?token="} {
			text := wantPage(t, c.Get(anonymous, link), 200)
			if !strings.Contains(text, "incomplete") || strings.Contains(text, "<form") {
				t.Errorf("%s: %s", link, text)
			}
		}
		wantPage(t, submitForm(c, path, url.Values{"token": {strings.Repeat("x", 17<<10)}}), 400)
		malformed := []byte("token=%zz")
		wantPage(t, c.Do(anonymous, "POST", path, malformed, "Content-Type", "application/x-www-form-urlencoded"), 400)
		wantPage(t, submitForm(c, path, url.Values{"token": {"\xff\x00"}, "password": {newPassword}}), 422)
	}
}

func TestResetPage(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := signUp(t, c)
	s := signIn(t, c, email, password)
	token := requestReset(t, c, email, 1)
	text := wantPage(t, c.Get(anonymous, "/reset-password?token="+token), 200)
	for _, part := range []string{
		`action="/reset-password"`, `type="password"`, `autocomplete="new-password"`, `minlength="15"`,
	} {
		if !strings.Contains(text, part) {
			t.Errorf("the form lacks %s: %s", part, text)
		}
	}
	form := func(password string) url.Values { return url.Values{"token": {token}, "password": {password}} }
	for refused, fault := range map[string]string{
		"fourteen chars":         "must have at least 15 characters",
		"":                       "must have at least 15 characters",
		"meera looks at a boat":  "must not contain your name or address",
		"abcdefghijklmnop":       "must not be a sequence or a repetition",
		"seven lamps\x00 aflame": "must be text",
		"seven lamps\xff aflame": "must be text",
	} {
		text := wantPage(t, submitForm(c, "/reset-password", form(refused)), 422)
		if !strings.Contains(text, "The password "+fault+".") || tokenIn(t, text) != token {
			t.Errorf("%q: %s", refused, text)
		}
		if refused != "" && strings.Contains(text, refused) {
			t.Errorf("the page repeats the password: %s", text)
		}
	}
	wantPage(t, submitForm(c, "/reset-password", form(newPassword), "Origin", "https://evil.example"), 403)
	c.Get(s.user, "users/me").Want(200)
	wantPage(t, submitForm(c, "/reset-password", form(newPassword), "Origin", c.URL), 200)
	wantPage(t, submitForm(c, "/reset-password", form(newPassword)), 422)
	wantEnded(t, c, s)
	login(c, email, password).Want(401)
	signIn(t, c, email, newPassword)
	awaitMail(t, c, email, "password-changed", 1)

	token = requestReset(t, c, email, 2)
	c.Clock.Advance(time.Hour)
	text = wantPage(t, submitForm(c, "/reset-password", form(password)), 422)
	if !strings.Contains(text, "no longer works") {
		t.Errorf("the page of an expired link is %s", text)
	}
}

// TestPagesInAcceptedLanguage tests that the pages behind links in mails are in the browser's language.
func TestPagesInAcceptedLanguage(t *testing.T) {
	t.Parallel()
	c := open(t)
	for path, title := range map[string]string{"/verify-email?token=x": "अपने पते की पुष्टि करें",
		"/reset-password?token=x": "नया पासवर्ड चुनें", "/confirm-email?token=x": "अपने नए पते की पुष्टि करें",
		"/verify-email": "लिंक अधूरा है"} {
		a := c.Do(anonymous, "GET", path, nil, "Accept-Language", "hi-IN,hi;q=0.9,en;q=0.8")
		text := wantPage(t, a, 200)
		wantEqual(t, "Content-Language", a.Header.Get("Content-Language"), "hi")
		if !strings.Contains(text, `<html lang="hi">`) || !strings.Contains(text, "<h1>"+title+"</h1>") {
			t.Errorf("%s: %s", path, text)
		}
	}
	form := url.Values{"token": {"x"}, "password": {"short"}}
	text := wantPage(t, submitForm(c, "/reset-password", form, "Accept-Language", "hi"), 422)
	if !strings.Contains(text, "यह लिंक अब काम नहीं करता") && !strings.Contains(text, "अक्षर होने चाहिए") {
		t.Errorf("the page is %s", text)
	}
}
