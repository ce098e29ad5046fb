package jobs

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"amrutam/internal/postgres"
	"amrutam/internal/telemetry"
)

// states that Backlog counts, so that one without a job is 0 and not absent. River deletes what is completed after a
// day.
var states = []string{"available", "running", "retryable", "scheduled", "discarded"}

// Backlog counts the jobs of all servers.
func (q *Queue) Backlog(ctx context.Context) (telemetry.Backlog, error) {
	all := telemetry.Backlog{Jobs: map[string]int{}}
	for _, state := range states {
		all.Jobs[state] = 0
	}
	err := q.db.Read(ctx, func(r *postgres.Read) error {
		rows, err := r.Query(ctx, `SELECT state::text AS state, count(*) AS jobs, CASE WHEN state = 'available'
				THEN greatest(extract(epoch FROM now() - min(scheduled_at)), 0) ELSE 0 END::float8 AS waits
			FROM river_job WHERE state = ANY ($1::river_job_state[]) GROUP BY state`, states)
		if err != nil {
			return err
		}
		found, err := pgx.CollectRows(rows, pgx.RowToStructByName[struct {
			State string
			Jobs  int
			Waits float64
		}])
		for _, f := range found {
			all.Jobs[f.State] = f.Jobs
			all.Oldest = max(all.Oldest, time.Duration(f.Waits*float64(time.Second)))
		}
		return err
	})
	return all, err
}

// Waiting are the jobs of one kind that run as soon as a server does.
type Waiting struct {
	Kind  string
	Count int
	Since time.Time // the oldest's due time
}

// WaitingJobs tells what a server would do first, such as send the mails of a restored copy. Its own upkeep is left
// out.
func WaitingJobs(ctx context.Context, db *postgres.DB) (all []Waiting, err error) {
	err = db.Read(ctx, func(r *postgres.Read) error {
		rows, err := r.Query(ctx, `SELECT kind, count(*) AS count, min(scheduled_at) AS since FROM river_job
			WHERE state IN ('available', 'pending', 'running', 'retryable', 'scheduled') AND scheduled_at <= now()
			AND NOT metadata ? 'periodic'
			GROUP BY kind ORDER BY kind`)
		if err != nil {
			return err
		}
		all, err = pgx.CollectRows(rows, pgx.RowToStructByName[Waiting])
		return err
	})
	return all, err
}
