package events_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"amrutam/internal/apptest"
)

// publish makes an event of a user in a transaction.
func publish(t testing.TB, tx pgx.Tx, user uuid.UUID, status string) {
	t.Helper()
	_, err := tx.Exec(context.Background(),
		"SELECT publish_event('offer.changed', ARRAY[$1::uuid], jsonb_build_object('status', $2::text), now())",
		user, status)
	if err != nil {
		t.Fatal(err)
	}
}

func begin(t testing.TB, c *apptest.Clinic) pgx.Tx {
	t.Helper()
	tx, err := c.DB.Pool.Begin(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tx.Rollback(context.Background()) })
	return tx
}

func commit(t testing.TB, tx pgx.Tx) {
	t.Helper()
	if err := tx.Commit(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// A transaction that began first, has the lower id and commits last isn't missed, neither by an open stream nor by one
// that goes on between the two commits.
func TestLateCommitIsNotMissed(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient := c.Patient()
	s := open(t, c, patient, "")
	<-s.opened
	slow := begin(t, c)
	publish(t, slow, patient.ID, "first")
	quick := begin(t, c)
	publish(t, quick, patient.ID, "second")
	commit(t, quick)
	between := s.want("offer.changed", "second").ID
	s.close()
	commit(t, slow)
	for range 2 { // the same place can be gone on from again
		resumed := open(t, c, patient, between)
		resumed.want("offer.changed", "first")
		resumed.close()
	}
	resumed := open(t, c, patient, between)
	resumed.want("offer.changed", "first")
	third := begin(t, c)
	publish(t, third, patient.ID, "third")
	commit(t, third)
	resumed.want("offer.changed", "third")
}

// The client goes on after each of many events that it gets at once, without loss and without repetition.
func TestResumeInTheMiddle(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient := c.Patient()
	s := open(t, c, patient, "")
	start := <-s.opened
	s.close()
	const all = 250
	tx := begin(t, c)
	for range all {
		publish(t, tx, patient.ID, "OPEN")
	}
	commit(t, tx)
	at := start
	for left := all; left > 0; {
		s := open(t, c, patient, at)
		for range min(left, 40) {
			at = s.want("offer.changed", "OPEN").ID
			left--
		}
		s.close()
	}
	end := open(t, c, patient, at)
	<-end.opened
	last := begin(t, c)
	publish(t, last, patient.ID, "last")
	commit(t, last)
	end.want("offer.changed", "last")
}

func TestResetWhenTooOldOrUnknown(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, other := c.Patient(), c.Patient()
	s, theirs := open(t, c, patient, ""), open(t, c, other, "")
	id, foreign := <-s.opened, <-theirs.opened
	for name, lastID := range map[string]string{"unknown": "42", "another user's": foreign} {
		s := open(t, c, patient, lastID)
		if again := s.want("reset", "").ID; again == "" {
			t.Errorf("%s: no id to go on from", name)
		}
		s.close()
	}
	c.Clock.Advance(24 * time.Hour)
	old := open(t, c, patient, id)
	goOn := old.want("reset", "").ID
	old.close()
	tx := begin(t, c)
	publish(t, tx, patient.ID, "OPEN")
	commit(t, tx)
	open(t, c, patient, goOn).want("offer.changed", "OPEN")
}

// A restored database has used fewer transactions than the one that an id is from.
func TestResetAfterRestore(t *testing.T) {
	t.Parallel()
	later, c := apptest.Open(t), apptest.Open(t)
	patient := c.Patient()
	id := later.App.API.Cursors.Encode("events of "+patient.ID.String(),
		map[string]any{"s": "900000000:900000000:", "t": c.DB.Now()})
	if id == "" {
		t.Fatal("no id")
	}
	forged := open(t, c, patient, id) // signed by another server
	forged.want("reset", "")
	forged.close()
	id = c.App.API.Cursors.Encode("events of "+patient.ID.String(),
		map[string]any{"s": "900000000:900000000:", "t": c.DB.Now()})
	open(t, c, patient, id).want("reset", "")
}
