package bench_test

import (
	"context"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"amrutam/internal/apptest"
)

// people is a clinic's worth of them, found by number: the bookings of a run never meet.
type people struct {
	clinic   *apptest.Clinic
	patients []apptest.User
	slots    []uuid.UUID
}

// statements make $1 patients, signed in, and for $2 doctors slots of one seat each, one after the other. Ids hold the
// number, so that pgbench finds them too.
var statements = []string{
	`CREATE FUNCTION numbered(prefix text, n int) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$ SELECT (prefix || lpad(to_hex(n), 12, '0'))::uuid $$`,
	`INSERT INTO users (id, email, password_hash, role, is_email_verified, created_at, updated_at)
		SELECT numbered('01900000-0000-7000-8001-', n), 'patient' || n || '@example.org', 'none', 'PATIENT', true, now(), now() FROM generate_series(0, $1::int - 1) n`,
	`INSERT INTO profiles (id, user_id, full_name, created_at, updated_at)
		SELECT id, id, 'Test Patient', now(), now() FROM users WHERE role = 'PATIENT'`,
	`INSERT INTO sessions (id, user_id, user_agent, ip_address, created_at, last_used_at, expires_at)
		SELECT id, id, 'bench', '127.0.0.1', now(), now(), now() + interval '1 day' FROM users WHERE role = 'PATIENT'`,
	`INSERT INTO session_tokens (hash, session_id, kind, created_at, expires_at)
		SELECT sha256(convert_to('at_' || id, 'UTF8')), id, 'ACCESS', now(), now() + interval '1 day' FROM users WHERE role = 'PATIENT'`,
	`INSERT INTO users (id, email, password_hash, role, is_email_verified, created_at, updated_at)
		SELECT numbered('01900000-0000-7000-8002-', n), 'doctor' || n || '@example.org', 'none', 'DOCTOR', true, now(), now() FROM generate_series(0, $1::int - 1) n`,
	`INSERT INTO profiles (id, user_id, full_name, created_at, updated_at)
		SELECT id, id, 'Dr. Test', now(), now() FROM users WHERE role = 'DOCTOR'`,
	`INSERT INTO doctors (id, user_id, specialization, years_of_experience, registration_number, consultation_fee, languages_spoken, is_approved, created_at, updated_at)
		SELECT id, id, 'Panchakarma', 12, 'REG-' || email, 500, '{en,hi}', true, now(), now() FROM users WHERE role = 'DOCTOR'`,
	// All doctors work at the same times: patient n is never asked to be in two places as long as slots of one time are fewer than patients.
	`INSERT INTO availability_slots (id, doctor_id, start_time, end_time, max_patients, created_at, updated_at)
		SELECT numbered('01900000-0000-7000-8003-', n), numbered('01900000-0000-7000-8002-', n % $2::int),
			date_trunc('hour', now()) + interval '1 day' + n / $2::int * interval '15 minutes',
			date_trunc('hour', now()) + interval '1 day 15 minutes' + n / $2::int * interval '15 minutes', 1, now(), now()
		FROM generate_series(0, $1::int - 1) n`,
	`VACUUM ANALYZE`,
}

func crowd(b *testing.B, patients, doctors, slots int) *people {
	b.Helper()
	ctx := context.Background()
	p := &people{clinic: apptest.Open(b)}
	conn, err := pgx.Connect(ctx, p.clinic.DB.Pool.Config().ConnString()) // without the server's time limit
	must(b, err)
	defer func() { _ = conn.Close(ctx) }()
	args := [][]any{nil, {patients}, nil, nil, nil, {doctors}, nil, nil, {slots, doctors}, nil}
	for i, sql := range statements {
		_, err := conn.Exec(ctx, sql, args[i]...)
		must(b, err)
	}
	var keys [][]any
	for n := range patients {
		id := numbered(1, n)
		wrapped, err := p.clinic.App.Sealer.NewWrapped(id)
		must(b, err)
		keys = append(keys, []any{id, wrapped, p.clinic.DB.Now()})
		p.patients = append(p.patients, apptest.User{ID: id, Token: "at_" + id.String()})
	}
	_, err = conn.CopyFrom(ctx, pgx.Identifier{"data_keys"}, []string{"user_id", "wrapped", "created_at"}, pgx.CopyFromRows(keys))
	must(b, err)
	for n := range slots {
		p.slots = append(p.slots, numbered(3, n))
	}
	return p
}

// numbered agrees with the SQL function of that name. kind: 1 patient, 2 doctor, 3 slot.
func numbered(kind byte, n int) uuid.UUID {
	id := uuid.MustParse("01900000-0000-7000-8000-000000000000")
	id[9] = kind
	for i, at := 0, 15; i < 4; i, at = i+1, at-1 {
		id[at] = byte(n >> (8 * i))
	}
	return id
}

func must(b *testing.B, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
