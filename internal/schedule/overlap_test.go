package schedule_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"amrutam/internal/apptest"
	"amrutam/internal/postgres"
)

// When a join restarts its scan of a GiST index after the index's root page was split, PostgreSQL can mark entries of
// live rows as dead (docs/adr/0030-exclusion-constraints.md); the constraint then accepts a slot that overlaps such a
// row. The statement of this test is the worst case: it changes the rows that it joins, by the constraint's own index.
func TestJoinsHideNoSlotFromTheOverlapConstraint(t *testing.T) {
	t.Parallel()
	c, slots := threeDoctorsWithSlots(t)
	conn, err := c.DB.Pool.Acquire(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Release()
	for _, sql := range []string{"SET enable_seqscan = off", "SET enable_bitmapscan = off", "SET enable_memoize = off",
		`CREATE FUNCTION shorten(slot uuid) RETURNS void LANGUAGE sql AS
			$$ UPDATE availability_slots SET end_time = end_time - interval '1 second' WHERE id = slot $$`} {
		if _, err := conn.Exec(t.Context(), sql); err != nil {
			t.Fatal(err)
		}
	}
	for range 8 {
		c.Exec("REINDEX INDEX availability_slots_overlap")
		splitIndexRoot(t, c, func(i int) {
			// Slots of the first doctor: the scans for the others begin after the change.
			_, err := conn.Exec(t.Context(), `SELECT shorten(x.id) FROM doctors d CROSS JOIN LATERAL (SELECT id
				FROM availability_slots s
				WHERE s.doctor_id = d.id AND s.status <> 'BLOCKED' AND tstzrange(s.start_time,
				s.end_time) && tstzrange(NULL, NULL) OFFSET 0) x
				WHERE x.id = $1`, slots[i%8])
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

func threeDoctorsWithSlots(t *testing.T) (c *apptest.Clinic, slots []uuid.UUID) {
	t.Helper()
	c = apptest.Open(t)
	for range 3 {
		doctor := c.Doctor("0.00")
		for i := range 8 {
			slots = append(slots, c.Slot(doctor, time.Duration(i+1)*time.Hour, 1))
		}
	}
	return c, slots
}

// splitIndexRoot changes slots until the index of the constraint has several pages, and then checks that overlaps are
// refused.
func splitIndexRoot(t *testing.T, c *apptest.Clinic, change func(i int)) {
	t.Helper()
	for i := 0; c.Count("SELECT pg_relation_size('availability_slots_overlap') / 8192") < 3; i++ {
		if i == 1000 {
			t.Fatal("the root is never split")
		}
		change(i)
		// A scan marks the entries of old row versions as dead.
		want(t, "slots", c.Count("SELECT count(*) FROM availability_slots"), 24)
	}
	checkOverlapsAreRefused(t, c)
}

// checkOverlapsAreRefused tries to insert a slot that overlaps each slot that isn't blocked.
func checkOverlapsAreRefused(t *testing.T, c *apptest.Clinic) {
	t.Helper()
	rows, err := c.DB.Pool.Query(t.Context(), "SELECT id FROM availability_slots WHERE status <> 'BLOCKED'")
	if err != nil {
		t.Fatal(err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range ids {
		_, err := c.DB.Pool.Exec(t.Context(), `INSERT INTO availability_slots (id, doctor_id, start_time, end_time,
			created_at, updated_at)
			SELECT gen_random_uuid(), doctor_id, start_time + interval '1 minute', end_time + interval '1 minute',
			now(), now()
			FROM availability_slots WHERE id = $1`, id)
		if !postgres.Violates(err, "availability_slots_overlap") {
			t.Errorf("a slot that overlaps another: %v, want a violation of availability_slots_overlap", err)
		}
	}
}
