// Package browser_test opens the server's pages in a real browser, because only a browser shows which cookies it
// stores and sends, and which requests it refuses.
package browser_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"amrutam/internal/apptest"
	"amrutam/internal/apptest/browser"
)

const password = "seven lamps light the well"

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
	p := browser.Open(t, c)
	email := createPatient(t, c)
	p.Visit(p.URL + "/docs/")
	out := p.Script(signInScript(email) + `
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
			<input name="x" value="y"></form></body>`, p.URL)
	}))
	t.Cleanup(otherSite.Close)
	p.Visit(otherSite.URL)
	p.Run(chromedp.Click(chromedp.CSS("#link")), chromedp.WaitNotPresent(chromedp.CSS("#link")),
		chromedp.WaitReady(chromedp.CSS("body")))
	text, err := chromedp.Run(p.Ctx, chromedp.Text(chromedp.CSS("body")))
	p.Must(err)
	if !strings.Contains(text, "/problems/cross-site-request") || strings.Contains(text, email) {
		t.Errorf("a link from another site shows %s", text)
	}
	p.Visit(otherSite.URL)
	p.Run(chromedp.Submit(chromedp.CSS("#form")), chromedp.WaitNotPresent(chromedp.CSS("#form")),
		chromedp.WaitReady(chromedp.CSS("body")))
	p.Visit(otherSite.URL)
	read := p.Script(`
		const address = '` + p.URL + `/api/v1/users/me';
		await fetch(address, {mode: 'no-cors', credentials: 'include'}).catch(() => {});
		const result = await fetch(address, {credentials: 'include'}).then(r => 'read', e => 'refused');
		return {result};`)
	if read["result"] != "refused" {
		t.Errorf("another site can read a response: %v", read)
	}

	p.Visit(p.URL + "/docs/")
	out = p.Script(`
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
	p := browser.Open(t, c)
	email := createPatient(t, c)
	_, err := chromedp.Call(p.Ctx, webauthn.Enable, webauthn.EnableParams{})
	p.Must(err)
	_, err = chromedp.Call(p.Ctx, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{
		Options: &webauthn.VirtualAuthenticatorOptions{
			Protocol:                    webauthn.AuthenticatorProtocolCtap2,
			Transport:                   webauthn.AuthenticatorTransportInternal,
			HasResidentKey:              true,
			HasUserVerification:         true,
			IsUserVerified:              true,
			AutomaticPresenceSimulation: true,
		},
	})
	p.Must(err)
	p.Visit(p.URL + "/docs/")
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
	out := p.Script(create + signInScript(email) + `
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
	p := browser.Open(t, c)
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
		p.Visit(p.URL + path)
		out := p.Script("return {injected: window.injected === 1, title: document.title};")
		if out["injected"] != false || out["title"] == "" {
			t.Errorf("%s: %v", path, out)
		}
		policy := c.Get(apptest.User{}, path).Want(200).Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") ||
			!strings.Contains(policy, "frame-ancestors 'none'") {
			t.Errorf("%s has the policy %q", path, policy)
		}
	}
	if recorded := p.Errors(); len(recorded) > 0 {
		t.Errorf("the pages break their policy, or fail: %v", recorded)
	}
	// Check that a violation would have been recorded.
	p.Script(`
		const violation = new Promise(done =>
			document.addEventListener('securitypolicyviolation', done, {once: true}));
		document.body.insertAdjacentHTML('beforeend', '<img src="x" onerror="window.injected = 1">');
		await violation;
		return {};`)
	if len(p.Errors()) == 0 {
		t.Error("a violation was not recorded")
	}
}
