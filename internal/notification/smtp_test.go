package notification_test

import (
	"log/slog"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"
	"github.com/google/uuid"

	"amrutam/internal/apptest"
	"amrutam/internal/config"
	"amrutam/internal/jobs"
	"amrutam/internal/notification"
)

const credentials = "mailer%40clinic.example:open%20sesame,%20said%20the%20mailer@"

func passwordChanged(to uuid.UUID) notification.Mail {
	return notification.Mail{To: to, Kind: "password-changed"}
}

// checkNoLeak checks that neither the error nor the log holds an address, a password or what the server said.
func (f *fixture) checkNoLeak(err error, addresses ...string) {
	f.t.Helper()
	output := f.log.String()
	if err != nil {
		output += err.Error()
	}
	for _, secret := range append(addresses, "@example.org", "open sesame", "server's own words",
		"mailer@clinic.example") {
		if strings.Contains(output, secret) {
			f.t.Errorf("an error or the log holds %q: %s", secret, output)
		}
	}
}

func refuseStep(step string, code int, enhanced smtp.EnhancedCode) func(string, int) error {
	return func(at string, _ int) error {
		if at != step {
			return nil
		}
		return &smtp.SMTPError{Code: code, EnhancedCode: enhanced,
			Message: "the server's own words about <user@example.org>"}
	}
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	p := startMailServer(t, func(p *mailServer) { p.withoutTLS = true })
	f := openFixture(t, sendingTo(p, ""))
	reader, email := f.user("आशा राव", "Asia/Kolkata")
	id := f.enqueue(passwordChanged(reader))
	kept := f.db.Now()
	must(t, f.run(id))
	d := p.mails()[0]
	m := parse(t, d.raw)
	for header, want := range map[string]string{"Message-Id": "<" + id.String() + "@clinic.example>",
		"To":             "<" + email + ">",
		"Auto-Submitted": "auto-generated", "X-Auto-Response-Suppress": "All", "Mime-Version": "1.0", "User-Agent": "",
		"X-Mailer": "", "List-Unsubscribe": ""} {
		if got := m.header.Get(header); got != want {
			t.Errorf("%s: %q, want %q", header, got, want)
		}
	}
	from, err := m.header.AddressList("From")
	must(t, err)
	if len(from) != 1 || from[0].Name != "Amrutam – आयुर्वेद" || from[0].Address != "no-reply@clinic.example" {
		t.Errorf("From %v", from)
	}
	date, err := m.header.Date()
	must(t, err)
	if away := kept.Sub(date).Abs(); away > time.Minute {
		t.Errorf("Date %v is %v away", date, away)
	}
	if !strings.HasPrefix(m.text, "Hello आशा राव,\n") {
		t.Errorf("text %q", m.text)
	}
	if d.utf8 {
		t.Error("SMTPUTF8 was asked for without need")
	}
	must(t, f.mails.Deliver(t.Context(), notification.Message{MessageID: "1@clinic.example", To: email, Text: "T",
		HTML: "H", Subject: "Ihre Sprechstunde – आयुर्वेद\r\nBcc: thief@evil.example " + strings.Repeat("very long ",
			20)}))
	if m := parse(t, p.mails()[1].raw); !strings.HasPrefix(m.subject, "Ihre Sprechstunde – आयुर्वेद") ||
		m.header.Get("Bcc") != "" {
		t.Errorf("subject %q, headers %v", m.subject, m.header)
	}
}

func TestInternationalAddress(t *testing.T) {
	t.Parallel()
	p := startMailServer(t, func(p *mailServer) { p.withoutTLS = true })
	f := openFixture(t, sendingTo(p, ""))
	must(t, f.run(f.enqueue(notification.Mail{Address: "आशा@example.org", Kind: "password-changed"})))
	if d := p.mails(); len(d) != 1 || !d[0].utf8 || d[0].to != "आशा@example.org" {
		t.Errorf("came: %+v", d)
	}
	id := f.enqueue(notification.Mail{Address: "no address", Kind: "password-changed"})
	err := f.run(id)
	must(t, err)
	if s := f.state(id); s.failure != "recipient-refused" || s.content != nil {
		t.Errorf("what is no address: %+v", s)
	}
	f.checkNoLeak(err, "no address")
}

func TestStartTLSAndAuthentication(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*mailServer){
		"STARTTLS": func(*mailServer) {}, "smtps": func(p *mailServer) { p.implicitTLS = true }} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := startMailServer(t, change)
			f := openFixture(t, sendingTo(p, credentials), func(cfg *config.Config) { cfg.Env = "production" })
			reader, _ := f.user("Asha Rao", "UTC")
			id := f.enqueue(passwordChanged(reader))
			// A certificate that nobody vouches for is no way to hand over a password.
			err := f.run(id)
			if err == nil || p.reached("auth") != 0 || f.state(id).content == nil {
				t.Fatalf("without trust: %v, %d sign-ins", err, p.reached("auth"))
			}
			f.checkNoLeak(err)
			must(t, f.mails.Trust(p.roots))
			must(t, f.run(id))
			if d := p.mails(); len(d) != 1 || !d[0].encrypted || d[0].user != smtpUser {
				t.Errorf("came: %+v", d)
			}
		})
	}
}

