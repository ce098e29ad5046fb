package console_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
	"amrutam/internal/apptest/browser"
)

// inZone gives the browser's device a time zone.
func inZone(p *browser.Page, zone string) {
	_, err := chromedp.Call(p.Ctx, emulation.SetTimezoneOverride,
		emulation.SetTimezoneOverrideParams{TimezoneID: zone})
	p.Must(err)
}

// TestZoneHasItsNameOfToday tests that visitors whose browsers have an old name for their time zone see the one of
// today, and a name that fits all times of a year.
func TestZoneHasItsNameOfToday(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	c.Slot(c.Doctor("0.00"), 26*time.Hour, 1)
	p := browser.Open(t, c)
	for zone, shown := range map[string]string{
		"Asia/Calcutta":    "India Standard Time (Asia/Kolkata)",
		"Asia/Katmandu":    "Nepal Time (Asia/Kathmandu)",
		"America/New_York": "Eastern Time (America/New_York)",
		"UTC":              "(UTC)",
	} {
		inZone(p, zone)
		open(p, "/doctors")
		await(t, p, shown)
	}
	doctor := c.Doctor("0.00")
	c.Patch(doctor, "users/me", object{"timezone": "Asia/Calcutta"}).Want(200)
	p.SignIn(c, doctor)
	for _, address := range []string{"/account", "/hours/new", "/figures"} {
		open(p, address)
		out := p.Script(`
			const field = () => document.querySelector('select[name=timezone]');
			for (let i = 0; i < 200 && !field(); i++) await new Promise(done => setTimeout(done, 50));
			const names = [...field().options].map(o => o.value);
			return {chosen: field().value, old: names.filter(n => /Calcutta|Katmandu|Kiev$/.test(n)).join(),
				twice: names.filter((n, i) => names.indexOf(n) !== i).join()};`)
		if out["chosen"] != "Asia/Kolkata" || out["old"] != "" || out["twice"] != "" {
			t.Errorf("the zones of %s: %v", address, out)
		}
	}
}

// TestTimesFollowMonth tests that below a calendar stand the times of a day that is in it.
func TestTimesFollowMonth(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.Doctor("0.00")
	c.Slot(doctor, 26*time.Hour, 1)
	later := c.Slot(doctor, 45*24*time.Hour, 1)
	p := browser.Open(t, c)
	inZone(p, "UTC")
	open(p, "/doctors/"+doctor.ID.String())
	await(t, p, "Free times on")
	day := c.DB.Now().Add(45 * 24 * time.Hour).UTC().Format(time.DateOnly)
	turned := p.Script(`
		const find = () => document.querySelector('[data-day="` + day + `"]');
		for (let months = 0; months < 3 && !find(); months++) {
			document.querySelector('[aria-label="The month after"]').click();
			for (let i = 0; i < 30 && !find(); i++) await new Promise(done => setTimeout(done, 50));
		}
		return {found: !!find(), times: !!document.querySelector('main .slots'),
			says: document.querySelector('main .empty')?.innerText ?? ''};`)
	says := fmt.Sprint(turned["says"])
	if turned["found"] != true || turned["times"] != false || !strings.Contains(says, "Choose a day") {
		t.Errorf("after another month was shown: %v", turned)
	}
	p.Script(`document.querySelector('[data-day="` + day + `"]').click(); return {};`)
	shown := p.Script(`
		const link = () => document.querySelector('main .slots a');
		for (let i = 0; i < 200 && !link(); i++) await new Promise(done => setTimeout(done, 50));
		return {href: link()?.getAttribute('href'), focus: document.activeElement.innerText};`)
	if !strings.Contains(fmt.Sprint(shown["href"]), later.String()) ||
		!strings.HasPrefix(fmt.Sprint(shown["focus"]), "Free times on") {
		t.Errorf("after a day was chosen: %v", shown)
	}
}

