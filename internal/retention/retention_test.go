package retention_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"amrutam/internal/account"
	"amrutam/internal/apptest"
	"amrutam/internal/jobs"
	"amrutam/internal/postgres"
	"amrutam/internal/retention"
)

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// scene is a clinic whose clock stands still, with what rows refer to.
type scene struct {
	*apptest.Clinic
	user, session, doctor uuid.UUID
}

func newScene(t *testing.T) scene {
	t.Helper()
	c := apptest.Open(t)
	c.Clock.Freeze()
	s := scene{c, c.Patient().ID, uuid.New(), c.Doctor("500.00").ID}
	c.Exec(`INSERT INTO sessions (id, user_id, user_agent, ip_address, created_at, last_used_at, expires_at)
		VALUES ($1, $2, '', '', $3, $3, $4)`, s.session, s.user, c.DB.Now(), c.DB.Now().Add(time.Hour))
	return s
}

// run runs a job to its end.
func (s scene) run(t *testing.T, args jobs.Args) {
	t.Helper()
	must(t, s.DB.Write(t.Context(), func(tx *postgres.Tx) error {
		return s.App.Queue.Insert(t.Context(), tx, args)
	}))
	last := s.Count("SELECT max(id) FROM river_job WHERE kind = $1", args.Kind())
	s.Await("ran "+args.Kind(), func() bool {
		return s.Count("SELECT count(*) FROM river_job WHERE kind = $1 AND id <= $2 AND state <> 'completed'",
			args.Kind(), last) == 0
	})
}

// withoutJobs stops the server's own jobs, and returns a service with other limits.
func (s scene) withoutJobs(t *testing.T, batch, most int) *retention.Service {
	t.Helper()
	must(t, s.App.Queue.Stop(t.Context()))
	service := retention.New(s.App.DB, s.App.Retention.Rules)
	service.BatchRows, service.MostRows = batch, most
	return service
}

// status returns the state of one rule.
func (s scene) status(t *testing.T, rule string) retention.Status {
	t.Helper()
	all, err := s.App.Retention.ReadStatus(t.Context())
	must(t, err)
	i := slices.IndexFunc(all, func(s retention.Status) bool { return s.Name == rule })
	return all[i]
}

// addUser creates a user with columns of its own.
func (s scene) addUser(set string, at time.Time) {
	id := uuid.New()
	s.Exec(`INSERT INTO users (id, email, password_hash, role, is_email_verified, created_at, updated_at)
		VALUES ($1::uuid, $1::uuid || '@example.org', 'hash', 'PATIENT', true, $2, $2)`, id, s.DB.Now())
	s.Exec("UPDATE users SET "+set+" WHERE id = $2", at, id)
}

