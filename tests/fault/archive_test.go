package fault_test

import (
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// oldConsultations fills a database with 4,000 completed consultations of 13 to 14 months ago, each with a
// prescription, and one that nobody ended.
const oldConsultations = `
CREATE FUNCTION pg_temp.id(at timestamptz, kind int, n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
    SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0')
        || '7' || lpad(to_hex(kind), 3, '0') || '8' || lpad(to_hex(n), 15, '0'))::uuid
$$;
CREATE TEMP TABLE booking AS SELECT n, at, pg_temp.id(at, 1, n) AS id, pg_temp.id(at, 2, n) AS slot,
	pg_temp.id(at, 3, n) AS prescription, pg_temp.id(at, 4, 1) AS doctor, pg_temp.id(at, 5, 1) AS patient
	FROM generate_series(0, 4000) n, LATERAL (SELECT now() - interval '14 months' + n * interval '10 minutes' AS at) t;
UPDATE booking SET doctor = first.doctor, patient = first.patient
	FROM (SELECT doctor, patient FROM booking WHERE n = 0) first;
INSERT INTO users (id, email, password_hash, role, is_email_verified, created_at, updated_at)
	SELECT doctor, 'doctor@example.org', 'none', 'DOCTOR'::user_role, true, at, at FROM booking WHERE n = 0
	UNION ALL SELECT patient, 'patient@example.org', 'none', 'PATIENT', true, at, at FROM booking WHERE n = 0;
INSERT INTO doctors (id, user_id, specialization, years_of_experience, registration_number, consultation_fee,
	languages_spoken, created_at, updated_at)
	SELECT doctor, doctor, 'x', 1, 'MH-1', 0, '{en}', at, at FROM booking WHERE n = 0;
INSERT INTO availability_slots (id, doctor_id, start_time, end_time, status, seats_taken, created_at, updated_at)
	SELECT slot, doctor, at, at + interval '5 minutes',
		CASE WHEN n = 0 THEN 'BOOKED' ELSE 'AVAILABLE' END::slot_status, CASE WHEN n = 0 THEN 1 ELSE 0 END, at, at
	FROM booking;
INSERT INTO consultations (id, patient_id, doctor_id, slot_id, status, reason, payment_status, fee, currency,
	scheduled_start, scheduled_end, started_at, ended_at, created_at, updated_at)
	SELECT id, patient, doctor, slot, CASE WHEN n = 0 THEN 'CONFIRMED' ELSE 'COMPLETED' END::consultation_status,
		'sealed', 'PAID', 0, 'INR', at, at + interval '5 minutes', CASE WHEN n > 0 THEN at END,
		CASE WHEN n > 0 THEN at END, at, at
	FROM booking;
INSERT INTO seats (slot_id, patient_id, doctor_id, consultation_id, during)
	SELECT slot, patient, doctor, id, tstzrange(at, at + interval '5 minutes') FROM booking WHERE n = 0;
INSERT INTO payments (id, consultation_id, amount, currency, status, provider, created_at, updated_at)
	SELECT id, id, 0, 'INR', 'SUCCESS', 'none', at, at FROM booking;
INSERT INTO consultation_consents (consultation_id, basis, notice_version, actor_id, given_at)
	SELECT id, 'IMPLIED', 1, patient, at FROM booking;
INSERT INTO prescriptions (id, consultation_id, doctor_id, patient_id, medications, created_at)
	SELECT prescription, id, doctor, patient, 'sealed', at FROM booking WHERE n > 0;
INSERT INTO audit_logs (id, action, entity_type, entity_id, metadata, created_at)
	SELECT gen_random_uuid(), kind || '.' || verb, kind, entity, metadata, at
	FROM booking, LATERAL (VALUES
		('consultation', 'book', id::text, '{"to": "CONFIRMED"}'::jsonb),
		('consultation', 'start', CASE WHEN n > 0 THEN id::text END, '{"from": "CONFIRMED", "to": "IN_PROGRESS"}'),
		('consultation', 'complete', CASE WHEN n > 0 THEN id::text END, '{"from": "IN_PROGRESS", "to": "COMPLETED"}'),
		('prescription', 'write', CASE WHEN n > 0 THEN prescription::text END, '{}'),
		('slot', 'create', slot::text, '{}'),
		('doctor', 'apply', CASE WHEN n = 0 THEN doctor::text END, '{}'),
		('user', 'create', CASE WHEN n = 0 THEN doctor::text END, '{}'),
		('user', 'create', CASE WHEN n = 0 THEN patient::text END, '{}')) e (kind, verb, entity, metadata)
	WHERE entity IS NOT NULL;
ANALYZE;`

// TestKilledArchiveResumes kills amrutam archive four times as soon as it has moved something. Nothing may be lost or
// doubled, and the next run moves the rest.
func TestKilledArchiveResumes(t *testing.T) {
	t.Parallel()
	dsn := newDatabase(t)
	variables := []string{
		masterKeyVariable,
		"DATABASE_URL=" + dsn,
		"AMRUTAM_DATA_DIR=" + t.TempDir(),
	}
	run := func(arguments ...string) string {
		t.Helper()
		out, err := runCommand(t, variables, "", arguments...)
		if err != nil {
			t.Fatalf("%v: %v\n%s", arguments, err, out)
		}
		return out
	}
	run("migrate")
	conn, err := pgx.Connect(t.Context(), dsn)
	must(t, err)
	_, err = conn.Exec(t.Context(), oldConsultations)
	must(t, err)
	count := func(table string) (n int) {
		t.Helper()
		must(t, conn.QueryRow(t.Context(), "SELECT count(*) FROM "+table).Scan(&n))
		return n
	}
	run("check")
	out := run("archive", "--dry-run")
	if !strings.Contains(out, "4000 consultations") || count("archived_consultations") > 0 {
		t.Errorf("the dry run: %s", out)
	}
	for range 4 {
		before := count("archived_consultations")
		cmd := newCommand(t, variables, "archive")
		must(t, cmd.Start())
		poll := time.NewTicker(2 * time.Millisecond)
		for count("archived_consultations") == before {
			<-poll.C
		}
		poll.Stop()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		run("check")
	}
	if count("consultations") == 1 {
		t.Error("no run was killed before its end")
	}
	out = run("archive")
	for _, want := range []string{"moved to the archive", "CONFIRMED", "nobody ended it"} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is missing: %s", want, out)
		}
	}
	for table, want := range map[string]int{
		"consultations": 1, "archived_consultations": 4000,
		"prescriptions": 0, "archived_prescriptions": 4000,
		"consultation_consents": 1, "archived_consultation_consents": 4000,
		"payments": 4001,
	} {
		if n := count(table); n != want {
			t.Errorf("%s has %d rows, want %d", table, n, want)
		}
	}
	var audited int
	must(t, conn.QueryRow(t.Context(), `SELECT sum((metadata->>'consultations')::int) FROM audit_logs
		WHERE action = 'archive.move'`).Scan(&audited))
	if audited != 4000 {
		t.Errorf("the audit log has %d", audited)
	}
	run("check")
	must(t, conn.Close(t.Context()))
}