func TestDevelopmentUsesOfferedStartTLS(t *testing.T) {
	t.Parallel()
	p := startMailServer(t)
	f := openFixture(t, sendingTo(p, ""))
	must(t, f.mails.Trust(p.roots))
	reader, _ := f.user("Asha Rao", "UTC")
	must(t, f.run(f.enqueue(passwordChanged(reader))))
	if d := p.mails(); len(d) != 1 || !d[0].encrypted {
		t.Errorf("came: %+v", d)
	}
}

func TestNoPasswordWithoutTLS(t *testing.T) {
	t.Parallel()
	p := startMailServer(t, func(p *mailServer) { p.withoutTLS = true })
	_, port, err := net.SplitHostPort(p.addr)
	must(t, err)
	for name, c := range map[string]struct {
		env, host string
		arrives   bool
	}{
		"in production": {"production", "127.0.0.1", false},
		// reaches this machine, without being a loopback address
		"from elsewhere, in development":  {"development", "0.0.0.0", false},
		"on this machine, in development": {"development", "127.0.0.1", true},
	} {
		f := openFixture(t, func(cfg *config.Config) {
			cfg.Env, cfg.SMTPURL = c.env, "smtp://"+credentials+net.JoinHostPort(c.host, port)
		})
		reader, _ := f.user("Asha Rao", "UTC")
		before, signIns := len(p.mails()), p.reached("auth")
		err := f.run(f.enqueue(passwordChanged(reader)))
		if arrived := len(p.mails()) > before; arrived != c.arrives || arrived != (err == nil) ||
			(p.reached("auth") > signIns) != c.arrives {
			t.Errorf("%s: %v, arrived %v", name, err, arrived)
		}
		f.checkNoLeak(err)
	}
}

func TestPermanentRefusal(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		step    string
		code    int
		failure string
	}{
		"recipient":       {"rcpt", 550, "recipient-refused"},
		"content":         {"data", 554, "message-refused"},
		"content at last": {"taken", 552, "message-refused"},
		"sender":          {"mail", 550, ""}, // a setting of ours: it can be put right
		"not signed in":   {"rcpt", 530, ""},
		"mailbox busy":    {"rcpt", 450, ""},
		"server busy":     {"data", 451, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := startMailServer(t, func(p *mailServer) {
				p.withoutTLS, p.refuse = true, refuseStep(c.step, c.code, smtp.EnhancedCode{c.code / 100, 1, 1})
			})
			f := openFixture(t, sendingTo(p, ""))
			reader, email := f.user("Asha Rao", "UTC")
			id := f.enqueue(passwordChanged(reader))
			err := f.run(id)
			f.checkNoLeak(err, email)
			s := f.state(id)
			if c.failure == "" {
				if err == nil || s.failed != nil || s.sent != nil || s.content == nil ||
					f.metric("password-changed", "delayed") != 1 {
					t.Errorf("a temporary refusal: %v, %+v", err, s)
				}
				return
			}
			if err != nil || s.failure != c.failure || s.failed == nil || s.sent != nil || s.content != nil {
				t.Errorf("a permanent refusal: %v, %+v", err, s)
			}
			if n := f.metric("password-changed", c.failure); n != 1 || !strings.Contains(f.log.String(), c.failure) {
				t.Errorf("counted %v, logged %s", n, f.log.String())
			}
			must(t, f.run(id))
			if n := p.reached(c.step); n != 1 {
				t.Errorf("tried %d times", n)
			}
		})
	}
}

func TestConnectionLostAfterAcceptance(t *testing.T) {
	t.Parallel()
	p := startMailServer(t, func(p *mailServer) { p.withoutTLS, p.hangsUp = true, true })
	f := openFixture(t, sendingTo(p, ""))
	reader, _ := f.user("Asha Rao", "UTC")
	id := f.enqueue(passwordChanged(reader))
	must(t, f.run(id))
	if s := f.state(id); s.sent == nil || len(p.mails()) != 1 {
		t.Errorf("%+v, %d mails", s, len(p.mails()))
	}
}

