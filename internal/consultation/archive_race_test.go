package consultation_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"amrutam/internal/apptest"
	"amrutam/internal/consultation"
)

// TestArchiveBesideRequests archives while late money comes, refunds are asked for, and patients read and repeat
// commands. Each answer is one that a live or an archived consultation gives, and nothing is lost or doubled.
func TestArchiveBesideRequests(t *testing.T) {
	t.Parallel()
	c := apptest.OpenTuned(t, func(cfg *pgx.ConnConfig) { cfg.RuntimeParams["lock_timeout"] = "200ms" })
	doctor, free := c.Doctor(fee), c.Doctor("0.00")
	const count = 12
	var patients []apptest.User
	var ids, references []string
	for i := range count {
		patient := c.Patient()
		patients = append(patients, patient)
		ids = append(ids, c.Book(patient, c.Slot(doctor, time.Duration(i+1)*time.Hour, 1)))
		references = append(references, c.Initiate(patient, ids[i]))
		cancel(c, patient, ids[i], "I am travelling").Want(200)
	}
	c.Clock.Advance(400 * 24 * time.Hour)
	support := c.Support()
	before := c.DB.Now().Add(-year)
	var moved, bookings atomic.Int64
	var running sync.WaitGroup
	for range 2 { // two runs at once
		running.Go(func() {
			for moved.Load() < count && t.Context().Err() == nil {
				run := consultation.ArchiveRun{DB: c.DB, Before: before}
				sum, err := run.Archive(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				moved.Add(int64(sum.Consultations))
				if c.Count("SELECT count(*) FROM quiet_consultations WHERE updated_at < $1", before) == 0 {
					return
				}
			}
		})
	}
	apptest.Concurrently(count, func(i int) error {
		if i%3 == 0 {
			retry(func() *apptest.Answer { return c.Report("payment.succeeded", references[i], fee) }).Want(200)
		}
		for range 5 {
			slot := c.Slot(free, time.Duration(bookings.Add(1))*time.Hour, 1)
			retry(func() *apptest.Answer { return postBooking(c, patients[i], slot) }).Want(201)
			a := retry(func() *apptest.Answer { return c.Get(patients[i], "consultations/"+ids[i]) })
			list := retry(func() *apptest.Answer { return c.Get(patients[i], "consultations/me") })
			if a.Status != 200 || !strings.Contains(string(list.Body), ids[i]) {
				t.Errorf("a reading: %d, the list %s", a.Status, list.Body)
			}
			again := retry(func() *apptest.Answer { return cancel(c, patients[i], ids[i], "I am travelling") })
			if again.Status != 200 {
				t.Errorf("cancelled again: %d %s", again.Status, again.Body)
			}
			retry(func() *apptest.Answer { return c.Get(support, "consultations?sort=earliest") }).Want(200)
		}
		return nil
	})
	running.Wait()
	eventually(t, "refunded", func() bool {
		return c.Count("SELECT count(*) FROM refunds WHERE status = 'SUCCEEDED'") == count/3
	})
	for _, check := range []struct {
		what string
		got  int
		want int
	}{
		{"consultations", c.Count("SELECT count(*) FROM all_consultations"), count + int(bookings.Load())},
		{"late payments", c.Count("SELECT count(*) FROM all_consultations WHERE payment_status = 'PAID' AND fee > 0"),
			count / 3},
		{"archived", c.Count("SELECT count(*) FROM archived_consultations"), int(moved.Load())},
		{"in the audit log", c.Count(`SELECT coalesce(sum((metadata->>'consultations')::int), 0)
			FROM audit_logs WHERE action = 'archive.move'`), int(moved.Load())},
	} {
		if check.got != check.want {
			t.Errorf("%d %s, want %d", check.got, check.what, check.want)
		}
	}
	if strings.Contains(c.Log.String(), "lock timeout") {
		t.Error("a request waited 200 ms for a lock")
	}
	c.CheckInvariants()
}

// TestArchiveWaitsForNobody holds a consultation's row: it is left out, and taken by a later run.
func TestArchiveWaitsForNobody(t *testing.T) {
	t.Parallel()
	p := openPast(t)
	tx, err := p.DB.Pool.Begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := tx.Exec(t.Context(), "SELECT FROM consultations WHERE id = $1 FOR UPDATE", p.completed); err != nil {
		t.Fatal(err)
	}
	if n := archive(t, p.Clinic); n != 2 {
		t.Errorf("%d were archived, want 2", n)
	}
	if err := tx.Rollback(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := archive(t, p.Clinic); n != 1 {
		t.Errorf("%d were archived then, want 1", n)
	}
}

// TestArchiveDropsEmptyMonths drops the month whose consultations are all archived, unless one is left.
func TestArchiveDropsEmptyMonths(t *testing.T) {
	t.Parallel()
	for _, isLeft := range []bool{false, true} {
		p := openPast(t, func(p past) {
			if isLeft {
				id := p.Book(p.Patient(), p.Slot(p.doctor, 8*time.Hour, 1))
				p.Exec("UPDATE consultations SET payment_due_at = '2999-01-01' WHERE id = $1", id)
			}
		})
		month := apptest.QueryOne[time.Time](t, p.Clinic, "SELECT max(created_at) FROM consultations").UTC()
		name := "consultations_" + month.Format("2006_01")
		want := p.Count("SELECT count(*) FROM pg_class WHERE relname = $1", name)
		if !isLeft {
			want = 0
		}
		archive(t, p.Clinic)
		if n := p.Count("SELECT count(*) FROM pg_class WHERE relname = $1", name); n != want {
			t.Errorf("%s: %d tables, want %d", name, n, want)
		}
		n := p.Count(`SELECT count(*) FROM audit_logs WHERE action = 'archive.drop-month'
			AND metadata->>'partition' = $1`, name)
		if n != 1-want {
			t.Errorf("%d entries of the audit log", n)
		}
		p.Get(p.patient, "consultations/"+p.completed).Want(200)
	}
}
