package postgres_test

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"amrutam/internal/postgres"
	"amrutam/internal/postgres/cluster"
	"amrutam/internal/testdb"
)

func open(t *testing.T, o postgres.Options) *postgres.DB {
	t.Helper()
	return openAt(t, testdb.New(t, testdb.Migrate, postgres.Fingerprint()), o)
}

func openAt(t *testing.T, dsn string, o postgres.Options) *postgres.DB {
	t.Helper()
	db, err := postgres.Open(t.Context(), dsn, o)
	must(t, err)
	t.Cleanup(db.Close)
	return db
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// refused fails the test unless PostgreSQL says insufficient_privilege (42501).
func refused(t *testing.T, db interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}, sql string) {
	t.Helper()
	_, err := db.Exec(t.Context(), sql)
	var pg *pgconn.PgError
	if !errors.As(err, &pg) || pg.Code != "42501" {
		t.Errorf("%s: %v, want 42501", sql, err)
	}
}

func text(t *testing.T, db *postgres.DB, sql string) (s string) {
	t.Helper()
	must(t, db.Pool.QueryRow(t.Context(), sql).Scan(&s))
	return s
}

const allTables = `SELECT c.oid, c.relname, c.relispartition FROM pg_class c
	WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')`

// What the server may do is listed by table, so that one a later migration makes is decided on, not forgotten.
func TestTheServerChangesNeitherSchemaNorEvidence(t *testing.T) {
	t.Parallel()
	db := open(t, postgres.Options{MaxConns: 2})
	if who := text(t, db, "SELECT current_user"); who != postgres.AppRole {
		t.Fatalf("the server acts as %s", who)
	}
	for _, evidence := range []string{"audit_logs", "prescriptions", "audit_logs_default",
		text(t, db, `SELECT inhrelid::regclass::text FROM pg_inherits
		WHERE inhparent = 'audit_logs'::regclass AND inhrelid <> 'audit_logs_default'::regclass LIMIT 1`)} {
		for _, sql := range []string{"UPDATE % SET id = id", "DELETE FROM %", "TRUNCATE %", "TRUNCATE % CASCADE",
			"ALTER TABLE % DISABLE TRIGGER ALL", "ALTER TABLE % DISABLE TRIGGER USER",
			"ALTER TABLE % ADD COLUMN x int", "DROP TABLE %", "CREATE RULE r AS ON INSERT TO % DO INSTEAD NOTHING",
			"SELECT FROM % FOR UPDATE"} {
			refused(t, db.Pool, strings.Replace(sql, "%", evidence, 1))
		}
	}
	for _, sql := range []string{"CREATE TABLE mine (n int)", "ALTER TABLE users ADD COLUMN x int",
		"DROP TABLE sessions", "TRUNCATE users CASCADE", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
		"DROP FUNCTION refuse_change() CASCADE", "ALTER FUNCTION make_partitions RESET ALL",
		"CREATE INDEX ON users (created_at)", "DROP INDEX users_role_idx", "SET session_replication_role = replica",
		"CREATE ROLE other", "CREATE SCHEMA other",
		"INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, true)", "DELETE FROM goose_db_version",
		"DELETE FROM river_migration", "SELECT make_partition('audit_logs', 'x', '1990-01-01', '1990-02-01')",
		"GRANT UPDATE ON audit_logs TO PUBLIC"} {
		if strings.HasPrefix(sql, "GRANT") { // PostgreSQL only warns of a grant that gives nothing
			_, _ = db.Pool.Exec(t.Context(), sql)
			refused(t, db.Pool, "UPDATE audit_logs SET id = id")
			continue
		}
		refused(t, db.Pool, sql)
	}
	rows, err := db.Pool.Query(t.Context(), `SELECT relname, relispartition, concat_ws(' ',
		CASE WHEN has_table_privilege(oid, 'SELECT') THEN 'select' END, CASE WHEN has_table_privilege(oid,
		'INSERT') THEN 'insert' END, CASE WHEN has_table_privilege(oid, 'UPDATE') THEN 'update' END,
		CASE WHEN has_table_privilege(oid, 'DELETE') THEN 'delete' END, CASE WHEN has_table_privilege(oid,
		'TRUNCATE, REFERENCES, TRIGGER') THEN 'more' END)
		FROM (`+allTables+`) t`)
	must(t, err)
	var table, rights string
	var partition bool
	tables := 0
	_, err = pgx.ForEachRow(rows, []any{&table, &partition, &rights}, func() error {
		tables++
		want := "select insert update delete"
		switch {
		case partition:
			want = ""
		case table == "audit_logs" || table == "prescriptions":
			want = "select insert"
		case table == "goose_db_version" || table == "river_migration":
			want = "select"
		}
		if rights != want {
			t.Errorf("%s: the server may %q, want %q", table, rights, want)
		}
		return nil
	})
	must(t, err)
	if tables < 25 {
		t.Errorf("only %d tables were looked at", tables)
	}
}