// insert has for each rule a function that creates a row whose Since is that time.
var insert = map[string]func(s scene, at time.Time){
	"idempotency-keys": func(s scene, at time.Time) {
		s.Exec("SELECT make_partitions($1, 0, 0)", at)
		s.Exec(`INSERT INTO idempotency_keys (id, key, user_id, method, path, request_hash, status_code, entity_type,
			entity_id, created_at, expires_at)
			VALUES ($1::uuid, $1::uuid::text, $2, 'POST', '/', '', 204, '', $1::uuid, $3, $3)`,
			uuid.New(), s.user, at)
	},
	"audit-exports": func(s scene, at time.Time) {
		s.Exec(`INSERT INTO audit_exports (id, requested_by, format, filter, created_at, expires_at)
			VALUES ($1, $2, 'CSV', '{}', $3, $3)`, uuid.New(), s.user, at)
	},
	"session-tokens": func(s scene, at time.Time) {
		s.Exec(`INSERT INTO session_tokens (hash, session_id, kind, created_at, expires_at)
			VALUES (uuid_send($1), $2, 'ACCESS', $3, $3)`, uuid.New(), s.session, at)
	},
	"ended-sessions": func(s scene, at time.Time) {
		s.Exec(`INSERT INTO sessions (id, user_id, user_agent, ip_address, created_at, last_used_at, expires_at,
			ended_at) VALUES ($1, $2, '', '', $3, $3, $4, $3)`, uuid.New(), s.user, at, s.DB.Now())
	},
	"sessions": func(s scene, at time.Time) {
		s.Exec(`INSERT INTO sessions (id, user_id, user_agent, ip_address, created_at, last_used_at, expires_at)
			VALUES ($1, $2, '', '', $3, $3, $3)`, uuid.New(), s.user, at)
	},
	"unverified-sign-ups": func(s scene, at time.Time) {
		s.addUser("created_at = $1, is_email_verified = false", at)
	},
	"tickets": func(s scene, at time.Time) {
		s.Exec(`INSERT INTO tickets (hash, kind, user_id, created_at, expires_at)
			VALUES (uuid_send($1), 'MFA', $2, $3, $3)`, uuid.New(), s.user, at)
	},
	"password-reset-tokens": func(s scene, at time.Time) {
		s.addUser("password_reset_expiry = $1, password_reset_token = uuid_send(id)", at)
	},
	"verification-tokens": func(s scene, at time.Time) {
		s.addUser("email_verification_expiry = $1, email_verification_token = uuid_send(id)", at)
	},
	"mail-contents": func(s scene, at time.Time) {
		s.Exec(`INSERT INTO mails (id, kind, message_id, content, created_at) VALUES ($1, 'booked', '', 'sealed', $2)`,
			uuid.New(), at)
	},
	"mails": func(s scene, at time.Time) {
		s.Exec(`INSERT INTO mails (id, user_id, kind, message_id, created_at, sent_at)
			VALUES ($1, $2, 'booked', '', $3, $3)`, uuid.New(), s.user, at)
	},
	"mailbox": func(s scene, at time.Time) {
		s.Exec(`INSERT INTO mailbox_messages (id, message_id, recipient_index, content, created_at)
			VALUES ($1::uuid, $1::uuid::text, '', '', $2)`, uuid.New(), at)
	},
	"attempts": func(s scene, at time.Time) {
		s.Exec("INSERT INTO attempts (key, failures, locked_until, updated_at) VALUES (uuid_send($1), 1, $2, $2)",
			uuid.New(), at)
	},
	"export-archives": func(s scene, at time.Time) {
		s.Exec(`INSERT INTO exports (id, user_id, status, requested_at, ready_at, expires_at, size, sha256, archive)
			VALUES ($1, $2, 'READY', $3, $3, $4, 1, '', 'sealed')`, uuid.New(), s.user, s.DB.Now(), at)
	},
	"exports": func(s scene, at time.Time) {
		s.Exec("INSERT INTO exports (id, user_id, status, requested_at) VALUES ($1, $2, 'EXPIRED', $3)",
			uuid.New(), s.user, at)
	},
	"payment-webhooks": func(s scene, at time.Time) {
		s.Exec(`INSERT INTO payment_webhooks (provider, webhook_id, type, transaction_reference, outcome, received_at)
			VALUES ('stub', $1, 'payment.failed', '', 'taken', $2)`, uuid.NewString(), at)
	},
	"optional-consents": func(s scene, at time.Time) {
		for _, purpose := range []string{"MESSAGES", "TREATMENT"} { // the second stays
			s.Exec(`INSERT INTO consents (id, user_id, purpose, notice_version, language, channel, given_at,
				withdrawn_at) VALUES ($1, $2, $3, 1, 'en', 'API', $4, $4)`, uuid.New(), s.user, purpose, at)
		}
	},
	"open-transfers": func(s scene, at time.Time) {
		s.Exec(`WITH person AS (INSERT INTO users (id, email, password_hash, role, created_at, updated_at)
				VALUES ($1::uuid, $1::uuid || '@dependant.invalid', 'none', 'DEPENDANT', $3, $3) RETURNING id),
			dependant AS (INSERT INTO dependants (id, user_id, relation, created_at, updated_at)
				SELECT id, $2, 'CHILD', $3, $3 FROM person RETURNING id)
			INSERT INTO dependant_transfers (id, dependant_id, user_id, status, email, created_at)
			SELECT id, id, $2, 'OPEN', 'grown@example.org', $3 FROM dependant`, uuid.New(), s.user, at)
	},
	"reminders": func(s scene, at time.Time) {
		s.Exec(`INSERT INTO reminders (consultation_id, recipient_id, lead, scheduled_start, mail_id, created_at)
			VALUES ($1, $2, 3600, $3, $1, $3::timestamptz - interval '1 hour')`, uuid.New(), s.user, at)
	},
	"events": func(s scene, at time.Time) {
		s.Exec(`INSERT INTO events (user_id, type, payload, created_at) VALUES ($1, 'offer.changed', '{}', $2)`,
			s.user, at)
	},
	"calls": func(s scene, at time.Time) {
		s.Exec(`INSERT INTO call_sides (consultation_id, is_doctor, client_id, updated_at) VALUES ($1, true, $1, $2)`,
			uuid.New(), at)
	},
	"removed-slots": func(s scene, at time.Time) {
		s.Exec(`WITH rule AS (INSERT INTO availability_rules (id, doctor_id, rrule, start_minute, end_minute, timezone,
				slot_minutes, buffer_minutes, max_patients, valid_from, fill_at, created_at, updated_at)
			VALUES ($1, $2, 'FREQ=DAILY', 540, 600, 'UTC', 30, 0, 1, '2026-01-01', 'infinity', $3, $3) RETURNING id)
			INSERT INTO availability_removals (rule_id, start_time, end_time)
			SELECT id, $3::timestamptz - interval '30 minutes', $3 FROM rule`, uuid.New(), s.doctor, at)
	},
	"availability-exceptions": func(s scene, at time.Time) {
		s.Exec(`INSERT INTO availability_exceptions (id, doctor_id, kind, from_time, to_time, created_at)
			VALUES ($1, $2, 'LEAVE', $3::timestamptz - interval '1 minute', $3, $3)`, uuid.New(), s.doctor, at)
	},
	"waitlist": func(s scene, at time.Time) {
		s.Exec(`INSERT INTO waitlist_entries (id, patient_id, doctor_id, from_date, to_date, timezone, from_time,
				to_time, status, queued_at, created_at, updated_at)
			VALUES ($1, $2, $3, '2026-01-01', '2026-01-01', 'UTC', '2026-01-01', '2026-01-02', 'EXPIRED', $4, $4, $4)`,
			uuid.New(), s.Patient().ID, s.doctor, at)
	},
	"retention-runs": func(s scene, at time.Time) {
		s.Exec(`INSERT INTO retention_runs (rule, ran_at, removed, total)
			VALUES ('test', $1, 1, 1), ('test', $1::timestamptz + interval '1 hour', 0, 1)`, at)
	},
}

