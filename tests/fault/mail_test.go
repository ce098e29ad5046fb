package fault_test

import (
	"context"
	"io"
	stdlog "log"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/jackc/pgx/v5"
)

// isLongRun reports whether the test waits in real time instead of moving rows into the past.
func isLongRun() bool { return os.Getenv("AMRUTAM_TEST_LONG") != "" }

// TestMailIsSentAfterKill kills the server while it waits for a mail server. The next server sends the mail when the
// job counts as stuck, after some minutes; a short run moves the job into the past instead.
func TestMailIsSentAfterKill(t *testing.T) {
	t.Parallel()
	dsn := newDatabase(t)
	silent, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
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
		"AMRUTAM_SMTP_URL=smtp://" + silent.Addr().String(),
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
	inbox := &mailbox{received: make(chan string, 8)}
	smtpServer := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return inbox, nil }))
	smtpServer.ErrorLog = stdlog.New(io.Discard, "", 0)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", silent.Addr().String())
	must(t, err)
	go func() { _ = smtpServer.Serve(listener) }()
	t.Cleanup(func() { _ = smtpServer.Close() })
	s = startServer(t, variables)
	select {
	case mail := <-inbox.received:
		if !strings.Contains(mail, "verify-email?token") {
			t.Errorf("another mail was sent: %.200s", mail)
		}
	case <-time.After(10 * time.Minute):
		t.Fatalf("the mail was not sent\n%s", s.log)
	}
	s.stop()
}

// mailbox is a mail server's session that accepts every mail.
type mailbox struct{ received chan string }

func (*mailbox) Mail(string, *smtp.MailOptions) error { return nil }
func (*mailbox) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (*mailbox) Reset()                               {}
func (*mailbox) Logout() error                        { return nil }

func (m *mailbox) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	m.received <- strings.ReplaceAll(string(text), "=\r\n", "")
	return err
}