// TestSearchNamesWhatIsWrong tests that a search that can't be answered says which part of it is wrong.
func TestSearchNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.Doctor("0.00")
	p := browser.Open(t, c)
	for _, tag := range []string{"%25%25", "xx", "a-tag-of-too-many-letters"} {
		open(p, "/doctors?language="+tag)
		await(t, p, "language: expected a language tag")
	}
	p.SpeakLanguage("hi")
	open(p, "/doctors?language=xx")
	if shown := await(t, p, "language: "); strings.Contains(shown, "expected") {
		t.Errorf("in Hindi: %s", shown)
	}
	p.SpeakLanguage("en")
	p.SignIn(c, c.Patient())
	first := c.DB.Now().Add(72 * time.Hour).Format(time.DateOnly)
	last := c.DB.Now().Add(48 * time.Hour).Format(time.DateOnly)
	open(p, "/doctors")
	fill(p, "Free from", first)
	fill(p, "Free until", last)
	press(p, "Search")
	await(t, p, "Free until: The last day is before the first one.")
	open(p, "/doctors/"+doctor.ID.String())
	fill(p, "From", first)
	fill(p, "Until", last)
	press(p, "Join the waitlist")
	await(t, p, "Until: The last day is before the first one.")
}

// TestLengthOfChildsVisit tests that a booking shows how long the visit takes for the person whom it is for.
func TestLengthOfChildsVisit(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, mother := c.Doctor("0.00"), c.Patient()
	child := c.Dependant(mother, 9*365*24*time.Hour)
	visit := c.Book(mother, c.Slot(doctor, time.Hour, 1))
	c.Clock.Advance(time.Hour)
	for _, status := range []string{"IN_PROGRESS", "COMPLETED"} {
		c.Patch(doctor, "consultations/"+visit+"/status", object{"status": status}).Want(200)
	}
	c.Patch(doctor, "doctors/me/booking-rules", object{"firstVisitMinutes": 30, "followUpMinutes": 10}).Want(200)
	slot := c.Slot(doctor, 26*time.Hour, 1)
	p := browser.Open(t, c)
	p.SignIn(c, mother)
	open(p, "/book/"+slot.String())
	await(t, p, "(10 minutes)")
	fill(p, reasonField, "Fever")
	choose := func(value string) {
		p.Script(`
			const field = document.querySelector('select[name=dependantId]');
			field.value = ` + quote(value) + `;
			field.dispatchEvent(new Event('change', {bubbles: true}));
			return {};`)
	}
	choose(child.String())
	await(t, p, "(30 minutes)")
	if text := typed(p); text != "Fever" {
		t.Errorf("the reason is %q", text)
	}
	open(p, "/book/"+slot.String())
	await(t, p, "(30 minutes)")
	choose("self")
	await(t, p, "(10 minutes)")
}

// TestWrongDayInAddress tests that the forms of a leave begin with a day although the address names none that exists.
func TestWrongDayInAddress(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	p := browser.Open(t, c)
	p.SignIn(c, c.Doctor("0.00"))
	open(p, "/hours/leave?day="+c.DB.Now().Format("2006")+"-12-32")
	out := p.Script(`
		return {empty: [...document.querySelectorAll('input[type=date]')].filter(e => !e.value).length};`)
	if out["empty"] != 0.0 {
		t.Errorf("%v days are empty", out["empty"])
	}
}

// TestPreviewOfHalfMinutes tests that the preview of hours says what it needs when a number isn't whole.
func TestPreviewOfHalfMinutes(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	p := browser.Open(t, c)
	p.SignIn(c, c.Doctor("0.00"))
	open(p, "/hours/new")
	fill(p, "Minutes for each visit", "7.5")
	await(t, p, "Fill in the times, the minutes (at least 5)")
}

// TestHoursBeforeApplication tests that each page of the hours tells a doctor who hasn't applied to do that first,
// before anything is filled in, and no other doctor.
func TestHoursBeforeApplication(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	p := browser.Open(t, c)
	paths := []string{"/hours", "/hours/new", "/hours/leave", "/hours/slots"}
	p.SignIn(c, c.User(access.RoleDoctor))
	for _, path := range paths {
		open(p, path)
		await(t, p, "Apply as a doctor first")
	}
	p.SignIn(c, c.Doctor("0.00"))
	for _, path := range paths {
		open(p, path)
		if p.Script(`return {link: !!document.querySelector('main a[href="/application"]')};`)["link"] == true {
			t.Errorf("%s leads an approved doctor to the application", path)
		}
	}
}
