package bench_test

import (
	"os"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"amrutam/internal/schedule"
)

// ruleDoctors returns AMRUTAM_TEST_DOCTORS, 100 when unset.
func ruleDoctors(b *testing.B) int {
	b.Helper()
	text := os.Getenv("AMRUTAM_TEST_DOCTORS")
	if text == "" {
		return 100
	}
	n, err := strconv.Atoi(text)
	must(b, err)
	return n
}

// addRules gives a rule of 16 slots a day to each doctor without slots.
func addRules(b *testing.B, conn *pgx.Conn) {
	b.Helper()
	_, err := conn.Exec(b.Context(), `INSERT INTO availability_rules (id, doctor_id, rrule, start_minute, end_minute,
			timezone, slot_minutes, buffer_minutes, max_patients, valid_from, fill_at, created_at, updated_at)
		SELECT gen_random_uuid(), d.id, 'FREQ=DAILY', 540, 1020, 'Asia/Kolkata', 30, 0, 1, now()::date + 1,
			now() - interval '1 s', now(), now() FROM doctors d
		WHERE NOT EXISTS (SELECT FROM availability_slots s WHERE s.doctor_id = d.id)`)
	must(b, err)
}

// fillRules runs the job that makes slots from rules, checks that it made those of 60 days, and returns slots/s.
func (p *population) fillRules(b *testing.B, conn *pgx.Conn, doctors int) float64 {
	b.Helper()
	count := func() (n int) {
		must(b, conn.QueryRow(b.Context(), "SELECT count(*) FROM availability_slots").Scan(&n))
		return n
	}
	before, start := count(), time.Now()
	must(b, (&schedule.Service{DB: p.clinic.DB}).FillRules(b.Context()))
	seconds := time.Since(start).Seconds()
	made := count() - before
	if made != doctors*16*60 {
		b.Fatalf("%d slots are made", made)
	}
	return float64(made) / seconds
}

// BenchmarkFillRules makes the slots of 60 days for doctors with 16 slots a day, by the job that does so each day. It
// reports slots/s and how much memory was in use. AMRUTAM_TEST_DOCTORS says for how many doctors.
func BenchmarkFillRules(b *testing.B) {
	doctors := ruleDoctors(b)
	p := newPopulation(b, 1, doctors, 1)
	conn := p.connect(b)
	for range b.N {
		b.StopTimer()
		for _, table := range []string{"availability_rules", "availability_slots"} {
			_, err := conn.Exec(b.Context(), "DELETE FROM "+table)
			must(b, err)
		}
		addRules(b, conn)
		b.StartTimer()
		b.ReportMetric(p.fillRules(b, conn, doctors), "slots/s")
		var memory runtime.MemStats
		runtime.ReadMemStats(&memory)
		b.ReportMetric(float64(memory.HeapInuse)/(1<<20), "heap-MiB")
	}
}

// BenchmarkBookingWhileFilling books 50 times a second over HTTP, alone and while the slots of AMRUTAM_TEST_DOCTORS
// doctors are made. It reports the 99th percentile of both, and ignores -benchtime.
func BenchmarkBookingWhileFilling(b *testing.B) {
	const bookings = 20_000
	doctors := ruleDoctors(b)
	p := newPopulation(b, patients, 2*doctors, bookings)
	conn := p.connect(b)
	_, err := conn.Exec(b.Context(), "DELETE FROM availability_slots WHERE doctor_id >= $1", numberedID(2, doctors))
	must(b, err)
	p.slots = p.slots[:0]
	for n := range bookings { // slot n is of doctor n modulo their number
		if n%(2*doctors) < doctors {
			p.slots = append(p.slots, numberedID(3, n))
		}
	}
	addRules(b, conn)
	next := 0
	measure := func(while func()) float64 {
		var latencies []time.Duration
		done, finished := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(finished)
			latencies = p.bookAtRate(b, &next, 50, done)
		}()
		while()
		close(done)
		<-finished
		slices.Sort(latencies)
		return float64(latencies[len(latencies)*99/100].Microseconds()) / 1000
	}
	rest := func() { <-time.After(10 * time.Second) }
	measure(rest) // warms up
	b.ResetTimer()
	before := measure(rest)
	var rate float64
	during := measure(func() { rate = p.fillRules(b, conn, doctors) })
	after := measure(rest)
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(rate, "slots/s")
	b.ReportMetric(before, "p99-before-ms")
	b.ReportMetric(during, "p99-during-ms")
	b.ReportMetric(after, "p99-after-ms")
}

// bookAtRate books so many times a second until done is closed, and returns each booking's latency from when it was
// due.
func (p *population) bookAtRate(b *testing.B, next *int, rate int, done <-chan struct{}) (latencies []time.Duration) {
	b.Helper()
	var mu sync.Mutex
	var wg sync.WaitGroup
	due := make(chan time.Time, 10*rate)
	turns := make(chan int, 10*rate)
	for range clients {
		wg.Go(func() {
			c, err := p.dial()
			if err != nil {
				b.Error(err)
				return
			}
			defer func() { _ = c.Close() }()
			for at := range due {
				err := c.book(p, <-turns)
				took := time.Since(at)
				if err != nil {
					b.Error(err)
				}
				mu.Lock()
				latencies = append(latencies, took)
				mu.Unlock()
			}
		})
	}
	ticks := time.NewTicker(time.Second / time.Duration(rate))
	defer ticks.Stop()
	for {
		select {
		case at := <-ticks.C:
			turns <- *next
			due <- at
			*next++
		case <-done:
			close(due)
			wg.Wait()
			return latencies
		}
	}
}
