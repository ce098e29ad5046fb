package app_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"amrutam/internal/app"
	"amrutam/internal/apptest"
	"amrutam/internal/jobs"
)

// metric returns the value of a series as Prometheus reads it, or "".
func metric(c *apptest.Clinic, series string) string {
	answer := httptest.NewRecorder()
	promhttp.HandlerFor(c.App.Metrics.Registry, promhttp.HandlerOpts{}).ServeHTTP(answer,
		httptest.NewRequestWithContext(context.Background(), "GET", "/metrics", nil))
	for line := range strings.Lines(answer.Body.String()) {
		if value, found := strings.CutPrefix(line, series+" "); found {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// checkTime returns the metric with the time of the last check, "0" before the first.
func checkTime(c *apptest.Clinic) string {
	return metric(c, "amrutam_invariant_check_timestamp_seconds")
}

// TestNightlyCheckReportsViolations tests that a broken rule is in the log, in a metric and in every administrator's
// mailbox, without values of a row.
func TestNightlyCheckReportsViolations(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	admin, patient, doctor := c.Admin(), c.Patient(), c.Doctor("0.00")
	booked := c.Post(patient, "consultations",
		map[string]any{"slotId": c.Slot(doctor, 3*time.Hour, 1), "reason": "Cough"}).Want(201).Text("id")
	mails := func(email string) string {
		return fmt.Sprint(c.Get(apptest.User{}, "/dev/mailbox.json?to="+url.QueryEscape(email)).Want(200).Items())
	}
	check := func() {
		t.Helper()
		if err := c.App.RunNightlyCheck(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	check()
	if strings.Contains(c.Log.String(), "invariant broken") || checkTime(c) == "0" {
		t.Errorf("nothing is broken, checked at %s:\n%s", checkTime(c), c.Log)
	}
	if _, err := c.DB.Pool.Exec(t.Context(), "DELETE FROM seats WHERE consultation_id = $1", booked); err != nil {
		t.Fatal(err)
	}
	check()
	const rule = "live-holds-one-seat"
	if n := metric(c, `amrutam_invariant_broken{rule="`+rule+`"}`); n != "1" {
		t.Errorf("the metric says %q", n)
	}
	if log := c.Log.String(); !strings.Contains(log,
		`"level":"ERROR","msg":"invariant broken","rule":"`+rule+`","rows":1`) || strings.Contains(log, booked) {
		t.Errorf("the log: %s", log)
	}
	c.Await("a mail to the administrator", func() bool { return strings.Contains(mails(admin.Email), rule) })
	if strings.Contains(mails(patient.Email), rule) || strings.Contains(mails(admin.Email), booked) {
		t.Error("the mail holds an id, or a patient got it")
	}
}

// TestNightlyCheckRunsOnOneServer tests that a server doesn't check while another one does.
func TestNightlyCheckRunsOnOneServer(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	other, err := pgx.ConnectConfig(t.Context(), c.DB.Pool.Config().ConnConfig)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = other.Close(context.Background()) }()
	if _, err := other.Exec(t.Context(), "SELECT pg_advisory_lock(1634562659)"); err != nil { // "amrc"
		t.Fatal(err)
	}
	if err := c.App.RunNightlyCheck(t.Context()); err != nil || checkTime(c) != "0" {
		t.Errorf("checked while another server does: %v", err)
	}
	if _, err := other.Exec(t.Context(), "SELECT pg_advisory_unlock_all()"); err != nil {
		t.Fatal(err)
	}
	if err := c.App.RunNightlyCheck(t.Context()); err != nil || checkTime(c) == "0" {
		t.Errorf("not checked: %v", err)
	}
}

func TestNightOf(t *testing.T) {
	t.Parallel()
	for at, want := range map[string]string{
		"2031-03-01T20:59:59Z": "", "2031-03-01T21:00:00Z": "2031-03-01", "2031-03-01T23:59:00Z": "2031-03-01",
		"2031-03-02T02:59:00Z": "2031-03-01", "2031-03-02T03:00:00Z": "",
		"2031-03-02T02:30:00+05:30": "2031-03-01",
	} {
		now, err := time.Parse(time.RFC3339, at)
		if err != nil {
			t.Fatal(err)
		}
		if got := app.NightOf(now, 21); got != want {
			t.Errorf("%s: %q, want %q", at, got, want)
		}
	}
}

// TestQueueMetrics tests the metrics of waiting jobs, and that the other metrics work while the database is away.
func TestQueueMetrics(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	if err := c.App.Queue.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := c.DB.Pool.Exec(t.Context(), `INSERT INTO river_job (kind, args, state, max_attempts, scheduled_at,
		finalized_at)
		SELECT 'mail.send', '{}', state::river_job_state, 3, now() - interval '1 hour',
		CASE WHEN state = 'discarded' THEN now() END
		FROM unnest(ARRAY['available', 'available', 'retryable', 'discarded']) AS state`)
	if err != nil {
		t.Fatal(err)
	}
	for state, want := range map[string]string{"available": "2", "retryable": "1", "discarded": "1", "running": "0"} {
		if n := metric(c, `amrutam_queue_jobs{state="`+state+`"}`); n != want {
			t.Errorf("%s: %q, want %s", state, n, want)
		}
	}
	if waits := metric(c, "amrutam_queue_oldest_seconds"); !strings.HasPrefix(waits, "36") {
		t.Errorf("the oldest waits %q s", waits)
	}
	waiting, err := jobs.CountDueJobs(t.Context(), c.App.DB)
	if err != nil || len(waiting) != 1 || waiting[0].Kind != "mail.send" || waiting[0].Count != 3 {
		t.Errorf("waiting: %+v %v", waiting, err)
	}
	c.App.DB.Close() // away
	if n := metric(c, `amrutam_queue_jobs{state="running"}`); n != "" ||
		metric(c, "amrutam_http_requests_in_flight") == "" {
		t.Errorf("without a database: %q", n)
	}
}
