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

// wantRefused fails the test unless the statement fails with insufficient_privilege (42501).
func wantRefused(t *testing.T, db interface {
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

// TestAppRolePrivileges lists the server's rights on all tables, so a new table must be added here.
func TestAppRolePrivileges(t *testing.T) {
	t.Parallel()
	db := open(t, postgres.Options{MaxConns: 2})
	if role := text(t, db, "SELECT current_user"); role != postgres.AppRole {
		t.Fatalf("the server acts as %s", role)
	}
	partition := text(t, db, `SELECT inhrelid::regclass::text FROM pg_inherits
		WHERE inhparent = 'audit_logs'::regclass AND inhrelid <> 'audit_logs_default'::regclass LIMIT 1`)
	for _, evidence := range []string{"audit_logs", "prescriptions", "archived_prescriptions",
		"archived_consultations_old", "audit_logs_default", partition} {
		for _, sql := range []string{"UPDATE % SET id = id", "DELETE FROM %", "TRUNCATE %", "TRUNCATE % CASCADE",
			"ALTER TABLE % DISABLE TRIGGER ALL", "ALTER TABLE % DISABLE TRIGGER USER",
			"ALTER TABLE % ADD COLUMN x int", "DROP TABLE %", "CREATE RULE r AS ON INSERT TO % DO INSTEAD NOTHING",
			"SELECT FROM % FOR UPDATE"} {
			wantRefused(t, db.Pool, strings.Replace(sql, "%", evidence, 1))
		}
	}
	for _, sql := range []string{"CREATE TABLE mine (n int)", "ALTER TABLE users ADD COLUMN x int",
		"DROP TABLE sessions", "TRUNCATE users CASCADE", "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1'",
		"DROP FUNCTION refuse_change() CASCADE", "ALTER FUNCTION make_partitions RESET ALL",
		"CREATE INDEX ON users (created_at)", "DROP INDEX users_role_idx", "SET session_replication_role = replica",
		"CREATE ROLE other", "CREATE SCHEMA other",
		"INSERT INTO goose_db_version (version_id, is_applied) VALUES (99, true)", "DELETE FROM goose_db_version",
		"DELETE FROM river_migration", "SELECT make_partition('audit_logs', 'x', '1990-01-01', '1990-02-01')",
		"INSERT INTO audit_logs (id, action, entity_type, entity_id, created_at, xid) VALUES " +
			"(gen_random_uuid(), 'a.b', 'a', 'x', now(), '1')",
		"GRANT UPDATE ON audit_logs TO PUBLIC"} {
		if strings.HasPrefix(sql, "GRANT") { // PostgreSQL only warns about a grant without effect
			_, _ = db.Pool.Exec(t.Context(), sql)
			wantRefused(t, db.Pool, "UPDATE audit_logs SET id = id")
			continue
		}
		wantRefused(t, db.Pool, sql)
	}
	rows, err := db.Pool.Query(t.Context(), `SELECT relname, relispartition, concat_ws(' ',
		CASE WHEN has_table_privilege(oid, 'SELECT') THEN 'select' END,
		CASE WHEN has_table_privilege(oid, 'INSERT') THEN 'insert' END,
		CASE WHEN has_table_privilege(oid, 'UPDATE') THEN 'update' END,
		CASE WHEN has_table_privilege(oid, 'DELETE') THEN 'delete' END,
		CASE WHEN has_table_privilege(oid, 'TRUNCATE, REFERENCES, TRIGGER') THEN 'more' END)
		FROM (`+allTables+`) t`)
	must(t, err)
	var table, rights string
	var isPartition bool
	tables := 0
	_, err = pgx.ForEachRow(rows, []any{&table, &isPartition, &rights}, func() error {
		tables++
		want := "select insert update delete"
		switch {
		case isPartition:
			want = ""
		case table == "prescriptions" || table == "audit_checkpoints" || table == "audit_files" ||
			table == "audit_restores":
			want = "select insert"
		case table == "addenda":
			want = "select insert" // and released_at can be updated
		case table == "disputes":
			want = "select insert update"
		case strings.HasPrefix(table, "archived_"):
			want = "select" // and a few columns of archived_consultations can be updated
		case table == "audit_tiles" || table == "consultations" || table == "dependants":
			want = "select insert update"
		case table == "audit_tree" || table == "rollup_state" || table == "restore_mode":
			want = "select update"
		case table == "goose_db_version" || table == "river_migration" || table == "audit_logs":
			want = "select" // and the columns of audit_logs but xid can be inserted
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

// closedColumns are the columns that analysts must not read.
var closedColumns = []string{"doctors.search", "doctors.registration_number", "doctors.approval_reason",
	"doctors.bio", "doctors.clinic_name", "payments.transaction_reference", "users.email", "users.password_hash",
	"users.email_verification_token", "users.password_reset_token", "users.mfa_secret", "profiles.full_name",
	"profiles.phone", "profiles.phone_index", "profiles.address", "profiles.date_of_birth", "consultations.reason",
	"consultations.notes", "consultations.cancellation_reason", "prescriptions.medications", "prescriptions.advice",
	"data_keys.wrapped", "master_key.sealed", "master_key.root", "session_tokens.hash", "sessions.ip_address",
	"recovery_codes.hash", "tickets.hash", "tickets.data", "idempotency_keys.response_body", "mails.content",
	"calendar_feeds.secret_hash", "mailbox_messages.content", "payment_attempts.checkout_url", "exports.archive",
	"exports.sha256", "refunds.reason", "audit_logs.metadata", "audit_logs.ip_address", "audit_exports.filter",
	"audit_export_parts.data", "river_job.args", "reviews.text", "reviews.reply", "reviews.decision_reason",
	"reviews.patient_id", "addenda.text", "addenda.author_name", "disputes.reason", "disputes.decision_reason",
	"disputes.patient_id", "review_reports.reason", "review_reports.reporter_id"}

func TestReaderRolePrivileges(t *testing.T) {
	t.Parallel()
	db := open(t, postgres.Options{MaxConns: 1, Owner: true})
	admin := adminOf(t, db)
	_, err := admin.Exec(t.Context(), "SET ROLE amrutam_reader")
	must(t, err)
	for _, sql := range []string{"SELECT status, count(*) FROM consultations GROUP BY 1",
		"SELECT sum(amount), currency FROM payments GROUP BY 2", "SELECT role, count(*) FROM users GROUP BY 1",
		"SELECT specialization, avg(rating), sum(rating_count), max(rating_score) FROM doctors GROUP BY 1",
		"SELECT month, count(*) FROM reviews WHERE NOT is_false GROUP BY 1",
		"SELECT status, sum(seats_taken) FROM availability_slots GROUP BY 1",
		"SELECT count(*) FROM seats WHERE NOT isempty(during)", "SELECT action, count(*) FROM audit_logs GROUP BY 1",
		"SELECT kind, count(*) FROM mails GROUP BY 1", "SELECT count(*) FROM refunds WHERE status = 'SUCCEEDED'"} {
		if _, err := admin.Exec(t.Context(), sql); err != nil {
			t.Errorf("%s: %v", sql, err)
		}
	}
	for _, column := range closedColumns {
		table, name, _ := strings.Cut(column, ".")
		wantRefused(t, admin, "SELECT "+name+" FROM "+table)
	}
	for _, sql := range []string{"SELECT * FROM users", "SELECT * FROM consultations",
		"SELECT * FROM consultations_default", "UPDATE users SET role = 'ADMIN'",
		"INSERT INTO audit_logs DEFAULT VALUES", "DELETE FROM payments", "TRUNCATE payments CASCADE",
		"CREATE TABLE mine (n int)", "SELECT make_partitions(now(), 1, 1)",
		"SELECT drop_expired_keys(now())", "SELECT remove_expired_keys(now())"} {
		wantRefused(t, admin, sql)
	}
	// Sealed data is bytea, so the reader must see no column of that type.
	var open []string
	must(t, admin.QueryRow(t.Context(), `SELECT coalesce(array_agg(format('%I.%I', relname, attname)), '{}') FROM (`+
		allTables+`) t JOIN pg_attribute a ON a.attrelid = t.oid
		WHERE attnum > 0 AND NOT attisdropped AND atttypid = 'bytea'::regtype
			AND has_column_privilege('amrutam_reader', t.oid, attnum, 'SELECT')`).Scan(&open))
	if len(open) > 0 {
		t.Errorf("the reader sees %v", open)
	}
}

// adminOf opens a connection of a superuser, who can become any role, to the same database.
func adminOf(t *testing.T, db *postgres.DB) *pgx.Conn {
	t.Helper()
	cfg := db.Pool.Config().ConnConfig.Copy()
	cfg.User = cluster.SuperuserRole
	conn, err := pgx.ConnectConfig(t.Context(), cfg)
	must(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

// TestMaintenanceAsAppRole tests that the server maintains partitions by functions with the owner's rights, and that
// it has no rights on the new partitions.
func TestMaintenanceAsAppRole(t *testing.T) {
	t.Parallel()
	db := open(t, postgres.Options{MaxConns: 2})
	rows, err := db.Pool.Query(t.Context(), "SELECT make_partitions(now() + interval '40 months', 1, 1)")
	must(t, err)
	late, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(t, err)
	if len(late) > 0 {
		t.Fatalf("partitions that could not be made: %v", late)
	}
	now := time.Now().UTC()
	month := now.AddDate(0, 40, 1-now.Day()).Format("2006_01")
	for _, table := range []string{"audit_logs_" + month, "consultations_" + month} {
		owner := text(t, db, "SELECT relowner::regrole::text FROM pg_class WHERE relname = '"+table+"'")
		if owner != cluster.OwnerRole {
			t.Errorf("%s belongs to %s", table, owner)
		}
		wantRefused(t, db.Pool, "DELETE FROM "+table)
		wantRefused(t, db.Pool, "TRUNCATE "+table)
	}
	const days = "SELECT count(*)::text FROM pg_inherits WHERE inhparent = 'idempotency_keys'::regclass"
	_, err = db.Pool.Exec(t.Context(), "SELECT remove_expired_keys(now() + interval '50 months')")
	must(t, err)
	if left := text(t, db, days); left != "1" {
		t.Errorf("%s partitions of idempotency keys are left, want the default one", left)
	}
	// The functions use the real tables, and not temporary ones of the caller with the same names.
	_, err = db.Pool.Exec(t.Context(), `CREATE TEMP TABLE idempotency_keys_default (expires_at timestamptz)`)
	must(t, err)
	for _, name := range []string{"drop_expired_keys", "remove_expired_keys"} {
		_, err = db.Pool.Exec(t.Context(), "SELECT "+name+"(now())")
		must(t, err)
	}
}

// checkPartitionLimits checks that a login which isn't the owner can only make partitions of the near future and drops
// none with live rows, although the functions have the owner's rights.
func checkPartitionLimits(t *testing.T, server *postgres.DB) {
	t.Helper()
	for _, arguments := range []string{"now() + interval '2 days', 1, 1", "now() - interval '1 year', 1, 1",
		"now(), 1000, 1", "now(), 1, 1000", "NULL, 1, 1", "now(), NULL, 1"} {
		if _, err := server.Pool.Exec(t.Context(), "SELECT make_partitions("+arguments+")"); err == nil {
			t.Errorf("make_partitions(%s) was accepted", arguments)
		}
	}
	const days = "SELECT count(*)::text FROM pg_inherits WHERE inhparent = 'idempotency_keys'::regclass"
	_, err := server.Pool.Exec(t.Context(), "SELECT make_partitions(now(), 3, 3)")
	must(t, err)
	before := text(t, server, days)
	for _, name := range []string{"drop_expired_keys", "remove_expired_keys"} {
		_, err = server.Pool.Exec(t.Context(), "SELECT "+name+"(now() + interval '10 years')")
		must(t, err)
	}
	if after := text(t, server, days); after != before {
		t.Errorf("%s of %s days with live keys are left", after, before)
	}
}

// TestRolesWithOrdinaryLogins needs its own cluster, because roles belong to all databases of a cluster.
func TestRolesWithOrdinaryLogins(t *testing.T) {
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

	// A login that may not create roles gets an error that says what an administrator must run.
	err = testdb.Migrate(t.Context(), address("plain", "plain"))
	if err == nil || !strings.Contains(postgres.Describe(err),
		"CREATE ROLE amrutam_app NOLOGIN; CREATE ROLE amrutam_reader NOLOGIN; GRANT amrutam_app TO plain;") {
		t.Errorf("a login that may not make roles: %v", err)
	}

	// Two databases of a cluster are migrated at the same time, each by two processes.
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

	// A separate login for the server gets ErrRole until it is a member of the role, and can become no other role
	// then.
	err = openAt(t, address("server", "one"), postgres.Options{}).Ready(t.Context())
	if !errors.Is(err, postgres.ErrRole) {
		t.Errorf("a login that is not a member: %v", err)
	}
	for _, sql := range []string{"GRANT amrutam_app TO server", "GRANT amrutam_app TO plain"} {
		_, err = admin.Exec(t.Context(), sql)
		must(t, err)
	}
	must(t, testdb.Migrate(t.Context(), address("plain", "plain")))
	must(t, openAt(t, address("plain", "plain"), postgres.Options{}).Ready(t.Context()))
	server := openAt(t, address("server", "one"), postgres.Options{MaxConns: 1})
	must(t, server.Ready(t.Context()))
	wantRefused(t, server.Pool, "SET ROLE maker")
	checkPartitionLimits(t, server)
	checkArchiveLimits(t, server)
	for _, sql := range []string{"RESET ROLE", "SET ROLE NONE"} {
		_, err := server.Pool.Exec(t.Context(), sql)
		must(t, err)
		wantRefused(t, server.Pool, "DELETE FROM audit_logs")
		wantRefused(t, server.Pool, "CREATE TABLE mine (n int)")
	}
	// It may start on an existing schema, but not create one.
	must(t, testdb.Migrate(t.Context(), address("server", "one")))
	_, err = admin.Exec(t.Context(), "CREATE DATABASE three OWNER maker")
	must(t, err)
	if err := testdb.Migrate(t.Context(), address("server", "three")); err == nil {
		t.Error("a login that owns nothing made the schema")
	}
}

// checkArchiveLimits checks that a login that owns nothing can neither archive what is young, nor write to the
// archive, nor drop a month that may still be filled.
func checkArchiveLimits(t *testing.T, db *postgres.DB) {
	t.Helper()
	for _, arguments := range []string{"now(), ids.low, ids.high, 10",
		"now() - interval '89 days', ids.low, ids.high, 10",
		"now() - interval '91 days', ids.low, ids.high, 10001",
		"NULL, ids.low, ids.high, 10",
		"now() - interval '91 days', ids.low, ids.high, NULL"} {
		_, err := db.Pool.Exec(t.Context(), "SELECT archive_consultations("+arguments+`)
			FROM (SELECT uuid7_floor('epoch') AS low, uuid7_floor(now()) AS high) ids`)
		if err == nil || !strings.Contains(err.Error(), "22023") {
			t.Errorf("archive_consultations(%s): %v", arguments, err)
		}
	}
	for _, sql := range []string{"DELETE FROM consultations", "DELETE FROM prescriptions",
		"INSERT INTO archived_consultations SELECT * FROM consultations",
		"INSERT INTO archived_prescriptions SELECT * FROM prescriptions",
		"UPDATE archived_consultations SET status = 'CANCELLED'", "DELETE FROM archived_consultations",
		"UPDATE archived_prescriptions SET advice = NULL", "DELETE FROM archived_prescriptions"} {
		wantRefused(t, db.Pool, sql)
	}
	months := func() string {
		return text(t, db, "SELECT count(*)::text FROM pg_inherits WHERE inhparent = 'consultations'::regclass")
	}
	before := months()
	_, err := db.Pool.Exec(t.Context(), "SELECT drop_archived_month('2999-01-01')")
	must(t, err)
	if after := months(); after != before {
		t.Errorf("%s partitions are left of %s", after, before)
	}
}

func TestResetRoleKeepsAppRole(t *testing.T) {
	t.Parallel()
	db := open(t, postgres.Options{MaxConns: 1})
	_, err := db.Pool.Exec(t.Context(), "RESET ROLE")
	must(t, err)
	if role := text(t, db, "SELECT current_user"); role != postgres.AppRole {
		t.Errorf("after RESET ROLE the server is %s", role)
	}
}
