package console_test

import (
	"strings"
	"testing"

	"amrutam/internal/apptest"
	"amrutam/internal/apptest/browser"
)

// openLongWaitlist opens the waitlist of a patient with 150 entries that have ended, and an older one that waits.
func openLongWaitlist(t *testing.T) *browser.Page {
	t.Helper()
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
	return p
}

// TestLongWaitlist tests that the waitlist isn't called empty while only its newest entries, which have ended, are
// there: the one that waits comes with the rest.
func TestLongWaitlist(t *testing.T) {
	t.Parallel()
	p := openLongWaitlist(t)
	if text := await(t, p, "Show more"); strings.Contains(text, "You aren't waiting") {
		t.Errorf("the list is called empty: %s", text)
	}
	press(p, "Show more")
	await(t, p, "Test DOCTOR")
}

// TestLongListStaysLong tests that a list that was read on has as much when it is read again after a change.
func TestLongListStaysLong(t *testing.T) {
	t.Parallel()
	p := openLongWaitlist(t)
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
