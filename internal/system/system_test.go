package system_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
)

func read(c *apptest.Clinic) *apptest.Answer { return c.Get(c.Admin(), "admin/system").Want(200) }

func warnings(a *apptest.Answer) string {
	all, _ := a.At("warnings").([]any)
	var names []string
	for _, w := range all {
		if name, ok := w.(string); ok {
			names = append(names, name)
		}
	}
	return strings.Join(names, " ")
}

// TestStateOfHealthySystem tests that a system at rest needs nobody.
func TestStateOfHealthySystem(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	a := read(c)
	if found := warnings(a); found != "" {
		t.Errorf("warnings of a new clinic: %s", found)
	}
	for field, want := range map[string]any{"version.program": "unknown", "jobs.givenUp": 0.0, "backup": nil,
		"restoreMode": nil} {
		if got := a.At(strings.Split(field, ".")...); got != want {
			t.Errorf("%s is %v, want %v", field, got, want)
		}
	}
	if tables, _ := a.At("partitions").([]any); len(tables) != 3 {
		t.Errorf("partitions: %v", tables)
	}
	for _, user := range []apptest.User{c.Support(), c.Doctor("0.00"), c.Patient()} {
		c.Get(user, "admin/system").Want(403)
	}
}

// failedJob adds a job that failed so. Its kind is nobody's, so that no server runs it.
func failedJob(c *apptest.Clinic, kind, state, message, trace string, ago time.Duration) {
	finalized := "NULL"
	if state == "discarded" {
		finalized = "now()"
	}
	c.Exec(`INSERT INTO river_job (args, kind, queue, state, attempt, max_attempts, priority, attempted_at,
			scheduled_at, finalized_at, errors)
		VALUES ('{}', $1, 'nobody', $2::text::river_job_state, 1, 3, 1, now() - $5 * interval '1 second',
			now() + interval '1 day', `+finalized+`,
			ARRAY[jsonb_build_object('at', now(), 'attempt', 1, 'error', $3::text, 'trace', $4::text)])`,
		kind, state, message, trace, ago.Seconds())
}

// TestStateNamesFailures tests that failed jobs are told by their kind and the class of the last failure, and that no
// text of an error is.
func TestStateNamesFailures(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	const private = "Asha Rao <asha@example.org>"
	failedJob(c, "a.lost", "discarded", private+": no such host", "", time.Minute)
	failedJob(c, "a.lost", "retryable", private+" ERROR: deadlock detected (SQLSTATE 40P01)", "", time.Hour)
	failedJob(c, "b.slow", "retryable", private+": context deadline exceeded", "", 0)
	failedJob(c, "c.broken", "retryable", private, "goroutine 7", 0)
	failedJob(c, "d.odd", "discarded", private, "", 0)
	a := read(c)
	if strings.Contains(string(a.Body), "Asha") || strings.Contains(string(a.Body), "example.org") {
		t.Errorf("the answer has the text of an error: %s", a.Body)
	}
	got := map[string]any{}
	kinds, _ := a.At("jobs", "kinds").([]any)
	for _, k := range kinds {
		if kind, ok := k.(map[string]any); ok {
			got[kind["kind"].(string)] = kind["lastFailure"] //nolint:errcheck // a kind is a text
		}
	}
	for kind, want := range map[string]string{"a.lost": "NETWORK", "b.slow": "TIMEOUT", "c.broken": "PANIC",
		"d.odd": "OTHER"} {
		if got[kind] != want {
			t.Errorf("%s: %v, want %s", kind, got[kind], want)
		}
	}
	if a.At("jobs", "givenUp") != 2.0 || a.At("jobs", "retrying") != 3.0 ||
		!strings.Contains(warnings(a), "AmrutamJobsFailing") {
		t.Errorf("%v, warnings %s", a.At("jobs"), warnings(a))
	}
}

// TestStateWarns tests each warning that the tables of a clinic can cause.
func TestStateWarns(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	if err := c.App.Queue.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := func(warning string) {
		t.Helper()
		if found := warnings(read(c)); !strings.Contains(found, warning) {
			t.Errorf("%s is missing: %q", warning, found)
		}
	}
	c.Exec(`INSERT INTO river_job (args, kind, queue, state, max_attempts, priority, scheduled_at)
		VALUES ('{}', 'a.late', 'nobody', 'available', 3, 1, now() - interval '10 minutes')`)
	want("AmrutamQueueBehind")
	c.Exec(`INSERT INTO mails (id, kind, message_id, content, created_at) VALUES ($1, 'verify', 'm', 'sealed', $2)`,
		uuid.New(), c.Clock.Now().Add(-time.Hour))
	want("AmrutamMailsDelayed")
	if a := read(c); a.At("mails", "waiting") != 1.0 {
		t.Errorf("mails: %v", a.At("mails"))
	}
	c.Exec("UPDATE rollup_state SET complete_until = $1", c.Clock.Now().Add(-time.Hour))
	want("AmrutamRollupsLate")
	c.Clock.Advance(20 * time.Minute)
	want("AmrutamAuditUnsealed")
	c.Clock.Advance(200 * 24 * time.Hour)
	want("AmrutamPartitionsMissing")
	c.Exec("UPDATE restore_mode SET is_on = true, reason = 'a test'")
	if a := read(c); warnings(a) != "AmrutamRestoreMode" || a.At("restoreMode") == nil {
		t.Errorf("in the restore mode: %s", a.Body)
	}
}
