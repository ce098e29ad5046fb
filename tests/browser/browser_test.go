// Package browser_test opens the server in a real browser: what browsers keep, send and refuse is their own affair.
package browser_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
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

	"amrutam/internal/account"
	"amrutam/internal/apptest"
)

const password = "seven lamps light the well"

// page is one tab.
type page struct {
	t   *testing.T
	ctx context.Context
	// home is the clinic as browsers name it: passkeys are bound to names.
	baseURL string

	mu         sync.Mutex
	violations []string
}

// openPage starts a browser of its own, without anything kept.
func openPage(t *testing.T, c *apptest.Clinic) *page {
	t.Helper()
	path := ""
	for _, name := range []string{os.Getenv("CHROMIUM"), "chromium", "chromium-browser", "google-chrome",
		"google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			path = path
			break
		}
	}
	if path == "" {
		if os.Getenv("CI") != "" {
			t.Fatal("there is no Chromium: scripts/chromium.sh installs one")
		}
		t.Skip("there is no Chromium: scripts/chromium.sh installs one")
	}
	tab, end := chromedp.NewContext(context.Background(),
		chromedp.WithAllocatorOptions(chromedp.ExecPath(path), chromedp.NoSandbox,
			chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true)))
	t.Cleanup(func() { _ = chromedp.Cancel(tab); end() })
	p := &page{t: t, baseURL: strings.Replace(c.URL, "127.0.0.1", "localhost", 1)}
	if err := chromedp.Listen(tab, func(event any) {
		p.mu.Lock()
		defer p.mu.Unlock()
		switch e := event.(type) {
		case *audits.EventIssueAdded:
			if e.Issue.Details.ContentSecurityPolicyIssueDetails != nil {
				p.violations = append(p.violations, e.Issue.Details.ContentSecurityPolicyIssueDetails.ViolatedDirective)
			}
		case *runtime.EventExceptionThrown:
			p.violations = append(p.violations, e.ExceptionDetails.Text)
		}
	}); err != nil {
		t.Fatal(err)
	}
	limited, cancel := context.WithTimeout(tab, 2*time.Minute)
	t.Cleanup(cancel)
	p.ctx = limited
	_, err := chromedp.Call(p.ctx, audits.Enable, cdp.Empty{})
	p.must(err)
	return p
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

// visit opens an address and waits until it is loaded.
func (p *page) visit(address string) {
	p.t.Helper()
	p.run(chromedp.Navigate(address), chromedp.WaitReady(chromedp.CSS("body")))
}

// script runs in the page; it may use ask(method, path, body), which gives {status, body}.
func (p *page) script(code string) map[string]any {
	p.t.Helper()
	const ask = `const ask = async (method, path, body) => {
		const answer = await fetch('/api/v1/' + path, {method,
		headers: body ? {'Content-Type': 'application/json'} : {}, body: body && JSON.stringify(body)});
		const text = await answer.text();
		return {status: answer.status, body: text ? JSON.parse(text) : null};
	};`
	out, err := chromedp.Run(p.ctx, chromedp.Evaluate[map[string]any]("(async () => {"+ask+code+"})()",
		chromedp.EvalAwaitPromise))
	p.must(err)
	return out
}

// createPatient signs up and proves the address.
func createPatient(t *testing.T, c *apptest.Clinic) (email string) {
	t.Helper()
	patient := c.Patient()
	hash, err := account.HashPassword(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.DB.Pool.Exec(t.Context(), "UPDATE users SET password_hash = $1 WHERE id = $2", hash,
		patient.ID); err != nil {
		t.Fatal(err)
	}
	return patient.Email
}

func requireStatus(t *testing.T, what string, got any, want int) {
	t.Helper()
	if got != float64(want) {
		t.Errorf("%s: status %v, want %d", what, got, want)
	}
}

const signInTemplate = `const signedIn = await ask('POST', 'auth/login', {email: %EMAIL%, password: '` + password +
	`', session: 'COOKIE'});`

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
		t.Errorf("a script sees %v", out)
	}

	// Another site, where the user goes next, has them send what they don't mean to.
	otherSite := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = w.Write([]byte(`<!doctype html><title>evil</title><body><a id="link" href="` + p.baseURL +
			`/api/v1/users/me">a link</a>
			<form id="form" method="post" enctype="text/plain" action="` + p.baseURL +
			`/api/v1/auth/logout"><input name="x" value="y"></form></body>`))
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
		const blind = await fetch('` + p.baseURL +
		`/api/v1/users/me', {mode: 'no-cors', credentials: 'include'}).then(r => r.type, e => 'refused');
		const open = await fetch('` + p.baseURL +
		`/api/v1/users/me', {credentials: 'include'}).then(r => 'read', e => 'refused');
		return {blind, open};`)
	if read["open"] != "refused" {
		t.Errorf("another site reads: %v", read)
	}

	p.visit(p.baseURL + "/docs/")
	out = p.script(`const me = await ask('GET', 'users/me'); const out = await ask('POST',
		'auth/logout'); const gone = await ask('GET', 'users/me');
		return {me: me.status, out: out.status, gone: gone.status};`)
	requireStatus(t, "still signed in", out["me"], 200)
	requireStatus(t, "sign out", out["out"], 204)
	requireStatus(t, "after it", out["gone"], 401)
}

