package console_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
	"amrutam/internal/apptest/browser"
)

const password = "seven lamps light the well"

// setPassword lets a user sign in by password.
func setPassword(t *testing.T, c *apptest.Clinic, user apptest.User) {
	t.Helper()
	hash, err := c.App.Passwords.Hash(t.Context(), password)
	if err != nil {
		t.Fatal(err)
	}
	c.Exec("UPDATE users SET password_hash = $1 WHERE id = $2", hash, user.ID)
}

func quote(text string) string {
	quoted, _ := json.Marshal(text)
	return string(quoted)
}

// fill types into the field with a label, once it is there; that of an open dialog if there is one.
func fill(p *browser.Page, label, value string) {
	p.Script(`
		const find = () => [...(document.querySelector('dialog[open]') ?? document).querySelectorAll('label')]
			.find(l => l.dataset.name === ` + quote(label) + `)?.control;
		for (let i = 0; i < 200 && !find(); i++) await new Promise(done => setTimeout(done, 50));
		const field = find();
		field.focus();
		field.value = ` + quote(value) + `;
		field.dispatchEvent(new InputEvent('input', {bubbles: true}));
		return {};`)
}

// press presses the button with a text; that of an open dialog if there is one.
func press(p *browser.Page, text string) {
	p.Script(`
		const find = () => [...(document.querySelector('dialog[open]') ?? document).querySelectorAll('button')]
			.find(b => b.innerText.trim() === ` + quote(text) + `);
		for (let i = 0; i < 200 && !find(); i++) await new Promise(done => setTimeout(done, 50));
		find().click();
		return {};`)
}

// await waits until the page shows a text, and returns all that it shows.
func await(t *testing.T, p *browser.Page, text string) string {
	t.Helper()
	const code = `
		const shows = () => document.body.innerText.includes(TEXT);
		for (let i = 0; i < 300 && !shows(); i++) await new Promise(done => setTimeout(done, 50));
		return {shows: shows(), text: document.body.innerText, path: location.pathname};`
	out, err := p.TryScript(strings.ReplaceAll(code, "TEXT", quote(text)))
	for attempt := 0; err != nil && attempt < 5; attempt++ { // the page was left meanwhile
		out, err = p.TryScript(strings.ReplaceAll(code, "TEXT", quote(text)))
	}
	p.Must(err)
	if out["shows"] != true {
		t.Fatalf("%q doesn't appear at %v: %v", text, out["path"], out["text"])
	}
	return fmt.Sprint(out["text"])
}

// TestSignInLeadsBack tests that a visitor signs in at the page that they asked for, keeps the address after a wrong
// password, and leaves nothing behind after signing out.
func TestSignInLeadsBack(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient := c.Patient()
	setPassword(t, c, patient)
	c.Patch(patient, "users/me", map[string]any{"fullName": "Meera Nair", "address": "7 Lake Road"}).Want(200)
	p := browser.Open(t, c)
	p.Visit(p.URL + "/account")
	await(t, p, "You then come back to where you were.")
	fill(p, "E-mail address", patient.Email)
	fill(p, "Password", "something else")
	press(p, "Sign in")
	await(t, p, "wrong")
	kept := p.Script(`return {email: document.querySelector('input[type=email]').value};`)
	if kept["email"] != patient.Email {
		t.Errorf("the address is gone: %v", kept)
	}
	fill(p, "Password", password)
	press(p, "Sign in")
	await(t, p, "Meera Nair")
	if at := p.Script(`return {path: location.pathname};`); at["path"] != "/account" {
		t.Errorf("it leads to %v", at)
	}
	p.Visit(p.URL + "/account/privacy")
	press(p, "Sign out")
	await(t, p, "You are signed out.")
	p.Run(chromedp.NavigateBack())
	text := await(t, p, "E-mail address")
	if strings.Contains(text, "Meera") || strings.Contains(text, "7 Lake Road") {
		t.Errorf("Back shows %s", text)
	}
}

// TestSignInLeadsNowhereElse tests that a sign-in leads to no other server, and not back to itself.
func TestSignInLeadsNowhereElse(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	p := browser.Open(t, c)
	p.SignIn(c, c.Patient())
	for _, next := range []string{"//evil.example", "https://evil.example", `/\evil.example`, "/%09/evil.example",
		"javascript:alert(1)", "/api/v1/users/me", "/sign-in", "/sign-up"} {
		p.Visit(p.URL + "/sign-in?next=" + url.QueryEscape(next))
		await(t, p, "My visits")
		await(t, p, "Earlier visits")
		if at := p.Script(`return {path: location.pathname};`); at["path"] != "/visits" {
			t.Errorf("%s leads to %v", next, at)
		}
	}
}

