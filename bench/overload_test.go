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

// BenchmarkOverload runs the real program and offers it ten times the bookings that 8 clients get done, open-loop:
// each is sent when it is due, whether the ones before were answered or not. goodput_% is what is booked meanwhile of
// what is before and after, p99-ms what those wait who are let in, memory_x the server's peak beside the one before,
// back-ms until bookings take as long as before again. health-lost and staff-lost count requests of the reserves that
// weren't answered. Server and PostgreSQL share one core and the requests come from another: what it costs to make
// them is no load. It ignores -benchtime.
func BenchmarkOverload(b *testing.B) {
	p, s := startProgram(b, separateCores(b))
	defer s.stop(b)
	admin := p.createAdmin(b)
	next := 0
	p.bookForRound(b, &next) // warms up
	count, latencies := p.bookForRound(b, &next)
	slices.Sort(latencies)
	usual, before := latencies[len(latencies)/2], s.peak(b)
	rate := int(overloadFactor * float64(count) / roundDuration.Seconds())

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
	booked, shed := p.flood(b, rate, &next)
	stop()
	<-probesDone
	peak := s.peak(b)
	recovery := p.measureRecovery(b, usual, &next)
	madeAfter, _ := p.bookForRound(b, &next) // a machine that others use changes its pace
	capacity := float64(count+madeAfter) / 2 / roundDuration.Seconds()
	slices.Sort(booked)
	if len(booked) == 0 || shed == 0 {
		b.Fatalf("%d booked, %d turned away", len(booked), shed)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(capacity, "capacity/s")
	b.ReportMetric(100*float64(len(booked))/overloadDuration.Seconds()/capacity, "goodput_%")
	b.ReportMetric(milliseconds(booked[len(booked)/2]), "p50-ms")
	b.ReportMetric(milliseconds(booked[len(booked)*99/100]), "p99-ms")
	b.ReportMetric(float64(shed)/overloadDuration.Seconds(), "shed/s")
	b.ReportMetric(peak, "peak-MiB")
	b.ReportMetric(peak/before, "memory_x")
	b.ReportMetric(milliseconds(recovery), "back-ms")
	b.ReportMetric(float64(healthLost.Load()), "health-lost")
	b.ReportMetric(float64(staffLost.Load()), "staff-lost")
	b.ReportMetric(float64(probes.Load()), "asked")
}

// separateCores is a command's prefix for a core of its own; this process keeps off it.
func separateCores(b *testing.B) []string {
	b.Helper()
	if runtime.NumCPU() < 2 {
		b.Log("on a single core the requests cost what the server would need: the figures say little")
		return nil
	}
	last := strconv.Itoa(runtime.NumCPU() - 1)
	keepTo := func(cores string) {
		//nolint:noctx // it ends at once
		out, err := exec.Command("taskset", "-acp", cores, strconv.Itoa(os.Getpid())).
			CombinedOutput()
		if err != nil {
			b.Fatalf("taskset: %v: %s", err, out)
		}
	}
	keepTo("1-" + last)
	b.Cleanup(func() { keepTo("0-" + last) })
	return []string{"taskset", "-c", "0"}
}

func milliseconds(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// flood offers so many bookings a second and gives how long each took that was made.
func (p *population) flood(b *testing.B, rate int, next *int) (booked []time.Duration, shed int) {
	b.Helper()
	attacker := vegeta.NewAttacker(vegeta.Timeout(10*time.Second), vegeta.MaxBody(0))
	var turn atomic.Int64
	turn.Store(int64(*next))
	target := func(t *vegeta.Target) error {
		n := int(turn.Add(1)) - 1
		*t = vegeta.Target{Method: http.MethodPost, URL: p.url + "/api/v1/consultations",
			Body: []byte(`{"slotId": "` + p.slots[n].String() + `", "reason": "Back pain for two weeks"}`),
			Header: http.Header{"Content-Type": {"application/json"},
				"Authorization":   {"Bearer " + p.patients[n%patients].Token},
				"Idempotency-Key": {"key-" + strconv.Itoa(n)}}}
		return nil
	}
	others := map[uint16]int{}
	for result := range attacker.Attack(target, vegeta.Rate{Freq: rate, Per: time.Second}, overloadDuration, "overload") {
		switch result.Code {
		case http.StatusCreated:
			booked = append(booked, result.Latency)
		case http.StatusServiceUnavailable:
			if shed++; result.Headers.Get("Retry-After") == "" {
				b.Error("a request was turned away without Retry-After")
			}
		default:
			others[result.Code]++
		}
	}
	if len(others) > 0 {
		b.Logf("other answers: %v", others)
	}
	*next = int(turn.Load())
	return booked, shed
}

// measureRecovery is how long after a flood 20 bookings in a row take no more than twice the usual time, or 10 ms more.
func (p *population) measureRecovery(b *testing.B, usual time.Duration, next *int) time.Duration {
	b.Helper()
	start, good := time.Now(), 0
	client, err := p.dial()
	must(b, err)
	defer func() { _ = client.Close() }()
	for good < 20 && time.Since(start) < time.Minute {
		one := time.Now()
		err := client.book(p, *next)
		if *next++; err == nil && time.Since(one) < 2*usual+10*time.Millisecond {
			good++
		} else {
			good = 0
		}
	}
	return time.Since(start)
}

// createAdmin signs one in.
func (p *population) createAdmin(b *testing.B) apptest.User {
	b.Helper()
	conn, u := p.connect(b), apptest.User{ID: numberedID(4, 0), Token: "at_" + numberedID(4, 0).String()}
	hash := sha256.Sum256([]byte(u.Token))
	for _, one := range []struct {
		sql  string
		args []any
	}{
		{`INSERT INTO users (id, email, password_hash, role, is_email_verified, created_at, updated_at) VALUES ($1, 'admin@example.org', 'none', 'ADMIN', true, now(), now())`, []any{u.ID}},
		{`INSERT INTO profiles (id, user_id, full_name, created_at, updated_at) VALUES ($1, $1, 'Test Admin', now(), now())`, []any{u.ID}},
		{`INSERT INTO sessions (id, user_id, user_agent, ip_address, created_at, last_used_at, expires_at,
			second_factor_at)
			VALUES ($1, $1, 'bench', '127.0.0.1', now(), now(), now() + interval '1 day', now())`, []any{u.ID}},
		{`INSERT INTO session_tokens (hash, session_id, kind, created_at, expires_at) VALUES ($1, $2, 'ACCESS', now(), now() + interval '1 day')`, []any{hash[:], u.ID}},
	} {
		_, err := conn.Exec(b.Context(), one.sql, one.args...)
		must(b, err)
	}
	if status := statusOf(b, p.url+"/api/v1/users?limit=1", u); status != http.StatusOK {
		b.Fatalf("the administrator gets %d", status)
	}
	return u
}

// statusOf is the status of an answer, 0 when there is none.
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

// peak memory in MiB since it was last asked for.
func (p *process) peak(b *testing.B) float64 {
	b.Helper()
	peak := p.memory(b, "VmHWM")
	must(b, os.WriteFile("/proc/"+strconv.Itoa(p.cmd.Process.Pid)+"/clear_refs", []byte("5"), 0o600))
	return peak
}
