// Package browser_test opens the server's pages in a real browser, because only a browser shows which cookies it
// stores and sends, and which requests it refuses.
package browser_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"amrutam/internal/apptest"
)

const password = "seven lamps light the well"

// page is one tab of the browser.
type page struct {
	t   *testing.T
	ctx context.Context
	// baseURL is the clinic's address with the name localhost: passkeys are bound to names.
	baseURL string

	mu     sync.Mutex
	errors []string
}

// findChromium returns the path of Chromium. Without one it skips the test, or fails it in CI.
func findChromium(t *testing.T) string {
	t.Helper()
	names := []string{
		os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome", "google-chrome-stable",
	}
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") != "" {
		t.Fatal("there is no Chromium: scripts/chromium.sh installs one")
	}
	t.Skip("there is no Chromium: scripts/chromium.sh installs one")
	return ""
}

// openPage starts a browser with an empty profile and collects the errors of its pages.
func openPage(t *testing.T, c *apptest.Clinic) *page {
	t.Helper()
	tab, cancelTab := chromedp.NewContext(context.Background(), chromedp.WithAllocatorOptions(
		chromedp.ExecPath(findChromium(t)),
		chromedp.NoSandbox,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
	))
	t.Cleanup(func() {
		_ = chromedp.Cancel(tab)
		cancelTab()
	})
	p := &page{t: t, baseURL: strings.Replace(c.URL, "127.0.0.1", "localhost", 1)}
	p.must(chromedp.Listen(tab, p.recordError))
	limited, cancel := context.WithTimeout(tab, 2*time.Minute)
	t.Cleanup(cancel)
	p.ctx = limited
	_, err := chromedp.Call(p.ctx, audits.Enable, cdp.Empty{})
	p.must(err)
	return p
}

// recordError records violations of the Content-Security-Policy, and exceptions.
func (p *page) recordError(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *audits.EventIssueAdded:
		if details := e.Issue.Details.ContentSecurityPolicyIssueDetails; details != nil {
			p.errors = append(p.errors, details.ViolatedDirective)
		}
	case *runtime.EventExceptionThrown:
		p.errors = append(p.errors, e.ExceptionDetails.Text)
	}
}

// recordedErrors returns the errors recorded so far.
func (p *page) recordedErrors() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.errors)
}

func (p *page) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *page) run(steps ...chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	p.must(chromedp.Do(p.ctx, steps...))
}

// visit opens an address and waits until the page is loaded.
func (p *page) visit(address string) {
	p.t.Helper()
	p.run(chromedp.Navigate(address), chromedp.WaitReady(chromedp.CSS("body")))
}

// script runs JavaScript in the page and returns its result. The code may call ask(method, path, body), which sends a
// request to the API and returns {status, body}.
func (p *page) script(code string) map[string]any {
	p.t.Helper()
	const ask = `const ask = async (method, path, body) => {
		const response = await fetch('/api/v1/' + path, {
			method,
			headers: body ? {'Content-Type': 'application/json'} : {},
			body: body && JSON.stringify(body),
		});
		const text = await response.text();
		return {status: response.status, body: text ? JSON.parse(text) : null};
	};`
	evaluate := chromedp.Evaluate[map[string]any]("(async () => {"+ask+code+"})()", chromedp.EvalAwaitPromise)
	out, err := chromedp.Run(p.ctx, evaluate)
	p.must(err)
	return out
}

// createPatient creates a patient who can sign in with password, and returns the mail address.
func createPatient(t *testing.T, c *apptest.Clinic) (email string) {
	t.Helper()
	patient := c.Patient()
	hash, err := c.App.Passwords.Hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	_, err = c.DB.Pool.Exec(t.Context(), "UPDATE users SET password_hash = $1 WHERE id = $2", hash, patient.ID)
	if err != nil {
		t.Fatal(err)
	}
	return patient.Email
}