// TestArchiveRefusesWrongDays names what is wrong with --before, and moves nothing.
func TestArchiveRefusesWrongDays(t *testing.T) {
	t.Parallel()
	dsn := newDatabase(t)
	variables := []string{
		masterKeyVariable,
		"DATABASE_URL=" + dsn,
		"AMRUTAM_DATA_DIR=" + t.TempDir(),
	}
	now := time.Now().UTC()
	for day, want := range map[string]string{
		"yesterday":  "--before must be a day of the calendar, like 2025-11-30",
		"2025-02-30": "--before must be a day of the calendar, like 2025-11-30",
		now.AddDate(0, 0, 2).Format(time.DateOnly):   "--before lies in the future",
		now.AddDate(0, 0, -80).Format(time.DateOnly): "or earlier: later ones may still get a prescription",
	} {
		out, err := runCommand(t, variables, "", "archive", "--before", day)
		if err == nil || !strings.Contains(out, want) || strings.Count(out, "\n") > 1 {
			t.Errorf("%s: %v %s", day, err, out)
		}
	}
	out, err := runCommand(t, variables, "", "archive", "--before", now.AddDate(0, 0, -100).Format(time.DateOnly))
	if err != nil || !strings.Contains(out, "0 consultations") || !strings.Contains(out, "nothing as old is left") {
		t.Errorf("an empty database: %v %s", err, out)
	}
	out, err = runCommand(t, append(variables, "AMRUTAM_ARCHIVE_AFTER=720h"), "", "archive")
	if err == nil || !strings.Contains(out, "AMRUTAM_ARCHIVE_AFTER must be at least 2160h") {
		t.Errorf("a short age: %v %s", err, out)
	}
}