// What must never be readable to an analyst, by column.
var closed = []string{"doctors.search", "doctors.registration_number", "doctors.approval_reason", "doctors.bio",
	"doctors.clinic_name", "payments.transaction_reference", "users.email", "users.password_hash",
	"users.email_verification_token", "users.password_reset_token", "users.mfa_secret", "profiles.full_name",
	"profiles.phone", "profiles.phone_index", "profiles.address", "profiles.date_of_birth", "consultations.reason",
	"consultations.notes", "consultations.cancellation_reason", "prescriptions.medications", "prescriptions.advice",
	"data_keys.wrapped", "master_key.sealed", "master_key.root", "session_tokens.hash", "sessions.ip_address",
	"recovery_codes.hash", "tickets.hash", "tickets.data", "idempotency_keys.response_body", "mails.content",
	"mailbox_messages.content", "payment_attempts.checkout_url", "exports.archive", "exports.sha256", "refunds.reason",
	"audit_logs.metadata", "audit_logs.ip_address", "river_job.args"}

func TestTheReaderSeesFiguresOnly(t *testing.T) {
	t.Parallel()
	db := open(t, postgres.Options{MaxConns: 1, Owner: true})
	admin := adminOf(t, db)
	_, err := admin.Exec(t.Context(), "SET ROLE amrutam_reader")
	must(t, err)
	for _, sql := range []string{"SELECT status, count(*) FROM consultations GROUP BY 1",
		"SELECT sum(amount), currency FROM payments GROUP BY 2", "SELECT role, count(*) FROM users GROUP BY 1",
		"SELECT specialization, avg(rating) FROM doctors GROUP BY 1",
		"SELECT status, sum(seats_taken) FROM availability_slots GROUP BY 1",
		"SELECT count(*) FROM seats WHERE NOT isempty(during)", "SELECT action, count(*) FROM audit_logs GROUP BY 1",
		"SELECT kind, count(*) FROM mails GROUP BY 1", "SELECT count(*) FROM refunds WHERE status = 'SUCCEEDED'"} {
		if _, err := admin.Exec(t.Context(), sql); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
	for _, column := range closed {
		table, name, _ := strings.Cut(column, ".")
		refused(t, admin, "SELECT "+name+" FROM "+table)
	}
	for _, sql := range []string{"SELECT * FROM users", "SELECT * FROM consultations",
		"SELECT * FROM consultations_default", "UPDATE users SET role = 'ADMIN'",
		"INSERT INTO audit_logs DEFAULT VALUES", "DELETE FROM payments", "TRUNCATE payments CASCADE",
		"CREATE TABLE mine (n int)", "SELECT make_partitions(now(), 1, 1)",
		"SELECT drop_expired_keys(now())"} {
		refused(t, admin, sql)
	}
	// Nothing sealed is open by an oversight: whatever bytea there is, now and later.
	var open []string
	must(t, admin.QueryRow(t.Context(), `SELECT coalesce(array_agg(format('%I.%I', relname, attname)), '{}') FROM (`+
		allTables+`) t JOIN pg_attribute a ON a.attrelid = t.oid
		WHERE attnum > 0 AND NOT attisdropped AND atttypid = 'bytea'::regtype
			AND has_column_privilege('amrutam_reader', t.oid, attnum, 'SELECT')`).Scan(&open))
	if len(open) > 0 {
		t.Errorf("the reader sees %v", open)
	}
}

// adminOf is a superuser's session on the same database, who can become any role.
func adminOf(t *testing.T, db *postgres.DB) *pgx.Conn {
	t.Helper()
	cfg := db.Pool.Config().ConnConfig.Copy()
	cfg.User = cluster.SuperuserRole
	conn, err := pgx.ConnectConfig(t.Context(), cfg)
	must(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// The upkeep's DDL is done for the server by functions of the owner's, and what they make is closed like its parent.
func TestUpkeepUnderTheServersRole(t *testing.T) {
	t.Parallel()
	db := open(t, postgres.Options{MaxConns: 2})
	rows, err := db.Pool.Query(t.Context(), "SELECT make_partitions(now() + interval '40 months', 1, 1)")
	must(t, err)
	late, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(t, err)
	if len(late) > 0 {
		t.Fatalf("partitions that could not be made: %v", late)
	}
	in := time.Now().UTC().AddDate(0, 40, 1-time.Now().UTC().Day())
	for table, verb := range map[string]string{"audit_logs_" + in.Format("2006_01"): "DELETE FROM ",
		"consultations_" + in.Format("2006_01"): "DELETE FROM "} {
		if owner := text(t, db, "SELECT relowner::regrole::text FROM pg_class WHERE relname = '"+table+
			"'"); owner != cluster.OwnerRole {
			t.Errorf("%s belongs to %s", table, owner)
		}
		refused(t, db.Pool, verb+table)
		refused(t, db.Pool, "TRUNCATE "+table)
	}
	const days = "SELECT count(*)::text FROM pg_inherits WHERE inhparent = 'idempotency_keys'::regclass"
	_, err = db.Pool.Exec(t.Context(), "SELECT drop_expired_keys(now() + interval '50 months')")
	must(t, err)
	if left := text(t, db, days); left != "1" {
		t.Errorf("%s partitions of idempotency keys are left, want the default one", left)
	}
	// A caller's own objects can't stand in for what the functions use.
	_, err = db.Pool.Exec(t.Context(), `CREATE TEMP TABLE idempotency_keys_default (expires_at timestamptz)`)
	must(t, err)
	_, err = db.Pool.Exec(t.Context(), "SELECT drop_expired_keys(now())")
	must(t, err)
}

// boundToNow: with the owner's rights a login that isn't the owner makes what is needed soon, and drops nothing that
// lives.
func boundToNow(t *testing.T, server *postgres.DB) {
	t.Helper()
	for _, arguments := range []string{"now() + interval '2 days', 1, 1", "now() - interval '1 year', 1, 1",
		"now(), 1000, 1", "now(), 1, 1000", "NULL, 1, 1", "now(), NULL, 1"} {
		if _, err := server.Pool.Exec(t.Context(), "SELECT make_partitions("+arguments+")"); err == nil {
			t.Errorf("make_partitions(%s) is done", arguments)
		}
	}
	const days = "SELECT count(*)::text FROM pg_inherits WHERE inhparent = 'idempotency_keys'::regclass"
	_, err := server.Pool.Exec(t.Context(), "SELECT make_partitions(now(), 3, 3)")
	must(t, err)
	before := text(t, server, days)
	_, err = server.Pool.Exec(t.Context(), "SELECT drop_expired_keys(now() + interval '10 years')")
	must(t, err)
	if after := text(t, server, days); after != before {
		t.Errorf("%s of %s days with live keys are left", after, before)
	}
}

// Each on a cluster of its own: roles belong to all of its databases.
func TestRolesOfAnOrdinaryLogin(t *testing.T) {
	t.Parallel()
	c, err := cluster.Start(t.Context(), cluster.Options{DataDir: filepath.Join(t.TempDir(), "data"),
		Logger: slog.New(slog.DiscardHandler), Settings: map[string]string{"fsync": "off"}})
	must(t, err)
	t.Cleanup(func() { _ = c.Stop(context.Background()) })
	admin, err := pgx.Connect(t.Context(), c.AdminDSN("postgres"))
	must(t, err)
	t.Cleanup(func() { _ = admin.Close(context.Background()) })
	for _, sql := range []string{"DROP ROLE amrutam_app", "DROP ROLE amrutam_reader",
		"CREATE ROLE maker LOGIN CREATEROLE", "CREATE ROLE plain LOGIN", "CREATE ROLE server LOGIN",
		"CREATE DATABASE plain OWNER plain", "CREATE DATABASE one OWNER maker", "CREATE DATABASE two OWNER maker"} {
		_, err := admin.Exec(t.Context(), sql)
		must(t, err)
	}
	address := func(user, database string) string {
		u, err := url.Parse(c.AdminDSN(database))
		must(t, err)
		u.User = url.User(user)
		return u.String()
	}

	// Nobody may make the roles: the refusal says what an administrator has to run.
	err = testdb.Migrate(t.Context(), address("plain", "plain"))
	if err == nil || !strings.Contains(postgres.Describe(err),
		"CREATE ROLE amrutam_app NOLOGIN; CREATE ROLE amrutam_reader NOLOGIN; GRANT amrutam_app TO plain;") {
		t.Errorf("a login that may not make roles: %v", err)
	}

	// Two databases of a cluster at once, and each twice at once.
	var all sync.WaitGroup
	for _, database := range []string{"one", "two", "one", "two"} {
		all.Go(func() {
			if err := testdb.Migrate(context.Background(), address("maker", database)); err != nil {
				t.Errorf("%s: %v", database, err)
			}
		})
	}
	all.Wait()
	must(t, testdb.Migrate(t.Context(), address("maker", "one")))
	for _, database := range []string{"one", "two"} {
		must(t, openAt(t, address("maker", database), postgres.Options{}).Ready(t.Context()))
	}

	// A login of its own for the server: refused by name until it is a member, and then it can't become anybody else.
	if err := openAt(t, address("server", "one"), postgres.Options{}).Ready(t.Context()); !errors.Is(err,
		postgres.ErrRole) {
		t.Errorf("a login that is no member: %v", err)
	}
	for _, sql := range []string{"GRANT amrutam_app TO server", "GRANT amrutam_app TO plain"} {
		_, err = admin.Exec(t.Context(), sql)
		must(t, err)
	}
	must(t, testdb.Migrate(t.Context(), address("plain", "plain")))
	must(t, openAt(t, address("plain", "plain"), postgres.Options{}).Ready(t.Context()))
	server := openAt(t, address("server", "one"), postgres.Options{MaxConns: 1})
	must(t, server.Ready(t.Context()))
	refused(t, server.Pool, "SET ROLE maker")
	boundToNow(t, server)
	for _, sql := range []string{"RESET ROLE", "SET ROLE NONE"} {
		_, err := server.Pool.Exec(t.Context(), sql)
		must(t, err)
		refused(t, server.Pool, "DELETE FROM audit_logs")
		refused(t, server.Pool, "CREATE TABLE mine (n int)")
	}
	// It may start on a schema that is there, not make one.
	must(t, testdb.Migrate(t.Context(), address("server", "one")))
	_, err = admin.Exec(t.Context(), "CREATE DATABASE three OWNER maker")
	must(t, err)
	if err := testdb.Migrate(t.Context(), address("server", "three")); err == nil {
		t.Error("a login that owns nothing made the schema")
	}
}

func TestResetRoleStaysTheServers(t *testing.T) {
	t.Parallel()
	db := open(t, postgres.Options{MaxConns: 1})
	_, err := db.Pool.Exec(t.Context(), "RESET ROLE")
	must(t, err)
	if who := text(t, db, "SELECT current_user"); who != postgres.AppRole {
		t.Errorf("after RESET ROLE the server is %s", who)
	}
}