// requireStatus compares a status that a script returned, which is a float64.
func requireStatus(t *testing.T, what string, got any, want int) {
	t.Helper()
	if got != float64(want) {
		t.Errorf("%s: status %v, want %d", what, got, want)
	}
}

const signInTemplate = `const signedIn = await ask('POST', 'auth/login', {email: %EMAIL%, password: '` + password +
	`', session: 'COOKIE'});`

// signInScript returns JavaScript that signs in with a session in a cookie.
func signInScript(email string) string {
	text, _ := json.Marshal(email)
	return strings.Replace(signInTemplate, "%EMAIL%", string(text), 1)
}

func TestSessionCookieInBrowser(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	p := openPage(t, c)
	email := createPatient(t, c)
	p.visit(p.baseURL + "/docs/")
	out := p.script(signInScript(email) + `
		const me = await ask('GET', 'users/me');
		return {signedIn: signedIn.status, tokens: JSON.stringify(signedIn.body).includes('_'), seen: document.cookie,
			me: me.status, email: me.body.email};`)
	requireStatus(t, "sign in", out["signedIn"], 200)
	requireStatus(t, "read", out["me"], 200)
	if out["seen"] != "" || out["email"] != email || out["tokens"] == true {
		t.Errorf("a script can read the session: %v", out)
	}

	// The user visits another site, which makes the browser send requests to the clinic.
	otherSite := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprintf(w, `<!doctype html><title>evil</title><body>
			<a id="link" href="%[1]s/api/v1/users/me">a link</a>
			<form id="form" method="post" enctype="text/plain" action="%[1]s/api/v1/auth/logout">
			<input name="x" value="y"></form></body>`, p.baseURL)
	}))
	t.Cleanup(otherSite.Close)
	p.visit(otherSite.URL)
	p.run(chromedp.Click(chromedp.CSS("#link")), chromedp.WaitNotPresent(chromedp.CSS("#link")),
		chromedp.WaitReady(chromedp.CSS("body")))
	text, err := chromedp.Run(p.ctx, chromedp.Text(chromedp.CSS("body")))
	p.must(err)
	if !strings.Contains(text, "/problems/cross-site-request") || strings.Contains(text, email) {
		t.Errorf("a link from another site shows %s", text)
	}
	p.visit(otherSite.URL)
	p.run(chromedp.Submit(chromedp.CSS("#form")), chromedp.WaitNotPresent(chromedp.CSS("#form")),
		chromedp.WaitReady(chromedp.CSS("body")))
	p.visit(otherSite.URL)
	read := p.script(`
		const address = '` + p.baseURL + `/api/v1/users/me';
		await fetch(address, {mode: 'no-cors', credentials: 'include'}).catch(() => {});
		const result = await fetch(address, {credentials: 'include'}).then(r => 'read', e => 'refused');
		return {result};`)
	if read["result"] != "refused" {
		t.Errorf("another site can read a response: %v", read)
	}

	p.visit(p.baseURL + "/docs/")
	out = p.script(`
		const me = await ask('GET', 'users/me');
		const signedOut = await ask('POST', 'auth/logout');
		const after = await ask('GET', 'users/me');
		return {me: me.status, signedOut: signedOut.status, after: after.status};`)
	requireStatus(t, "still signed in", out["me"], 200)
	requireStatus(t, "sign out", out["signedOut"], 204)
	requireStatus(t, "after the sign-out", out["after"], 401)
}

