package fault_test

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"amrutam/internal/postgres/cluster"
)

// startOperatorsPostgres starts a PostgreSQL as an operator sets it up: the role keeper needs a password, and outsider
// is refused.
func startOperatorsPostgres(t *testing.T) (c *cluster.Cluster, conn *pgx.Conn) {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	c = startPostgres(t, data)
	path := filepath.Join(data, "postgres", "pg_hba.conf")
	rules, err := os.ReadFile(path)
	must(t, err)
	rules = append([]byte("local all keeper scram-sha-256\nlocal all outsider reject\n"), rules...)
	must(t, os.WriteFile(path, rules, 0o600))
	conn, err = pgx.Connect(context.Background(), c.AdminDSN("postgres"))
	must(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	for _, sql := range []string{
		"CREATE ROLE keeper LOGIN PASSWORD 'right'", "SELECT pg_reload_conf()", "CREATE DATABASE guarded",
		"CREATE DATABASE latin OWNER amrutam TEMPLATE template0 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C'",
	} {
		_, err = conn.Exec(context.Background(), sql)
		must(t, err)
	}
	return c, conn
}

// TestDatabaseErrorsNameSetting checks that the error is one line that says which setting is wrong and why, without
// the password.
func TestDatabaseErrorsNameSetting(t *testing.T) {
	t.Parallel()
	c, _ := startOperatorsPostgres(t)
	as := func(user, password, database string) string {
		u, err := url.Parse(c.DSN(database))
		must(t, err)
		u.User = url.UserPassword(user, password)
		return u.String()
	}
	var lc net.ListenConfig
	free, err := lc.Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	must(t, free.Close())
	for name, refusal := range map[string]struct{ dsn, want string }{
		"password":    {as("keeper", "hunter2", "guarded"), "refused the user or the password"},
		"rules":       {as("outsider", "hunter2", "guarded"), "lets this user not in"},
		"no database": {as("amrutam", "hunter2", "nowhere"), "the database does not exist"},
		"no rights":   {as("keeper", "right", "guarded"), "let it own the database"},
		"encoding":    {as("amrutam", "hunter2", "latin"), "encoding is LATIN1, it must be UTF8"},
		"no server":   {"postgres://keeper:hunter2@" + free.Addr().String() + "/care", "is it running?"},
		"no socket":   {"postgres://keeper:hunter2@/care?host=" + url.QueryEscape(t.TempDir()), "is it running?"},
		"no host":     {"postgres://keeper:hunter2@nobody.invalid/care", "can't be looked up"},
		"no address":  {"postgres://keeper:hunter2@[care", "can't be read as an address"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			variables := []string{"DATABASE_URL=" + refusal.dsn, masterKeyVariable, "AMRUTAM_DATA_DIR=" + t.TempDir(),
				"AMRUTAM_LISTEN=127.0.0.1:0"}
			for _, arguments := range [][]string{{"serve"}, {"migrate"}} {
				out, err := runCommand(t, variables, "", arguments...)
				if err == nil || !strings.HasPrefix(out, "amrutam: error: DATABASE_URL: ") ||
					!strings.Contains(out, refusal.want) || strings.Count(out, "\n") != 1 {
					t.Errorf("%v: %v %s", arguments, err, out)
				}
				for _, secret := range []string{"hunter2", "keeper", "migrate:", "SQLSTATE"} {
					if strings.Contains(out, secret) {
						t.Errorf("the output of %v contains %s: %s", arguments, secret, out)
					}
				}
			}
		})
	}
}

// TestMigratePrintsResult also checks that a database is refused that a newer program has migrated.
func TestMigratePrintsResult(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	variables := []string{"AMRUTAM_DATA_DIR=" + data, "AMRUTAM_LISTEN=127.0.0.1:0"}
	first, err := runCommand(t, variables, "", "migrate")
	must(t, err)
	var version, applied, queue int
	_, err = fmt.Sscanf(lastLine(first), "schema at version %d, %d migrations applied, and %d of the job queue",
		&version, &applied, &queue)
	if err != nil || version < 5 || applied != version || queue == 0 {
		t.Fatalf("the first time: %q %v", first, err)
	}
	again, err := runCommand(t, variables, "", "migrate")
	must(t, err)
	if want := fmt.Sprintf("schema at version %d, nothing to do", version); lastLine(again) != want {
		t.Errorf("the second time: %q", again)
	}
	c := startPostgres(t, data)
	conn, err := pgx.Connect(context.Background(), c.DSN(cluster.Database))
	must(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	_, err = conn.Exec(context.Background(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES ($1, true)",
		version+2)
	must(t, err)
	want := fmt.Sprintf("the database is at version %d, this program knows %d: run the newer program\n",
		version+2, version)
	for _, arguments := range [][]string{
		{"serve"}, {"migrate"},
		{"admin", "create", "--email", "admin@example.org", "--name", "Test Admin"},
	} {
		out, err := runCommand(t, variables, password+"\n", arguments...)
		if err == nil || !strings.HasSuffix(out, want) || strings.Count(out, "\n") != 1 {
			t.Errorf("%v on a newer schema: %v %s", arguments, err, out)
		}
	}
}

// lastLine returns the last line, without the log before it.
func lastLine(out string) string {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	return lines[len(lines)-1]
}
