package bench_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"amrutam/internal/apptest"
)

const (
	// consultations are spread evenly over the last year and over the doctors.
	consultations = 300_000
	// regularEvery is the interval of consultations that are patient 0's, 200 in all; the other patients share the
	// rest.
	regularEvery = 1500
)

// BenchmarkReads measures pages of lists over HTTP, one client at a time, with a year of consultations in monthly
// partitions. It fails if a page is wrong, or if a sequential scan of a large table was made.
func BenchmarkReads(b *testing.B) {
	p := newPopulation(b, patients, doctors, slots)
	ids := p.insertHistory(b)
	must(b, p.clinic.App.Queue.Stop(context.Background())) // don't measure background jobs
	before := p.countSequentialScans(b)

	const free = "availability/doctor/"
	doctor := apptest.User{ID: numberedID(2, 7), Token: "at_" + numberedID(2, 7).String()}
	soon := p.clinic.DB.Now().Add(60 * time.Hour)
	b.Run("free slots", func(b *testing.B) {
		p.measurePage(b, apptest.User{}, free+doctor.ID.String(), p.slotsOf(7, time.Time{}))
	})
	b.Run("free slots of a day", func(b *testing.B) {
		from := free + doctor.ID.String() + "?limit=100&from=" + soon.Format(time.RFC3339)
		p.measurePage(b, apptest.User{}, from, p.slotsOf(7, soon))
	})

	var patients, doctors []string
	for n, id := range slices.Backward(ids) {
		if n%regularEvery == 0 {
			patients = append(patients, id.String())
		}
		if n%500 == 7 {
			doctors = append(doctors, id.String())
		}
	}
	lists := []struct {
		name, path string
		actor      apptest.User
		want       []string
	}{
		{"patient's list", "consultations/me", p.patients[0], patients},
		{"doctor's list", "consultations/doctor/me", doctor, doctors},
	}
	for _, l := range lists {
		p.compareList(b, l.actor, l.path, l.want)
		b.Run(l.name, func(b *testing.B) { p.measurePage(b, l.actor, l.path, l.want) })
		b.Run(l.name+", page 5", func(b *testing.B) {
			path := l.path
			for range 4 {
				path = l.path + "?cursor=" + p.clinic.Get(l.actor, path).Want(200).Text("nextCursor")
			}
			p.measurePage(b, l.actor, path, l.want[80:])
		})
		b.Run(l.name+", filtered", func(b *testing.B) {
			from := p.clinic.DB.Now().AddDate(0, -3, 0)
			p.measurePage(b, l.actor, l.path+"?status=COMPLETED&from="+from.Format(time.RFC3339), l.want)
		})
	}

	for table, times := range p.countSequentialScans(b) {
		if times > before[table] {
			b.Errorf("%s had %d sequential scans", table, times-before[table])
		}
	}
}

// measurePage measures the request of one page. The page must have the first of the wanted ids, each time.
func (p *population) measurePage(b *testing.B, actor apptest.User, path string, want []string) {
	b.Helper()
	first := p.clinic.Get(actor, path).Want(200)
	items := first.Items()
	if len(items) == 0 || len(items) > len(want) {
		b.Fatalf("%s: %d items", path, len(items))
	}
	for i, item := range items {
		if item["id"] != want[i] {
			b.Fatalf("%s: item %d is %v, want %s", path, i, item["id"], want[i])
		}
	}
	for b.Loop() {
		if a := p.clinic.Get(actor, path).Want(200); !bytes.Equal(a.Body, first.Body) {
			b.Fatalf("%s: the response changed: %s", path, a.Body)
		}
	}
}

// compareList reads a whole list, page by page, and compares the ids and the reasons.
func (p *population) compareList(b *testing.B, actor apptest.User, path string, want []string) {
	b.Helper()
	var got []string
	for cursor := ""; ; {
		a := p.clinic.Get(actor, path+"?limit=100&cursor="+cursor).Want(200)
		for _, item := range a.Items() {
			got = append(got, fmt.Sprint(item["id"]))
			if item["reason"] != reasonOf(fmt.Sprint(item["id"])) {
				b.Fatalf("%s: %v has the reason %v", path, item["id"], item["reason"])
			}
		}
		if cursor = a.Text("nextCursor"); cursor == "" {
			break
		}
	}
	if !slices.Equal(got, want) {
		b.Fatalf("%s lists %d, want %d", path, len(got), len(want))
	}
}

