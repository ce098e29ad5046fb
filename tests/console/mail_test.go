package console_test

import (
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"amrutam/internal/apptest"
	"amrutam/internal/apptest/browser"
)

var mailed = regexp.MustCompile(`https?://\S+`)

// linkOf waits for the first mail of a kind to an address, and returns its link without the name of the server.
func linkOf(t *testing.T, c *apptest.Clinic, to, kind string) string {
	t.Helper()
	var link string
	c.Await("a mail "+kind+" comes", func() bool {
		for _, m := range c.Get(apptest.User{}, "/dev/mailbox.json?to="+url.QueryEscape(to)).Want(200).Items() {
			if m["kind"] == kind {
				link = mailed.FindString(fmt.Sprint(m["text"]))
			}
		}
		return link != ""
	})
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	return u.RequestURI()
}

// signInOn signs in on a page that asks for it.
func signInOn(p *browser.Page, email, password string) {
	fill(p, "E-mail address", email)
	fill(p, "Password", password)
	press(p, "Sign in")
}

// where returns the address of the page.
func where(p *browser.Page) string {
	return fmt.Sprint(p.Script(`return {at: location.pathname + location.search};`)["at"])
}

// watchReferers returns a function that says which addresses the browser has named as Referer since.
func watchReferers(t *testing.T, p *browser.Page) func() []string {
	t.Helper()
	_, err := chromedp.Call(p.Ctx, network.Enable, network.EnableParams{})
	p.Must(err)
	seen := make(chan string, 1000)
	p.Must(chromedp.Listen(p.Ctx, func(event any) {
		if sent, ok := event.(*network.EventRequestWillBeSent); ok {
			for name, value := range sent.Request.Headers {
				if strings.EqualFold(name, "Referer") {
					seen <- fmt.Sprint(value)
				}
			}
		}
	}))
	return func() (all []string) {
		for len(seen) > 0 {
			all = append(all, <-seen)
		}
		return all
	}
}

// TestSignUpByMail tests the way of a new patient: from a page that needs an account to the sign-up, by the link of
// the mail to the sign-in, and back to that page. The link's token is in no Referer, and leaves the address.
func TestSignUpByMail(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	p := browser.Open(t, c)
	open(p, "/account/dependants")
	p.Script(`[...document.querySelectorAll('main a')].find(a => a.pathname === '/sign-up').click(); return {};`)
	await(t, p, "Full name")
	const email = "new@example.org"
	fill(p, "Full name", "Meera Nair")
	fill(p, "E-mail address", email)
	fill(p, "Password", password)
	press(p, "Create an account")
	await(t, p, "Look into your mailbox")

	link := linkOf(t, c, email, "verify-email")
	referers := watchReferers(t, p)
	open(p, link)
	if c.Count("SELECT count(*) FROM users WHERE email = $1 AND is_email_verified", email) != 0 {
		t.Error("opening the link has confirmed the address")
	}
	if at := where(p); at != "/verify-email" {
		t.Errorf("the address is %s", at)
	}
	p.Run(chromedp.Reload())
	await(t, p, "Confirm your address")
	press(p, "Confirm")
	await(t, p, "Your address is confirmed")
	if kept := p.Script(`return {kept: JSON.stringify(history.state)};`); kept["kept"] != "null" {
		t.Errorf("the history keeps %v", kept)
	}
	p.Script(`document.querySelector('main a.button').click(); return {};`)
	signInOn(p, email, password)
	await(t, p, "Dependants")
	if at := where(p); at != "/account/dependants" {
		t.Errorf("it leads to %s", at)
	}
	for _, referer := range referers() {
		if strings.Contains(referer, "token") {
			t.Errorf("a request had the Referer %s", referer)
		}
	}
	open(p, link)
	press(p, "Confirm")
	await(t, p, "This link no longer works")
}

// TestPasswordByMail tests that the link of a mail leads to a new password, with which one signs in and goes on.
func TestPasswordByMail(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient := c.Patient()
	setPassword(t, c, patient)
	p := browser.Open(t, c)
	p.SignIn(c, patient)
	c.Post(apptest.User{}, "auth/request-password-reset", map[string]any{"email": patient.Email}).Want(202)
	link := linkOf(t, c, patient.Email, "reset-password")
	p.SpeakLanguage("hi")
	open(p, link)
	fill(p, "नया पासवर्ड", "fourteen chars")
	press(p, "पासवर्ड रखें")
	await(t, p, "कम से कम 15 अक्षर होने चाहिए")
	p.SpeakLanguage("en")
	p.Run(chromedp.Reload())
	const next = "nine boats cross the quiet lake"
	fill(p, "New password", next)
	press(p, "Set the password")
	await(t, p, "Your password is changed, and all devices are signed out.") // this one too
	signInOn(p, patient.Email, next)
	await(t, p, "My visits")
	if at := where(p); at != "/visits" {
		t.Errorf("it leads to %s", at)
	}
	open(p, "/reset-password")
	await(t, p, "The link is incomplete")
}

// TestNewAddressByMail tests that the link to a new address leads on to the account, which shows the address.
func TestNewAddressByMail(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient := c.Patient()
	setPassword(t, c, patient)
	const email = "asha.rao@example.org"
	c.Post(patient, "auth/change-email", map[string]any{"currentPassword": password, "newEmail": email}).Want(202)
	p := browser.Open(t, c)
	p.SignIn(c, patient)
	open(p, linkOf(t, c, email, "confirm-new-address"))
	press(p, "Confirm")
	await(t, p, "Your new address is confirmed")
	p.Script(`document.querySelector('main a.button').click(); return {};`)
	await(t, p, email)
	if at := where(p); at != "/account" {
		t.Errorf("it leads to %s", at)
	}
}

// TestLinkOfVisit tests that the link of a mail about a visit leads through the sign-in to the visit; that it says so
// plainly to somebody of another role, who can sign in otherwise; and that others' visits aren't found.
func TestLinkOfVisit(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, other, doctor := c.Patient(), c.Patient(), c.Doctor("0.00")
	setPassword(t, c, patient)
	c.Patch(patient, "users/me", map[string]any{"fullName": "Meera Nair"}).Want(200)
	visit := c.Post(patient, "consultations", map[string]any{"slotId": c.Slot(doctor, 3*time.Hour, 1),
		"reason": "MarkReason"}).Want(201).Text("id")
	link := linkOf(t, c, patient.Email, "consultation-confirmed")
	if link != "/visits/"+visit {
		t.Fatalf("the patient's link is %s", link)
	}
	if of := linkOf(t, c, doctor.Email, "consultation-confirmed"); of != "/consultations/"+visit {
		t.Errorf("the doctor's link is %s", of)
	}
	p := browser.Open(t, c)
	p.SignIn(c, doctor)
	p.SpeakLanguage("hi")
	open(p, link)
	await(t, p, "यह पृष्ठ रोगियों के लिए है")
	p.SpeakLanguage("en")
	open(p, link)
	await(t, p, "This page is for patients")
	if found := violations(p); found != "" {
		t.Error(found)
	}
	press(p, "Use another account")
	await(t, p, "You are signed out.")
	signInOn(p, patient.Email, password)
	await(t, p, "MarkReason")
	if at := where(p); at != link {
		t.Errorf("it leads to %s", at)
	}
	p.SignIn(c, other)
	open(p, link)
	await(t, p, "There is no such visit, or it isn’t yours.")

	visitor := browser.Open(t, c)
	open(visitor, link)
	signInOn(visitor, patient.Email, password)
	await(t, visitor, "MarkReason")
	if at := where(visitor); at != link {
		t.Errorf("it leads a visitor to %s", at)
	}
}