func TestCrashResendsSameMessageID(t *testing.T) {
	t.Parallel()
	p := startMailServer(t, func(p *mailServer) { p.withoutTLS = true })
	f := openFixture(t, sendingTo(p, ""))
	reader, _ := f.user("Asha Rao", "UTC")
	id := f.enqueue(passwordChanged(reader))
	// The row is held by another transaction while the mail goes out: the mark fails as in a crash.
	other, err := f.db.Pool.Begin(t.Context())
	must(t, err)
	_, err = other.Exec(t.Context(), "SELECT 1 FROM mails WHERE id = $1 FOR UPDATE", id)
	must(t, err)
	if err := f.run(id); err == nil || f.state(id).sent != nil {
		t.Fatalf("the mark did not fail: %v", err)
	}
	must(t, other.Rollback(t.Context()))
	f.restart()
	must(t, f.run(id))
	must(t, f.run(id))
	got := p.mails()
	if len(got) != 2 {
		t.Fatalf("%d mails came", len(got))
	}
	first, second := parse(t, got[0].raw), parse(t, got[1].raw)
	for _, header := range []string{"Message-Id", "Date", "Subject", "To"} {
		if a, b := first.header.Get(header), second.header.Get(header); a == "" || a != b {
			t.Errorf("%s: %q, then %q", header, a, b)
		}
	}
	if first.text != second.text || f.state(id).sent == nil {
		t.Errorf("texts differ, or the mail isn't marked")
	}
}

// Through the whole server: River tries again by itself.
func TestTemporaryErrorIsRetried(t *testing.T) {
	t.Parallel()
	t.Run("refused for now", func(t *testing.T) {
		t.Parallel()
		p := startMailServer(t, func(p *mailServer) { p.withoutTLS = true })
		p.refuse = func(step string, n int) error {
			if n == 1 {
				return refuseStep("rcpt", 450, smtp.EnhancedCode{4, 2, 1})(step, n)
			}
			return nil
		}
		c := apptest.Open(t, sendingTo(p, ""))
		bookFree(c)
		awaitConfirmations(t, c, p)
	})
	t.Run("away and back", func(t *testing.T) {
		t.Parallel()
		p := startMailServer(t, func(p *mailServer) { p.withoutTLS = true })
		p.stop()
		c := apptest.Open(t, sendingTo(p, ""))
		bookFree(c)
		waitFor(t, "two failed deliveries", func() bool { return strings.Count(c.Log.String(), "job failed") >= 2 })
		p.start()
		awaitConfirmations(t, c, p)
	})
}

func bookFree(c *apptest.Clinic) {
	c.Post(c.Patient(), "consultations", map[string]any{"slotId": c.Slot(c.Doctor("0.00"), 3*time.Hour, 1),
		"reason": "Migraine"}).Want(201)
}

// awaitConfirmations waits for the two mails of a confirmation. Each must have the Message-ID of its row, whose
// content is erased.
func awaitConfirmations(t *testing.T, c *apptest.Clinic, p *mailServer) {
	t.Helper()
	waitFor(t, "the mails to be sent", func() bool {
		var done int
		must(t, c.DB.Pool.QueryRow(t.Context(),
			"SELECT count(*) FROM mails WHERE sent_at IS NOT NULL AND content IS NULL").Scan(&done))
		return done == 2
	})
	if n := len(p.mails()); n != 2 {
		t.Errorf("%d mails came", n)
	}
	for _, d := range p.mails() {
		m := parse(t, d.raw)
		var known bool
		must(t, c.DB.Pool.QueryRow(t.Context(), "SELECT count(*) = 1 FROM mails WHERE message_id = $1",
			strings.Trim(m.header.Get("Message-Id"), "<>")).Scan(&known))
		if !known || strings.Contains(m.text+m.html+m.subject, "Migraine") {
			t.Errorf("a mail without a row, or with health data: %v", m)
		}
	}
	if log := c.Log.String(); strings.Contains(log, "@example.org") || strings.Contains(log, "server's own words") {
		t.Errorf("the log holds an address or the server's words: %s", log)
	}
	var leaks int
	must(t, c.DB.Pool.QueryRow(t.Context(),
		"SELECT count(*) FROM river_job WHERE row_to_json(river_job)::text ~ '@example.org|own words'").Scan(&leaks))
	if leaks != 0 {
		t.Error("a job's errors hold an address")
	}
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	deadline := time.After(60 * time.Second)
	for !done() {
		select {
		case <-ticker.C:
		case <-deadline:
			t.Fatal("timeout: " + what)
		}
	}
}

func TestInvalidSettingsAreRefused(t *testing.T) {
	t.Parallel()
	f := openFixture(t)
	logger := slog.New(slog.DiscardHandler)
	for name, change := range map[string]func(*config.Config){
		"scheme": func(c *config.Config) { c.SMTPURL = "http://mx.example" },
		"host":   func(c *config.Config) { c.SMTPURL = "smtp://:secret@:25" },
		"port":   func(c *config.Config) { c.SMTPURL = "smtp://u:secret@mx.example:99999" },
		"ipv6":   func(c *config.Config) { c.SMTPURL = "smtp://[::1]:25" },
		"form":   func(c *config.Config) { c.SMTPURL = "smtp://u:secret%@mx.example" },
		"from":   func(c *config.Config) { c.SMTPURL, c.MailFrom = "smtp://mx.example", "secret" },
	} {
		cfg := &config.Config{Env: "development", PublicURL: publicURL, MailFrom: "a@clinic.example"}
		change(cfg)
		queue, err := jobs.New(f.db, logger, f.metrics)
		must(t, err)
		_, err = notification.New(f.db, queue, nil, cfg, logger, f.metrics)
		if err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
