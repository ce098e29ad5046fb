package console_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
	"amrutam/internal/apptest/browser"
	"amrutam/internal/console"
)

// overfill puts one character too many, an emoji of two UTF-16 units, into each field of text of the page's forms,
// sends them, and returns what is wrong with the answers. Nothing reaches the server.
const overfill = `
	const wrong = [], texts = 'textarea, input:is([type=text], [type=search], [type=email], [type=tel])';
	document.querySelectorAll('main details').forEach(e => e.open = true);
	await new Promise(done => setTimeout(done, 50));
	if (document.querySelector('[maxlength]')) wrong.push('a field cuts off what is typed');
	let count = 0;
	for (const form of document.querySelectorAll('main form:not([role=search])')) {
		const fields = [...form.querySelectorAll(texts)].filter(f => !f.readOnly);
		if (fields.length === 0) continue;
		for (const field of fields) {
			if (!field.dataset.max) wrong.push(field.name + ' has no limit');
			field.type === 'email' && (field.type = 'text'); // an input of addresses changes emoji
			field.value = '😀'.repeat(Number(field.dataset.max) + 1);
		}
		form.noValidate = true;
		form.requestSubmit();
		for (let i = 0; i < 50 && !form.querySelector('.refusal'); i++)
			await new Promise(done => setTimeout(done, 20));
		const said = form.querySelector('.refusal')?.innerText ?? '';
		for (const field of fields) {
			const max = Number(field.dataset.max), label = field.labels[0]?.dataset.name ?? '';
			const fault = document.getElementById(field.id + '-fault')?.innerText ?? '';
			count++;
			if (field.value.length !== 2 * max + 2) wrong.push(field.name + ' lost what was typed');
			const isNamed = fault.includes(max) && fault.includes(max + 1);
			if (!isNamed) wrong.push(field.name + ' has the fault "' + fault + '"');
			const described = field.getAttribute('aria-describedby') ?? '';
			if (!described.includes('fault')) wrong.push(field.name + ' is not described');
			if (!said.includes(label + ': ' + fault)) wrong.push('the form says ' + said + ' without ' + label);
		}
	}
	const root = document.documentElement;
	if (root.scrollWidth > root.clientWidth) wrong.push('too wide');
	return {wrong: [...new Set(wrong)].join('; '), count};`

// TestTooLongTexts tests that each form of each page keeps a text that is too long, and says in the reader's language
// which field it is in, and how many characters there are and may be.
func TestTooLongTexts(t *testing.T) {
	t.Parallel()
	s := setScene(t)
	var fields atomic.Int64
	t.Run("pages", func(t *testing.T) {
		s.asEach(t, append([]access.Role{visitors}, access.AllRoles()...), func(t *testing.T, p *browser.Page,
			role access.Role, routes []console.Route) {
			p.SpeakLanguage("hi")
			for _, route := range routes {
				address := s.address(t, route.Path)
				open(p, address)
				found := p.Script(overfill)
				if found["wrong"] != "" {
					t.Errorf("%s as %q: %.600s", address, role, fmt.Sprint(found["wrong"]))
				}
				n, _ := found["count"].(float64)
				fields.Add(int64(n))
			}
		})
	})
	if n := fields.Load(); n < 50 {
		t.Errorf("the pages have only %d fields", n)
	}
}

// TestCharactersAsTheServerCounts tests that the longest texts are stored: emoji, composed letters and line breaks are
// one character each.
func TestCharactersAsTheServerCounts(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient := c.Patient()
	p := browser.Open(t, c)
	p.SignIn(c, patient)
	open(p, "/account")
	name, address := strings.Repeat("😀e\u0301", 100), strings.TrimSpace(strings.Repeat("a\n", 250))
	fill(p, "Full name", name+"x")
	press(p, "Save")
	await(t, p, "Full name: must have at most 200 characters, not 201")
	fill(p, "Full name", name)
	fill(p, "Postal address", address)
	press(p, "Save")
	await(t, p, "Saved.")
	stored := c.Get(patient, "users/me").Want(200)
	if got := stored.Text("fullName"); got != strings.Repeat("😀é", 100) {
		t.Errorf("the name is %s", got)
	}
	if got := stored.Text("address"); got != address {
		t.Errorf("the address is %q", got)
	}
}

// TestTooLongNotes tests that notes that are too long are kept, and that the page says why it doesn't save them; and
// that a search for prescriptions names its limit.
func TestTooLongNotes(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.Doctor("0.00")
	visit := c.Book(c.Patient(), c.Slot(doctor, 10*time.Minute, 1))
	c.Patch(doctor, "consultations/"+visit+"/status", object{"status": "IN_PROGRESS"}).Want(200)
	p := browser.Open(t, c)
	p.SignIn(c, doctor)
	open(p, "/consultations/"+visit)
	out := p.Script(`
		const field = document.querySelector('section:has(#notes) textarea');
		field.value = 'पाठ '.repeat(5001);
		field.dispatchEvent(new InputEvent('input', {bubbles: true}));
		return {limit: field.maxLength};`)
	if out["limit"] != -1.0 {
		t.Errorf("the field cuts off texts after %v", out["limit"])
	}
	await(t, p, "must have at most 20000 characters")
	kept := p.Script(`return {length: document.querySelector('section:has(#notes) textarea').value.length};`)
	if kept["length"] != 20004.0 {
		t.Errorf("the field keeps %v characters", kept["length"])
	}
	press(p, "Write a prescription")
	p.Script(`
		[...document.querySelectorAll('summary')].find(s => s.innerText.startsWith('Copy from')).click();
		const form = document.querySelector('form[role=search]');
		form.elements.q.value = 'triphala '.repeat(30);
		form.requestSubmit();
		return {};`)
	await(t, p, "must have at most 200 characters, not 269")
}
