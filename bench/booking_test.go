package bench_test

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"amrutam/internal/postgres"
)

const (
	clients = 8
	rounds  = 5
	round   = 5 * time.Second
	// spared patients of a run: nobody may hold more than three unpaid bookings.
	patients = 30_000
	doctors  = 500
	slots    = 180_000
)

// BenchmarkBooking books over HTTP with 8 clients, and runs the same statements by pgbench on the same database, in
// turns. It ignores -benchtime. ratio_% is the median of what each round's throughput is of pgbench's right after it:
// what else the machine does comes and goes, and meets neighbours alike.
func BenchmarkBooking(b *testing.B) {
	p := crowd(b, patients, doctors, slots)
	programs, err := durable()
	must(b, err)
	pgbench := filepath.Join(programs, "pgbench")
	if _, err := os.Stat(pgbench); err != nil {
		b.Log("this PostgreSQL comes without pgbench: the ratio is left out")
		pgbench = ""
	}
	var ours, theirs, ratios []float64
	var waits []time.Duration
	next := 0
	b.ResetTimer()
	for i := range rounds + 1 {
		made, took := p.bookFor(b, &next)
		if i > 0 { // the first one warms up
			ours, waits = append(ours, float64(made)/round.Seconds()), append(waits, took...)
		}
		if pgbench != "" {
			rate, skipped := p.pgbench(b, pgbench, next)
			next += skipped
			if i > 0 {
				theirs, ratios = append(theirs, rate), append(ratios, 100*float64(made)/round.Seconds()/rate)
			}
		}
		if i == 0 { // as autovacuum has done long before, wherever people book
			_, err := p.connect(b).Exec(b.Context(), "VACUUM ANALYZE")
			must(b, err)
		}
	}
	slices.Sort(waits)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(ours), "bookings/s")
	b.ReportMetric(float64(waits[len(waits)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(waits[len(waits)*99/100].Microseconds())/1000, "p99-ms")
	if pgbench != "" {
		b.ReportMetric(median(theirs), "pgbench/s")
		b.ReportMetric(median(ratios), "ratio_%")
	}
}

func median(of []float64) float64 {
	of = slices.Sorted(slices.Values(of))
	return of[len(of)/2]
}

// bookFor books with all clients for a round, each patient and slot in its turn.
func (p *people) bookFor(b *testing.B, next *int) (made int, waits []time.Duration) {
	b.Helper()
	var all sync.WaitGroup
	var mu sync.Mutex
	var turn atomic.Int64
	turn.Store(int64(*next))
	until := time.Now().Add(round)
	for range clients {
		all.Go(func() {
			c, err := p.dial()
			if err != nil {
				b.Error(err)
				return
			}
			defer func() { _ = c.Close() }()
			var own []time.Duration
			for time.Now().Before(until) {
				n := int(turn.Add(1)) - 1
				begun := time.Now()
				if err := c.book(p, n); err != nil {
					b.Error(err)
					return
				}
				own = append(own, time.Since(begun))
			}
			mu.Lock()
			defer mu.Unlock()
			waits = append(waits, own...)
		})
	}
	all.Wait()
	*next = int(turn.Load())
	return len(waits), waits
}

// client is a connection that sends one request after the other. http.Client's takes two more goroutines for each, and
// what requests cost to make is no cost of the server.
type client struct {
	net.Conn
	reader *bufio.Reader
}

func (p *people) dial() (*client, error) {
	conn, err := new(net.Dialer).DialContext(context.Background(), "tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		return nil, err
	}
	return &client{conn, bufio.NewReader(conn)}, nil
}

func (c *client) book(p *people, n int) error {
	body := `{"slotId": "` + p.slots[n].String() + `", "reason": "Back pain for two weeks"}`
	_, err := fmt.Fprintf(c, "POST /api/v1/consultations HTTP/1.1\r\nHost: %s\r\nContent-Type: "+
		"application/json\r\nAuthorization: Bearer %s\r\n"+
		"Idempotency-Key: key-%d\r\nContent-Length: %d\r\n\r\n%s", c.RemoteAddr(), p.patients[n%patients].Token, n,
		len(body), body)
	if err != nil {
		return err
	}
	answer, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return err
	}
	defer func() { _ = answer.Body.Close() }()
	said, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusCreated {
		err = fmt.Errorf("booking %d: status %d: %s", n, answer.StatusCode, said)
	}
	return err
}

var (
	tps  = regexp.MustCompile(`tps = ([0-9.]+)`)
	done = regexp.MustCompile(`number of transactions actually processed: ([0-9]+)`)
	lost = regexp.MustCompile(`number of failed transactions: 0 `)
)

// pgbench runs the statements of booking.sql for a round, from the number base on.
func (p *people) pgbench(b *testing.B, program string, base int) (rate float64, made int) {
	b.Helper()
	// Ids of this month, so that they fall into its partition as the server's do.
	prefix := postgres.IDsFrom(p.clinic.DB.Now()).String()[:len("01900000-0000-")] + "7000-8000-"
	script := filepath.Join(folder, "booking.sql")
	must(b, os.WriteFile(script, []byte(reference(b)), 0o600))
	cmd := exec.CommandContext(b.Context(), program, "-n", "-M", "prepared", "-c", strconv.Itoa(clients), "-j", "2",
		"-T", strconv.Itoa(int(round.Seconds())), "-f", script, "-D", "i=-"+strconv.Itoa(clients), "-D",
		"base="+strconv.Itoa(base), "-D", "clients="+strconv.Itoa(clients), "-D", "patients="+strconv.Itoa(patients),
		"-D", "doctors="+strconv.Itoa(doctors), "-D", "month="+prefix, "-D",
		"oldest="+postgres.IDsFrom(p.clinic.DB.Now().Add(-24*time.Hour)).String(), p.dsn)
	cmd.Env = append(os.Environ(), "PGOPTIONS=-c role="+postgres.AppRole)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil || !lost.MatchString(out.String()) {
		b.Fatalf("pgbench: %v\n%s", err, out.String())
	}
	rate, err := strconv.ParseFloat(tps.FindStringSubmatch(out.String())[1], 64)
	must(b, err)
	made, err = strconv.Atoi(done.FindStringSubmatch(out.String())[1])
	must(b, err)
	return rate, made + made/2 // clients don't advance evenly
}
