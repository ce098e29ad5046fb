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
	clients       = 8
	rounds        = 5
	roundDuration = 5 * time.Second
	// spared patients of a run: nobody may hold more than three unpaid bookings.
	patients = 30_000
	doctors  = 500
	slots    = 180_000
)

// BenchmarkBooking books over HTTP with 8 clients, and runs the same statements by pgbench on the same database, in
// turns. It ignores -benchtime. ratio_% is the median of what each round's throughput is of pgbench's right after it:
// what else the machine does comes and goes, and meets neighbours alike.
func BenchmarkBooking(b *testing.B) {
	p := newPopulation(b, patients, doctors, slots)
	programs, err := startDurableCluster()
	must(b, err)
	pgbench := filepath.Join(programs, "pgbench")
	if _, err := os.Stat(pgbench); err != nil {
		b.Log("this PostgreSQL comes without pgbench: the ratio is left out")
		pgbench = ""
	}
	var serverRates, pgbenchRates, ratios []float64
	var latencies []time.Duration
	next := 0
	b.ResetTimer()
	for i := range rounds + 1 {
		count, roundLatencies := p.bookForRound(b, &next)
		if i > 0 { // the first one warms up
			serverRates, latencies = append(serverRates, float64(count)/roundDuration.Seconds()), append(latencies, roundLatencies...)
		}
		if pgbench != "" {
			rate, skipped := p.pgbench(b, pgbench, next)
			next += skipped
			if i > 0 {
				pgbenchRates, ratios = append(pgbenchRates, rate), append(ratios, 100*float64(count)/roundDuration.Seconds()/rate)
			}
		}
		if i == 0 { // as autovacuum has done long before, wherever people book
			_, err := p.connect(b).Exec(b.Context(), "VACUUM ANALYZE")
			must(b, err)
		}
	}
	slices.Sort(latencies)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(median(serverRates), "bookings/s")
	b.ReportMetric(float64(latencies[len(latencies)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(latencies[len(latencies)*99/100].Microseconds())/1000, "p99-ms")
	if pgbench != "" {
		b.ReportMetric(median(pgbenchRates), "pgbench/s")
		b.ReportMetric(median(ratios), "ratio_%")
	}
}

func median(of []float64) float64 {
	of = slices.Sorted(slices.Values(of))
	return of[len(of)/2]
}

// bookForRound books with all clients for a round, each patient and slot in its turn.
func (p *population) bookForRound(b *testing.B, next *int) (count int, latencies []time.Duration) {
	b.Helper()
	var wg sync.WaitGroup
	var mu sync.Mutex
	var turn atomic.Int64
	turn.Store(int64(*next))
	until := time.Now().Add(roundDuration)
	for range clients {
		wg.Go(func() {
			c, err := p.dial()
			if err != nil {
				b.Error(err)
				return
			}
			defer func() { _ = c.Close() }()
			var clientLatencies []time.Duration
			for time.Now().Before(until) {
				n := int(turn.Add(1)) - 1
				start := time.Now()
				if err := c.book(p, n); err != nil {
					b.Error(err)
					return
				}
				clientLatencies = append(clientLatencies, time.Since(start))
			}
			mu.Lock()
			defer mu.Unlock()
			latencies = append(latencies, clientLatencies...)
		})
	}
	wg.Wait()
	*next = int(turn.Load())
	return len(latencies), latencies
}

// client is a connection that sends one request after the other. http.Client's takes two more goroutines for each, and
// what requests cost to make is no cost of the server.
type client struct {
	net.Conn
	reader *bufio.Reader
}

func (p *population) dial() (*client, error) {
	conn, err := new(net.Dialer).DialContext(context.Background(), "tcp", strings.TrimPrefix(p.url, "http://"))
	if err != nil {
		return nil, err
	}
	return &client{conn, bufio.NewReader(conn)}, nil
}

func (c *client) book(p *population, n int) error {
	body := `{"slotId": "` + p.slots[n].String() + `", "reason": "Back pain for two weeks"}`
	_, err := fmt.Fprintf(c, "POST /api/v1/consultations HTTP/1.1\r\nHost: %s\r\nContent-Type: "+
		"application/json\r\nAuthorization: Bearer %s\r\n"+
		"Idempotency-Key: key-%d\r\nContent-Length: %d\r\n\r\n%s", c.RemoteAddr(), p.patients[n%patients].Token, n,
		len(body), body)
	if err != nil {
		return err
	}
	response, err := http.ReadResponse(c.reader, nil)
	if err != nil {
		return err
	}
	defer func() { _ = response.Body.Close() }()
	responseBody, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusCreated {
		err = fmt.Errorf("booking %d: status %d: %s", n, response.StatusCode, responseBody)
	}
	return err
}

var (
	tpsPattern       = regexp.MustCompile(`tps = ([0-9.]+)`)
	processedPattern = regexp.MustCompile(`number of transactions actually processed: ([0-9]+)`)
	noFailurePattern = regexp.MustCompile(`number of failed transactions: 0 `)
)

// pgbench runs the statements of booking.sql for a round, from the number base on.
func (p *population) pgbench(b *testing.B, program string, base int) (rate float64, count int) {
	b.Helper()
	// Ids of this month, so that they fall into its partition as the server's do.
	prefix := postgres.IDsFrom(p.clinic.DB.Now()).String()[:len("01900000-0000-")] + "7000-8000-"
	script := filepath.Join(tempDir, "booking.sql")
	must(b, os.WriteFile(script, []byte(referenceScript(b)), 0o600))
	cmd := exec.CommandContext(b.Context(), program, "-n", "-M", "prepared", "-c", strconv.Itoa(clients), "-j", "2",
		"-T", strconv.Itoa(int(roundDuration.Seconds())), "-f", script, "-D", "i=-"+strconv.Itoa(clients), "-D",
		"base="+strconv.Itoa(base), "-D", "clients="+strconv.Itoa(clients), "-D", "patients="+strconv.Itoa(patients),
		"-D", "doctors="+strconv.Itoa(doctors), "-D", "month="+prefix, "-D",
		"oldest="+postgres.IDsFrom(p.clinic.DB.Now().Add(-24*time.Hour)).String(), p.dsn)
	cmd.Env = append(os.Environ(), "PGOPTIONS=-c role="+postgres.AppRole)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil || !noFailurePattern.MatchString(out.String()) {
		b.Fatalf("pgbench: %v\n%s", err, out.String())
	}
	rate, err := strconv.ParseFloat(tpsPattern.FindStringSubmatch(out.String())[1], 64)
	must(b, err)
	count, err = strconv.Atoi(processedPattern.FindStringSubmatch(out.String())[1])
	must(b, err)
	return rate, count + count/2 // clients don't advance evenly
}
