package console_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"amrutam/internal/apptest"
	"amrutam/internal/apptest/browser"
)

// gateway stands between the browser and the server, and answers some requests itself.
type gateway struct {
	// answer reports whether it has answered a request.
	answer atomic.Pointer[func(w http.ResponseWriter, r *http.Request) bool]
}

// openThrough opens a browser whose pages come through a gateway.
func openThrough(t *testing.T, c *apptest.Clinic) (*browser.Page, *gateway) {
	t.Helper()
	target, err := url.Parse(c.URL)
	if err != nil {
		t.Fatal(err)
	}
	g := &gateway{}
	pass := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Host = r.In.Host
	}, FlushInterval: -1}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if answer := g.answer.Load(); answer == nil || !(*answer)(w, r) {
			pass.ServeHTTP(w, r)
		}
	}))
	t.Cleanup(server.Close)
	p := browser.Open(t, c)
	p.URL = strings.Replace(server.URL, "127.0.0.1", "localhost", 1)
	return p, g
}

// openAsPatient opens such a browser on a clinic of its own, with the session of a patient.
func openAsPatient(t *testing.T) (*browser.Page, *gateway) {
	t.Helper()
	c := apptest.Open(t)
	p, g := openThrough(t, c)
	p.SignIn(c, c.Patient())
	return p, g
}

// fail lets requests whose path has a part get an answer of the gateway; "" ends that.
func (g *gateway) fail(part string, answer http.HandlerFunc) {
	if part == "" {
		g.answer.Store(nil)
		return
	}
	fault := func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.Contains(r.URL.Path, part) {
			return false
		}
		answer(w, r)
		return true
	}
	g.answer.Store(&fault)
}

// portal is what a captive portal answers.
func portal(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/html")
	_, _ = fmt.Fprint(w, "<html><title>Welcome to the hotel</title>")
}

// cut sends half of an answer.
func cut(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", "1000")
	_, _ = fmt.Fprint(w, `{"items": [`)
}

func unavailable(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Retry-After", "600")
	w.WriteHeader(http.StatusServiceUnavailable)
}

func gone(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNotFound) }

// TestStrangeAnswers tests that a page says so when something else than the API answers, or half of an answer comes,
// and that a button goes on.
func TestStrangeAnswers(t *testing.T) {
	t.Parallel()
	p, g := openAsPatient(t)
	for name, answer := range map[string]http.HandlerFunc{"a portal": portal, "a cut": cut, "503": unavailable} {
		g.fail("/api/v1/prescriptions/me", answer)
		if shown := open(p, "/prescriptions"); shown["isLoading"] == true || shown["refusals"] == "" {
			t.Errorf("%s: %v", name, shown)
			continue
		}
		g.fail("", nil)
		press(p, "Try again")
		await(t, p, "There is no prescription yet.")
	}
}

// typeDependant opens the form that adds a dependant, and fills it with Anju Rao.
func typeDependant(p *browser.Page) {
	open(p, "/account/dependants")
	press(p, "Add somebody")
	fill(p, "Full name", "Anju Rao")
	fill(p, "Birth date", "2020-03-04")
	p.Script(`document.querySelector('select[name=relation]').value = 'CHILD'; return {};`)
}

// TestStrangeAnswerToForm tests that a form whose answer doesn't arrive keeps what was typed, and sends it again with
// the same key.
func TestStrangeAnswerToForm(t *testing.T) {
	t.Parallel()
	p, g := openAsPatient(t)
	typeDependant(p)
	keys := make(chan string, 10)
	lose := func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost {
			return false
		}
		keys <- r.Header.Get("Idempotency-Key")
		isFirst := len(keys) == 1
		if isFirst {
			portal(w, r)
		}
		return isFirst
	}
	g.answer.Store(&lose)
	press(p, "Add somebody")
	await(t, p, "We can't tell whether this was carried out")
	press(p, "Add somebody")
	await(t, p, "Anju Rao")
	if first, second := <-keys, <-keys; first == "" || first != second {
		t.Errorf("the keys are %q and %q", first, second)
	}
}

