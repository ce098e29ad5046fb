package console_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"amrutam/internal/apptest"
	"amrutam/internal/apptest/browser"
)

// setDeviceClock moves the clock of the browser's device for the pages to come.
func setDeviceClock(p *browser.Page, days int) {
	const moved = `{ const Real = Date, by = %d * 86400000; globalThis.Date = class extends Real {
		constructor(...of) { if (of.length > 0) super(...of); else super(Real.now() + by); }
		static now() { return Real.now() + by; } }; }`
	_, err := chromedp.Call(p.Ctx, page.AddScriptToEvaluateOnNewDocument,
		page.AddScriptToEvaluateOnNewDocumentParams{Source: fmt.Sprintf(moved, days)})
	p.Must(err)
}

// TestDeviceClock tests that pages take their day from the server: the clock of a device may be wrong.
func TestDeviceClock(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.Doctor("0.00")
	zone, err := time.LoadLocation("Asia/Kolkata")
	if err != nil {
		t.Fatal(err)
	}
	p := browser.Open(t, c)
	setDeviceClock(p, 2)
	p.SignIn(c, doctor)
	for address, field := range map[string]string{"/today": "value", "/hours/leave": "min"} {
		open(p, address)
		out := p.Script(`return {
			shown: document.querySelector('input[type=date]').` + field + `,
			device: new Date().toISOString()};`)
		want := c.DB.Now().In(zone).Format(time.DateOnly)
		if out["shown"] != want {
			t.Errorf("%s shows %v, the server has %s, the device %v", address, out["shown"], want, out["device"])
		}
	}
}

// TestLongDay tests that a day with hundreds of entries shows some of them, and goes on.
func TestLongDay(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.Doctor("0.00")
	c.Exec(`INSERT INTO availability_slots (id, doctor_id, start_time, end_time, created_at, updated_at)
		SELECT uuid7_floor(now() + n * interval '1 second'), $1, at, at + interval '5 minutes', now(), now()
		FROM generate_series(1, 250) n, LATERAL (SELECT date_trunc('day', now()) + interval '1 day 20 hours'
			+ n * interval '5 minutes' AS at) t`, doctor.ID)
	p := browser.Open(t, c)
	p.SignIn(c, doctor)
	count := func() float64 {
		n, _ := p.Script(`return {n: document.querySelectorAll('main ol > li').length};`)["n"].(float64)
		return n
	}
	open(p, "/today?date="+c.DB.Now().Truncate(24*time.Hour).Add(48*time.Hour).Format(time.DateOnly))
	if n := count(); n != 100 {
		t.Errorf("%v entries at once", n)
	}
	press(p, "Show more")
	if n := count(); n != 200 {
		t.Errorf("%v entries after more was asked for", n)
	}
}
