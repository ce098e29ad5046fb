package notification_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
	"amrutam/internal/config"
	"amrutam/internal/jobs"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
	"amrutam/internal/seal"
	"amrutam/internal/telemetry"
	"amrutam/internal/testdb"
)

const publicURL = "https://clinic.example"

// fixture is a Service on its own database, whose jobs the test runs itself.
type fixture struct {
	t       testing.TB
	db      *postgres.DB
	mails   *notification.Service
	clock   *apptest.Clock
	log     *apptest.Log
	metrics *telemetry.Metrics
	// restart replaces the Service, as if the server had crashed.
	restart func()
}

func openFixture(t testing.TB, configure ...func(*config.Config)) *fixture {
	t.Helper()
	ctx := context.Background()
	cfg := &config.Config{Env: "development", PublicURL: publicURL,
		MailFrom: "Amrutam – आयुर्वेद <no-reply@clinic.example>"}
	for _, change := range configure {
		change(cfg)
	}
	f := &fixture{t: t, clock: &apptest.Clock{}, log: &apptest.Log{}, metrics: telemetry.NewMetrics()}
	dsn := testdb.New(t, testdb.Migrate, postgres.Fingerprint())
	separator := "?"
	if strings.Contains(dsn, "?") {
		separator = "&"
	}
	var err error
	f.db, err = postgres.Open(ctx, dsn+separator+"lock_timeout=200", postgres.Options{Clock: f.clock.Now, MaxConns: 6})
	must(t, err)
	t.Cleanup(f.db.Close)
	logger := slog.New(slog.NewJSONHandler(f.log, nil))
	master := make([]byte, 32)
	_, _ = rand.Read(master)
	sealer, err := seal.New(master, f.db.Clock)
	must(t, err)
	f.restart = func() {
		queue, err := jobs.New(f.db, logger, f.metrics)
		must(t, err)
		f.mails, err = notification.New(f.db, queue, sealer, cfg, logger, f.metrics)
		must(t, err)
	}
	f.restart()
	return f
}

// sendingTo sets the mail server of a test.
func sendingTo(p *mailServer, credentials string) func(*config.Config) {
	return func(cfg *config.Config) {
		cfg.SMTPURL = "smtp://" + credentials + p.addr
		if p.implicitTLS {
			cfg.SMTPURL = "smtps://" + credentials + p.addr
		}
	}
}

// user inserts a user with a verified address.
func (f *fixture) user(name, zone string) (uuid.UUID, string) {
	f.t.Helper()
	id := uuid.Must(uuid.NewV7())
	email := "user-" + id.String() + "@example.org"
	f.exec(`INSERT INTO users (id, email, password_hash, role, is_email_verified, created_at, updated_at)
		VALUES ($1, $2, 'none', 'PATIENT', true, now(), now())`, id, email)
	f.exec(`INSERT INTO profiles (id, user_id, full_name, timezone, created_at, updated_at)
		VALUES ($1, $1, $2, $3, now(), now())`, id, name, zone)
	return id, email
}

func (f *fixture) exec(sql string, args ...any) {
	f.t.Helper()
	_, err := f.db.Pool.Exec(context.Background(), sql, args...)
	must(f.t, err)
}

// enqueue stores a mail and returns its id.
func (f *fixture) enqueue(m notification.Mail) uuid.UUID {
	f.t.Helper()
	must(f.t, f.tryEnqueue(m))
	var id uuid.UUID
	must(f.t, f.db.Pool.QueryRow(context.Background(), "SELECT id FROM mails ORDER BY id DESC LIMIT 1").Scan(&id))
	return id
}

func (f *fixture) tryEnqueue(m notification.Mail) error {
	ctx := context.Background()
	return f.db.Write(ctx, func(tx *postgres.Tx) error { return f.mails.Enqueue(ctx, tx, m) })
}

func (f *fixture) run(id uuid.UUID) error { return f.mails.Run(context.Background(), id) }

// state is a row of mails.
type state struct {
	content      []byte
	sent, failed *time.Time
	failure      string
}

