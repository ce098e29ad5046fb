package bench_test

import (
	"context"
	"crypto/sha256"
	"io"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"amrutam/internal/apptest"
)

const (
	overloadFactor   = 10
	overloadDuration = 10 * time.Second
)

// BenchmarkOverload runs the real program and sends it ten times the bookings per second that 8 clients achieve,
// open-loop: each request is sent when it is due, whether the ones before were answered or not. It reports:
//   - goodput_%: bookings during the overload, relative to the capacity measured before and after
//   - p50-ms, p99-ms: the latency of the bookings
//   - memory-ratio: the server's peak memory, relative to the peak before the overload
//   - recovery-ms: how long after the overload until bookings are as fast as before
//   - healthcheck-lost, staff-lost: health checks and requests of staff, for which permits are reserved, that failed
//   - refused/s: requests that were refused, and probes: how many health checks were sent
//
// Server and PostgreSQL share one core, and the requests are made on another, so that the client takes no CPU time
// from the server. BenchmarkOverload ignores -benchtime.
func BenchmarkOverload(b *testing.B) {
	p, s := startProgram(b, reserveServerCore(b))
	defer s.stop(b)
	admin := p.createAdmin(b)
	next := 0
	p.bookForRound(b, &next) // warms up
	latencies := p.bookForRound(b, &next)
	slices.Sort(latencies)
	medianBefore := latencies[len(latencies)/2]
	peakBefore := s.peak(b)
	rateBefore := float64(len(latencies)) / roundDuration.Seconds()

	var healthLost, staffLost, probes atomic.Int64
	probeCtx, stop := context.WithCancel(b.Context())
	probesDone := make(chan struct{})
	go func() {
		defer close(probesDone)
		tick := time.NewTicker(50 * time.Millisecond)
		defer tick.Stop()
		for probeCtx.Err() == nil {
			probes.Add(1)
			if statusOf(b, p.url+"/health/ready", apptest.User{}) != http.StatusOK {
				healthLost.Add(1)
			}
			if statusOf(b, p.url+"/api/v1/users?limit=1", admin) != http.StatusOK {
				staffLost.Add(1)
			}
			<-tick.C
		}
	}()
	accepted, refused := p.flood(b, int(overloadFactor*rateBefore), &next)
	stop()
	<-probesDone
	peak := s.peak(b)
	recovery := p.measureRecovery(b, medianBefore, &next)
	// Measure the capacity again: other load on the machine changes it.
	rateAfter := float64(len(p.bookForRound(b, &next))) / roundDuration.Seconds()
	capacity := (rateBefore + rateAfter) / 2
	slices.Sort(accepted)
	if len(accepted) == 0 || refused == 0 {
		b.Fatalf("%d booked, %d refused", len(accepted), refused)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(capacity, "capacity/s")
	b.ReportMetric(100*float64(len(accepted))/overloadDuration.Seconds()/capacity, "goodput_%")
	b.ReportMetric(milliseconds(accepted[len(accepted)/2]), "p50-ms")
	b.ReportMetric(milliseconds(accepted[len(accepted)*99/100]), "p99-ms")
	b.ReportMetric(float64(refused)/overloadDuration.Seconds(), "refused/s")
	b.ReportMetric(peak, "peak-MiB")
	b.ReportMetric(peak/peakBefore, "memory-ratio")
	b.ReportMetric(milliseconds(recovery), "recovery-ms")
	b.ReportMetric(float64(healthLost.Load()), "healthcheck-lost")
	b.ReportMetric(float64(staffLost.Load()), "staff-lost")
	b.ReportMetric(float64(probes.Load()), "probes")
}

// reserveServerCore reserves a core for the server: it moves this process to the other cores and returns the command
// prefix that starts a process on the reserved one.
func reserveServerCore(b *testing.B) []string {
	b.Helper()
	if runtime.NumCPU() < 2 {
		b.Log("with a single core, making the requests takes time from the server: the results are not reliable")
		return nil
	}
	last := strconv.Itoa(runtime.NumCPU() - 1)
	pinTo := func(cores string) {
		taskset := exec.Command("taskset", "-acp", cores, strconv.Itoa(os.Getpid())) //nolint:noctx // it ends at once
		out, err := taskset.CombinedOutput()
		if err != nil {
			b.Fatalf("taskset: %v: %s", err, out)
		}
	}
	pinTo("1-" + last)
	b.Cleanup(func() { pinTo("0-" + last) })
	return []string{"taskset", "-c", "0"}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// flood sends rate booking requests per second. It returns the latencies of the bookings, and how many requests were
// refused.
func (p *population) flood(b *testing.B, rate int, next *int) (latencies []time.Duration, refused int) {
	b.Helper()
	attacker := vegeta.NewAttacker(vegeta.Timeout(10*time.Second), vegeta.MaxBody(0))
	var sequence atomic.Int64
	sequence.Store(int64(*next))
	target := func(t *vegeta.Target) error {
		n := int(sequence.Add(1)) - 1
		*t = vegeta.Target{
			Method: http.MethodPost,
			URL:    p.url + "/api/v1/consultations",
			Body:   []byte(`{"slotId": "` + p.slots[n].String() + `", "reason": "Back pain for two weeks"}`),
			Header: http.Header{
				"Content-Type":    {"application/json"},
				"Authorization":   {"Bearer " + p.patients[n%patients].Token},
				"Idempotency-Key": {"key-" + strconv.Itoa(n)},
			},
		}
		return nil
	}
	others := map[uint16]int{}
	perSecond := vegeta.Rate{Freq: rate, Per: time.Second}
	for result := range attacker.Attack(target, perSecond, overloadDuration, "overload") {
		switch result.Code {
		case http.StatusCreated:
			latencies = append(latencies, result.Latency)
		case http.StatusServiceUnavailable:
			refused++
			if result.Headers.Get("Retry-After") == "" {
				b.Error("a request was refused without Retry-After")
			}
		default:
			others[result.Code]++
		}
	}
	if len(others) > 0 {
		b.Logf("other statuses: %v", others)
	}
	*next = int(sequence.Load())
	return latencies, refused
}

// measureRecovery returns how long it takes until 20 bookings in a row each take at most twice the median before
// the overload plus 10 ms, or a minute if that never happens.
func (p *population) measureRecovery(b *testing.B, medianBefore time.Duration, next *int) time.Duration {
	b.Helper()
	start := time.Now()
	client, err := p.dial()
	must(b, err)
	defer func() { _ = client.Close() }()
	inARow := 0
	for inARow < 20 && time.Since(start) < time.Minute {
		sent := time.Now()
		err := client.book(p, *next)
		*next++
		if err == nil && time.Since(sent) < 2*medianBefore+10*time.Millisecond {
			inARow++
		} else {
			inARow = 0
		}
	}
	return time.Since(start)
}

// createAdmin inserts a signed-in administrator.
func (p *population) createAdmin(b *testing.B) apptest.User {
	b.Helper()
	conn := p.connect(b)
	u := apptest.User{ID: numberedID(4, 0), Token: "at_" + numberedID(4, 0).String()}
	exec := func(sql string, args ...any) {
		b.Helper()
		_, err := conn.Exec(b.Context(), sql, args...)
		must(b, err)
	}
	exec(`INSERT INTO users (id, email, password_hash, role, is_email_verified, created_at, updated_at)
		VALUES ($1, 'admin@example.org', 'none', 'ADMIN', true, now(), now())`, u.ID)
	exec(`INSERT INTO profiles (id, user_id, full_name, created_at, updated_at)
		VALUES ($1, $1, 'Test Admin', now(), now())`, u.ID)
	exec(`INSERT INTO sessions (id, user_id, user_agent, ip_address, created_at, last_used_at, expires_at,
			second_factor_at)
		VALUES ($1, $1, 'bench', '127.0.0.1', now(), now(), now() + interval '1 day', now())`, u.ID)
	hash := sha256.Sum256([]byte(u.Token))
	exec(`INSERT INTO session_tokens (hash, session_id, kind, created_at, expires_at)
		VALUES ($1, $2, 'ACCESS', now(), now() + interval '1 day')`, hash[:], u.ID)
	if status := statusOf(b, p.url+"/api/v1/users?limit=1", u); status != http.StatusOK {
		b.Fatalf("the administrator's request returned the status %d", status)
	}
	return u
}

// statusOf sends a GET request and returns the status, or 0 if there is no response.
func statusOf(b *testing.B, url string, user apptest.User) int {
	b.Helper()
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, url, nil)
	must(b, err)
	if user.Token != "" {
		r.Header.Set("Authorization", "Bearer "+user.Token)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0
	}
	defer func() { _ = response.Body.Close() }()
	_, _ = io.Copy(io.Discard, response.Body)
	return response.StatusCode
}

// peak returns the peak of the process's memory in MiB since the last call, and resets it: 5 resets VmHWM.
func (p *process) peak(b *testing.B) float64 {
	b.Helper()
	peak := p.memory(b, "VmHWM")
	must(b, os.WriteFile("/proc/"+strconv.Itoa(p.cmd.Process.Pid)+"/clear_refs", []byte("5"), 0o600))
	return peak
}
