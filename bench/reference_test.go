package bench_test

import (
	"context"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"amrutam/internal/apptest"
)

// values of the parameters in booking.sql, of the booking with number :n.
var values = map[string]string{
	"patient":      numberedIn("'01900000-0000-7000-8001-'", ":n::int % :patients::int"),
	"session":      numberedIn("'01900000-0000-7000-8001-'", ":n::int % :patients::int"),
	"doctor":       numberedIn("'01900000-0000-7000-8002-'", ":n::int % :doctors::int"),
	"slot":         numberedIn("'01900000-0000-7000-8003-'", ":n::int"),
	"consultation": numberedIn(":month", ":n::int"),
	"text":         numberedIn(":month", ":n::int") + "::text",
	"payment":      numberedIn(":month", "-:n::int"),
	"token": "sha256(convert_to('at_' || " + numberedIn("'01900000-0000-7000-8001-'",
		":n::int % :patients::int") + ", 'UTF8'))", "access": "'ACCESS'",
	"role":      "'PATIENT'",
	"no":        "false",
	"lock":      ":n::bigint",
	"key":       "'key-' || :n::text",
	"now":       "now()",
	"yesterday": "now() - interval '1 day'",
	"oldest":    ":oldest::uuid",
	"due":       "now() + interval '15 minutes'",
	"tomorrow":  "now() + interval '1 day'",
	"most":      "5",
	"requested": "'REQUESTED'",
	"pending":   "'PENDING'",
	"reason":    "decode(repeat('5a', 65), 'hex')",
	"fee":       "500",
	"currency":  "'INR'",
	"start":     "date_trunc('hour', now()) + interval '1 day'",
	"end":       "date_trunc('hour', now()) + interval '1 day 15 minutes'",
	"implied":   "'IMPLIED'",
	"one":       "1",
	"initiated": "'INITIATED'",
	"stub":      "'stub'",
	"action":    "'consultation.book'",
	"kind":      "'consultation'",
	"details": `'{"to": "REQUESTED", "slotId": "01900000-0000-7000-8003-000000000001",
		"doctorId": "01900000-0000-7000-8002-000000000001", "requestId": "01900000-0000-7000-8004-000000000001"}'`,
	"address":  "'127.0.0.1'",
	"method":   "'POST'",
	"path":     "'/api/v1/consultations'",
	"hash":     "'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'",
	"answer":   "decode(repeat('5a', 750), 'hex')",
	"created":  "201",
	"location": "'/api/v1/consultations/01900000-0000-7000-8004-000000000001'",
	"none":     "''",
}

func numberedIn(prefix, n string) string { return "numbered(" + prefix + ", " + n + ")" }

var (
	parameter = regexp.MustCompile(`\{[a-z]+\}`)
	numbers   = regexp.MustCompile(`\$[0-9]+`)
	naming    = regexp.MustCompile(`(?m)^-- .*$`)
	spaces    = regexp.MustCompile(`\s+`)
)

// reference is booking.sql with its values.
func reference(b *testing.B) string {
	b.Helper()
	text, err := os.ReadFile("booking.sql")
	must(b, err)
	return parameter.ReplaceAllStringFunc(string(text), func(name string) string {
		value, known := values[strings.Trim(name, "{}")]
		if !known {
			b.Fatalf("booking.sql: no value for %s", name)
		}
		return "(" + value + ")"
	})
}

// alike takes from a statement what doesn't matter here.
func alike(sql string) string {
	sql = numbers.ReplaceAllString(parameter.ReplaceAllString(naming.ReplaceAllString(sql, ""), "?"), "?")
	sql = strings.TrimSuffix(strings.TrimSpace(spaces.ReplaceAllString(sql, " ")), ";")
	if strings.EqualFold(sql, "begin") {
		return "BEGIN"
	}
	return sql
}

// trips are the statements that went to PostgreSQL, by round trips. A connection prepares each once, which is left
// out.
type trips struct {
	mu  sync.Mutex
	all [][]string
}

func (t *trips) add(statements ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all = append(t.all, statements)
}

// take empties them.
func (t *trips) take() [][]string {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := t.all
	t.all = nil
	return all
}

func (t *trips) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	t.add(alike(data.SQL))
	return ctx
}

func (t *trips) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (t *trips) TraceBatchStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	var one []string
	for _, q := range data.Batch.QueuedQueries {
		one = append(one, alike(q.SQL))
	}
	t.add(one...)
	return ctx
}

func (t *trips) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

func (t *trips) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// A booking is four round trips, and BenchmarkBooking compares it with these very statements.
func TestTheReferenceIsWhatTheServerSends(t *testing.T) {
	var watched trips
	c := apptest.OpenWatched(t, func(cfg *pgx.ConnConfig) { cfg.Tracer = &watched })
	must(t, c.App.Queue.Stop(t.Context())) // its own statements would be among them
	doctor, patient := c.Doctor("500.00"), c.Patient()
	slot := c.Slot(doctor, 24*time.Hour, 1)
	watched.take()
	c.Post(patient, "consultations", map[string]any{"slotId": slot, "reason": "Back pain for two weeks"}).Want(201)
	sent := watched.take()

	text, err := os.ReadFile("booking.sql")
	must(t, err)
	var referred [][]string
	var pipeline bool
	for line := range strings.Lines(string(text)) {
		switch line = strings.TrimSpace(line); {
		case line == `\startpipeline`:
			pipeline = true
			referred = append(referred, nil)
		case line == `\endpipeline`:
			pipeline = false
		case strings.HasPrefix(line, `\`), strings.HasPrefix(line, "--"), line == "":
		case pipeline:
			referred[len(referred)-1] = append(referred[len(referred)-1], alike(line))
		default:
			referred = append(referred, []string{alike(line)})
		}
	}
	if len(sent) != 4 {
		t.Errorf("%d round trips", len(sent))
	}
	if !slices.EqualFunc(sent, referred, slices.Equal) {
		t.Error("booking.sql is not what the server sends, which is:")
		for i, trip := range sent {
			t.Log("trip " + strconv.Itoa(i+1) + ":\n" + strings.Join(trip, ";\n") + ";")
		}
	}
}
