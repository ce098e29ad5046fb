package jobs

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"amrutam/internal/postgres"
	"amrutam/internal/telemetry"
)

// states are the states that Backlog counts. A state without jobs gets 0. River deletes completed jobs after a day.
var states = []string{"available", "running", "retryable", "scheduled", "discarded"}

// Backlog counts the jobs of all servers.
func (q *Queue) Backlog(ctx context.Context) (telemetry.Backlog, error) {
	backlog := telemetry.Backlog{Jobs: map[string]int{}}
	for _, state := range states {
		backlog.Jobs[state] = 0
	}
	err := q.db.Read(ctx, func(r *postgres.Read) error {
		rows, err := r.Query(ctx, `SELECT state::text AS state, count(*) AS jobs,
				CASE WHEN state = 'available' THEN greatest(extract(epoch FROM now() - min(scheduled_at)), 0)
					ELSE 0 END::float8 AS oldest_seconds
			FROM river_job WHERE state = ANY ($1::river_job_state[]) GROUP BY state`, states)
		if err != nil {
			return err
		}
		counts, err := pgx.CollectRows(rows, pgx.RowToStructByName[struct {
			State         string
			Jobs          int
			OldestSeconds float64
		}])
		for _, c := range counts {
			backlog.Jobs[c.State] = c.Jobs
			backlog.Oldest = max(backlog.Oldest, time.Duration(c.OldestSeconds*float64(time.Second)))
		}
		return err
	})
	return backlog, err
}

// DueJobs counts the jobs of one kind that are due.
type DueJobs struct {
	Kind  string
	Count int
	Since time.Time // the oldest's due time
}

// CountDueJobs counts the jobs that a server would run first, such as the mails of a restored copy. It leaves out
// periodic jobs.
func CountDueJobs(ctx context.Context, db *postgres.DB) (all []DueJobs, err error) {
	err = db.Read(ctx, func(r *postgres.Read) error {
		rows, err := r.Query(ctx, `SELECT kind, count(*) AS count, min(scheduled_at) AS since FROM river_job
			WHERE state IN ('available', 'pending', 'running', 'retryable', 'scheduled') AND scheduled_at <= now()
			AND NOT metadata ? 'periodic'
			GROUP BY kind ORDER BY kind`)
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(rows, pgx.RowToStructByName[DueJobs])
		return err
	})
	return all, err
}
