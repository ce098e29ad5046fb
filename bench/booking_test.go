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
	// patients are so many because each may have at most three unpaid bookings.
	patients = 30_000
	doctors  = 500
	slots    = 180_000
)

// BenchmarkBooking books over HTTP with 8 clients and, in turns, runs the same statements with pgbench on the same
// database. ratio_% is the median of the server's throughput in a round relative to pgbench's right after it: other
// load on the machine affects both alike. It ignores -benchtime.
func BenchmarkBooking(b *testing.B) {
	p := newPopulation(b, patients, doctors, slots)
	programs, err := startDurableCluster()
	must(b, err)
	pgbench := filepath.Join(programs, "pgbench")
	if _, err := os.Stat(pgbench); err != nil {
		b.Log("this PostgreSQL has no pgbench: the ratio is left out")
		pgbench = ""
	}
	var serverRates, pgbenchRates, ratios []float64
	var latencies []time.Duration
	next := 0
	b.ResetTimer()
	for i := range rounds + 1 {
		roundLatencies := p.bookForRound(b, &next)
		serverRate := float64(len(roundLatencies)) / roundDuration.Seconds()
		if i > 0 { // the first round only warms up
			serverRates = append(serverRates, serverRate)
			latencies = append(latencies, roundLatencies...)
		}
		if pgbench != "" {
			pgbenchRate, used := p.pgbench(b, pgbench, next)
			next += used
			if i > 0 {
				pgbenchRates = append(pgbenchRates, pgbenchRate)
				ratios = append(ratios, 100*serverRate/pgbenchRate)
			}
		}
		if i == 0 { // a database in use has been vacuumed by autovacuum
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

// bookForRound books with all clients for a round, using patients and slots one after the other from next on, and
// returns the latency of each booking.
func (p *population) bookForRound(b *testing.B, next *int) (latencies []time.Duration) {
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
	return latencies
}

// client is a connection that sends one request after the other. It costs less than http.Client, which uses two more
// goroutines for each connection, so that the benchmark measures the server.
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
	_, err := fmt.Fprintf(c, "POST /api/v1/consultations HTTP/1.1\r\n"+
		"Host: %s\r\n"+
		"Content-Type: application/json\r\n"+
		"Authorization: Bearer %s\r\n"+
		"Idempotency-Key: key-%d\r\n"+
		"Content-Length: %d\r\n"+
		"\r\n%s", c.RemoteAddr(), p.patients[n%patients].Token, n, len(body), body)
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

// pgbench runs the statements of booking.sql for a round, from the number base on. It returns the bookings per second
// and how many numbers it may have used.
func (p *population) pgbench(b *testing.B, program string, base int) (rate float64, used int) {
	b.Helper()
	// The ids are of this month, so that the rows are in its partition like the server's.
	prefix := postgres.IDsFrom(p.clinic.DB.Now()).String()[:len("01900000-0000-")] + "7000-8000-"
	script := filepath.Join(tempDir, "booking.sql")
	must(b, os.WriteFile(script, []byte(referenceScript(b)), 0o600))
	oldest := postgres.IDsFrom(p.clinic.DB.Now().Add(-24 * time.Hour)).String()
	cmd := exec.CommandContext(b.Context(), program, "-n", "-M", "prepared",
		"-c", strconv.Itoa(clients),
		"-j", "2",
		"-T", strconv.Itoa(int(roundDuration.Seconds())),
		"-f", script,
		"-D", "i=-"+strconv.Itoa(clients),
		"-D", "base="+strconv.Itoa(base),
		"-D", "clients="+strconv.Itoa(clients),
		"-D", "patients="+strconv.Itoa(patients),
		"-D", "doctors="+strconv.Itoa(doctors),
		"-D", "month="+prefix,
		"-D", "oldest="+oldest,
		p.dsn)
	cmd.Env = append(os.Environ(), "PGOPTIONS=-c role="+postgres.AppRole)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil || !noFailurePattern.MatchString(out.String()) {
		b.Fatalf("pgbench: %v\n%s", err, out.String())
	}
	rate, err := strconv.ParseFloat(tpsPattern.FindStringSubmatch(out.String())[1], 64)
	must(b, err)
	count, err := strconv.Atoi(processedPattern.FindStringSubmatch(out.String())[1])
	must(b, err)
	return rate, count + count/2 // some clients use higher numbers than others
}
