package console_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"amrutam/internal/apptest"
	"amrutam/internal/apptest/browser"
)

// TestBookingAddress tests that the address of a booking needs nothing but the slot, and what it says when that can't
// be booked.
func TestBookingAddress(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, other := c.Doctor("0.00"), c.Doctor("700.00")
	free, taken := c.Slot(doctor, 26*time.Hour, 1), c.Slot(doctor, 28*time.Hour, 1)
	c.Post(c.Patient(), "consultations", map[string]any{"slotId": taken, "reason": "MarkReason"}).Want(201)
	p := browser.Open(t, c)
	p.SignIn(c, c.Patient())
	for _, wrong := range []string{"x", "%22", "0199f3a2-7c1e-7a10-8b20"} {
		open(p, "/book/"+wrong)
		await(t, p, "This link is incomplete.")
	}
	open(p, "/book/"+taken.String())
	await(t, p, "This time isn't free any more. Find another doctor")
	open(p, "/book/"+taken.String()+"?doctor="+doctor.ID.String())
	await(t, p, "Other free times of this doctor")
	await(t, p, "All times of ")
	// A link that names another doctor shows what the slot says, and books that.
	open(p, "/book/"+free.String()+"?doctor="+other.ID.String())
	if shown := await(t, p, "Free of charge"); strings.Contains(shown, "700") {
		t.Errorf("the fee of another doctor is shown: %s", shown)
	}
	open(p, "/book/"+free.String())
	if shown := await(t, p, "What brings you to the doctor?"); !strings.Contains(shown, "Free of charge") {
		t.Errorf("the booking shows %s", shown)
	}
	fill(p, "What brings you to the doctor?", "Back pain")
	press(p, "Book this visit")
	await(t, p, "Confirmed")
	if n := c.Count("SELECT count(*) FROM consultations WHERE slot_id = $1", free); n != 1 {
		t.Errorf("%d visits are booked", n)
	}
}

// A watch counts the requests that change something.
type watch struct {
	mu   sync.Mutex
	sent map[string]int
}

// watchThrough counts what goes through a gateway.
func watchThrough(g *gateway) *watch {
	seen := &watch{sent: map[string]int{}}
	count := func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			seen.mu.Lock()
			defer seen.mu.Unlock()
			seen.sent[r.Method+" "+r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]]++
		}
		return false
	}
	g.answer.Store(&count)
	return seen
}

// want fails unless a request was sent once.
func (w *watch) want(t *testing.T, request string) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.sent[request] != 1 {
		t.Errorf("%s was sent %d times", request, w.sent[request])
	}
}

// click clicks with the mouse where a button or link with a text is: as the first, or as the second click of a double
// click. It returns the place.
func click(p *browser.Page, text string, which int) (x, y float64) {
	at := p.Script(`
		const find = () => [...(document.querySelector('dialog[open]') ?? document).querySelectorAll('button, a')]
			.find(b => b.innerText.trim() === ` + quote(text) + `);
		for (let i = 0; i < 200 && !find(); i++) await new Promise(done => setTimeout(done, 50));
		find().scrollIntoView({block: 'center', behavior: 'instant'});
		const box = find().getBoundingClientRect();
		return {x: box.x + box.width / 2, y: box.y + box.height / 2};`)
	x, _ = at["x"].(float64)
	y, _ = at["y"].(float64)
	p.Run(chromedp.MouseClickXY(x, y, chromedp.ClickCount(which)))
	return x, y
}

// doubleClick clicks twice at the same place. The second click comes as soon as the page shows what the first one did.
func doubleClick(t *testing.T, p *browser.Page, text, then string) {
	t.Helper()
	x, y := click(p, text, 1)
	await(t, p, then)
	p.Run(chromedp.MouseClickXY(x, y, chromedp.ClickCount(2)))
}

