package bench_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"amrutam/internal/apptest"
)

const (
	searchDoctors = 10_000
	searchSlots   = 2_000_000
)

// searchStatements give the doctors different specializations, and a third of them booking rules.
var searchStatements = []string{
	`UPDATE doctors SET specialization = (ARRAY['Panchakarma', 'Kayachikitsa', 'Shalya Tantra',
		'Rasayana', 'Swasthavritta'])[1 + abs(hashtext(id::text)) % 5]
		|| CASE WHEN abs(hashtext(id::text)) % 100 = 0 THEN ' (rare)' ELSE '' END,
		rating_count = 10, rating_sum = 40, rating = 4`,
	`INSERT INTO booking_rules (doctor_id, minimum_notice_minutes, horizon_days, daily_maximum, first_visit_minutes,
			follow_up_minutes, updated_at)
		SELECT id, 60 * (abs(hashtext(id::text)) % 48), 30,
			CASE WHEN abs(hashtext(id::text)) % 2 = 0 THEN 8 END, 15, 10, now()
		FROM doctors WHERE abs(hashtext('r' || id::text)) % 3 = 0`,
	`VACUUM ANALYZE`,
}

// BenchmarkSearchByTime measures how long patients wait for doctors by their next free slot, among 10,000 doctors with
// two million slots, a third of the doctors with booking rules, and for the free slots and the calendar of one doctor.
// It reports the 95th percentile.
func BenchmarkSearchByTime(b *testing.B) {
	_, err := startDurableCluster()
	must(b, err)
	c := apptest.Open(b)
	p := &population{clinic: c, url: c.URL, dsn: c.DB.Pool.Config().ConnString(), sealer: c.App.Sealer}
	conn := p.connect(b)
	// Nothing here writes slots; without its constraint the two million are inserted in a quarter of the time.
	_, err = conn.Exec(b.Context(), "ALTER TABLE availability_slots DROP CONSTRAINT availability_slots_overlap")
	must(b, err)
	populate(b, p, 10, searchDoctors, searchSlots)
	for _, sql := range searchStatements {
		_, err := conn.Exec(b.Context(), sql)
		must(b, err)
	}
	must(b, c.App.Queue.Stop(b.Context())) // don't measure background jobs
	day := func(days int) string { return c.DB.Now().AddDate(0, 0, days).Format("2006-01-02T15:04:05Z") }
	doctor := "availability/doctor/" + numberedID(2, 7).String()
	for _, s := range []struct{ name, path string }{
		{"earliest", "doctors?sort=earliest"},
		{"earliest, in a window", "doctors?sort=earliest&availableFrom=" + day(2) + "&availableTo=" + day(3)},
		{"earliest, of a specialization", "doctors?sort=earliest&specialization=rasayana"},
		{"earliest, of a rare specialization", "doctors?sort=earliest&specialization=rasayana%20(rare)"},
		{"earliest, beyond all slots", "doctors?sort=earliest&availableFrom=" + day(300)},
		{"by rating, in a window", "doctors?availableFrom=" + day(2) + "&availableTo=" + day(3)},
		{"free slots of 14 days", doctor + "?limit=100"},
		{"calendar of 62 days", fmt.Sprintf("%s/days?from=%s&to=%s", doctor, day(0)[:10], day(61)[:10])},
		{"facets", "doctors/facets"},
	} {
		for who, reader := range map[string]apptest.User{"stranger": {}, "patient": p.patients[0]} {
			b.Run(s.name+", "+who, func(b *testing.B) { p.measureLatency(b, reader, s.path) })
		}
	}
}

// measureLatency measures a request, and reports the 95th percentile of its time.
func (p *population) measureLatency(b *testing.B, reader apptest.User, path string) {
	b.Helper()
	for range 8 { // each connection prepares its statements
		p.clinic.Get(reader, path).Want(200)
	}
	var all []time.Duration
	for b.Loop() {
		begun := time.Now()
		p.clinic.Get(reader, path).Want(200)
		all = append(all, time.Since(begun))
	}
	slices.Sort(all)
	b.ReportMetric(float64(all[len(all)*95/100].Microseconds())/1000, "p95-ms")
}