func (f *fixture) state(id uuid.UUID) (s state) {
	f.t.Helper()
	must(f.t, f.db.Pool.QueryRow(context.Background(),
		"SELECT content, sent_at, failed_at, coalesce(failure, '') FROM mails WHERE id = $1", id).
		Scan(&s.content, &s.sent, &s.failed, &s.failure))
	return s
}

// metric returns the value of amrutam_mails_total.
func (f *fixture) metric(kind, outcome string) float64 {
	f.t.Helper()
	families, err := f.metrics.Registry.Gather()
	must(f.t, err)
	for _, family := range families {
		if family.GetName() != "amrutam_mails_total" {
			continue
		}
		for _, metric := range family.GetMetric() {
			labels := map[string]string{}
			for _, label := range metric.GetLabel() {
				labels[label.GetName()] = label.GetValue()
			}
			if labels["kind"] == kind && labels["outcome"] == outcome {
				return metric.GetCounter().GetValue()
			}
		}
	}
	return 0
}

// parsed is a mail as a mail program shows it.
type parsed struct {
	header     mail.Header
	subject    string
	text, html string
	// calendar is the alternative for calendars, and attached the file with the same.
	calendar, attached string
}

// parse parses a mail, and fails the test if it breaks the rules of RFC 5322 or MIME.
func parse(t testing.TB, raw []byte) parsed {
	t.Helper()
	for number, l := range bytes.Split(raw, []byte("\r\n")) {
		if bytes.ContainsAny(l, "\r\n") {
			t.Fatalf("line %d ends without CR LF", number+1)
		}
		if len(l) > 78 {
			t.Fatalf("line %d has %d characters: %s", number+1, len(l), l)
		}
		for _, b := range l {
			if b > 126 || (b < ' ' && b != '\t') {
				t.Fatalf("line %d isn't ASCII text: %q", number+1, l)
			}
		}
	}
	message, err := mail.ReadMessage(bytes.NewReader(raw))
	must(t, err)
	p := parsed{header: message.Header}
	p.subject, err = new(mime.WordDecoder).DecodeHeader(message.Header.Get("Subject"))
	must(t, err)
	reader, kind := multipartReader(t, message.Header.Get("Content-Type"), message.Body)
	whole := reader
	hasCalendar := kind == "multipart/mixed"
	if hasCalendar {
		part, err := whole.NextRawPart()
		must(t, err)
		reader, kind = multipartReader(t, part.Header.Get("Content-Type"), part)
	}
	if kind != "multipart/alternative" {
		t.Fatalf("Content-Type %s", kind)
	}
	for _, part := range []struct {
		kind string
		to   *string
	}{{"text/plain", &p.text}, {"text/html", &p.html}} {
		*part.to = readPart(t, reader, part.kind)
	}
	if hasCalendar {
		p.calendar = readPart(t, reader, "text/calendar")
		part, err := whole.NextPart()
		must(t, err)
		attached, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, part))
		must(t, err)
		p.attached = strings.ReplaceAll(string(attached), "\r\n", "\n")
	}
	if _, err := reader.NextRawPart(); !errors.Is(err, io.EOF) {
		t.Fatalf("a third part: %v", err)
	}
	return p
}

func multipartReader(t testing.TB, header string, body io.Reader) (reader *multipart.Reader, kind string) {
	t.Helper()
	kind, params, err := mime.ParseMediaType(header)
	must(t, err)
	return multipart.NewReader(body, params["boundary"]), kind
}

func readPart(t testing.TB, reader *multipart.Reader, want string) string {
	t.Helper()
	part, err := reader.NextRawPart()
	must(t, err)
	kind, params, err := mime.ParseMediaType(part.Header.Get("Content-Type"))
	must(t, err)
	if kind != want || !strings.EqualFold(params["charset"], "utf-8") ||
		part.Header.Get("Content-Transfer-Encoding") != "quoted-printable" {
		t.Fatalf("part %v, want %s in UTF-8", part.Header, want)
	}
	text, err := io.ReadAll(quotedprintable.NewReader(part))
	must(t, err)
	return strings.ReplaceAll(string(text), "\r\n", "\n")
}