// TestDoubleClicks tests that a double click on each button of a patient's way does its thing once, and nothing to the
// page that follows.
func TestDoubleClicks(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor("500.00"), c.Patient()
	slot := c.Slot(doctor, 26*time.Hour, 1)
	p, g := openThrough(t, c)
	p.SignIn(c, patient)
	seen := watchThrough(g)
	open(p, "/doctors/"+doctor.ID.String())
	p.Script(`
		const link = () => document.querySelector('a[href^="/book/` + slot.String() + `"]');
		for (let i = 0; i < 200 && !link(); i++) await new Promise(done => setTimeout(done, 50));
		const again = link();
		again.click();
		again.click();
		return {};`)
	fill(p, "What brings you to the doctor?", "Back pain")
	p.Script(`history.back(); return {};`)
	await(t, p, "Choose a day with free places") // one step back
	p.Script(`history.forward(); return {};`)
	await(t, p, "Hold this place")
	doubleClick(t, p, "Hold this place", "Your place is held")
	// On another screen, other buttons are there.
	click(p, "Don't book: give the place back", 2)
	click(p, "Pay ₹500.00", 2)
	if shown := open(p, "/book/"+slot.String()); !strings.Contains(fmt.Sprint(shown["text"]), "Time left to pay") {
		t.Errorf("after the double click: %v", shown)
	}
	seen.want(t, "POST consultations")
	press(p, "Pay ₹500.00")
	await(t, p, "Stub checkout")
	press(p, "Pay")
	await(t, p, "The provider has reported it.")
	open(p, "/visits/"+fmt.Sprint(c.Get(patient, "consultations/me").Want(200).Items()[0]["id"]))
	doubleClick(t, p, "Move to another time", "Choose a day")
	await(t, p, "Keep the time")
	press(p, "Cancel the visit")
	doubleClick(t, p, "Yes, cancel the visit", "The visit is cancelled.")
	seen.want(t, "POST cancel")
	visits := c.Count("SELECT count(*) FROM consultations WHERE patient_id = $1", patient.ID)
	if attempts := c.Count("SELECT count(*) FROM payment_attempts"); visits != 1 || attempts != 1 {
		t.Errorf("%d visits are booked and %d payments tried", visits, attempts)
	}
	c.CheckInvariants()
}

const reasonField = "What brings you to the doctor?"

// typed returns what is in the field for the reason, once it is there.
func typed(p *browser.Page) string {
	out := p.Script(`
		const field = () => document.querySelector('textarea[name=reason]');
		for (let i = 0; i < 200 && !field(); i++) await new Promise(done => setTimeout(done, 50));
		return {text: field().value};`)
	return fmt.Sprint(out["text"])
}

// TestBackDuringBooking tests that Back, Forward and a reload at each step of a booking keep what was typed, book
// nothing again and show what there is.
func TestBackDuringBooking(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor("500.00"), c.Patient()
	slot := c.Slot(doctor, 26*time.Hour, 1)
	address := "/book/" + slot.String()
	p, _ := openThrough(t, c)
	p.SignIn(c, patient)
	open(p, "/doctors/"+doctor.ID.String())
	p.Script(`
		const link = () => document.querySelector('a[href^="` + address + `"]');
		for (let i = 0; i < 200 && !link(); i++) await new Promise(done => setTimeout(done, 50));
		link().click();
		return {};`)
	back := func(awaited string) {
		t.Helper()
		_, _ = p.TryScript(`history.back(); return {};`)
		await(t, p, awaited)
	}
	forward := func(awaited string) {
		t.Helper()
		_, _ = p.TryScript(`history.forward(); return {};`)
		await(t, p, awaited)
	}
	const ofDoctor, held = "Choose a day with free places", "Your place is held"
	fill(p, reasonField, "Back pain")
	back(ofDoctor)
	forward("Hold this place")
	open(p, address) // as after a phone dropped the page
	if text := typed(p); text != "Back pain" {
		t.Errorf("a reload keeps %q", text)
	}
	press(p, "Hold this place")
	await(t, p, held)
	open(p, address)
	await(t, p, held)
	open(p, "/visits")
	back(held)
	press(p, "Pay ₹500.00")
	await(t, p, "Stub checkout")
	back(held)
	forward("Stub checkout")
	press(p, "Pay")
	await(t, p, "The provider has reported it.")
	open(p, address)
	await(t, p, "You have booked this time.")
	open(p, "/doctors/"+doctor.ID.String())
	back("You have booked this time.")
	visits := c.Count("SELECT count(*) FROM consultations WHERE patient_id = $1", patient.ID)
	if attempts := c.Count("SELECT count(*) FROM payment_attempts"); visits != 1 || attempts != 1 {
		t.Errorf("%d visits are booked and %d payments tried", visits, attempts)
	}
	c.CheckInvariants()
}

