package console_test

import (
	"strings"
	"testing"
	"time"

	"amrutam/internal/apptest"
	"amrutam/internal/apptest/browser"
)

// TestFrozenTabOfAnotherUser tests that a tab that missed that another user signed in doesn't send what its user typed
// as the other one, and says why.
func TestFrozenTabOfAnotherUser(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	first, second := c.Patient(), c.Patient()
	p := browser.Open(t, c)
	p.SignIn(c, first)
	open(p, "/account")
	fill(p, "Postal address", "7 Lake Road")
	p.SignIn(c, second) // as a tab does that this one doesn't hear of
	press(p, "Save")
	await(t, p, "Somebody else has signed in in this browser, so nothing was sent.")
	press(p, "Sign out")
	await(t, p, "so nothing was sent")
	kept := p.Script(`return {address: document.querySelector('[name=address]').value};`)
	if kept["address"] != "7 Lake Road" {
		t.Errorf("what was typed is gone: %v", kept)
	}
	if address := c.Get(second, "users/me").Want(200).At("address"); address != nil {
		t.Errorf("the second has the first one's address: %v", address)
	}
	text, _ := open(p, "/account")["text"].(string)
	if strings.Contains(text, "Lake Road") || strings.Contains(text, first.Email) {
		t.Errorf("the second sees %s", text)
	}
}

// TestMissedChanges tests that a page shows what changed while the server refused its live stream, as after a session
// ended and began anew.
func TestMissedChanges(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient := c.Patient()
	p, g := openThrough(t, c)
	p.SignIn(c, patient)
	g.fail("/api/v1/events", gone)
	open(p, "/visits")
	await(t, p, "No visit is planned.")
	c.Book(patient, c.Slot(c.Doctor("0.00"), 26*time.Hour, 1))
	g.fail("", nil)
	await(t, p, "Test DOCTOR")
}