// TestEachRule checks for each rule that a row which is just young enough stays, that one which is older goes, and
// that the numbers before and after say so.
func TestEachRule(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.Await("ran the jobs of a start", func() bool {
		return s.Count(`SELECT count(DISTINCT kind) FROM river_job WHERE state = 'completed'
			AND kind IN ('retention.purge', 'partition.upkeep', 'user.expire-sign-ups')`) == 3
	})
	count := func(rule retention.Rule, at time.Time) (n int) {
		where := rule.Where
		if where == "" {
			where = "true"
		}
		must(t, s.DB.Pool.QueryRow(t.Context(), "SELECT count(*) FROM "+rule.Table+" WHERE "+rule.Since+
			" = @at AND "+where, pgx.NamedArgs{"at": at, "now": s.DB.Now()}).Scan(&n))
		return n
	}
	young, old := map[string]time.Time{}, map[string]time.Time{}
	overdue := map[string]time.Duration{}
	for _, rule := range s.App.Retention.Rules {
		due := s.DB.Now().Add(-rule.Keep)
		overdue[rule.Name] = time.Minute
		if rule.WholeDays {
			due = due.Truncate(24 * time.Hour)
			overdue[rule.Name] = s.DB.Now().Sub(due)
		}
		young[rule.Name], old[rule.Name] = due.Add(time.Minute), due.Add(-time.Minute)
		if insert[rule.Name] == nil {
			t.Fatalf("add a row of %s to this test", rule.Name)
		}
		insert[rule.Name](s, young[rule.Name])
		insert[rule.Name](s, old[rule.Name])
	}
	late, err := s.App.Retention.ReadOverdue(t.Context())
	must(t, err)
	before := map[string]int64{}
	for _, rule := range s.App.Retention.Rules {
		status := s.status(t, rule.Name)
		before[rule.Name] = status.Total
		if status.Due != 1 || status.NextRun != 1 || !status.Oldest.Equal(old[rule.Name]) ||
			late[rule.Name] != overdue[rule.Name] {
			t.Errorf("%s before: %d due, the oldest from %v, overdue for %s", rule.Name, status.Due, status.Oldest,
				late[rule.Name])
		}
	}
	s.run(t, retention.Purge{})
	s.run(t, jobs.Maintenance{})
	s.run(t, account.ExpireSignUps{})
	for _, rule := range s.App.Retention.Rules {
		if kept, left := count(rule, young[rule.Name]), count(rule, old[rule.Name]); kept != 1 || left != 0 {
			t.Errorf("%s: %d young and %d old rows are left, want 1 and 0", rule.Name, kept, left)
		}
		status := s.status(t, rule.Name)
		if status.Due != 0 || status.LastRun == nil || status.LastRun.Removed != 1 ||
			!status.LastRun.At.Equal(s.DB.Now()) || status.Total != before[rule.Name]+1 {
			t.Errorf("%s after: %+v, last run %+v", rule.Name, status, status.LastRun)
		}
	}
	if n := s.Count("SELECT count(*) FROM consents WHERE purpose = 'TREATMENT' AND withdrawn_at IS NOT NULL"); n != 2 {
		t.Errorf("%d of 2 withdrawn consents to treatment are left", n)
	}
	if n := s.Count("SELECT count(*) FROM mails WHERE failure = 'too-late' AND content IS NULL"); n != 1 {
		t.Errorf("%d mails were given up", n)
	}
}

