package fault_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"amrutam/internal/apptest"
)

// TestReminderIsRepeatedOnceAfterKill kills the server after the mail server has stored a reminder and before the
// server notes it. The next server sends that one once more, as the same mail, and the other one once. The mail server
// is away when they are due.
func TestReminderIsRepeatedOnceAfterKill(t *testing.T) {
	t.Parallel()
	dsn := newDatabase(t)
	inbox := apptest.NewMailServer(t)
	variables := []string{
		"DATABASE_URL=" + dsn,
		masterKeyVariable,
		"AMRUTAM_DATA_DIR=" + t.TempDir(),
		"AMRUTAM_LISTEN=127.0.0.1:0",
	}
	// The first server has a development mailbox, from which the test reads the links.
	s := startServer(t, variables)
	createAdmin(t, variables)
	doctor := s.createApprovedDoctor(s.enableMFA(s.signIn("admin@example.org")))
	start := time.Now().Add(23 * time.Hour).UTC().Truncate(time.Minute)
	slot := s.expect(201, "POST", "/api/v1/availability", doctor, "",
		object{"startTime": start.Format(time.RFC3339), "endTime": start.Add(30 * time.Minute).Format(time.RFC3339)})
	patient := s.signUpAndSignIn("patient@example.org", "PATIENT")
	s.expect(201, "POST", "/api/v1/consultations", patient, "key",
		object{"slotId": slot.text("id"), "reason": "Cough since Monday"})
	s.waitFor("all mails", func() bool { return countRows(t, dsn, "FROM mails WHERE content IS NOT NULL") == 0 })
	s.stop()
	// Reminders are for bookings made before they are due.
	due := time.Now().Truncate(time.Second).Add(time.Second)
	execute(t, dsn, "DELETE FROM river_job WHERE kind = 'consultation.remind'") // at most one in 15 seconds

	variables = append(variables, "AMRUTAM_SMTP_URL="+inbox.URL(), "AMRUTAM_REMINDERS="+start.Sub(due).String())
	s = startServer(t, variables)
	s.waitFor("two attempts that failed", func() bool {
		const failed = "FROM river_job WHERE kind = 'mail.send' AND state IN ('retryable', 'scheduled')"
		return countRows(t, dsn, failed) == 2
	})
	var once sync.Once
	killed := s.cmd.Process
	inbox.Taken = func(apptest.Delivery) { once.Do(func() { _ = killed.Kill() }) }
	inbox.Start()
	retry := func() {
		execute(t, dsn, `UPDATE river_job SET state = 'available', scheduled_at = now() - interval '1 second'
			WHERE kind = 'mail.send' AND state IN ('retryable', 'scheduled')`)
	}
	retry()
	select {
	case err := <-s.done:
		if err == nil {
			t.Fatal("the server was killed, but its exit code is 0")
		}
	case <-time.After(timeout):
		t.Fatalf("no reminder was sent\n%s", s.log)
	}
	// As if it counted as stuck already: TestMailIsSentAfterKill waits for that.
	execute(t, dsn, "UPDATE river_job SET state = 'available' WHERE kind = 'mail.send' AND state = 'running'")
	s = startServer(t, variables)
	s.waitFor("both reminders", func() bool {
		retry()
		return countRows(t, dsn, "FROM reminders r JOIN mails m ON m.id = r.mail_id WHERE m.sent_at IS NOT NULL") == 2
	})
	times := map[string]map[string]int{}
	for _, d := range inbox.Received() {
		if times[d.To] == nil {
			times[d.To] = map[string]int{}
		}
		times[d.To][d.MessageID]++
	}
	repeated := 0
	for _, to := range []string{"patient@example.org", "doctor@example.org"} {
		for messageID, n := range times[to] {
			if n > 2 {
				t.Errorf("%s came %d times", messageID, n)
			}
			repeated += n - 1
		}
		if len(times[to]) != 1 {
			t.Errorf("mails for %s: %v", to, times[to])
		}
	}
	if repeated < 1 { // two if both were on their way at the kill
		t.Errorf("the reminder that the killed server had sent wasn't repeated: %v", times)
	}
	if out, err := runCommand(t, variables, "", "check"); err != nil {
		t.Errorf("check: %v\n%s", err, out)
	}
	s.stop()
}

// execute runs a statement as the owner of the database.
func execute(t *testing.T, dsn, sql string) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), dsn)
	must(t, err)
	defer conn.Close(context.Background())
	_, err = conn.Exec(context.Background(), sql)
	must(t, err)
}

// countRows counts the rows of a FROM clause.
func countRows(t *testing.T, dsn, from string) (n int) {
	t.Helper()
	conn, err := pgx.Connect(context.Background(), dsn)
	must(t, err)
	defer conn.Close(context.Background())
	must(t, conn.QueryRow(context.Background(), "SELECT count(*) "+from).Scan(&n))
	return n
}
