package console_test

import (
	"strings"
	"testing"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
	"amrutam/internal/apptest/browser"
)

// TestFaultInHindi tests that a form says in the reader's language what is wrong with a field.
func TestFaultInHindi(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	p := browser.Open(t, c)
	p.SpeakLanguage("hi")
	open(p, "/sign-up")
	fill(p, "पूरा नाम", "आशा राव")
	fill(p, "ईमेल पता", "asha@example.org")
	fill(p, "पासवर्ड", "short")
	press(p, "खाता बनाएँ")
	await(t, p, "कम से कम 15 अक्षर होने चाहिए")
}

// TestNothingThere tests that an address where there is nothing gets the console's page, and that a page without its
// object leads on and doesn't offer a retry.
func TestNothingThere(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient := c.Patient()
	for _, path := range []string{"/consultations/%00", "/no-such-page"} {
		page := c.Do(apptest.User{}, "GET", path, nil, "Accept", "text/html,*/*;q=0.8").Want(404)
		if !strings.Contains(string(page.Body), `id="app"`) {
			t.Errorf("%s: %s", path, page.Body)
		}
		c.Do(apptest.User{}, "GET", path, nil, "Accept", "application/json").Want(404, "not-found")
	}
	p := browser.Open(t, c)
	p.SignIn(c, patient)
	open(p, "/no-such-page")
	await(t, p, "There is no such page")
	open(p, "/visits/"+uuid.NewString())
	text := await(t, p, "There is no such visit")
	shown := p.Script(`return {link: document.querySelector('main .refusal a')?.getAttribute('href') ?? ''};`)
	if strings.Contains(text, "Try again") || shown["link"] != "/visits" {
		t.Errorf("it leads to %v: %s", shown["link"], text)
	}
}

// TestLoadAgainClearsRefusal tests that the refusal of a change goes away when what was changed elsewhere is read
// again.
func TestLoadAgainClearsRefusal(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient := c.Patient()
	p := browser.Open(t, c)
	p.SignIn(c, patient)
	open(p, "/account")
	fill(p, "Full name", "Asha Menon")
	c.Patch(patient, "users/me", map[string]any{"fullName": "Meera Nair"}).Want(200)
	press(p, "Save")
	await(t, p, "Load what is stored")
	press(p, "Load what is stored")
	const wait = `
		const gone = () => !document.querySelector('main .refusal');
		for (let i = 0; i < 200 && !gone(); i++) await new Promise(done => setTimeout(done, 50));
		return {gone: gone(), focus: document.activeElement?.type ?? ''};`
	if shown := p.Script(wait); shown["gone"] != true || shown["focus"] != "submit" {
		t.Errorf("after Load again: %v", shown)
	}
}

// TestFaultMovesNoNeighbour tests that the fields of a row stay in line when one of them has a fault.
func TestFaultMovesNoNeighbour(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.Doctor("500")
	p := browser.Open(t, c)
	p.SignIn(c, doctor)
	open(p, "/hours/new")
	const measure = `
		const row = document.querySelector('main .row:has(input[name=slotMinutes])');
		if (!row) return {rows: document.querySelectorAll('main .row').length};
		const fault = document.createElement('p');
		fault.className = 'fault';
		fault.textContent = 'is too long';
		row.querySelector('.field').append(fault);
		const tops = [...row.querySelectorAll('input, select')].map(e => Math.round(e.getBoundingClientRect().top));
		return {tops: [...new Set(tops)].length, fields: tops.length};`
	if shown := p.Script(measure); shown["tops"] != 1.0 || shown["fields"] == 1.0 || shown["fields"] == 0.0 {
		t.Errorf("the fields have other heights: %v", shown)
	}
}
