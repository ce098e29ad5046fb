package fault_test

import (
	"context"
	"io"
	stdlog "log"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/jackc/pgx/v5"

	"amrutam/internal/postgres/cluster"
)

// long runs last as long as they do in life.
func long() bool { return os.Getenv("AMRUTAM_TEST_LONG") != "" }

// TestMailKilledWithItsServer kills the server while a mail server keeps it waiting. The next one sends the mail,
// within the minutes after which it counts as stuck; the short form moves the job that far into the past.
func TestMailKilledWithItsServer(t *testing.T) {
	t.Parallel()
	c, err := cluster.Start(context.Background(), cluster.Options{DataDir: filepath.Join(t.TempDir(), "data"),
		Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	t.Cleanup(func() { _ = c.Stop(context.Background()) })
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
	variables := []string{"DATABASE_URL=" + c.DSN(cluster.Database), sealedWith, "AMRUTAM_DATA_DIR=" + t.TempDir(),
		"AMRUTAM_LISTEN=127.0.0.1:0",
		"AMRUTAM_SMTP_URL=smtp://" + silent.Addr().String()}
	s := serve(t, variables)
	s.want(201, "POST", "/api/v1/auth/signup", "", "", object{"email": "patient@example.org", "password": password,
		"fullName": "Test Person", "role": "PATIENT"})
	select {
	case <-called: // the job runs, and stays open until the server is dead
	case <-time.After(patience):
		t.Fatalf("no mail was tried\n%s", s.log)
	}
	s.kill()
	must(t, silent.Close())
	if !long() {
		conn, err := pgx.Connect(context.Background(), c.DSN(cluster.Database))
		must(t, err)
		tag, err := conn.Exec(context.Background(),
			"UPDATE river_job SET attempted_at = attempted_at - interval '5 minutes' WHERE state = 'running'")
		must(t, err)
		must(t, conn.Close(context.Background()))
		if tag.RowsAffected() == 0 {
			t.Fatal("no job was running when the server was killed")
		}
	}
	box := &mailbox{taken: make(chan string, 8)}
	post := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return box, nil }))
	post.ErrorLog = stdlog.New(io.Discard, "", 0)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", silent.Addr().String())
	must(t, err)
	go func() { _ = post.Serve(listener) }()
	t.Cleanup(func() { _ = post.Close() })
	s = serve(t, variables)
	select {
	case mail := <-box.taken:
		if !strings.Contains(mail, "verify-email?token") {
			t.Errorf("another mail came: %.200s", mail)
		}
	case <-time.After(10 * time.Minute):
		t.Fatalf("the mail did not come\n%s", s.log)
	}
	s.stop()
}

// mailbox takes every mail.
type mailbox struct{ taken chan string }

func (*mailbox) Mail(string, *smtp.MailOptions) error { return nil }
func (*mailbox) Rcpt(string, *smtp.RcptOptions) error { return nil }
func (*mailbox) Reset()                               {}
func (*mailbox) Logout() error                        { return nil }

func (m *mailbox) Data(r io.Reader) error {
	text, err := io.ReadAll(r)
	m.taken <- strings.ReplaceAll(string(text), "=\r\n", "")
	return err
}
