package jobs

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"amrutam/internal/postgres"
)

// MostCounted is where CountKinds ends to count the jobs of a state: a table that is full must not make it slow.
const MostCounted = 2000

// KindCount counts the jobs of a kind that are in a state.
type KindCount struct {
	Kind, State string
	Count       int
	// OldestSeconds is how long the oldest of them has been due, in the state available; else 0.
	OldestSeconds float64
	// Failed is when one failed last, and Failure how: the class of an error, whose text could hold personal data.
	// They are nil in states without failures.
	Failed  *time.Time
	Failure *string
}

// The classes of failures.
const (
	FailurePanic    = "PANIC"
	FailureTimeout  = "TIMEOUT"
	FailureDatabase = "DATABASE"
	FailureNetwork  = "NETWORK"
	FailureOther    = "OTHER"
)

// CountKinds counts the jobs of all servers that wait, run, or have failed, by state and kind. It counts at most
// MostCounted jobs of a state.
func CountKinds(ctx context.Context, db postgres.Querier) ([]KindCount, error) {
	rows, err := db.Query(ctx, `SELECT j.kind, s.state::text AS state, count(*)::int AS count,
			CASE WHEN s.state = 'available' THEN greatest(extract(epoch FROM now() - min(j.scheduled_at)), 0)
				ELSE 0 END::float8 AS oldest_seconds,
			max(j.attempted_at) FILTER (WHERE j.failure IS NOT NULL) AS failed,
			(array_agg(j.failure ORDER BY j.attempted_at DESC) FILTER (WHERE j.failure IS NOT NULL))[1] AS failure
		FROM unnest($1::river_job_state[]) s(state), LATERAL (
			SELECT r.kind, r.scheduled_at, r.attempted_at, CASE
				WHEN s.state NOT IN ('retryable', 'discarded') THEN NULL
				WHEN e.last->>'trace' <> '' THEN 'PANIC'
				WHEN e.last->>'error' ~* 'deadline exceeded|timeout|timed out' THEN 'TIMEOUT'
				WHEN e.last->>'error' ~ 'SQLSTATE|failed to connect' THEN 'DATABASE'
				WHEN e.last->>'error' ~ 'dial tcp|connection refused|connection reset|no such host|EOF' THEN 'NETWORK'
				ELSE 'OTHER' END AS failure
			FROM river_job r, LATERAL (SELECT to_jsonb(r.errors[array_upper(r.errors, 1)]) AS last) e
			WHERE r.state = s.state LIMIT $2) j
		GROUP BY s.state, j.kind ORDER BY s.state, j.kind`, states, MostCounted)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByName[KindCount])
}
