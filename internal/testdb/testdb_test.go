package testdb

import (
	"bytes"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

// With these variables the test binary acts as another package whose tests use the same template.
const (
	peerFingerprint = "AMRUTAM_TESTDB_PEER"
	peerMigrations  = "AMRUTAM_TESTDB_PEER_MIGRATIONS"
)

func connect(t *testing.T, dsn string) *pgx.Conn {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), dsn)
	must(t, err)
	t.Cleanup(func() { _ = conn.Close(context.Background()) })
	return conn
}

func scan[T any](t *testing.T, dsn, sql string, args ...any) T {
	t.Helper()
	var v T
	must(t, connect(t, dsn).QueryRow(t.Context(), sql, args...).Scan(&v))
	return v
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func mustAdminDSN(t *testing.T) string {
	t.Helper()
	admin, err := adminDSN()
	must(t, err)
	return admin
}

// newFingerprint returns a fingerprint for one test and drops its template when the test ends.
func newFingerprint(t *testing.T) string {
	t.Helper()
	f := "t" + strings.ReplaceAll(uuid.NewString(), "-", "")[:12]
	t.Cleanup(func() {
		for _, name := range []string{"amrutam_tmpl_" + f, "amrutam_tmpl_" + f + "_new"} {
			if err := dropDatabase(context.Background(), mustAdminDSN(t), name); err != nil {
				t.Error(err)
			}
		}
	})
	return f
}

func migrate(ctx context.Context, dsn string) error {
	conn, err := pgx.Connect(ctx, dsn)
	if err != nil {
		return err
	}
	defer conn.Close(ctx)
	_, err = conn.Exec(ctx, "CREATE EXTENSION btree_gist; CREATE TABLE things (n int)")
	return err
}

func TestDatabasesAreSeparate(t *testing.T) {
	t.Parallel()
	f := newFingerprint(t)
	var migrations atomic.Int32
	counted := func(ctx context.Context, dsn string) error {
		migrations.Add(1)
		return migrate(ctx, dsn)
	}
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			dsn := New(t, counted, f)
			conn, err := pgx.Connect(t.Context(), dsn)
			if err != nil {
				t.Error(err)
				return
			}
			defer conn.Close(context.Background())
			var others int
			err = conn.QueryRow(t.Context(), "SELECT count(*) FROM things").Scan(&others)
			if err != nil || others != 0 {
				t.Errorf("%d rows of other tests, %v", others, err)
			}
			if _, err := conn.Exec(t.Context(), "INSERT INTO things VALUES (1)"); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := migrations.Load(); n != 1 {
		t.Errorf("%d migrations", n)
	}
	user := scan[string](t, New(t, counted, f), "SELECT current_user || ' ' || current_setting('is_superuser')")
	if user != "amrutam off" {
		t.Errorf("tests run as %s", user)
	}
}

func TestDatabaseIsDroppedAtEnd(t *testing.T) {
	t.Parallel()
	f := newFingerprint(t)
	var name string
	t.Run("inner", func(t *testing.T) {
		dsn := New(t, migrate, f)
		name = scan[string](t, dsn, "SELECT current_database()")
		leaked, err := pgx.Connect(context.Background(), dsn)
		must(t, err)
		_ = leaked
	})
	if scan[bool](t, mustAdminDSN(t), "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", name) {
		t.Errorf("%s was not dropped", name)
	}
}

func TestFailedMigrationLeavesNoTemplate(t *testing.T) {
	t.Parallel()
	f := newFingerprint(t)
	template := "amrutam_tmpl_" + f
	conn := connect(t, mustAdminDSN(t))
	broken := errors.New("broken")
	err := ensureTemplate(t.Context(), conn, mustAdminDSN(t), template, func(ctx context.Context, dsn string) error {
		return errors.Join(migrate(ctx, dsn), broken)
	})
	if !errors.Is(err, broken) {
		t.Fatalf("got %v", err)
	}
	if scan[bool](t, mustAdminDSN(t), "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)", template) {
		t.Error("a failed migration left a template")
	}
	// A migration that was killed leaves the draft, perhaps with an open connection.
	draft, err := ownerDSN(mustAdminDSN(t), template+"_new")
	must(t, err)
	connect(t, draft)
	if n := scan[int](t, New(t, migrate, f), "SELECT count(*) FROM things"); n != 0 {
		t.Errorf("%d rows", n)
	}
}

// TestNewWaitsForTemplateInUse: the connections of migrate need a moment to end; cloning must not fail until then.
func TestNewWaitsForTemplateInUse(t *testing.T) {
	t.Parallel()
	lingering := make(chan struct{})
	dsn := New(t, func(ctx context.Context, dsn string) error {
		conn, err := pgx.Connect(ctx, dsn)
		if err != nil {
			return err
		}
		if err := migrate(ctx, dsn); err != nil {
			return err
		}
		go func() {
			defer close(lingering)
			_, _ = conn.Exec(context.Background(), "SELECT pg_sleep(0.3)")
			_ = conn.Close(context.Background())
		}()
		return nil
	}, newFingerprint(t))
	<-lingering
	if n := scan[int](t, dsn, "SELECT count(*) FROM things"); n != 0 {
		t.Errorf("%d rows", n)
	}
}

func TestPackagesShareTemplate(t *testing.T) {
	t.Parallel()
	if f := os.Getenv(peerFingerprint); f != "" {
		dsn := New(t, func(ctx context.Context, dsn string) error {
			log, err := os.OpenFile(os.Getenv(peerMigrations), os.O_APPEND|os.O_WRONLY|os.O_CREATE, 0o600)
			if err != nil {
				return err
			}
			defer log.Close()
			if _, err := log.WriteString("migrated\n"); err != nil {
				return err
			}
			return migrate(ctx, dsn)
		}, f)
		scan[int](t, dsn, "SELECT count(*) FROM things")
		return
	}
	log, f := filepath.Join(t.TempDir(), "migrations"), newFingerprint(t)
	admin := mustAdminDSN(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			cmd := exec.Command(os.Args[0], "-test.run=^TestPackagesShareTemplate$")
			cmd.Env = append(os.Environ(), Variable+"="+admin, peerFingerprint+"="+f, peerMigrations+"="+log)
			if out, err := cmd.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, out)
			}
		})
	}
	wg.Wait()
	text, err := os.ReadFile(log)
	must(t, err)
	if n := bytes.Count(text, []byte("\n")); n != 1 {
		t.Errorf("%d migrations", n)
	}
}

func TestStartThrowaway(t *testing.T) {
	t.Parallel()
	c, remove, err := StartThrowaway(t.Context())
	must(t, err)
	dir := scan[string](t, c.AdminDSN("postgres"), "SELECT current_setting('data_directory')")
	if fsync := scan[string](t, c.AdminDSN("postgres"), "SELECT current_setting('fsync')"); fsync != "off" {
		t.Errorf("fsync is %s", fsync)
	}
	must(t, remove())
	awaitRemoved(t, filepath.Dir(dir))
}

// awaitRemoved waits until the folder is removed.
func awaitRemoved(t *testing.T, dir string) {
	t.Helper()
	timeout := time.After(30 * time.Second)
	for {
		if _, err := os.Stat(dir); errors.Is(err, os.ErrNotExist) {
			return
		}
		select {
		case <-timeout:
			t.Fatalf("%s was not removed", dir)
		case <-time.After(10 * time.Millisecond):
		}
	}
}
