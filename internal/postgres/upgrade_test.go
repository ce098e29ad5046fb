package postgres_test

import (
	"context"
	"io/fs"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"

	"amrutam/internal/postgres"
	"amrutam/internal/testdb"
)

// migrateTo returns a function that migrates a database to an older version of the schema.
func migrateTo(version int64) func(context.Context, string) error {
	return func(ctx context.Context, dsn string) error {
		pool, err := pgxpool.New(ctx, dsn)
		if err != nil {
			return err
		}
		defer pool.Close()
		files, err := fs.Sub(postgres.Migrations, "migrations")
		if err != nil {
			return err
		}
		db := stdlib.OpenDBFromPool(pool)
		defer func() { _ = db.Close() }()
		provider, err := goose.NewProvider(goose.DialectPostgres, db, files)
		if err != nil {
			return err
		}
		_, err = provider.UpTo(ctx, version)
		return err
	}
}

// oldData is data that older versions accepted: duplicate slots, two consultations in progress, a registration number
// in three spellings, the number of a refused doctor, and consultations that don't say who was absent.
const oldData = `
INSERT INTO users (id, email, password_hash, role, created_at, updated_at)
SELECT ('00000000-0000-7000-8000-00000000000' || n)::uuid, 'u' || n || '@example.org', 'none',
	CASE WHEN n < 5 THEN 'DOCTOR'::user_role ELSE 'PATIENT' END, now(), now() FROM generate_series(1, 6) n;
INSERT INTO doctors (id, user_id, specialization, years_of_experience, registration_number, consultation_fee,
languages_spoken, is_approved, approval_decided_at, created_at, updated_at)
	SELECT id, id, 'x', 1,
		CASE n WHEN 1 THEN 'MH-91' WHEN 2 THEN 'mh 91' WHEN 3 THEN 'MH/91' ELSE 'KA-7' END, 0, '{en}',
		n IN (1, 2), CASE WHEN n IN (1, 4) THEN now() END, now() + n * interval '1 s', now()
	FROM (SELECT id, right(id::text, 1)::int AS n FROM users WHERE role = 'DOCTOR') d;
INSERT INTO availability_slots (id, doctor_id, start_time, end_time, status, max_patients, seats_taken, created_at,
updated_at)
	SELECT ('00000000-0000-7000-8001-00000000000' || n)::uuid, '00000000-0000-7000-8000-000000000001',
	date_trunc('hour', now()) + (n / 2) * interval '1 h', date_trunc('hour', now()) + (n / 2 + 1) * interval '1 h',
	CASE WHEN n % 2 = 1 THEN 'BLOCKED'::slot_status WHEN n IN (2, 4) THEN 'BOOKED' ELSE 'AVAILABLE' END, 1,
	CASE WHEN n IN (2, 4) THEN 1 ELSE 0 END, now(), now() FROM generate_series(2, 7) n;
INSERT INTO consultations (id, patient_id, doctor_id, slot_id, status, reason, payment_status, fee, currency,
scheduled_start, scheduled_end, started_at, created_at, updated_at)
	SELECT ('00000000-0000-7000-8002-00000000000' || right(s.id::text, 1))::uuid,
	'00000000-0000-7000-8000-000000000005', s.doctor_id, s.id,
	CASE WHEN s.seats_taken = 1 THEN 'IN_PROGRESS'::consultation_status ELSE 'NO_SHOW' END, '', 'PAID', 0, 'INR',
	s.start_time, s.end_time, CASE WHEN s.seats_taken = 1 THEN s.start_time END, now(), now()
	FROM availability_slots s WHERE right(s.id::text, 1) IN ('2', '4', '5', '6');
INSERT INTO seats (slot_id, patient_id, consultation_id, during) SELECT slot_id, patient_id, id,
tstzrange(scheduled_start, scheduled_end) FROM consultations WHERE status = 'IN_PROGRESS';
INSERT INTO audit_logs (id, actor_id, action, entity_type, entity_id, created_at) VALUES
	(gen_random_uuid(), '00000000-0000-7000-8000-000000000001', 'consultation.no-show', 'consultation',
	'00000000-0000-7000-8002-000000000006', now());
INSERT INTO users (id, email, password_hash, role, created_at, updated_at)
SELECT ('00000000-0000-7000-8000-0000000000' || n)::uuid, email, 'none', 'PATIENT', now(), now()
	FROM (VALUES (11, 'asha@xn--bro-hoa.example'), (12, 'meera@mail.xn--bro-hoa.example'), (13,
		'meera@mail.büro.example'), (14, 'xn--@example.org'), (15, 'ravi@xn--a')) u (n, email);`

func TestUpgradeKeepsOldData(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	dsn := testdb.New(t, migrateTo(20), postgres.Fingerprint()+"_20")
	pool, err := pgxpool.New(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	if _, err := pool.Exec(ctx, oldData); err != nil {
		t.Fatal(err)
	}
	if err := testdb.Migrate(ctx, dsn); err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		name, sql string
		count     int
	}{
		{"duplicates", "SELECT count(*) FROM (SELECT FROM availability_slots " +
			"GROUP BY doctor_id, start_time, end_time HAVING count(*) > 1) x", 0},
		// two of three duplicates are deleted, because they had no consultations
		{"slots", "SELECT count(*) FROM availability_slots", 4},
		{"slots with a duplicate and history", "SELECT count(*) FROM availability_slots WHERE status = 'BLOCKED' " +
			"AND end_time = date_trunc('second', end_time) + interval '999999 us'", 1},
		{"deletions in the log", "SELECT count(*) FROM audit_logs WHERE action = 'slot.delete'", 2},
		{"consultations without a slot", "SELECT count(*) FROM consultations c LEFT JOIN availability_slots s ON " +
			"s.id = c.slot_id WHERE s.id IS NULL", 0},
		{"seats of another doctor", "SELECT count(*) FROM seats x JOIN availability_slots s ON s.id = x.slot_id " +
			"WHERE x.doctor_id <> s.doctor_id", 0},
		{"started seats", "SELECT count(*) FROM seats WHERE started", 1},
		{"absent patients", "SELECT count(*) FROM consultations WHERE absent = 'PATIENT'", 1},
		{"absent doctors", "SELECT count(*) FROM consultations WHERE absent = 'DOCTOR'", 1},
		{"doctors with MH-91", "SELECT count(*) FROM doctors WHERE registration_key = 'mh91' AND id = " +
			"'00000000-0000-7000-8000-000000000001'", 1},
		{"domains in Unicode", "SELECT count(*) FROM users WHERE email IN ('asha@büro.example', " +
			"'meera@mail.xn--bro-hoa.example', 'meera@mail.büro.example', 'xn--@example.org', 'ravi@xn--a')", 5},
		{"numbers of refused doctors", "SELECT count(*) FROM doctors WHERE id = " +
			"'00000000-0000-7000-8000-000000000004' AND registration_key IS NOT NULL", 0},
	} {
		var n int
		if err := pool.QueryRow(ctx, want.sql).Scan(&n); err != nil || n != want.count {
			t.Errorf("%s: %d (%v), want %d", want.name, n, err, want.count)
		}
	}
}
