package privacy_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"amrutam/internal/apptest"
	"amrutam/internal/config"
	"amrutam/internal/privacy"
)

// The erasure of a doctor is postponed while a consultation is in progress.
func TestErasureWaitsForConsultationInProgress(t *testing.T) {
	t.Parallel()
	c := open(t)
	doctor, patient := c.Doctor("0"), c.Patient()
	requestErasure(c, doctor).Want(202)
	id := c.Book(patient, c.Slot(doctor, 48*time.Hour, 1))
	c.Clock.Advance(48*time.Hour - time.Minute)
	c.Patch(doctor, "consultations/"+id+"/status", object{"status": "IN_PROGRESS"}).Want(200)
	c.Clock.Advance(2 * time.Minute)
	sweep(t, c)
	same(t, "status", status(t, c, doctor), "PENDING")
	c.Get(doctor, "users/me").Want(200)
	c.Patch(doctor, "consultations/"+id+"/status", object{"status": "COMPLETED"}).Want(200)
	sweep(t, c)
	same(t, "status", status(t, c, doctor), "PENDING") // postponed for 10 minutes
	c.Clock.Advance(11 * time.Minute)
	sweep(t, c)
	same(t, "status", status(t, c, doctor), "PARTIAL")
}

// A consultation in progress goes on when its patient's account is erased: it can be completed and prescribed for, and
// its record is retained.
func TestErasureLetsConsultationGoOn(t *testing.T) {
	t.Parallel()
	c := open(t)
	doctor, patient := c.Doctor("0"), c.Patient()
	requestErasure(c, patient).Want(202)
	started := c.Book(patient, c.Slot(doctor, 48*time.Hour, 1))
	missed := c.Book(patient, c.Slot(doctor, 47*time.Hour, 1))
	c.Clock.Advance(48*time.Hour - time.Minute)
	c.Patch(doctor, "consultations/"+started+"/status", object{"status": "IN_PROGRESS"}).Want(200)
	c.Clock.Advance(2 * time.Minute)
	sweep(t, c)
	same(t, "status", status(t, c, patient), "PARTIAL")
	c.Get(patient, "users/me").Want(401)
	c.Post(doctor, "prescriptions",
		object{"consultationId": started,
			"medications": []any{object{"name": medicine, "dosage": "5 g", "frequency": "twice a day"}}}).Want(201)
	c.Patch(doctor, "consultations/"+started+"/status", object{"status": "COMPLETED", "notes": notes}).Want(200)
	written := c.Post(doctor, "prescriptions",
		object{"consultationId": started,
			"medications": []any{object{"name": medicine, "dosage": "5 g", "frequency": "twice a day"}}}).Want(201).
		Text("id")
	c.Await("missed", func() bool {
		return apptest.QueryOne[string](t, c,
			"SELECT status::text FROM consultations WHERE id = $1", missed) == "NO_SHOW"
	})
	c.Clock.Advance(367 * day * 2)
	sweep(t, c)
	same(t, "after two years",
		[]any{status(t, c, patient), c.Get(doctor, "consultations/"+started).Want(200).Text("notes")},
		[]any{"PARTIAL", notes})
	c.Clock.Advance(367 * day)
	sweep(t, c)
	same(t, "after three", []any{status(t, c, patient), c.Get(doctor, "consultations/"+started).Want(200).At("notes")},
		[]any{"DONE", nil})
	same(t, "medications", c.Get(doctor, "prescriptions/"+written).Want(200).At("medications"), any([]any{}))
	c.CheckInvariants()
}

// The data key isn't destroyed while a confirmed consultation may still be started.
func TestErasureWaitsForConfirmedConsultation(t *testing.T) {
	t.Parallel()
	c := open(t)
	doctor, patient := c.Doctor("0"), c.Patient()
	requestErasure(c, patient).Want(202)
	id := c.Post(patient, "consultations", object{"slotId": c.Slot(doctor, 48*time.Hour-time.Minute, 1),
		"reason": "MarkLate"}).Want(201).Text("id")
	c.Clock.Advance(48 * time.Hour)
	sweep(t, c)
	same(t, "while it may be started", status(t, c, patient), "PARTIAL")
	same(t, "the reason", c.Get(doctor, "consultations/"+id).Want(200).Text("reason"), "MarkLate")
	c.Clock.Advance(30 * time.Minute)
	c.Await("missed", func() bool { return c.Get(doctor, "consultations/"+id).Text("status") == "NO_SHOW" })
	c.Clock.Advance(time.Hour)
	sweep(t, c)
	same(t, "afterwards", status(t, c, patient), "DONE")
}

