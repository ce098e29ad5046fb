package console_test

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"amrutam/internal/apptest"
	"amrutam/internal/apptest/browser"
)

// TestStrangeRetryAfter tests that a page whose server asks to wait for longer than a timer can, or for less than
// nothing, doesn't try again at once and for ever.
func TestStrangeRetryAfter(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	p, g := openThrough(t, c)
	p.SignIn(c, c.Support())
	for _, after := range []string{"99999999999999999999", "3000000", "-5", "Wed, 21 Oct 2037 07:28:00 GMT"} {
		for path, said := range map[string]string{"/api/v1/disputes": "did not answer as it should",
			"/api/v1/users/me": "busy or being restarted"} {
			var asked atomic.Int32
			g.fail(path, func(w http.ResponseWriter, _ *http.Request) {
				asked.Add(1)
				w.Header().Set("Retry-After", after)
				w.Header().Set("Content-Type", "application/problem+json")
				w.WriteHeader(http.StatusServiceUnavailable)
				if path == "/api/v1/users/me" {
					_, _ = fmt.Fprint(w, `{"type": "/problems/busy"}`)
				}
			})
			p.Visit(p.URL + "/disputes")
			await(t, p, said)
			p.Script(`await new Promise(done => setTimeout(done, 1000)); return {};`)
			if n := asked.Load(); n > 2 {
				t.Errorf("Retry-After: %s of %s: asked %d times in a second", after, path, n)
			}
			g.fail("", nil)
		}
	}
}

// TestRefundInClosedDialog tests that a refund that is asked for again, after its dialog was closed before the answer
// came, is the same one.
func TestRefundInClosedDialog(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	visit, _ := c.BookAndPay(c.Patient(), c.Slot(c.Doctor("500.00"), 30*time.Hour, 1), "500.00")
	p, g := openThrough(t, c)
	p.SignIn(c, c.Support())
	open(p, "/all-visits/"+visit)
	await(t, p, "Ask for a refund")
	keys := make(chan string, 10)
	var isLost atomic.Bool
	lose := func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, "/refunds") {
			return false
		}
		isFirst := isLost.CompareAndSwap(false, true)
		keys <- r.Header.Get("Idempotency-Key")
		if isFirst {
			_, _ = io.Copy(io.Discard, r.Body) // else the server doesn't see that the browser gives up
			<-r.Context().Done()
		}
		return isFirst
	}
	g.answer.Store(&lose)
	ask := func() {
		p.Script(`
			[...document.querySelectorAll('main button')].find(b => b.innerText === 'Ask for a refund').click();
			for (let i = 0; i < 100 && !document.querySelector('dialog form'); i++)
				await new Promise(done => setTimeout(done, 20));
			const form = document.querySelector('dialog form');
			const type = (name, text) => {
				form.elements[name].value = text;
				form.elements[name].dispatchEvent(new InputEvent('input', {bubbles: true}));
			};
			type('amount', '1.00');
			type('reason', 'The call broke down');
			form.requestSubmit();
			return {};`)
	}
	ask()
	first := <-keys
	p.Script(`
		document.querySelector('dialog .dialog-head button').click();
		for (let i = 0; i < 100 && document.querySelector('dialog'); i++)
			await new Promise(done => setTimeout(done, 20));
		return {};`)
	ask()
	await(t, p, "Waits for approval")
	if second := <-keys; first == "" || first != second {
		t.Errorf("the keys are %q and %q", first, second)
	}
}

// TestDependantAmongPeople tests that the address of a dependant, as disputes and reviews link to it, shows their
// visits and leads to the account that booked.
func TestDependantAmongPeople(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor := c.Patient(), c.Doctor("0.00")
	dependant := c.Dependant(patient, 9*365*24*time.Hour)
	visit := c.Post(patient, "consultations", object{"slotId": c.Slot(doctor, 3*time.Hour, 1), "reason": "MarkReason",
		"dependantId": dependant}).Want(201).Text("id")
	p := browser.Open(t, c)
	p.SignIn(c, c.Support())
	open(p, fmt.Sprintf("/people/%v", dependant))
	text := await(t, p, "They have no account")
	if strings.Contains(text, "MarkReason") {
		t.Errorf("support sees %s", text)
	}
	leads := fmt.Sprint(p.Script(`return {to: [...document.querySelectorAll('main a')].map(a => a.href)};`)["to"])
	for _, link := range []string{"/all-visits/" + visit, "/people/" + patient.ID.String()} {
		if !strings.Contains(leads, link) {
			t.Errorf("nothing leads to %s: %s", link, text)
		}
	}
	open(p, "/people/"+visit)
	await(t, p, "There is no such person.")
}

// TestFileOfEndedSession tests that a link to a file asks for a sign-in when the session has ended.
func TestFileOfEndedSession(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	admin := c.Admin()
	p := browser.Open(t, c)
	p.SignIn(c, admin)
	open(p, "/admin/analytics")
	await(t, p, "CSV")
	c.Post(admin, "auth/logout", nil).Want(204)
	p.Script(`document.querySelector('a[download]').click(); return {};`)
	await(t, p, "Please sign in again")
}

// TestPhoneInDevanagari tests that support finds a person by a phone number in the digits of a Hindi keyboard.
func TestPhoneInDevanagari(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient := c.Patient()
	c.Patch(patient, "users/me", object{"fullName": "Asha Rao", "phone": "+919876543210"}).Want(200)
	p := browser.Open(t, c)
	p.SignIn(c, c.Support())
	open(p, "/people?q="+url.QueryEscape("+९१ ९८७६५ ४३२१०"))
	await(t, p, "Asha Rao")
}
