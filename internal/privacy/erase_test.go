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

// TestADoctorWithAPatientIsLeftAlone until that is over.
func TestADoctorWithAPatientIsLeftAlone(t *testing.T) {
	t.Parallel()
	c := open(t)
	doctor, patient := c.Doctor("0"), c.Patient()
	ask(c, doctor).Want(202)
	id := c.Book(patient, c.Slot(doctor, 48*time.Hour, 1))
	c.Clock.Advance(48*time.Hour - time.Minute)
	c.Patch(doctor, "consultations/"+id+"/status", object{"status": "IN_PROGRESS"}).Want(200)
	c.Clock.Advance(2 * time.Minute)
	sweep(t, c)
	same(t, "status", status(t, c, doctor), "PENDING")
	c.Get(doctor, "users/me").Want(200)
	c.Patch(doctor, "consultations/"+id+"/status", object{"status": "COMPLETED"}).Want(200)
	sweep(t, c)
	same(t, "status", status(t, c, doctor), "PENDING") // not asked again at once
	c.Clock.Advance(11 * time.Minute)
	sweep(t, c)
	same(t, "status", status(t, c, doctor), "PARTIAL")
}

// TestAConsultationGoesOn although its patient's account goes: it is completed, prescribed for, and kept.
func TestAConsultationGoesOn(t *testing.T) {
	t.Parallel()
	c := open(t)
	doctor, patient := c.Doctor("0"), c.Patient()
	ask(c, patient).Want(202)
	held, missed := c.Book(patient, c.Slot(doctor, 48*time.Hour, 1)), c.Book(patient, c.Slot(doctor, 47*time.Hour, 1))
	c.Clock.Advance(48*time.Hour - time.Minute)
	c.Patch(doctor, "consultations/"+held+"/status", object{"status": "IN_PROGRESS"}).Want(200)
	c.Clock.Advance(2 * time.Minute)
	sweep(t, c)
	same(t, "status", status(t, c, patient), "PARTIAL")
	c.Get(patient, "users/me").Want(401)
	c.Post(doctor, "prescriptions",
		object{"consultationId": held,
			"medications": []any{object{"name": medicine, "dosage": "5 g", "frequency": "twice a day"}}}).Want(201)
	c.Patch(doctor, "consultations/"+held+"/status", object{"status": "COMPLETED", "notes": notes}).Want(200)
	written := c.Post(doctor, "prescriptions",
		object{"consultationId": held,
			"medications": []any{object{"name": medicine, "dosage": "5 g", "frequency": "twice a day"}}}).Want(201).
		Text("id")
	c.Await("missed", func() bool {
		return row[string](t, c, "SELECT status::text FROM consultations WHERE id = $1", missed) == "NO_SHOW"
	})
	c.Clock.Advance(367 * day * 2)
	sweep(t, c)
	same(t, "after two years",
		[]any{status(t, c, patient), c.Get(doctor, "consultations/"+held).Want(200).Text("notes")},
		[]any{"PARTIAL", notes})
	c.Clock.Advance(367 * day)
	sweep(t, c)
	same(t, "after three", []any{status(t, c, patient), c.Get(doctor, "consultations/"+held).Want(200).At("notes")},
		[]any{"DONE", nil})
	same(t, "medications", c.Get(doctor, "prescriptions/"+written).Want(200).At("medications"), any([]any{}))
	c.CheckInvariants()
}

// TestOneThatMayStillBegin: a consultation whose time has come keeps the key until it was held, or wasn't.
func TestOneThatMayStillBegin(t *testing.T) {
	t.Parallel()
	c := open(t)
	doctor, patient := c.Doctor("0"), c.Patient()
	ask(c, patient).Want(202)
	id := c.Post(patient, "consultations", object{"slotId": c.Slot(doctor, 48*time.Hour-time.Minute, 1),
		"reason": "MarkLate"}).Want(201).Text("id")
	c.Clock.Advance(48 * time.Hour)
	sweep(t, c)
	same(t, "while it may begin", status(t, c, patient), "PARTIAL")
	same(t, "the reason", c.Get(doctor, "consultations/"+id).Want(200).Text("reason"), "MarkLate")
	c.Clock.Advance(30 * time.Minute)
	c.Await("missed", func() bool { return c.Get(doctor, "consultations/"+id).Text("status") == "NO_SHOW" })
	c.Clock.Advance(time.Hour)
	sweep(t, c)
	same(t, "afterwards", status(t, c, patient), "DONE")
}

// TestRaces: whoever comes first, no consultation to come is left with somebody who went, and what was stopped is
// whole.
func TestRaces(t *testing.T) {
	t.Parallel()
	c := open(t)
	doctor := c.Doctor("0")
	people := make([]apptest.User, 12)
	for i := range people {
		people[i] = c.Patient()
		ask(c, people[i]).Want(202)
	}
	c.Clock.Advance(48 * time.Hour)
	stopped := make([]int, len(people))
	var all sync.WaitGroup
	for i, who := range people {
		slot := c.Slot(doctor, time.Duration(20+i)*time.Hour, 1)
		all.Go(func() {
			if i%2 == 0 {
				stopped[i] = stop(c, who).Status
				return
			}
			if a := c.Post(who, "consultations", object{"slotId": slot, "reason": reason}); !slices.Contains([]int{201,
				401, 409}, a.Status) {
				t.Errorf("booking: %d %s", a.Status, a.Body)
			}
		})
	}
	for range 3 { // as on three servers
		all.Go(func() { run(t, c, privacy.Sweep{}) })
	}
	all.Wait()
	sweep(t, c)
	for i, who := range people {
		switch got := status(t, c, who); {
		case i%2 == 0 && stopped[i] == 204:
			same(t, "stopped in time", got, "STOPPED")
			c.Get(who, "users/me").Want(200)
		case i%2 == 0 && !slices.Contains([]int{401, 404}, stopped[i]):
			t.Errorf("stopping: %d", stopped[i])
		default:
			same(t, "not stopped", got, "DONE")
			same(t, "proofs", audited(t, c, "data-key.destroy", who.ID.String()), 1)
		}
	}
	same(t, "consultations with somebody who went", count(t, c, `SELECT count(*) FROM consultations c
		JOIN users u ON u.id = c.patient_id
		WHERE u.deleted_at IS NOT NULL AND c.status IN ('REQUESTED', 'CONFIRMED')`), 0)
	idle(t, c)
	c.CheckInvariants()
}

