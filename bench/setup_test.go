package bench_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"amrutam/internal/apptest"
	"amrutam/internal/seal"
)

// population is the people and slots of a clinic. They are found by number, so that no two bookings of a run conflict.
type population struct {
	clinic         *apptest.Clinic // nil if the server is a process of its own
	url, dsn       string
	sealer         *seal.Sealer
	patients       []apptest.User
	wrappedKeys    [][]byte // the patients' data keys
	slots          []uuid.UUID
	firstSlotStart time.Time // of the first slots
}

// setupStatements insert patients and doctors, all signed in, and slots of one seat. The ids contain the number, so
// that pgbench finds the rows too.
var setupStatements = []string{
	`CREATE FUNCTION numbered(prefix text, n int) RETURNS uuid LANGUAGE sql IMMUTABLE AS
		$$ SELECT (prefix || lpad(to_hex(n), 12, '0'))::uuid $$`,
	`INSERT INTO users (id, email, password_hash, role, is_email_verified, created_at, updated_at)
		SELECT numbered('01900000-0000-7000-8001-', n), 'patient' || n || '@example.org', 'none', 'PATIENT', true,
			now(), now() FROM generate_series(0, $1::int - 1) n`,
	`INSERT INTO profiles (id, user_id, full_name, created_at, updated_at)
		SELECT id, id, 'Test Patient', now(), now() FROM users WHERE role = 'PATIENT'`,
	`INSERT INTO users (id, email, password_hash, role, is_email_verified, created_at, updated_at)
		SELECT numbered('01900000-0000-7000-8002-', n), 'doctor' || n || '@example.org', 'none', 'DOCTOR', true, now(),
			now() FROM generate_series(0, $1::int - 1) n`,
	`INSERT INTO profiles (id, user_id, full_name, created_at, updated_at)
		SELECT id, id, 'Dr. Test', now(), now() FROM users WHERE role = 'DOCTOR'`,
	`INSERT INTO doctors (id, user_id, specialization, years_of_experience, registration_number, consultation_fee,
		languages_spoken, is_approved, created_at, updated_at)
		SELECT id, id, 'Panchakarma', 12, 'REG-' || email, 500, '{en,hi}', true, now(), now() FROM users
			WHERE role = 'DOCTOR'`,
	`INSERT INTO sessions (id, user_id, user_agent, ip_address, created_at, last_used_at, expires_at)
		SELECT id, id, 'bench', '127.0.0.1', now(), now(), now() + interval '1 day' FROM users`,
	`INSERT INTO session_tokens (hash, session_id, kind, created_at, expires_at)
		SELECT sha256(convert_to('at_' || id, 'UTF8')), id, 'ACCESS', now(), now() + interval '1 day' FROM users`,
	`INSERT INTO consents (id, user_id, purpose, notice_version, language, channel, given_at)
		SELECT id, id, 'TREATMENT', 1, 'en', 'API', now() FROM users WHERE role = 'PATIENT'`,
	// All doctors work at the same times. A patient never gets two slots of the same time, because there are more
	// patients than doctors.
	`INSERT INTO availability_slots (id, doctor_id, start_time, end_time, max_patients, created_at, updated_at)
		SELECT numbered('01900000-0000-7000-8003-', n), numbered('01900000-0000-7000-8002-', n % $2::int),
			date_trunc('hour', now()) + interval '1 day' + n / $2::int * interval '15 minutes',
			date_trunc('hour', now()) + interval '1 day 15 minutes' + n / $2::int * interval '15 minutes', 1, now(),
			now()
		FROM generate_series(0, $1::int - 1) n`,
}

// newPopulation opens a clinic in this process and populates it.
func newPopulation(b *testing.B, patients, doctors, slots int) *population {
	b.Helper()
	_, err := startDurableCluster()
	must(b, err)
	c := apptest.Open(b)
	p := &population{clinic: c, url: c.URL, dsn: c.DB.Pool.Config().ConnString(), sealer: c.App.Sealer}
	return populate(b, p, patients, doctors, slots)
}

// populate inserts the rows into the database at p.dsn. p.sealer wraps the data keys.
func populate(b *testing.B, p *population, patients, doctors, slots int) *population {
	b.Helper()
	conn := p.connect(b)
	args := [][]any{nil, {patients}, nil, {doctors}, nil, nil, nil, nil, nil, {slots, doctors}}
	for i, sql := range setupStatements {
		_, err := conn.Exec(b.Context(), sql, args[i]...)
		must(b, err)
	}
	var keys [][]any
	for n := range patients {
		id := numberedID(1, n)
		wrapped, err := p.sealer.NewWrappedKey(b.Context(), conn, id)
		must(b, err)
		p.wrappedKeys = append(p.wrappedKeys, wrapped)
		keys = append(keys, []any{id, wrapped, time.Now()})
		p.patients = append(p.patients, apptest.User{ID: id, Token: "at_" + id.String()})
	}
	_, err := conn.CopyFrom(b.Context(), pgx.Identifier{"data_keys"}, []string{"user_id", "wrapped", "created_at"},
		pgx.CopyFromRows(keys))
	must(b, err)
	_, err = conn.Exec(b.Context(), "VACUUM ANALYZE")
	must(b, err)
	must(b, conn.QueryRow(b.Context(), "SELECT min(start_time) FROM availability_slots").Scan(&p.firstSlotStart))
	for n := range slots {
		p.slots = append(p.slots, numberedID(3, n))
	}
	return p
}

// connect opens a connection to the database without the server's time limits.
func (p *population) connect(b *testing.B) *pgx.Conn {
	b.Helper()
	conn, err := pgx.Connect(b.Context(), p.dsn)
	must(b, err)
	b.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// numberedID returns the same id as the SQL function numbered. The kinds are: 1 patient, 2 doctor, 3 slot, 4
// administrator.
func numberedID(kind byte, n int) uuid.UUID {
	id := uuid.MustParse("01900000-0000-7000-8000-000000000000")
	id[9] = kind
	for i, at := 0, 15; i < 4; i, at = i+1, at-1 {
		id[at] = byte(n >> (8 * i))
	}
	return id
}

func must(b testing.TB, err error) {
	b.Helper()
	if err != nil {
		b.Fatal(err)
	}
}