func reasonOf(id string) string { return "Back pain of consultation " + id }

// slotsOf returns the ids of doctor n's slots that start at an instant or later.
func (p *population) slotsOf(n int, from time.Time) (ids []string) {
	for i := n; i < len(p.slots); i += doctors {
		if !p.firstSlotStart.Add(time.Duration(i/doctors) * 15 * time.Minute).Before(from) {
			ids = append(ids, p.slots[i].String())
		}
	}
	return ids
}

// insertHistory inserts the consultations, sealed as the server does, and returns their ids, oldest first.
func (p *population) insertHistory(b *testing.B) (ids []uuid.UUID) {
	b.Helper()
	conn := p.connect(b)
	exec := func(sql string, args ...any) {
		b.Helper()
		_, err := conn.Exec(b.Context(), sql, args...)
		must(b, err)
	}
	now := p.clinic.DB.Now()
	begin := now.AddDate(-1, 0, 0)
	step := now.Sub(begin) / consultations
	exec("SELECT make_partitions($1, 12, 0)", begin)
	exec("CREATE TEMP TABLE past (n int, patient int, id uuid, at timestamptz, reason bytea)")
	_, err := conn.CopyFrom(b.Context(), pgx.Identifier{"past"}, []string{"n", "patient", "id", "at", "reason"},
		pgx.CopyFromSlice(consultations, func(n int) ([]any, error) {
			patient, at := 1+n%(patients-1), begin.Add(time.Duration(n)*step)
			if n%regularEvery == 0 {
				patient = 0
			}
			id := uuidAt(at, n)
			ids = append(ids, id)
			key, err := p.sealer.Unwrap(p.patients[patient].ID, p.wrappedKeys[patient])
			if err != nil {
				return nil, err
			}
			sealed, err := key.Seal("consultations.reason", id, reasonOf(id.String()))
			return []any{n, patient, id, at, sealed}, err
		}))
	must(b, err)
	exec(`INSERT INTO consultations (id, patient_id, doctor_id, slot_id, status, reason, payment_status, fee, currency,
			scheduled_start, scheduled_end, started_at, ended_at, created_at, updated_at)
		SELECT id,
			numbered('01900000-0000-7000-8001-', patient),
			numbered('01900000-0000-7000-8002-', n % $1::int),
			numbered('01900000-0000-7000-8003-', n % $2::int),
			'COMPLETED', reason, 'PAID', 500, 'INR',
			at + interval '1 day', at + interval '1 day 15 minutes',
			at + interval '1 day', at + interval '1 day 10 minutes', at, at
		FROM past`, doctors, slots)
	exec("DROP TABLE past")
	exec("VACUUM ANALYZE")
	return ids
}

// uuidAt returns the n-th UUIDv7 of an instant.
func uuidAt(at time.Time, n int) uuid.UUID {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:], uint64(at.UnixMilli())<<16|7<<12)
	binary.BigEndian.PutUint64(id[8:], 1<<63|uint64(n))
	return id
}

// countSequentialScans returns how many sequential scans each large table has had so far. A session reports all of its
// counts only when it ends, so it first ends the server's sessions.
func (p *population) countSequentialScans(b *testing.B) map[string]int {
	b.Helper()
	conn := p.connect(b)
	var now time.Time
	must(b, conn.QueryRow(b.Context(), "SELECT clock_timestamp()").Scan(&now))
	p.clinic.DB.Pool.Reset()
	p.clinic.App.DB.Pool.Reset()
	for deadline := now.Add(time.Minute); ; {
		var old int
		must(b, conn.QueryRow(b.Context(), `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database() AND application_name = 'amrutam' AND backend_start < $1`, now).
			Scan(&old))
		if old == 0 {
			break
		}
		if time.Now().After(deadline) {
			b.Fatalf("%d sessions did not end", old)
		}
	}
	rows, err := conn.Query(b.Context(), `SELECT s.relname, seq_scan
		FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid WHERE reltuples > 5000`)
	must(b, err)
	scans := map[string]int{}
	var table string
	var n int
	_, err = pgx.ForEachRow(rows, []any{&table, &n}, func() error {
		scans[table] = n
		return nil
	})
	must(b, err)
	must(b, rows.Err())
	return scans
}