// Erasures race with bookings and with their being stopped: no upcoming consultation of an erased person is left, and
// a stopped erasure has erased nothing.
func TestErasureRaces(t *testing.T) {
	t.Parallel()
	c := open(t)
	doctor := c.Doctor("0")
	people := make([]apptest.User, 12)
	for i := range people {
		people[i] = c.Patient()
		requestErasure(c, people[i]).Want(202)
	}
	c.Clock.Advance(48 * time.Hour)
	stopped := make([]int, len(people))
	var all sync.WaitGroup
	for i, user := range people {
		slot := c.Slot(doctor, time.Duration(20+i)*time.Hour, 1)
		all.Go(func() {
			if i%2 == 0 {
				stopped[i] = stopErasure(c, user).Status
				return
			}
			a := c.Post(user, "consultations", object{"slotId": slot, "reason": reason})
			if !slices.Contains([]int{201, 401, 409}, a.Status) {
				t.Errorf("booking: %d %s", a.Status, a.Body)
			}
		})
	}
	for range 3 { // sweeps at once, as on three servers
		all.Go(func() { run(t, c, privacy.Sweep{}) })
	}
	all.Wait()
	sweep(t, c)
	for i, user := range people {
		switch got := status(t, c, user); {
		case i%2 == 0 && stopped[i] == 204:
			same(t, "stopped in time", got, "STOPPED")
			c.Get(user, "users/me").Want(200)
		case i%2 == 0 && !slices.Contains([]int{401, 404}, stopped[i]):
			t.Errorf("stopping: %d", stopped[i])
		default:
			same(t, "not stopped", got, "DONE")
			same(t, "proofs", countAudits(t, c, "data-key.destroy", user.ID.String()), 1)
		}
	}
	same(t, "upcoming consultations of deleted people", c.Count(`SELECT count(*) FROM consultations c
		JOIN users u ON u.id = c.patient_id
		WHERE u.deleted_at IS NOT NULL AND c.status IN ('REQUESTED', 'CONFIRMED')`), 0)
	idle(t, c)
	c.CheckInvariants()
}

// One person's erasure fails at its last step: it changes nothing, others are erased, and it is done later.
func TestErasureRetriedAfterFailure(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t) // not open: the failed job logs an error
	broken, other := c.Patient(), c.Patient()
	for _, user := range []apptest.User{broken, other} {
		requestErasure(c, user).Want(202)
	}
	c.Exec(fmt.Sprintf("ALTER TABLE data_keys ADD CONSTRAINT broken CHECK (destroyed_at IS NULL OR user_id <> "+
		"'%s')", broken.ID))
	c.Clock.Advance(48 * time.Hour)
	insert(t, c, privacy.Sweep{})
	c.Await("erased", func() bool { return status(t, c, other) == "DONE" })
	c.Await("failed", func() bool {
		return c.Count("SELECT count(*) FROM river_job WHERE kind = 'erasure.sweep' AND state IN ('retryable', "+
			"'discarded')") > 0
	})
	same(t, "status", status(t, c, broken), "PENDING")
	c.Get(broken, "users/me").Want(200)
	same(t, "audited", countAudits(t, c, "user.erase", broken.ID.String()), 0)
	c.Exec("ALTER TABLE data_keys DROP CONSTRAINT broken")
	sweep(t, c)
	same(t, "status", status(t, c, broken), "DONE")
	same(t, "audited", countAudits(t, c, "user.erase", broken.ID.String()), 1)
	if strings.Contains(c.Log.String(), "@example.org") {
		t.Error("the log has an address")
	}
}

// Concurrent requests store one erasure.
func TestConcurrentErasureRequests(t *testing.T) {
	t.Parallel()
	c := open(t)
	patient, admin := c.Patient(), c.Admin()
	var all sync.WaitGroup
	for i := range 10 {
		all.Go(func() {
			a := requestErasure(c, patient)
			if i%2 == 0 {
				a = c.Post(admin, "users/"+patient.ID.String()+"/erasure", nil)
			}
			if a.Status != 200 && a.Status != 202 {
				t.Errorf("%d %s", a.Status, a.Body)
			}
		})
	}
	all.Wait()
	same(t, "erasures", c.Count("SELECT count(*) FROM erasures"), 1)
	idle(t, c)
	same(t, "mails", len(mails(t, c, patient.Email, "erasure-requested")), 1)
}

// An archive is not stored if its owner is deleted after the data was read and before it is stored.
func TestExportNotStoredAfterDeletion(t *testing.T) {
	t.Parallel()
	c := open(t)
	patient := c.Patient()
	release := blockJobs(t, c)
	id := c.Get(patient, "users/me/export").Want(202).Text("id")
	deletion, err := c.DB.Pool.Begin(t.Context())
	must(t, err)
	_, err = deletion.Exec(t.Context(), "UPDATE users SET deleted_at = now() WHERE id = $1", patient.ID)
	must(t, err)
	release()
	c.Await("about to be stored", func() bool {
		return c.Count("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "+
			"wait_event_type = 'Lock' AND query LIKE '-- name: lockPerson%'") == 1
	})
	must(t, deletion.Commit(t.Context()))
	idle(t, c)
	same(t, "archives", c.Count("SELECT count(*) FROM exports WHERE id = $1 AND archive IS NOT NULL", id), 0)
	same(t, "makings", countAudits(t, c, "export.make", id), 0)
	admin := c.Admin()
	c.Post(admin, "users/"+patient.ID.String()+"/erasure", nil).Want(202)
	c.Clock.Advance(48 * time.Hour)
	sweep(t, c)
	same(t, "copies", c.Count("SELECT count(*) FROM exports WHERE user_id = $1", patient.ID), 0)
}

// ErasureAfter and RetentionYears are configured.
func TestErasureSettings(t *testing.T) {
	t.Parallel()
	c := open(t, func(cfg *config.Config) { cfg.ErasureAfter, cfg.RetentionYears = time.Hour, 0 })
	h := makeHistory(t, c)
	asked := requestErasure(c, h.patient).Want(202)
	ended := apptest.QueryOne[time.Time](t, c, "SELECT ended_at FROM consultations WHERE id = $1", h.started)
	same(t, "until the doctor may prescribe", asked.Text("clinical", "until"),
		ended.Add(7*day).Format(time.RFC3339Nano))
	c.Clock.Advance(time.Hour)
	sweep(t, c)
	same(t, "status", status(t, c, h.patient), "PARTIAL")
	c.Clock.Advance(7 * day)
	sweep(t, c)
	same(t, "status", status(t, c, h.patient), "DONE")
}