// TestTypedReasonIsOfOneUser tests that what somebody typed for a booking is gone for the next user of the tab.
func TestTypedReasonIsOfOneUser(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	slot := c.Slot(c.Doctor("500.00"), 26*time.Hour, 1)
	p := browser.Open(t, c)
	p.SignIn(c, c.Patient())
	open(p, "/book/"+slot.String())
	fill(p, reasonField, "Back pain")
	p.SignIn(c, c.Patient())
	open(p, "/book/"+slot.String())
	kept := p.Script(`return {storage: JSON.stringify(sessionStorage)};`)
	if text := typed(p); text != "" || strings.Contains(fmt.Sprint(kept["storage"]), "Back pain") {
		t.Errorf("the next user sees %q, the tab keeps %v", text, kept)
	}
}

// TestHeldInAnotherTab tests that a tab that doesn't hear of the other one leads to the place that the patient holds.
func TestHeldInAnotherTab(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient := c.Patient()
	slot := c.Slot(c.Doctor("500.00"), 26*time.Hour, 1)
	p, g := openThrough(t, c)
	p.SignIn(c, patient)
	g.fail("/api/v1/events", gone)
	open(p, "/book/"+slot.String())
	fill(p, reasonField, "Back pain")
	c.Post(patient, "consultations", map[string]any{"slotId": slot, "reason": "MarkReason"}).Want(201)
	press(p, "Hold this place")
	await(t, p, "Your place is held")
	focus := p.Script(`
		const on = () => document.activeElement.localName;
		for (let i = 0; i < 100 && on() !== 'h2'; i++) await new Promise(done => setTimeout(done, 50));
		return {on: on()};`)
	if focus["on"] != "h2" {
		t.Errorf("the focus is on %v", focus["on"])
	}
	if n := c.Count("SELECT count(*) FROM consultations WHERE patient_id = $1", patient.ID); n != 1 {
		t.Errorf("%d visits are booked", n)
	}
}

// TestHeldPlaceExpires tests that a page on which a place was held says that the time is over when its button is
// pressed late, and offers the place with what was typed.
func TestHeldPlaceExpires(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient := c.Patient()
	slot := c.Slot(c.Doctor("500.00"), 26*time.Hour, 1)
	p := browser.Open(t, c)
	p.SignIn(c, patient)
	open(p, "/book/"+slot.String())
	fill(p, reasonField, "Back pain")
	press(p, "Hold this place")
	await(t, p, "Your place is held")
	c.Clock.Advance(20 * time.Minute)
	press(p, "Pay ₹500.00")
	await(t, p, "The time to pay is over")
	c.Await("the booking has ended", func() bool {
		return c.Count("SELECT count(*) FROM consultations WHERE status = 'CANCELLED'") == 1
	})
	await(t, p, "the place is free for others again")
	if text := typed(p); text != "Back pain" {
		t.Errorf("the page keeps %q", text)
	}
	press(p, "Hold this place")
	await(t, p, "Time left to pay")
}

// TestEnterTwice tests that a second Enter in a form that stays adds nothing, however quick the first answer was.
func TestEnterTwice(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	admin := c.Admin()
	c.Prove(admin)
	p := browser.Open(t, c)
	p.SignIn(c, admin)
	open(p, "/admin/audit-exports")
	p.Script(`
		const form = document.querySelector('main form');
		form.elements.from.value = new Date().toISOString().slice(0, form.elements.from.type === 'date' ? 10 : 16);
		form.requestSubmit();
		const isBusy = () => form.querySelector('[type=submit]').ariaDisabled === 'true';
		for (let i = 0; i < 400 && !isBusy(); i++) await new Promise(done => setTimeout(done, 1));
		for (let i = 0; i < 4000 && isBusy(); i++) await new Promise(done => setTimeout(done, 1));
		form.requestSubmit();
		await new Promise(done => setTimeout(done, 600));
		return {};`)
	if n := c.Count("SELECT count(*) FROM audit_exports"); n != 1 {
		t.Errorf("%d exports were asked for", n)
	}
}
