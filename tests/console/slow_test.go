package console_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"amrutam/internal/apptest/browser"
)

// hasten lets the page's long waits pass in a third of a second, or as long as they are again.
func hasten(p *browser.Page, isOn bool) {
	p.Script(fmt.Sprintf(`
		window.realTimeout ??= setTimeout;
		const quick = (run, wait, ...rest) => realTimeout(run, wait >= 20_000 ? 300 : wait, ...rest);
		window.setTimeout = %t ? quick : realTimeout;
		return {};`, isOn))
}

// hold lets requests of a method wait whose path has a part, until release is called.
func (g *gateway) hold(method, part string) (release func()) {
	over := make(chan struct{})
	wait := func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method != method || !strings.Contains(r.URL.Path, part) {
			return false
		}
		body, err := io.ReadAll(r.Body) // else the server doesn't see that the browser gives up
		select {
		case <-over:
			r.Body = io.NopCloser(bytes.NewReader(body))
			return err != nil
		case <-r.Context().Done():
			return true
		}
	}
	g.answer.Store(&wait)
	return func() { close(over) }
}

// TestAnswerThatNeverComes tests that a page says that something is on its way, and after a while that no answer came;
// then a button tries it again, and says so too.
func TestAnswerThatNeverComes(t *testing.T) {
	t.Parallel()
	p, g := openAsPatient(t)
	open(p, "/visits")
	release := g.hold(http.MethodGet, "/api/v1/prescriptions/me")
	p.Script(`document.querySelector('nav a[href="/prescriptions"]').click(); return {};`)
	await(t, p, "Loading…")
	open(p, "/visits")
	hasten(p, true)
	p.Script(`document.querySelector('nav a[href="/prescriptions"]').click(); return {};`)
	await(t, p, "The service did not answer as it should.")
	hasten(p, false)
	press(p, "Try again")
	press(p, "Loading…") // one at a time
	shown := p.Script(`return {busy: document.querySelector('.refusal button[aria-disabled=true]') !== null};`)
	if shown["busy"] != true {
		t.Error("the button doesn't say that it is tried again")
	}
	release()
	await(t, p, "There is no prescription yet.")
}

// TestFormWhoseAnswerNeverComes tests that a form says that it is being sent, sends nothing twice, and says
// after a while that the outcome isn't known; the next try has the same key.
func TestFormWhoseAnswerNeverComes(t *testing.T) {
	t.Parallel()
	p, g := openAsPatient(t)
	typeDependant(p)
	keys := make(chan string, 10)
	ignore := func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost {
			return false
		}
		keys <- r.Header.Get("Idempotency-Key")
		_, _ = io.Copy(io.Discard, r.Body) // else the server doesn't see that the browser gives up
		<-r.Context().Done()
		return true
	}
	g.answer.Store(&ignore)
	hasten(p, true)
	p.Script(`
		const form = document.querySelector('main form');
		form.requestSubmit();
		form.requestSubmit();
		return {};`)
	await(t, p, "We can't tell whether this was carried out.")
	if len(keys) != 1 {
		t.Errorf("it was sent %d times", len(keys))
	}
	note := func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost {
			keys <- r.Header.Get("Idempotency-Key")
		}
		return false
	}
	g.answer.Store(&note)
	hasten(p, false)
	press(p, "Add somebody")
	await(t, p, "Anju Rao")
	if first, second := <-keys, <-keys; first == "" || first != second {
		t.Errorf("the keys are %q and %q", first, second)
	}
}

// TestSlowSignOut tests that a sign-out says that it is on its way, and is sent once.
func TestSlowSignOut(t *testing.T) {
	t.Parallel()
	p, g := openAsPatient(t)
	open(p, "/visits")
	release := g.hold(http.MethodPost, "/auth/logout")
	press(p, "Sign out")
	await(t, p, "Sending…")
	release()
	await(t, p, "You are signed out.")
}

// TestBusyServer tests that a page goes on by itself when a server that was busy can answer again.
func TestBusyServer(t *testing.T) {
	t.Parallel()
	p, g := openAsPatient(t)
	open(p, "/visits")
	g.fail("/api/v1/prescriptions/me", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusServiceUnavailable)
	})
	p.Script(`document.querySelector('nav a[href="/prescriptions"]').click(); return {};`)
	await(t, p, "did not answer as it should")
	g.fail("", nil)
	await(t, p, "There is no prescription yet.")
}
