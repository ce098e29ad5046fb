package consultation_test

import (
	"slices"
	"testing"
	"time"

	"amrutam/internal/apptest"
	"amrutam/internal/config"
)

// openWithMailServer opens a clinic whose mails go to a mail server, which is up.
func openWithMailServer(t *testing.T) (*apptest.Clinic, *apptest.MailServer) {
	t.Helper()
	server := apptest.NewMailServer(t)
	server.Start()
	return apptest.Open(t, func(cfg *config.Config) { cfg.SMTPURL = server.URL() }), server
}

// retryMails makes the jobs of mails that failed due.
func retryMails(c *apptest.Clinic) {
	c.Exec(`UPDATE river_job SET state = 'available', scheduled_at = now() - interval '1 second'
		WHERE kind = 'mail.send' AND state = 'retryable'`)
}

// delivered returns how often the mail server took each reminder of a consultation for a person, by its Message-ID.
func delivered(t *testing.T, c *apptest.Clinic, server *apptest.MailServer, id string,
	person apptest.User) map[string]int {
	t.Helper()
	ids := apptest.QueryOne[[]string](t, c, `SELECT coalesce(array_agg(m.message_id), '{}') FROM reminders r
		JOIN mails m ON m.id = r.mail_id WHERE r.consultation_id = $1 AND r.recipient_id = $2`, id, person.ID)
	times := map[string]int{}
	for _, d := range server.Received() {
		if slices.Contains(ids, d.MessageID) && d.To == person.Email {
			times[d.MessageID]++
		}
	}
	return times
}

// wantDelivered checks how many reminders of a consultation came, each of them once.
func wantDelivered(t *testing.T, c *apptest.Clinic, server *apptest.MailServer, what, id string, want int,
	people ...apptest.User) {
	t.Helper()
	for _, person := range people {
		times := delivered(t, c, server, id, person)
		for messageID, n := range times {
			if n != 1 {
				t.Errorf("%s: the reminder %s for the %s came %d times", what, messageID, person.Role, n)
			}
		}
		if len(times) != want {
			t.Errorf("%s: %d reminders came for the %s, want %d", what, len(times), person.Role, want)
		}
	}
}

// The mail server is away when reminders are due. When it is back each comes once, but none of a consultation that was
// cancelled or moved meanwhile, or has begun.
func TestRemindersWhileMailServerIsAway(t *testing.T) {
	t.Parallel()
	c, server := openWithMailServer(t)
	c.Clock.Freeze()
	doctor, patient := c.Doctor("0.00"), c.Patient()
	missed := c.Book(patient, c.Slot(doctor, 26*time.Hour+10*time.Minute, 1))
	moved := c.Book(patient, c.Slot(doctor, 48*time.Hour, 1))
	cancelled := c.Book(patient, c.Slot(doctor, 49*time.Hour, 1))
	kept := c.Book(patient, c.Slot(doctor, 50*time.Hour, 1))
	later := c.Slot(doctor, 80*time.Hour, 1)
	awaitMails(c)

	server.Stop()
	c.Clock.Advance(26 * time.Hour)
	makeReminders(t, c)
	cancel(c, patient, cancelled, "").Want(200)
	c.Post(patient, "consultations/"+moved+"/reschedule", object{"slotId": later}).Want(200)
	c.Await("each mail failed", func() bool {
		return c.Count(`SELECT count(*) FROM mails WHERE content IS NOT NULL`) ==
			c.Count(`SELECT count(*) FROM river_job WHERE kind = 'mail.send' AND state = 'retryable'`)
	})
	for range 3 {
		retryMails(c)
		makeReminders(t, c)
	}
	for _, id := range []string{missed, moved, cancelled, kept} {
		if made, sent := reminders(c, id, patient); made != 1 || sent != 0 {
			t.Errorf("%d reminders are made, %d sent", made, sent)
		}
		wantDelivered(t, c, server, "while the server is away", id, 0, doctor, patient)
	}
	c.Clock.Advance(11 * time.Minute)
	server.Start()
	c.Await("all mails ended", func() bool {
		retryMails(c)
		return c.Count("SELECT count(*) FROM mails WHERE content IS NOT NULL") == 0
	})
	wantDelivered(t, c, server, "one that has begun", missed, 0, doctor, patient)
	wantDelivered(t, c, server, "a moved one", moved, 0, doctor, patient)
	wantDelivered(t, c, server, "a cancelled one", cancelled, 0, doctor, patient)
	wantDelivered(t, c, server, "one that takes place", kept, 1, doctor, patient)

	start, _ := startOf(t, c, moved)
	advanceTo(t, c, start.Add(-24*time.Hour))
	makeReminders(t, c)
	awaitMails(c)
	wantDelivered(t, c, server, "a moved one at its new time", moved, 1, doctor, patient)
	wantDelivered(t, c, server, "a cancelled one", cancelled, 0, doctor, patient)
	seen := map[string]bool{}
	for _, d := range server.Received() {
		if seen[d.MessageID] {
			t.Errorf("a mail came twice: %.300s", d.Text)
		}
		seen[d.MessageID] = true
	}
	c.CheckInvariants()
}

// The mail server takes a reminder, and the transaction that notes it is undone, again and again, until the visit has
// begun. The mail came once, and in time.
func TestReminderWhoseNoteIsUndone(t *testing.T) {
	t.Parallel()
	c, server := openWithMailServer(t)
	doctor, patient := c.Doctor("0.00"), c.Patient()
	id := c.Book(patient, c.Slot(doctor, 30*time.Hour, 1))
	awaitMails(c)
	c.Exec("CREATE SEQUENCE notes")
	c.Exec(`CREATE FUNCTION undo_note() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN
		IF nextval('notes') <= 6 THEN
			RAISE EXCEPTION 'undone';
		END IF;
		RETURN NEW; END $$`)
	c.Exec(`CREATE TRIGGER undo_note BEFORE UPDATE ON mails FOR EACH ROW WHEN (NEW.sent_at IS NOT NULL)
		EXECUTE FUNCTION undo_note()`)
	c.Clock.Advance(7 * time.Hour)
	makeReminders(t, c)
	c.Await("delivered to both", func() bool {
		return len(delivered(t, c, server, id, doctor))+len(delivered(t, c, server, id, patient)) == 2
	})
	c.Clock.Advance(23*time.Hour + 5*time.Minute)
	c.Await("noted", func() bool {
		retryMails(c)
		return c.Count("SELECT count(*) FROM mails WHERE content IS NOT NULL") == 0
	})
	if n := c.Count("SELECT last_value::int FROM notes"); n != 8 {
		t.Errorf("the notes of two mails were written %d times", n)
	}
	wantDelivered(t, c, server, "undone", id, 1, doctor, patient)
	c.CheckInvariants()
}
