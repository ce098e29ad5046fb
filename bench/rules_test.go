package bench_test

import (
	"os"
	"runtime"
	"strconv"
	"testing"
	"time"

	"amrutam/internal/schedule"
)

// BenchmarkFillRules makes the slots of 60 days for doctors with 16 slots a day, by the job that does so each day. It
// reports slots/s and how much memory was in use. AMRUTAM_TEST_DOCTORS says for how many doctors, 100 when unset.
func BenchmarkFillRules(b *testing.B) {
	doctors := 100
	if text := os.Getenv("AMRUTAM_TEST_DOCTORS"); text != "" {
		n, err := strconv.Atoi(text)
		must(b, err)
		doctors = n
	}
	p := newPopulation(b, 1, doctors, 1)
	conn := p.connect(b)
	for range b.N {
		b.StopTimer()
		_, err := conn.Exec(b.Context(), "DELETE FROM availability_rules")
		must(b, err)
		_, err = conn.Exec(b.Context(), "DELETE FROM availability_slots")
		must(b, err)
		_, err = conn.Exec(b.Context(), `INSERT INTO availability_rules (id, doctor_id, rrule, start_minute,
				end_minute, timezone, slot_minutes, buffer_minutes, max_patients, valid_from, fill_at, created_at,
				updated_at)
			SELECT gen_random_uuid(), id, 'FREQ=DAILY', 540, 1020, 'Asia/Kolkata', 30, 0, 1, now()::date + 1,
				now() - interval '1 s', now(), now() FROM doctors`)
		must(b, err)
		b.StartTimer()
		start := time.Now()
		must(b, (&schedule.Service{DB: p.clinic.DB}).FillRules(b.Context()))
		seconds := time.Since(start).Seconds()
		var slots int
		must(b, conn.QueryRow(b.Context(), "SELECT count(*) FROM availability_slots").Scan(&slots))
		if slots != doctors*16*60 {
			b.Fatalf("%d slots are made", slots)
		}
		var memory runtime.MemStats
		runtime.ReadMemStats(&memory)
		b.ReportMetric(float64(slots)/seconds, "slots/s")
		b.ReportMetric(float64(memory.HeapInuse)/(1<<20), "heap-MiB")
	}
}
