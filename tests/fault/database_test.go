package fault_test

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"

	"amrutam/internal/postgres/cluster"
)

// TestPrivatePostgreSQLKilled kills the private PostgreSQL under a server, which starts it again by itself.
func TestPrivatePostgreSQLKilled(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	s := serve(t, []string{"AMRUTAM_DATA_DIR=" + data, "AMRUTAM_LISTEN=127.0.0.1:0"}, "--demo")
	text, err := os.ReadFile(filepath.Join(data, "postgres", "postmaster.pid"))
	must(t, err)
	pid, err := strconv.Atoi(strings.SplitN(string(text), "\n", 2)[0])
	must(t, err)
	must(t, syscall.Kill(pid, syscall.SIGKILL))
	s.await("the database again", func() bool {
		now, err := os.ReadFile(filepath.Join(data, "postgres", "postmaster.pid"))
		return err == nil && !strings.HasPrefix(string(now), strconv.Itoa(pid)+"\n") && s.ready(200)()
	})
	s.await("the search", func() bool {
		a, err := s.ask("GET", "/api/v1/doctors", "", "", nil)
		return err == nil && a.status == 200
	})
	s.stop()
}

// TestDatabaseAwayAndBack stops a PostgreSQL of the operator's under a server.
func TestDatabaseAwayAndBack(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	start := func() *cluster.Cluster {
		c, err := cluster.Start(context.Background(),
			cluster.Options{DataDir: data, Logger: slog.New(slog.DiscardHandler)})
		must(t, err)
		t.Cleanup(func() { _ = c.Stop(context.Background()) })
		return c
	}
	c := start()
	s := serve(t, []string{"DATABASE_URL=" + c.DSN(cluster.Database), sealedWith, "AMRUTAM_DATA_DIR=" + t.TempDir(),
		"AMRUTAM_LISTEN=127.0.0.1:0"})
	s.await("readiness", s.ready(200))
	must(t, c.Stop(context.Background()))
	s.await("503", s.ready(503))
	for _, path := range []string{"/health/ready", "/api/v1/doctors"} {
		a, err := s.ask("GET", path, "", "", nil)
		must(t, err)
		if a.status != 503 || a.header.Get("Retry-After") == "" || a.text("requestId") == "" {
			t.Errorf("%s without a database: %d %v", path, a.status, a.body)
		}
	}
	s.want(200, "GET", "/health/live", "", "", nil)
	start()
	s.await("readiness again", s.ready(200))
	s.want(200, "GET", "/api/v1/doctors", "", "", nil)
	s.stop()
}

// TestGracefulStop: a request in flight finishes, readiness goes first.
func TestGracefulStop(t *testing.T) {
	t.Parallel()
	data := filepath.Join(t.TempDir(), "data")
	c, err := cluster.Start(context.Background(),
		cluster.Options{DataDir: data, Logger: slog.New(slog.DiscardHandler)})
	must(t, err)
	t.Cleanup(func() { _ = c.Stop(context.Background()) })
	variables := []string{"DATABASE_URL=" + c.DSN(cluster.Database), sealedWith, "AMRUTAM_DATA_DIR=" + t.TempDir(),
		"AMRUTAM_LISTEN=127.0.0.1:0", "AMRUTAM_DRAIN_FOR=2s"}
	s := serve(t, variables)
	_, err = run(t, variables, password+"\n", "admin", "create", "--email", "admin@example.org", "--name", "Ad Min")
	must(t, err)
	slot, patient := s.openSlots(1)[0], s.join("patient@example.org", "PATIENT")

	// The booking waits for the slot's row, which somebody holds.
	conn, err := pgx.Connect(context.Background(), c.AdminDSN(cluster.Database))
	must(t, err)
	defer func() { _ = conn.Close(context.Background()) }()
	hold, err := conn.Begin(context.Background())
	must(t, err)
	_, err = hold.Exec(context.Background(), "SELECT FROM availability_slots WHERE id = $1 FOR UPDATE", slot)
	must(t, err)
	type result struct {
		answer
		err error
	}
	booking := make(chan result, 1)
	go func() {
		a, err := s.ask("POST", "/api/v1/consultations", patient, "only", object{"slotId": slot, "reason": "Cough"})
		booking <- result{a, err}
	}()
	s.await("the booking to wait", func() bool {
		var waiting bool
		err := hold.QueryRow(context.Background(),
			"SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock')").Scan(&waiting)
		must(t, err)
		return waiting
	})
	must(t, s.cmd.Process.Signal(syscall.SIGTERM))
	s.await("readiness off", s.ready(503))
	must(t, hold.Rollback(context.Background()))
	got := <-booking
	must(t, got.err)
	if got.status != 201 {
		t.Errorf("the booking in flight: %d %v", got.status, got.body)
	}
	s.ended()
	if out, err := run(t, variables, "", "check"); err != nil {
		t.Errorf("check: %v\n%s", err, out)
	}
}

// TestTakenPort is told before a database is started.
func TestTakenPort(t *testing.T) {
	t.Parallel()
	s := serve(t, []string{"AMRUTAM_DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "AMRUTAM_LISTEN=127.0.0.1:0"})
	other := filepath.Join(t.TempDir(), "other")
	out, err := run(t, []string{"AMRUTAM_DATA_DIR=" + other, "AMRUTAM_LISTEN=" + s.addr}, "", "serve")
	if err == nil || !strings.Contains(out, s.addr+" is taken") || !strings.Contains(out, "set AMRUTAM_LISTEN to") {
		t.Errorf("a taken port: %v %s", err, out)
	}
	out, err = run(t, []string{"AMRUTAM_ENV=production", "AMRUTAM_METRICS_LISTEN=" + s.addr,
		"AMRUTAM_LISTEN=127.0.0.1:0", "AMRUTAM_DATA_DIR=" + other,
		"DATABASE_URL=postgres://127.0.0.1/none", "AMRUTAM_PUBLIC_URL=https://care.example",
		"AMRUTAM_SMTP_URL=smtp://127.0.0.1:9", sealedWith,
		"AMRUTAM_STUB_WEBHOOK_SECRET=whsec_yDB0rbiIhAOy0zhr77v3Xf3hpzIT1Nl9", "AMRUTAM_TRUSTED_PROXIES=none",
		"AMRUTAM_MAIL_FROM=Clinic <no-reply@clinic.example>"}, "", "serve")
	if err == nil || !strings.Contains(out, s.addr+" is taken") ||
		!strings.Contains(out, "set AMRUTAM_METRICS_LISTEN to") {
		t.Errorf("a taken port of the metrics: %v %s", err, out)
	}
	if _, err := os.Stat(filepath.Join(other, "postgres")); !os.IsNotExist(err) {
		t.Error("a database was made for a server that can't serve")
	}
	s.stop()
}