// TestUnknownUser tests that somebody whose session can't be read isn't asked to sign in: the page says why, and goes
// on.
func TestUnknownUser(t *testing.T) {
	t.Parallel()
	p, g := openAsPatient(t)
	g.fail("/users/me", unavailable)
	p.Visit(p.URL + "/visits")
	text := await(t, p, "Try again")
	if strings.Contains(text, "Password") {
		t.Errorf("it asks for a sign-in: %s", text)
	}
	g.fail("", nil)
	press(p, "Try again")
	await(t, p, "My visits")
}

// TestMissingFiles tests that a page of an older version loads the new one, and says so when its scripts don't load.
func TestMissingFiles(t *testing.T) {
	t.Parallel()
	p, g := openAsPatient(t)
	open(p, "/account")
	p.Script(`window.isOld = true; return {};`)
	g.fail("/console/visits-", gone)
	follow := `document.querySelector('nav a[href="/visits"]').click(); return {};`
	p.Script(follow)
	await(t, p, "did not load")
	if out := p.Script(`return {isOld: window.isOld === true};`); out["isOld"] != false {
		t.Error("the page wasn't loaded anew")
	}
	g.fail("", nil)
	p.Script(`[...document.querySelectorAll('button')].find(b => b.innerText === 'Try again').click(); return {};`)
	await(t, p, "My visits")
}

// TestMissingFirstFiles tests that a page says so when what it begins with doesn't load.
func TestMissingFirstFiles(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	for _, file := range []string{"/console/main-", "/console/common-"} {
		p, g := openThrough(t, c)
		g.fail(file, gone)
		p.Visit(p.URL + "/doctors")
		await(t, p, "The page takes long to start.")
	}
}

// TestSignOutOffline tests that a sign-out that fails says so.
func TestSignOutOffline(t *testing.T) {
	t.Parallel()
	p, g := openAsPatient(t)
	open(p, "/account")
	g.fail("/auth/logout", unavailable)
	press(p, "Sign out")
	await(t, p, "did not answer as it should")
}

// TestSignOutReachesTabs tests that a sign-out in one tab also ends what another tab shows.
func TestSignOutReachesTabs(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient := c.Patient()
	c.Patch(patient, "users/me", map[string]any{"address": "7 Lake Road"}).Want(200)
	p := browser.Open(t, c)
	p.SignIn(c, patient)
	open(p, "/account")
	out := p.Script(`
		sessionStorage.setItem('draft', 'x');
		const ended = new Promise(done => addEventListener('pagehide', () => done({})));
		const response = await fetch('/api/v1/auth/logout', {method: 'POST', headers: {'Idempotency-Key': 'tabs'}});
		return {status: response.status};`)
	if out["status"] != float64(http.StatusNoContent) {
		t.Fatal(out)
	}
	_, _ = p.TryScript(`new BroadcastChannel('session').postMessage('out'); return {};`)
	text := await(t, p, "You are signed out.")
	kept := p.Script(`return {draft: sessionStorage.getItem('draft')};`)
	if strings.Contains(text, "Lake Road") || kept["draft"] != nil {
		t.Errorf("the other tab keeps %v, %s", kept, text)
	}
}

// TestCookieNotKept tests that a sign-in says so when the browser doesn't keep its cookie, as Safari at http://.
func TestCookieNotKept(t *testing.T) {
	t.Parallel()
	p, g := openThrough(t, apptest.Open(t))
	g.fail("/api/v1/auth/login", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"mfaRequired":false}`)
	})
	open(p, "/sign-in")
	fill(p, "E-mail address", "asha@example.org")
	fill(p, "Password", password)
	press(p, "Sign in")
	await(t, p, "did not keep the cookie of the sign-in")
}