func TestPasskeysInBrowser(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	p := openPage(t, c)
	email := createPatient(t, c)
	_, err := chromedp.Call(p.ctx, webauthn.Enable, webauthn.EnableParams{})
	p.must(err)
	_, err = chromedp.Call(p.ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{
		Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol:                    webauthn.AuthenticatorProtocolCtap2,
			Transport:                   webauthn.AuthenticatorTransportInternal,
			HasResidentKey:              true,
			HasUserVerification:         true,
			IsUserVerified:              true,
			AutomaticPresenceSimulation: true,
		},
	})
	p.must(err)
	p.visit(p.baseURL + "/docs/")
	const create = `const create = async () => {
		const options = await ask('POST', 'auth/passkeys/options');
		const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options.body.publicKey);
		const created = await navigator.credentials.create({publicKey});
		return ask('POST', 'auth/passkeys', {name: 'A browser', credential: created.toJSON()});
	};
	const prove = async () => {
		const options = await ask('POST', 'auth/passkey-options');
		const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(options.body.publicKey);
		const proof = await navigator.credentials.get({publicKey});
		return proof.toJSON();
	};`
	out := p.script(create + signInScript(email) + `
		const registered = await create();
		const again = await create().then(() => 'created', e => e.name);
		await ask('POST', 'auth/logout');
		const proof = await prove();
		const passkeyLogin = await ask('POST', 'auth/passkey-login', {credential: proof, session: 'COOKIE'});
		const replayed = await ask('POST', 'auth/passkey-login', {credential: proof, session: 'COOKIE'});
		const me = await ask('GET', 'users/me');
		await ask('POST', 'auth/logout');
		const login = await ask('POST', 'auth/login',
			{email: me.body.email, password: '` + password + `', session: 'COOKIE'});
		const verified = await ask('POST', 'auth/verify-mfa',
			{mfaToken: login.body.mfaToken, passkey: await prove(), session: 'COOKIE'});
		const steppedUp = await ask('POST', 'auth/step-up', {passkey: await prove()});
		const passkeys = await ask('GET', 'auth/passkeys');
		return {
			registered: registered.status,
			codes: registered.body.recoveryCodes.length,
			again,
			passkeyLogin: passkeyLogin.status,
			replayed: replayed.status,
			email: me.body.email,
			methods: login.body.methods.join(),
			verified: verified.status,
			steppedUp: steppedUp.status,
			name: passkeys.body.items[0].name,
		};`)
	requireStatus(t, "register", out["registered"], 201)
	requireStatus(t, "sign in with the passkey", out["passkeyLogin"], 200)
	requireStatus(t, "the same proof again", out["replayed"], 401)
	requireStatus(t, "second factor", out["verified"], 200)
	requireStatus(t, "step up", out["steppedUp"], 204)
	if out["codes"] != float64(10) || out["again"] != "InvalidStateError" || out["email"] != email ||
		out["methods"] != "passkey,recovery-code" || out["name"] != "A browser" {
		t.Errorf("got %v", out)
	}
}

// TestPagesObeyContentSecurityPolicy checks that each page has a strict policy, works with it, and doesn't run
// injected scripts.
func TestPagesObeyContentSecurityPolicy(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	p := openPage(t, c)
	inject := "?token=" + url.QueryEscape(
		`"><script>window.injected=1</script><img src=x onerror=window.injected=1>`)
	for _, path := range []string{
		"/docs/",
		"/verify-email" + inject,
		"/reset-password" + inject,
		"/confirm-email" + inject,
		"/problems/slot-taken",
		"/dev/mailbox",
	} {
		p.visit(p.baseURL + path)
		out := p.script("return {injected: window.injected === 1, title: document.title};")
		if out["injected"] != false || out["title"] == "" {
			t.Errorf("%s: %v", path, out)
		}
		policy := c.Get(apptest.User{}, path).Want(200).Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") ||
			!strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("%s has the policy %q", path, policy)
		}
	}
	if recorded := p.recordedErrors(); len(recorded) > 0 {
		t.Errorf("the pages break their policy, or fail: %v", recorded)
	}
	// Check that a violation would have been recorded.
	p.script(`
		const violation = new Promise(done =>
			document.addEventListener('securitypolicyviolation', done, {once: true}));
		document.body.insertAdjacentHTML('beforeend', '<img src="x" onerror="window.injected = 1">');
		await violation;
		return {};`)
	if len(p.recordedErrors()) == 0 {
		t.Error("a violation was not recorded")
	}
}
