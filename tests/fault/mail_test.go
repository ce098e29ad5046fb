package fault_test

import (
	"context"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"amrutam/internal/apptest"
)

// isLongRun reports whether the test waits in real time instead of moving rows into the past.
func isLongRun() bool { return os.Getenv("AMRUTAM_TEST_LONG") != "" }

// TestMailIsSentAfterKill kills the server while it waits for a mail server. The next server sends the mail when the
// job counts as stuck, after some minutes; a short run moves the job into the past instead.
func TestMailIsSentAfterKill(t *testing.T) {
	t.Parallel()
	dsn := newDatabase(t)
	inbox := apptest.NewMailServer(t)
	silent, err := new(net.ListenConfig).Listen(t.Context(), "tcp", strings.TrimPrefix(inbox.URL(), "smtp://"))
	must(t, err)
	called := make(chan net.Conn, 8)
	go func() {
		for {
			connection, err := silent.Accept()
			if err != nil {
				return
			}
			called <- connection
		}
	}()
	variables := []string{
		"DATABASE_URL=" + dsn,
		masterKeyVariable,
		"AMRUTAM_DATA_DIR=" + t.TempDir(),
		"AMRUTAM_LISTEN=127.0.0.1:0",
		"AMRUTAM_SMTP_URL=" + inbox.URL(),
	}
	s := startServer(t, variables)
	s.expect(201, "POST", "/api/v1/auth/signup", "", "",
		object{"email": "patient@example.org", "password": password, "fullName": "Test Person", "role": "PATIENT"})
	select {
	case <-called: // the job runs until the server is killed
	case <-time.After(timeout):
		t.Fatalf("the server did not try to send a mail\n%s", s.log)
	}
	s.kill()
	must(t, silent.Close())
	if !isLongRun() {
		conn, err := pgx.Connect(context.Background(), dsn)
		must(t, err)
		tag, err := conn.Exec(context.Background(),
			"UPDATE river_job SET attempted_at = attempted_at - interval '5 minutes' WHERE state = 'running'")
		must(t, err)
		must(t, conn.Close(context.Background()))
		if tag.RowsAffected() == 0 {
			t.Fatal("no job was running when the server was killed")
		}
	}
	came := make(chan apptest.Delivery, 8)
	inbox.Taken = func(d apptest.Delivery) { came <- d }
	inbox.Start()
	s = startServer(t, variables)
	select {
	case mail := <-came:
		if !strings.Contains(mail.Text, "verify-email?token") {
			t.Errorf("another mail was sent: %.200s", mail.Text)
		}
	case <-time.After(10 * time.Minute):
		t.Fatalf("the mail was not sent\n%s", s.log)
	}
	s.stop()
}