// TestEndedSessionKeepsForm tests that a form whose session has ended asks for a sign-in, and is then sent as it was
// typed.
func TestEndedSessionKeepsForm(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient := c.Patient()
	setPassword(t, c, patient)
	p := browser.Open(t, c)
	p.SignIn(c, patient)
	open(p, "/account")
	fill(p, "Full name", "Asha Menon")
	c.Post(patient, "auth/logout", nil).Want(204)
	press(p, "Save")
	await(t, p, "Please sign in again")
	fill(p, "Password", password)
	press(p, "Sign in")

	c.Await("the name is stored", func() bool {
		return c.Count("SELECT count(*) FROM profiles WHERE full_name = 'Asha Menon'") == 1
	})
	await(t, p, "Asha Menon")
}

// TestOthersVisitIsNotShown tests that the address of somebody else's visit shows nothing of it.
func TestOthersVisitIsNotShown(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, other, doctor := c.Patient(), c.Patient(), c.Doctor("0.00")
	visit := c.Post(patient, "consultations", map[string]any{"slotId": c.Slot(doctor, 3*time.Hour, 1),
		"reason": "MarkReason"}).Want(201).Text("id")
	p := browser.Open(t, c)
	p.SignIn(c, other)
	if text := fmt.Sprint(open(p, "/visits/"+visit)["text"]); strings.Contains(text, "MarkReason") ||
		strings.Contains(text, "Test DOCTOR") {
		t.Errorf("somebody else's visit shows %s", text)
	}
}

// TestTextsStayTexts tests that what users write is shown as it is, and never runs.
func TestTextsStayTexts(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.Doctor("0.00")
	const bio = `</script><script>window.injected=1</script><img src=x onerror="window.injected=1"> {{7*7}} &lt;`
	c.Patch(doctor, "doctors/"+doctor.ID.String(), map[string]any{"bio": bio}).Want(200)
	p := browser.Open(t, c)
	shown := open(p, "/doctors/"+doctor.ID.String())
	if !strings.Contains(fmt.Sprint(shown["text"]), bio) {
		t.Errorf("the text isn't shown as it is: %v", shown["text"])
	}
	if out := p.Script(`return {injected: window.injected === 1};`); out["injected"] != false {
		t.Error("a text ran")
	}
	if recorded := p.Errors(); len(recorded) > 0 {
		t.Errorf("errors: %v", recorded)
	}
}

// TestSystemPage tests that the page of the system says what to do about a failure, without the text of the error, and
// tells when it was read again.
func TestSystemPage(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	admin := c.Admin()
	c.Exec(`INSERT INTO river_job (args, kind, queue, state, attempt, max_attempts, priority, attempted_at,
			scheduled_at, finalized_at, errors)
		VALUES ('{}', 'payment.refund', 'nobody', 'discarded', 1, 3, 1, now(), now(), now(),
			ARRAY[jsonb_build_object('at', now(), 'attempt', 1, 'error', 'MarkError: no such host', 'trace', '')])`)
	p := browser.Open(t, c)
	p.SignIn(c, admin)
	open(p, "/admin/system")
	text := await(t, p, "1 thing needs you")
	for _, want := range []string{"payment.refund", "Other server not reached", "AmrutamJobsFailing"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in %s", want, text)
		}
	}
	if strings.Contains(text, "MarkError") {
		t.Error("the text of the error is shown")
	}
	c.Exec("DELETE FROM river_job WHERE queue = 'nobody'")
	press(p, "Read it again")
	await(t, p, "Read again.")
	await(t, p, "Nothing needs you.")
}

// TestFiguresPage tests that a doctor reads the own figures of a period, as sums and by day.
func TestFiguresPage(t *testing.T) {
	t.Parallel()
	s := setScene(t)
	p := browser.Open(t, s.Clinic)
	p.SignIn(s.Clinic, s.users[access.RoleDoctor])
	shown := fmt.Sprint(open(p, "/figures?period=7&compare=no&timezone=UTC")["text"])
	for _, want := range []string{"1 visit was booked for these days. Completed: 1.", "Paid by patients (INR)",
		"₹500.00", "Your rating is 5 of 5 now, from 1 rating."} {
		if !strings.Contains(shown, want) {
			t.Errorf("%q is missing in %s", want, shown)
		}
	}
	rows := p.Script(`
		document.querySelector('main details').open = true;
		const rows = [...document.querySelectorAll('main details tbody th')].map(th => th.innerText);
		return {days: rows.length, first: rows[0]};`)
	if first := fmt.Sprint(rows["first"]); rows["days"] != 7.0 || !strings.Contains(first, "day, ") {
		t.Errorf("the days: %v", rows)
	}
}
