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

// parameterValues of the parameters in booking.sql, of the booking with number :n.
var parameterValues = map[string]string{
	"patient": numberedSQL("'01900000-0000-7000-8001-'", ":n::int % :patients::int"),
	"people":  "ARRAY[" + numberedSQL("'01900000-0000-7000-8001-'", ":n::int % :patients::int") + "]",
	"nobody":  "NULL", "unrelated": "NULL",
	"session":      numberedSQL("'01900000-0000-7000-8001-'", ":n::int % :patients::int"),
	"doctor":       numberedSQL("'01900000-0000-7000-8002-'", ":n::int % :doctors::int"),
	"slot":         numberedSQL("'01900000-0000-7000-8003-'", ":n::int"),
	"consultation": numberedSQL(":month", ":n::int"),
	"text":         numberedSQL(":month", ":n::int") + "::text",
	"payment":      numberedSQL(":month", "-:n::int"),
	"token": "sha256(convert_to('at_' || " +
		numberedSQL("'01900000-0000-7000-8001-'", ":n::int % :patients::int") + ", 'UTF8'))",
	"access":    "'ACCESS'",
	"role":      "'PATIENT'",
	"no":        "false",
	"lock":      ":n::bigint",
	"key":       "'key-' || :n::text",
	"now":       "now()",
	"yesterday": "now() - interval '1 day'",
	"oldest":    ":oldest::uuid",
	"due":       "now() + interval '15 minutes'",
	"policy":    "'24h=100,2h=50'",
	"grace":     "now() + interval '15 minutes'",
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
	"details": `'{"to": "REQUESTED", "slotId": "01900000-0000-7000-8003-000000000001",` +
		` "doctorId": "01900000-0000-7000-8002-000000000001",` +
		` "requestId": "01900000-0000-7000-8004-000000000001"}'`,
	"address":  "'127.0.0.1'",
	"method":   "'POST'",
	"path":     "'/api/v1/consultations'",
	"hash":     "'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'",
	"answer":   "decode(repeat('5a', 750), 'hex')",
	"created":  "201",
	"location": "'/api/v1/consultations/01900000-0000-7000-8004-000000000001'",
	"none":     "''",
}

func numberedSQL(prefix, n string) string { return "numbered(" + prefix + ", " + n + ")" }

var (
	parameterPattern   = regexp.MustCompile(`\{[a-z]+\}`)
	placeholderPattern = regexp.MustCompile(`\$[0-9]+`)
	commentPattern     = regexp.MustCompile(`(?m)^-- .*$`)
	spacePattern       = regexp.MustCompile(`\s+`)
)

// referenceScript returns booking.sql with the values of its parameters.
func referenceScript(b *testing.B) string {
	b.Helper()
	text, err := os.ReadFile("booking.sql")
	must(b, err)
	return parameterPattern.ReplaceAllStringFunc(string(text), func(name string) string {
		value, known := parameterValues[strings.Trim(name, "{}")]
		if !known {
			b.Fatalf("booking.sql: no value for %s", name)
		}
		return "(" + value + ")"
	})
}

// normalize removes the differences between a statement of the server and the same one in booking.sql: comments,
// placeholders, spaces and the final semicolon.
func normalize(sql string) string {
	sql = commentPattern.ReplaceAllString(sql, "")
	sql = parameterPattern.ReplaceAllString(sql, "?")
	sql = placeholderPattern.ReplaceAllString(sql, "?")
	sql = spacePattern.ReplaceAllString(sql, " ")
	sql = strings.TrimSuffix(strings.TrimSpace(sql), ";")
	if strings.EqualFold(sql, "begin") {
		return "BEGIN"
	}
	return sql
}

// roundTrips records the statements sent to PostgreSQL, grouped by round trip. It leaves out the round trips in which
// a connection prepares a statement for the first time.
type roundTrips struct {
	mu  sync.Mutex
	all [][]string
}

func (t *roundTrips) add(statements ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all = append(t.all, statements)
}

// drain returns the round trips recorded so far and removes them.
func (t *roundTrips) drain() [][]string {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := t.all
	t.all = nil
	return all
}

func (t *roundTrips) TraceQueryStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceQueryStartData) context.Context {
	t.add(normalize(data.SQL))
	return ctx
}

func (t *roundTrips) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (t *roundTrips) TraceBatchStart(ctx context.Context, _ *pgx.Conn, data pgx.TraceBatchStartData) context.Context {
	var one []string
	for _, q := range data.Batch.QueuedQueries {
		one = append(one, normalize(q.SQL))
	}
	t.add(one...)
	return ctx
}

func (t *roundTrips) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}

func (t *roundTrips) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

// TestBookingScriptMatchesServer checks that a booking takes four round trips, and that booking.sql, which
// BenchmarkBooking runs, has the statements that the server sends.
func TestBookingScriptMatchesServer(t *testing.T) {
	var watched roundTrips
	c := apptest.OpenTuned(t, func(cfg *pgx.ConnConfig) { cfg.Tracer = &watched })
	must(t, c.App.Queue.Stop(t.Context())) // or the statements of jobs would be recorded too
	doctor, patient := c.Doctor("500.00"), c.Patient()
	slot := c.Slot(doctor, 24*time.Hour, 1)
	watched.drain()
	c.Post(patient, "consultations", map[string]any{"slotId": slot, "reason": "Back pain for two weeks"}).Want(201)
	sent := watched.drain()

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
			referred[len(referred)-1] = append(referred[len(referred)-1], normalize(line))
		default:
			referred = append(referred, []string{normalize(line)})
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