// TestBacklog checks that a backlog goes in several runs, and that their numbers add up.
func TestBacklog(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	service := s.withoutJobs(t, 10, 25)
	s.addAttempts(60)
	for _, want := range []struct{ removed, left int64 }{{25, 35}, {25, 10}, {10, 0}, {0, 0}} {
		s.Clock.Advance(time.Hour)
		must(t, service.Purge(t.Context()))
		status := s.status(t, "attempts")
		if status.Due != want.left || status.LastRun.Removed != want.removed || status.Total != 60-want.left {
			t.Errorf("%d due, %d removed, %d in all, want %+v", status.Due, status.LastRun.Removed, status.Total, want)
		}
	}
}

func (s scene) addAttempts(n int) {
	s.Exec(`INSERT INTO attempts (key, failures, locked_until, updated_at)
		SELECT uuid_send(gen_random_uuid()), 1, $1, $1 FROM generate_series(1, $2)`, s.DB.Now().Add(-100*time.Hour), n)
}

// TestTwoServers checks that servers which purge at the same time remove each row once, and count it once.
func TestTwoServers(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	service := s.withoutJobs(t, 20, 10_000)
	s.addAttempts(1000)
	for _, err := range apptest.Concurrently(4, func(int) error { return service.Purge(context.Background()) }) {
		must(t, err)
	}
	status := s.status(t, "attempts")
	if n := s.Count("SELECT coalesce(sum(removed), 0) FROM retention_runs WHERE rule = 'attempts'"); n != 1000 ||
		status.Due != 0 || status.Total != 1000 {
		t.Errorf("%d removed, %d in all, %d due", n, status.Total, status.Due)
	}
}

// TestLockedRowsWait checks that rows which a request has locked are left to the next run.
func TestLockedRowsWait(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	service := s.withoutJobs(t, 1000, 1000)
	s.addAttempts(5)
	must(t, s.DB.Write(t.Context(), func(tx *postgres.Tx) error {
		if _, err := tx.Exec(t.Context(), "SELECT FROM attempts LIMIT 2 FOR UPDATE"); err != nil {
			return err
		}
		return service.Purge(t.Context())
	}))
	if n := s.status(t, "attempts").Due; n != 2 {
		t.Errorf("%d rows are left, want the 2 that were locked", n)
	}
	must(t, service.Purge(t.Context()))
	if n := s.status(t, "attempts").Due; n != 0 {
		t.Errorf("%d rows are left", n)
	}
}

// TestFailingRule checks that a rule that fails doesn't keep the others from being applied.
func TestFailingRule(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	service := s.withoutJobs(t, 1000, 1000)
	failure := errors.New("it fails")
	i := slices.IndexFunc(service.Rules, func(r retention.Rule) bool { return r.Name == "attempts" })
	broken := service.Rules[i]
	broken.Name = "broken"
	broken.Remove = func(context.Context, *postgres.Tx, time.Time, int) (int64, error) { return 0, failure }
	service.Rules = slices.Concat([]retention.Rule{broken}, service.Rules)
	s.addAttempts(5)
	if err := service.Purge(t.Context()); !errors.Is(err, failure) || !strings.Contains(err.Error(), "broken: ") {
		t.Errorf("the error %v", err)
	}
	if n := s.status(t, "attempts").Due; n != 0 {
		t.Errorf("%d rows are left", n)
	}
}

// TestDatabaseRefusesEarlyDeletionOfConsents checks that a server with a fault can't delete evidence.
func TestDatabaseRefusesEarlyDeletionOfConsents(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	for name, ended := range map[string]any{"standing": nil, "young": time.Now().AddDate(-3, 0, 1)} {
		id := uuid.New()
		s.Exec(`INSERT INTO consents (id, user_id, purpose, notice_version, language, channel, given_at, withdrawn_at)
			VALUES ($1, $2, 'MESSAGES', 1, 'en', 'API', now() - interval '4 years', $3)`, id, s.user, ended)
		_, err := s.App.DB.Pool.Exec(t.Context(), "DELETE FROM consents WHERE id = $1", id)
		if err == nil || !strings.Contains(err.Error(), "append-only") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