func TestPasskeysInBrowser(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	p := openPage(t, c)
	email := createPatient(t, c)
	_, err := chromedp.Call(p.ctx, webauthn.Enable, webauthn.EnableParams{})
	p.must(err)
	_, err = chromedp.Call(p.ctx, webauthn.AddVirtualAuthenticator,
		webauthn.AddVirtualAuthenticatorParams{Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol: webauthn.AuthenticatorProtocolCtap2, Transport: webauthn.AuthenticatorTransportInternal,
			HasResidentKey:      true,
			HasUserVerification: true, IsUserVerified: true, AutomaticPresenceSimulation: true}})
	p.must(err)
	p.visit(p.baseURL + "/docs/")
	const create = `const create = async () => {
		const options = await ask('POST', 'auth/passkeys/options');
		const made = await navigator.credentials.create({publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options.body.publicKey)});
		return ask('POST', 'auth/passkeys', {name: 'A browser', credential: made.toJSON()});
	};
	const prove = async () => {
		const options = await ask('POST', 'auth/passkey-options');
		const proof = await navigator.credentials.get({publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options.body.publicKey)});
		return proof.toJSON();
	};`
	out := p.script(create + signInScript(email) + `
		const registered = await create();
		const again = await create().then(() => 'made', e => e.name);
		await ask('POST', 'auth/logout');
		const proof = await prove();
		const passed = await ask('POST', 'auth/passkey-login', {credential: proof, session: 'COOKIE'});
		const replayed = await ask('POST', 'auth/passkey-login', {credential: proof, session: 'COOKIE'});
		const me = await ask('GET', 'users/me');
		await ask('POST', 'auth/logout');
		const half = await ask('POST', 'auth/login', {email: me.body.email, password: '` + password +
		`', session: 'COOKIE'});
		const whole = await ask('POST', 'auth/verify-mfa', {mfaToken: half.body.mfaToken, passkey: await prove(),
		session: 'COOKIE'});
		const stepped = await ask('POST', 'auth/step-up', {passkey: await prove()});
		const passkeys = await ask('GET', 'auth/passkeys');
		return {registered: registered.status, codes: registered.body.recoveryCodes.length, again,
		passed: passed.status, replayed: replayed.status,
			email: me.body.email, methods: half.body.methods.join(), whole: whole.status, stepped: stepped.status,
				name: passkeys.body.items[0].name};`)
	requireStatus(t, "register", out["registered"], 201)
	requireStatus(t, "sign in", out["passed"], 200)
	requireStatus(t, "the same proof", out["replayed"], 401)
	requireStatus(t, "second factor", out["whole"], 200)
	requireStatus(t, "step up", out["stepped"], 204)
	if out["codes"] != float64(10) || out["again"] != "InvalidStateError" || out["email"] != email ||
		out["methods"] != "passkey,recovery-code" || out["name"] != "A browser" {
		t.Errorf("got %v", out)
	}
}

// TestPagesObeyContentSecurityPolicy: a policy that a page itself breaks would be loosened some day.
func TestPagesObeyContentSecurityPolicy(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	p := openPage(t, c)
	const inject = "?token=%22%3E%3Cscript%3Ewindow.injected%3D1%3C%2Fscript%3E%3Cimg%20src%3Dx%20onerror%3Dwindow.injected%3D1%3E"
	for _, path := range []string{"/docs/", "/verify-email" + inject, "/reset-password" + inject,
		"/confirm-email" + inject, "/problems/slot-taken", "/dev/mailbox"} {
		p.visit(p.baseURL + path)
		if out := p.script("return {injected: window.injected === 1, title: document.title};"); out["injected"] != false || out["title"] == "" {
			t.Errorf("%s: %v", path, out)
		}
		policy := c.Get(apptest.User{}, path).Want(200).Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") ||
			!strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("%s has the policy %q", path, policy)
		}
	}
	faults := func() []string {
		p.mu.Lock()
		defer p.mu.Unlock()
		return slices.Clone(p.violations)
	}
	if path := faults(); len(path) > 0 {
		t.Errorf("the pages break their policy, or fail: %v", path)
	}
	// A check that can't fail is none: what a policy forbids is noticed.
	p.script(`const seen = new Promise(done => document.addEventListener('securitypolicyviolation', done,
		{once: true}));
		document.body.insertAdjacentHTML('beforeend',
			'<img src="x" onerror="window.injected = 1">'); await seen; return {};`)
	if len(faults()) == 0 {
		t.Error("a violation isn't noticed")
	}
}
