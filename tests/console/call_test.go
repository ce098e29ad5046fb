package console_test

import (
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"amrutam/internal/apptest"
	"amrutam/internal/apptest/browser"
)

// sees waits until the other side's picture moves in the page.
func sees(t *testing.T, p *browser.Page) {
	t.Helper()
	out := p.Script(`
		const video = () => document.querySelector('.call video:not(.own)');
		for (let i = 0; i < 400 && !(video()?.videoWidth > 0 && video().currentTime > 0); i++)
			await new Promise(done => setTimeout(done, 50));
		return {width: video()?.videoWidth ?? 0, time: video()?.currentTime ?? 0, text: document.body.innerText};`)
	if out["width"] == 0.0 || out["time"] == 0.0 {
		t.Fatalf("there is no picture of the other side: %v", out)
	}
}

// TestVideoCall tests that patient and doctor see each other on the page of their visit, also after one of them has
// loaded it again, and that each side sees the other one leave.
func TestVideoCall(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor := c.Patient(), c.Doctor("0.00")
	visit := c.Post(patient, "consultations", map[string]any{"slotId": c.Slot(doctor, time.Hour, 1),
		"reason": "Back pain"}).Want(201).Text("id")
	c.Clock.Advance(time.Hour)
	c.Patch(doctor, "consultations/"+visit+"/status", map[string]any{"status": "IN_PROGRESS"}).Want(200)

	doctors, patients := browser.Open(t, c), browser.Open(t, c)
	doctors.SignIn(c, doctor)
	patients.SignIn(c, patient)
	join := func(p *browser.Page, path string) {
		open(p, path)
		press(p, "Join the video call")
	}
	join(patients, "/visits/"+visit)
	await(t, patients, "Waiting for")
	join(doctors, "/consultations/"+visit)
	sees(t, doctors)
	sees(t, patients)
	await(t, patients, "You are connected with")
	if found := violations(patients); found != "" {
		t.Errorf("a call breaks %s", found)
	}

	join(patients, "/visits/"+visit) // the page is loaded again
	sees(t, patients)
	await(t, doctors, "You are connected with")
	sees(t, doctors)

	// Browsers open a window for a click of the user only.
	doctors.Must(chromedp.Do(doctors.Ctx,
		chromedp.Click(`//button[text()="Show the picture in a window of its own"]`)))
	out := doctors.Script(`
		const floating = () => document.pictureInPictureElement;
		for (let i = 0; i < 200 && !floating(); i++) await new Promise(done => setTimeout(done, 50));
		return {isOther: floating()?.matches('video:not(.own)') ?? false};`)
	if out["isOther"] != true {
		t.Error("the patient's picture doesn't get a window of its own")
	}

	press(doctors, "Leave the call")
	await(t, doctors, "Join the video call")
	await(t, patients, "Waiting for")
	press(doctors, "Join the video call")
	sees(t, patients)
	sees(t, doctors)

	c.Patch(doctor, "consultations/"+visit+"/status", map[string]any{"status": "COMPLETED", "notes": "Well"}).Want(200)
	await(t, patients, "Completed")
	sees(t, patients) // they may finish talking
	press(patients, "Leave the call")
	await(t, doctors, "nobody can join the call any more")
	for _, p := range []*browser.Page{patients, doctors} {
		for _, recorded := range p.Errors() {
			if !absent.MatchString(recorded) && !strings.HasSuffix(recorded, visit+"/call") { // its end is a refusal
				t.Errorf("the page fails: %s", recorded)
			}
		}
	}
}
