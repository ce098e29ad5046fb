package fault_test

import (
	"context"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"amrutam/internal/postgres/cluster"
	"amrutam/internal/testdb"
)

// TestServerRestartsKilledPostgreSQL kills the private PostgreSQL under a server, which starts it again by itself.
func TestServerRestartsKilledPostgreSQL(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	s := startServer(t, []string{"AMRUTAM_DATA_DIR=" + data, "AMRUTAM_LISTEN=127.0.0.1:0"}, "--demo")
	text, err := os.ReadFile(filepath.Join(data, "postgres", "postmaster.pid"))
	must(t, err)
	pid, err := strconv.Atoi(strings.SplitN(string(text), "\n", 2)[0])
	must(t, err)
	must(t, syscall.Kill(pid, syscall.SIGKILL))
	s.waitFor("a new PostgreSQL", func() bool {
		text, err := os.ReadFile(filepath.Join(data, "postgres", "postmaster.pid"))
		return err == nil && !strings.HasPrefix(string(text), strconv.Itoa(pid)+"\n") && s.readyStatusIs(200)()
	})
	s.waitFor("a response of the search", func() bool {
		a, err := s.request("GET", "/api/v1/doctors", "", "", nil)
		return err == nil && a.status == 200
	})
	s.stop()
}

// TestServerSurvivesDatabaseRestart stops and starts the PostgreSQL of DATABASE_URL while a server uses it.
func TestServerSurvivesDatabaseRestart(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	c := startPostgres(t, data)
	s := startServer(t, []string{
		"DATABASE_URL=" + c.DSN(cluster.Database),
		masterKeyVariable,
		"AMRUTAM_DATA_DIR=" + t.TempDir(),
		"AMRUTAM_LISTEN=127.0.0.1:0",
	})
	s.waitFor("readiness", s.readyStatusIs(200))
	must(t, c.Stop(context.Background()))
	s.waitFor("the status 503", s.readyStatusIs(503))
	for _, path := range []string{"/health/ready", "/api/v1/doctors"} {
		a, err := s.request("GET", path, "", "", nil)
		must(t, err)
		if a.status != 503 || a.header.Get("Retry-After") == "" || a.text("requestId") == "" {
			t.Errorf("%s without a database: %d %v", path, a.status, a.body)
		}
	}
	s.expect(200, "GET", "/health/live", "", "", nil)
	startPostgres(t, data)
	s.waitFor("readiness after the restart", s.readyStatusIs(200))
	s.expect(200, "GET", "/api/v1/doctors", "", "", nil)
	s.stop()
}

// TestGracefulStop checks that a stopping server is not ready any more, and finishes a request in progress.
func TestGracefulStop(t *testing.T) {
	t.Parallel()
	dsn := newDatabase(t)
	variables := []string{
		"DATABASE_URL=" + dsn,
		masterKeyVariable,
		"AMRUTAM_DATA_DIR=" + t.TempDir(),
		"AMRUTAM_LISTEN=127.0.0.1:0",
		"AMRUTAM_DRAIN_FOR=2s",
	}
	s := startServer(t, variables)
	createAdmin(t, variables)
	slot, patient := s.openSlots(1)[0], s.signUpAndSignIn("patient@example.org", "PATIENT")

	// The booking waits for the slot's row, which this transaction locks.
	conn, err := pgx.Connect(context.Background(), testdb.SuperuserDSN(t, dsn))
	must(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	lockTx, err := conn.Begin(context.Background())
	must(t, err)
	_, err = lockTx.Exec(context.Background(), "SELECT FROM availability_slots WHERE id = $1 FOR UPDATE", slot)
	must(t, err)
	type result struct {
		response
		err error
	}
	booked := make(chan result, 1)
	go func() {
		body := object{"slotId": slot, "reason": "Cough"}
		r, err := s.request("POST", "/api/v1/consultations", patient, "only", body)
		booked <- result{r, err}
	}()
	s.waitFor("the booking to wait", func() bool {
		var waiting bool
		err := lockTx.QueryRow(context.Background(),
			`SELECT EXISTS (SELECT FROM pg_stat_activity
				WHERE wait_event_type = 'Lock' AND datname = current_database())`).Scan(&waiting)
		must(t, err)
		return waiting
	})
	must(t, s.cmd.Process.Signal(syscall.SIGTERM))
	s.waitFor("readiness off", s.readyStatusIs(503))
	must(t, lockTx.Rollback(context.Background()))
	got := <-booked
	must(t, got.err)
	if got.status != 201 {
		t.Errorf("the booking in progress: %d %v", got.status, got.body)
	}
	s.awaitExit()
	if out, err := runCommand(t, variables, "", "check"); err != nil {
		t.Errorf("check: %v\n%s", err, out)
	}
}

// TestServeRefusesTakenPort checks that a taken port is reported before a database is started.
func TestServeRefusesTakenPort(t *testing.T) {
	t.Parallel()
	s := startServer(t, []string{
		"AMRUTAM_DATA_DIR=" + filepath.Join(t.TempDir(), "data"),
		"AMRUTAM_LISTEN=127.0.0.1:0",
	})
	other := filepath.Join(t.TempDir(), "other")
	out, err := runCommand(t, []string{"AMRUTAM_DATA_DIR=" + other, "AMRUTAM_LISTEN=" + s.addr}, "", "serve")
	if err == nil || !strings.Contains(out, s.addr+" is taken") || !strings.Contains(out, "set AMRUTAM_LISTEN to") {
		t.Errorf("a taken port: %v %s", err, out)
	}
	out, err = runCommand(t, []string{
		"AMRUTAM_ENV=production",
		"AMRUTAM_METRICS_LISTEN=" + s.addr,
		"AMRUTAM_LISTEN=127.0.0.1:0",
		"AMRUTAM_DATA_DIR=" + other,
		"DATABASE_URL=postgres://127.0.0.1/none",
		"AMRUTAM_PUBLIC_URL=https://care.example",
		"AMRUTAM_SMTP_URL=smtp://127.0.0.1:9",
		masterKeyVariable,
		webhookSecret,
		"AMRUTAM_TRUSTED_PROXIES=none",
		"AMRUTAM_MAIL_FROM=Clinic <no-reply@clinic.example>",
	}, "", "serve")
	if err == nil || !strings.Contains(out, s.addr+" is taken") ||
		!strings.Contains(out, "set AMRUTAM_METRICS_LISTEN to") {
		t.Errorf("a taken port of the metrics: %v %s", err, out)
	}
	if _, err := os.Stat(filepath.Join(other, "postgres")); !os.IsNotExist(err) {
		t.Error("a database was created for a server that can't start")
	}
	s.stop()
}
