package console_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"amrutam/internal/apptest"
	"amrutam/internal/apptest/browser"
	"amrutam/scripts/demoserver/cookie"
)

// TestOldCookies tests that a browser whose session is over, for whatever reason, is asked to sign in, sees nothing of
// its user, and can still look for a doctor.
func TestOldCookies(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	admin := c.Admin()
	for name, end := range map[string]func(p *browser.Page, u apptest.User){
		"garbage": func(p *browser.Page, _ apptest.User) {
			p.Must(cookie.Set(p.Ctx, p.URL, "__Host-amrutam", "ct_%00"))
		},
		"revoked": func(_ *browser.Page, u apptest.User) { c.Post(u, "auth/logout", nil).Want(204) },
		"expired": func(_ *browser.Page, u apptest.User) { expire(c, u) },
		"deleted": func(_ *browser.Page, u apptest.User) {
			c.Prove(u)
			c.Do(u, "DELETE", "users/me", nil).Want(204)
		},
		"disabled": func(_ *browser.Page, u apptest.User) { disable(c, admin, u) },
	} {
		p := browser.Open(t, c)
		patient := c.Patient()
		c.Patch(patient, "users/me", map[string]any{"address": "7 Lake Road"}).Want(200)
		p.SignIn(c, patient)
		end(p, patient)
		open(p, "/account")
		if text := await(t, p, "E-mail address"); strings.Contains(text, "7 Lake Road") {
			t.Errorf("%s: %s", name, text)
		}
		open(p, "/doctors")
		await(t, p, "Sign in")
	}
}

func expire(c *apptest.Clinic, user apptest.User) {
	c.Exec(`UPDATE session_tokens SET expires_at = created_at + interval '1 millisecond'
		WHERE session_id IN (SELECT id FROM sessions WHERE user_id = $1)`, user.ID)
}

func disable(c *apptest.Clinic, admin, user apptest.User) {
	c.Prove(admin)
	c.Patch(admin, "users/"+user.ID.String()+"/disable", map[string]any{"disabled": true, "reason": "MarkReason"}).
		Want(200)
}

// TestSessionEndsDuringBooking tests that a booking that is on its way when another device ends the session is never
// made, and goes on, once, after a sign-in.
func TestSessionEndsDuringBooking(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient := c.Patient()
	setPassword(t, c, patient)
	slot := c.Slot(c.Doctor("0.00"), 26*time.Hour, 1)
	p, g := openThrough(t, c)
	p.SignIn(c, patient)
	open(p, "/book/"+slot.String())
	fill(p, reasonField, "Back pain")
	release := g.hold(http.MethodPost, "/api/v1/consultations")
	press(p, "Book this visit")
	await(t, p, "Sending…")
	c.Post(patient, "auth/logout", nil).Want(204)
	release()
	await(t, p, "Please sign in again")
	if n := c.Count("SELECT count(*) FROM consultations"); n != 0 {
		t.Errorf("the ended session has booked %d visits", n)
	}
	fill(p, "Password", password)
	press(p, "Sign in")
	await(t, p, "Confirmed")
	if n := c.Count("SELECT count(*) FROM consultations"); n != 1 {
		t.Errorf("%d visits are booked", n)
	}
}
