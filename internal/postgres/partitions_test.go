package postgres_test

import (
	"maps"
	"testing"
	"time"

	"amrutam/internal/postgres"
)

func TestPartitionsAhead(t *testing.T) {
	t.Parallel()
	now := time.Now().UTC()
	db := open(t, postgres.Options{MaxConns: 2})
	check := func(at time.Time, want map[string]int) {
		t.Helper()
		db.Clock = func() time.Time { return at }
		ahead, err := db.PartitionsAhead(t.Context())
		must(t, err)
		if !maps.Equal(ahead, want) {
			t.Errorf("at %s: %v, want %v", at, ahead, want)
		}
	}
	check(now, map[string]int{"consultations": 3, "audit_logs": 3, "idempotency_keys": 3})
	// Not the month's first days, which the partitions of the last days of this month reach.
	check(now.AddDate(0, 1, 10-now.Day()), map[string]int{"consultations": 2, "audit_logs": 2, "idempotency_keys": 0})
	check(now.AddDate(0, 7, 10-now.Day()), map[string]int{"consultations": 0, "audit_logs": 0, "idempotency_keys": 0})
	// A gap ends the count.
	_, err := db.Pool.Exec(t.Context(), "SELECT make_partitions(now(), 5, 3)")
	must(t, err)
	second := "consultations_" + now.AddDate(0, 2, 1-now.Day()).Format("2006_01")
	_, err = adminOf(t, db).Exec(t.Context(),
		"SET ROLE NONE; ALTER TABLE consultations DETACH PARTITION "+second+"; DROP TABLE "+second)
	must(t, err)
	check(now, map[string]int{"consultations": 1, "audit_logs": 5, "idempotency_keys": 3})

	db.Clock = time.Now
	must(t, db.Write(t.Context(), func(tx *postgres.Tx) error {
		failed, err := postgres.MakePartitions(t.Context(), tx)
		if len(failed) > 0 {
			t.Errorf("could not make %v", failed)
		}
		return err
	}))
	check(now, map[string]int{"consultations": 5, "audit_logs": 5, "idempotency_keys": 3})
}
