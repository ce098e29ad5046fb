package console_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
	"amrutam/internal/apptest/browser"
)

// TestDeclinedApplicationIsSentAgain tests that a doctor reads why the application was declined, changes it, and sends
// it again.
func TestDeclinedApplicationIsSentAgain(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, admin := c.User(access.RoleDoctor), c.Admin()
	c.Post(doctor, "doctors", map[string]any{"specialization": "Panchakarma", "yearsOfExperience": 12,
		"registrationNumber": "AYU-1", "consultationFee": "500.00", "languagesSpoken": []string{"en"}}).Want(201)
	path := "doctors/" + doctor.ID.String()
	c.Patch(admin, path+"/approve", map[string]any{"approved": false, "reason": "The number is another's."}).Want(200)
	p := browser.Open(t, c)
	p.SignIn(c, doctor)
	open(p, "/application")
	shown := await(t, p, "Your application was declined")
	if !strings.Contains(shown, "The number is another's.") {
		t.Errorf("the page doesn't say why: %s", shown)
	}
	fill(p, "Number in the medical register", "AYU-20417")
	press(p, "Apply again")
	await(t, p, "Your application waits for a decision")
	if got := c.Get(doctor, path).Want(200).Text("registrationNumber"); got != "AYU-20417" {
		t.Errorf("the new application has the number %q", got)
	}
}

// TestWriterCopiesOwnPrescription tests that a doctor finds a prescription for another patient by a word, and copies
// its medicines into a new one.
func TestWriterCopiesOwnPrescription(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor := c.Doctor("0.00")
	begin := func() string {
		visit := c.Book(c.Patient(), c.Slot(doctor, 10*time.Minute, 1))
		c.Patch(doctor, "consultations/"+visit+"/status", map[string]any{"status": "IN_PROGRESS"}).Want(200)
		return visit
	}
	first := begin()
	c.Post(doctor, "prescriptions", map[string]any{"consultationId": first, "medications": []map[string]any{
		{"name": "Ashwagandha", "dosage": "3 g", "frequency": "at night"}}}).Want(201)
	c.Patch(doctor, "consultations/"+first+"/status", map[string]any{"status": "COMPLETED"}).Want(200)
	c.Clock.Advance(time.Hour)
	second := begin()
	p := browser.Open(t, c)
	p.SignIn(c, doctor)
	open(p, "/consultations/"+second)
	press(p, "Write a prescription")
	p.Script(`
		[...document.querySelectorAll('summary')].find(s => s.innerText.startsWith('Copy from')).click();
		return {};`)
	await(t, p, "You wrote no such prescription.")
	p.Script(`
		const form = document.querySelector('form[role=search]');
		form.elements.q.value = 'ashwa';
		form.elements.whose.value = 'everybody';
		form.requestSubmit();
		return {};`)
	await(t, p, "Ashwagandha: 3 g")
	press(p, "Copy")
	out := p.Script(`
		const name = () => document.querySelector('fieldset input')?.value;
		for (let i = 0; i < 100 && name() !== 'Ashwagandha'; i++) await new Promise(done => setTimeout(done, 50));
		return {name: name()};`)
	if out["name"] != "Ashwagandha" {
		t.Errorf("the form has %v", out)
	}
	press(p, "Give the prescription")
	c.Await("the prescription is stored", func() bool {
		return len(c.Get(doctor, "prescriptions/doctor/me").Want(200).Items()) == 2
	})
}

// TestVisitByTheServersClock tests that the time left to pay is the server's, whatever the device says.
func TestVisitByTheServersClock(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient := c.Patient()
	visit := c.Book(patient, c.Slot(c.Doctor("500.00"), 30*time.Hour, 1))
	p := browser.Open(t, c)
	p.SignIn(c, patient)
	_, err := chromedp.Call(p.Ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: `const now = Date.now; Date.now = () => now() + 86_400_000;`})
	p.Must(err)
	open(p, "/visits/"+visit)
	await(t, p, "Please pay within 14 minutes")
	shown := fmt.Sprint(open(p, "/payments")["text"])
	if !strings.Contains(shown, "₹500.00") || !strings.Contains(shown, "To be paid") {
		t.Errorf("the payments show %s", shown)
	}
}

// TestMovedToLowerFee tests that a visit that is paid isn't called given back when more than its fee now was.
func TestMovedToLowerFee(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor("900.00"), c.Patient()
	visit, _ := c.BookAndPay(patient, c.Slot(doctor, 50*time.Hour, 1), "900.00")
	c.Patch(doctor, "doctors/"+doctor.ID.String(), object{"consultationFee": "300.00"}).Want(200)
	c.Post(patient, "consultations/"+visit+"/reschedule", object{"slotId": c.Slot(doctor, 60*time.Hour, 1)}).Want(200)
	c.Await("the difference went back", func() bool {
		return c.Count("SELECT count(*) FROM refunds WHERE status = 'SUCCEEDED'") == 1
	})
	p := browser.Open(t, c)
	p.SignIn(c, patient)
	for _, address := range []string{"/visits/" + visit, "/payments"} {
		open(p, address)
		await(t, p, "₹600.00")
		out := p.Script(`return {shown: (document.querySelector('section[aria-labelledby=payment] p') ??
			document.querySelector('main .list li p')).innerText.replace(/\s+/g, ' ')};`)
		if shown := fmt.Sprint(out["shown"]); shown != "₹300.00, Paid" && shown != "₹300.00 Paid" {
			t.Errorf("%s shows %q", address, shown)
		}
	}
}