// TestBrokenOff has one person's erasure fail at its last step: nothing of it is done, others are erased, and it goes
// on later.
func TestBrokenOff(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t) // a job that fails is an error in the log
	broken, other := c.Patient(), c.Patient()
	for _, who := range []apptest.User{broken, other} {
		ask(c, who).Want(202)
	}
	exec(t, c, fmt.Sprintf("ALTER TABLE data_keys ADD CONSTRAINT broken CHECK (destroyed_at IS NULL OR user_id <> "+
		"'%s')", broken.ID))
	c.Clock.Advance(48 * time.Hour)
	insert(t, c, privacy.Sweep{})
	c.Await("erased", func() bool { return status(t, c, other) == "DONE" })
	c.Await("failed", func() bool {
		return count(t, c, "SELECT count(*) FROM river_job WHERE kind = 'erasure.sweep' AND state IN ('retryable', "+
			"'discarded')") > 0
	})
	same(t, "status", status(t, c, broken), "PENDING")
	c.Get(broken, "users/me").Want(200)
	same(t, "audited", audited(t, c, "user.erase", broken.ID.String()), 0)
	exec(t, c, "ALTER TABLE data_keys DROP CONSTRAINT broken")
	sweep(t, c)
	same(t, "status", status(t, c, broken), "DONE")
	same(t, "audited", audited(t, c, "user.erase", broken.ID.String()), 1)
	if strings.Contains(c.Log.String(), "@example.org") {
		t.Error("the log holds an address")
	}
}

// TestAskingAtOnce is one erasure.
func TestAskingAtOnce(t *testing.T) {
	t.Parallel()
	c := open(t)
	patient, admin := c.Patient(), c.Admin()
	var all sync.WaitGroup
	for i := range 10 {
		all.Go(func() {
			a := ask(c, patient)
			if i%2 == 0 {
				a = c.Post(admin, "users/"+patient.ID.String()+"/erasure", nil)
			}
			if a.Status != 200 && a.Status != 202 {
				t.Errorf("%d %s", a.Status, a.Body)
			}
		})
	}
	all.Wait()
	same(t, "erasures", count(t, c, "SELECT count(*) FROM erasures"), 1)
	idle(t, c)
	same(t, "mails", len(mails(t, c, patient.Email, "erasure-requested")), 1)
}

// TestACopyUnderWay is not kept when its owner goes after it was read and before it is stored.
func TestACopyUnderWay(t *testing.T) {
	t.Parallel()
	c := open(t)
	patient := c.Patient()
	letGo := blockJobs(t, c)
	id := c.Get(patient, "users/me/export").Want(202).Text("id")
	leaving, err := c.DB.Pool.Begin(t.Context())
	must(t, err)
	_, err = leaving.Exec(t.Context(), "UPDATE users SET deleted_at = now() WHERE id = $1", patient.ID)
	must(t, err)
	letGo()
	c.Await("about to be stored", func() bool {
		return count(t, c, "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "+
			"wait_event_type = 'Lock' AND query LIKE '-- name: lockPerson%'") == 1
	})
	must(t, leaving.Commit(t.Context()))
	idle(t, c)
	same(t, "archives", count(t, c, "SELECT count(*) FROM exports WHERE id = $1 AND archive IS NOT NULL", id), 0)
	same(t, "makings", audited(t, c, "export.make", id), 0)
	admin := c.Admin()
	c.Post(admin, "users/"+patient.ID.String()+"/erasure", nil).Want(202)
	c.Clock.Advance(48 * time.Hour)
	sweep(t, c)
	same(t, "copies", count(t, c, "SELECT count(*) FROM exports WHERE user_id = $1", patient.ID), 0)
}

// TestSettings: another time to stop it, and another retention.
func TestSettings(t *testing.T) {
	t.Parallel()
	c := open(t, func(cfg *config.Config) { cfg.ErasureAfter, cfg.RetentionYears = time.Hour, 0 })
	h := makeHistory(t, c)
	asked := ask(c, h.patient).Want(202)
	ended := row[time.Time](t, c, "SELECT ended_at FROM consultations WHERE id = $1", h.held)
	same(t, "until its doctor may prescribe no more", asked.Text("clinical", "until"),
		ended.Add(7*day).Format(time.RFC3339Nano))
	c.Clock.Advance(time.Hour)
	sweep(t, c)
	same(t, "status", status(t, c, h.patient), "PARTIAL")
	c.Clock.Advance(7 * day)
	sweep(t, c)
	same(t, "status", status(t, c, h.patient), "DONE")
}
