package console_test

import (
	"net/url"
	"strings"
	"testing"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
	"amrutam/internal/apptest/browser"
)

// TestLongWaitlist tests that the waitlist isn't called empty while only its newest entries, which have ended, are
// there: the one that waits comes with the rest.
func TestLongWaitlist(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor := c.Patient(), c.Doctor("0.00")
	c.Exec(`INSERT INTO waitlist_entries (id, patient_id, doctor_id, from_date, to_date, timezone, from_time, to_time,
			status, queued_at, created_at, updated_at)
		SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, $1, $2, now()::date, now()::date + 9,
			'UTC', now(), now() + interval '9 days', CASE n WHEN 0 THEN 'WAITING' ELSE 'WITHDRAWN' END, now(), now(),
			now()
		FROM generate_series(0, 150) n`, patient.ID, doctor.ID)
	p := browser.Open(t, c)
	p.SignIn(c, patient)
	open(p, "/waitlist")
	if text := await(t, p, "Show more"); strings.Contains(text, "You aren't waiting") {
		t.Errorf("the list is called empty: %s", text)
	}
	press(p, "Show more")
	await(t, p, "Test DOCTOR")
}

// TestLongListStaysLong tests that a list that was read on has as much when it is read again after a change.
func TestLongListStaysLong(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, doctor := c.Patient(), c.Doctor("0.00")
	c.Exec(`INSERT INTO waitlist_entries (id, patient_id, doctor_id, from_date, to_date, timezone, from_time, to_time,
			status, queued_at, created_at, updated_at)
		SELECT ('00000000-0000-7000-8000-' || lpad(n::text, 12, '0'))::uuid, $1, $2, now()::date, now()::date + 9,
			'UTC', now(), now() + interval '9 days', CASE n WHEN 0 THEN 'WAITING' ELSE 'WITHDRAWN' END, now(), now(),
			now()
		FROM generate_series(0, 150) n`, patient.ID, doctor.ID)
	p := browser.Open(t, c)
	p.SignIn(c, patient)
	open(p, "/waitlist")
	press(p, "Show more")
	await(t, p, "Ended (150)")
	press(p, "Leave the waitlist")
	await(t, p, "You lose your place in the line.")
	press(p, "Stay on it")
	press(p, "Leave the waitlist")
	await(t, p, "You lose your place in the line.")
	press(p, "Leave the waitlist")
	await(t, p, "Ended (151)")
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

// TestPhoneInDevanagari tests that support finds a person by a phone number in the digits of a Hindi keyboard.
func TestPhoneInDevanagari(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient := c.Patient()
	c.Patch(patient, "users/me", object{"fullName": "Asha Rao", "phone": "+919876543210"}).Want(200)
	p := browser.Open(t, c)
	p.SignIn(c, c.Support())
	open(p, "/people?q="+url.QueryEscape("+९१ ९८७६५ ४३२१०"))
	await(t, p, "Asha Rao")
}
