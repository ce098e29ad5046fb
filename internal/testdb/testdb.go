// Package testdb gives each test a database of its own, cloned from a migrated template in milliseconds.
package testdb

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"amrutam/internal/postgres"
	"amrutam/internal/postgres/cluster"
)

// Variable holds the superuser's URL of the cluster that serves all packages of a run; see the command in with.
const Variable = "AMRUTAM_TEST_POSTGRES"

// maintenance is that URL, or that of a cluster which this process starts when it is run without one.
var maintenance = sync.OnceValues(func() (string, error) {
	if dsn := os.Getenv(Variable); dsn != "" {
		return dsn, nil
	}
	c, _, err := Throwaway(context.Background()) // removed when this process ends
	if err != nil {
		return "", err
	}
	return c.AdminDSN("postgres"), nil
})

// Migrate makes the schema of this build, for URL.
func Migrate(ctx context.Context, dsn string) error {
	_, err := postgres.Upgrade(ctx, dsn)
	return err
}

// URL makes a database and gives its address for the role that owns it, cluster.Role. It is dropped when the test
// ends, whoever is still connected. fingerprint names the schema that migrate makes: one template serves all tests, of
// all packages, that name the same. It ends the test when there is no PostgreSQL.
func URL(t testing.TB, migrate func(ctx context.Context, dsn string) error, fingerprint string) string {
	t.Helper()
	ctx := t.Context()
	admin, err := maintenance()
	if err != nil {
		t.Fatalf("testdb: %v", err)
	}
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		t.Fatalf("testdb: %v", err)
	}
	defer conn.Close(context.WithoutCancel(ctx))
	template := "amrutam_tmpl_" + fingerprint
	if err := ensureTemplate(ctx, conn, admin, template, migrate); err != nil {
		t.Fatalf("testdb: make the template: %v", err)
	}
	name := "test_" + strings.ReplaceAll(uuid.NewString(), "-", "")
	dsn, err := asOwner(admin, name)
	if err != nil {
		t.Fatalf("testdb: %v", err)
	}
	t.Cleanup(func() {
		if err := drop(context.WithoutCancel(ctx), admin, name); err != nil {
			t.Errorf("testdb: drop the test's database: %v", err)
		}
	})
	// Measured in memory with this schema, eight at a time: 0.1 s by files, 0.25 s through the WAL, in spite of two
	// checkpoints.
	if err := whenUnused(ctx, conn, "CREATE DATABASE "+quote(name)+" TEMPLATE "+quote(template)+" OWNER "+cluster.Role+
		" STRATEGY file_copy"); err != nil {
		t.Fatalf("testdb: clone the template: %v", err)
	}
	return dsn
}

// Superuser is the superuser's address of the database that URL gave.
func Superuser(t testing.TB, dsn string) string {
	t.Helper()
	admin, err := maintenance()
	if err != nil {
		t.Fatalf("testdb: %v", err)
	}
	all, err := url.Parse(admin)
	if err != nil {
		t.Fatalf("testdb: %v", err)
	}
	one, err := url.Parse(dsn)
	if err != nil {
		t.Fatalf("testdb: %v", err)
	}
	all.Path = one.Path
	return all.String()
}

func drop(ctx context.Context, admin, name string) error {
	conn, err := pgx.Connect(ctx, admin)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, "DROP DATABASE IF EXISTS "+quote(name)+" WITH (FORCE)")
	return err
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

// asOwner is the address of another database of the same cluster, for its owner.
func asOwner(admin, database string) (string, error) {
	u, err := url.Parse(admin)
	if err != nil || (u.Scheme != "postgres" && u.Scheme != "postgresql") {
		return "", errors.New(Variable + " must be a URL: postgres://…")
	}
	u.User, u.Path = url.User(cluster.Role), "/"+database
	return u.String(), nil
}

// ensureTemplate migrates under another name, so that a migration which fails or is killed leaves no half template.
func ensureTemplate(ctx context.Context, conn *pgx.Conn, admin, template string,
	migrate func(context.Context, string) error) error {
	exists := func() (there bool, err error) {
		err = conn.QueryRow(ctx, "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", template).Scan(&there)
		return there, err
	}
	if there, err := exists(); there || err != nil {
		return err
	}
	// Of the packages that start at once one migrates. The session's end gives the lock back.
	if _, err := conn.Exec(ctx, "SELECT pg_advisory_lock(hashtext($1))", template); err != nil {
		return err
	}
	defer func() { _, _ = conn.Exec(ctx, "SELECT pg_advisory_unlock(hashtext($1))", template) }()
	if there, err := exists(); there || err != nil {
		return err
	}
	draft := template + "_new"
	dsn, err := asOwner(admin, draft)
	if err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "DROP DATABASE IF EXISTS "+quote(draft)+" WITH (FORCE)"); err != nil {
		return err
	}
	if _, err := conn.Exec(ctx, "CREATE DATABASE "+quote(draft)+" OWNER "+cluster.Role); err != nil {
		return err
	}
	if err := migrate(ctx, dsn); err != nil {
		return err
	}
	// A template that somebody is connected to can't be cloned: nobody, autovacuum included, may be.
	if _, err := conn.Exec(ctx, "ALTER DATABASE "+quote(draft)+" ALLOW_CONNECTIONS false"); err != nil {
		return err
	}
	return whenUnused(ctx, conn, "ALTER DATABASE "+quote(draft)+" RENAME TO "+quote(template))
}

// whenUnused tries again while a session is still leaving the database (55006 object_in_use): the server takes a
// moment to end one after its client has closed it.
func whenUnused(ctx context.Context, conn *pgx.Conn, statement string) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	for {
		_, err := conn.Exec(ctx, statement)
		var pg *pgconn.PgError
		if !errors.As(err, &pg) || pg.Code != "55006" {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("it stays in use: %w", err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
