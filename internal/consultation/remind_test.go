package consultation_test

import (
	"strings"
	"testing"
	"time"

	"amrutam/internal/apptest"
	"amrutam/internal/config"
	"amrutam/internal/consultation"
	"amrutam/internal/postgres"
)

// remind makes the reminders that are due, and waits for the mails.
func remind(t *testing.T, c *apptest.Clinic) {
	t.Helper()
	makeReminders(t, c)
	awaitMails(c)
}

// makeReminders runs the job that makes reminders, on two workers at once. It doesn't wait for the mails.
func makeReminders(t *testing.T, c *apptest.Clinic) {
	t.Helper()
	err := c.DB.Write(t.Context(), func(tx *postgres.Tx) error {
		for range 2 {
			if err := c.App.Queue.Insert(t.Context(), tx, consultation.Remind{}); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	c.Await("reminded", func() bool {
		return c.Count(`SELECT count(*) FROM river_job WHERE state NOT IN ('completed', 'discarded')
			AND kind = 'consultation.remind'`) == 0
	})
}

// awaitMails waits until each mail was sent or given up.
func awaitMails(c *apptest.Clinic) {
	c.Await("mailed", func() bool { return c.Count("SELECT count(*) FROM mails WHERE content IS NOT NULL") == 0 })
}

// reminders returns how many reminders of a consultation were made for a person, and how many were sent.
func reminders(c *apptest.Clinic, id string, person apptest.User) (made, sent int) {
	const query = "SELECT count(*) FROM reminders r JOIN mails m ON m.id = r.mail_id " +
		"WHERE r.consultation_id = $1 AND r.recipient_id = $2"
	return c.Count(query, id, person.ID), c.Count(query+" AND m.sent_at IS NOT NULL", id, person.ID)
}

func wantReminders(t *testing.T, c *apptest.Clinic, id string, want int, people ...apptest.User) {
	t.Helper()
	for _, person := range people {
		if made, sent := reminders(c, id, person); made != want || sent != want {
			t.Errorf("%d reminders, of which %d were sent; want %d", made, sent, want)
		}
	}
}

// TestReminders tests that both parties are reminded once a day and once an hour before the start, and nobody of a
// consultation that was cancelled.
func TestReminders(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor("0.00"), c.Patient()
	id := c.Book(patient, c.Slot(doctor, 30*time.Hour, 1))
	cancelled := c.Book(patient, c.Slot(doctor, 31*time.Hour, 1))
	unpaid := c.Book(patient, c.Slot(c.Doctor(fee), 29*time.Hour, 1))
	start, _ := startOf(t, c, id)
	remind(t, c)
	wantReminders(t, c, id, 0, doctor, patient)
	advanceTo(t, c, start.Add(-24*time.Hour))
	soon := c.Book(patient, c.Slot(doctor, 3*time.Hour, 1))
	remind(t, c)
	wantReminders(t, c, id, 1, doctor, patient)
	wantReminders(t, c, soon, 0, doctor, patient)
	remind(t, c)
	wantReminders(t, c, id, 1, doctor, patient)
	cancel(c, patient, cancelled, "").Want(200)
	advanceTo(t, c, start.Add(-time.Hour))
	remind(t, c)
	wantReminders(t, c, id, 2, doctor, patient)
	wantReminders(t, c, cancelled, 0, doctor, patient)
	wantReminders(t, c, unpaid, 0, patient)
	advanceTo(t, c, start)
	remind(t, c)
	wantReminders(t, c, id, 2, doctor, patient)
	c.CheckInvariants()
}

// A booking of the same day gets the reminder of an hour before alone, and so does one of a day whose server was away
// when the first was due.
func TestRemindersOfLateBooking(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor("0.00"), c.Patient()
	long, short := c.Book(patient, c.Slot(doctor, 26*time.Hour, 1)), c.Book(patient, c.Slot(doctor, 25*time.Hour, 1))
	start, _ := startOf(t, c, short)
	advanceTo(t, c, start.Add(-50*time.Minute))
	late := c.Book(patient, c.Slot(doctor, 10*time.Minute, 1))
	remind(t, c)
	wantReminders(t, c, short, 1, doctor, patient)
	wantReminders(t, c, long, 1, doctor, patient) // that of the day before: it begins in 110 minutes
	wantReminders(t, c, late, 0, doctor, patient)
	if n := c.Count("SELECT count(*) FROM reminders WHERE consultation_id = $1 AND lead = 3600", short); n != 2 {
		t.Errorf("%d reminders of an hour before, want 2", n)
	}
	c.CheckInvariants()
}

func TestNoReminders(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t, func(cfg *config.Config) { cfg.Reminders = "none" })
	doctor, patient := c.Doctor("0.00"), c.Patient()
	id := c.Book(patient, c.Slot(doctor, 25*time.Hour, 1))
	c.Clock.Advance(24*time.Hour + time.Minute)
	remind(t, c)
	wantReminders(t, c, id, 0, doctor, patient)
}

// TestCalendarParts tests that the mails of a consultation are versions of one entry of the calendar, without health
// data.
func TestCalendarParts(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	doctor, patient := c.Doctor("0.00"), c.Patient()
	id := c.Post(patient, "consultations", object{"slotId": c.Slot(doctor, 30*time.Hour, 1),
		"reason": "Sharp pain in the left knee"}).Want(201).Text("id")
	cancel(c, doctor, id, "The knee can wait").Want(200)
	calendars := map[string]string{}
	eventually(t, "mailed", func() bool {
		for _, m := range c.Get(apptest.User{}, "/dev/mailbox.json?to="+patient.Email).Want(200).Items() {
			kind, _ := m["kind"].(string)
			calendars[kind], _ = m["calendar"].(string)
		}
		return calendars["consultation-cancelled"] != "" && calendars["consultation-confirmed"] != ""
	})
	for kind, facts := range map[string][]string{
		"consultation-confirmed": {"METHOD:REQUEST\r\n", "SEQUENCE:0\r\n", "STATUS:CONFIRMED\r\n"},
		"consultation-cancelled": {"METHOD:CANCEL\r\n", "SEQUENCE:1\r\n", "STATUS:CANCELLED\r\n"},
	} {
		text := strings.ReplaceAll(calendars[kind], "\r\n ", "")
		for _, fact := range append(facts, "UID:"+id+"@") {
			if !strings.Contains(text, fact) {
				t.Errorf("%s lacks %q:\n%s", kind, fact, text)
			}
		}
		if strings.Contains(text, "knee") {
			t.Errorf("%s tells health data:\n%s", kind, text)
		}
	}
}
