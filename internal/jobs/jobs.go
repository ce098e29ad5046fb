// Package jobs runs background work with River, in PostgreSQL. A job is inserted in the transaction of what causes it,
// and runs at least once, so its effect must be the same if it runs twice.
package jobs

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/riverqueue/river"

	"amrutam/internal/postgres"
	"amrutam/internal/telemetry"
)

const (
	// jobTimeout limits one run. If the server is killed, its jobs run again rescueAfter after they started.
	jobTimeout  = 30 * time.Second
	rescueAfter = 90 * time.Second
	workerCount = 8
)

// Args are the arguments of a job. They hold no personal data, because River stores them in plain text.
type Args = river.JobArgs

// Queue inserts and runs jobs.
type Queue struct {
	db      *postgres.DB
	metrics *telemetry.Metrics
	log     *slog.Logger
	workers *river.Workers
	client  *river.Client[pgx.Tx]
	driver  *driver
}

// New returns a queue that can insert jobs. It runs them after Start.
func New(db *postgres.DB, log *slog.Logger, metrics *telemetry.Metrics) (*Queue, error) {
	d, err := newDriver(db.Pool)
	if err != nil {
		return nil, err
	}
	q := &Queue{db: db, metrics: metrics, log: log, workers: river.NewWorkers(), driver: d}
	client, err := river.NewClient(d, &river.Config{
		Logger:               warningsOnly(log),
		Queues:               map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: workerCount}},
		Workers:              q.workers,
		JobTimeout:           jobTimeout,
		RescueStuckJobsAfter: rescueAfter,
		// Reindexing needs the owner of the tables, which the server is not.
		ReindexerSchedule: river.NeverSchedule(),
		// River would log the text of errors and panics, which could hold personal data.
		ErrorHandler: q,
	})
	if err != nil {
		return nil, fmt.Errorf("prepare the job queue: %w", err)
	}
	q.client = client
	return q, nil
}

// Impatient arguments limit how long a failed job waits until it is tried again; zero is no limit. The jobs are tried
// until they succeed, so they must succeed once they are of no use any more.
type Impatient interface{ MaxWait() time.Duration }

// impatientAttempts is as good as no limit.
const impatientAttempts = 10_000

// Insert adds a job to the transaction.
func (q *Queue) Insert(ctx context.Context, tx *postgres.Tx, args Args) error {
	var options *river.InsertOpts
	if maxWait(args) > 0 {
		options = &river.InsertOpts{MaxAttempts: impatientAttempts}
	}
	_, err := q.client.InsertTx(ctx, tx.River(), args, options)
	return err
}

func maxWait(args Args) time.Duration {
	if limited, ok := args.(Impatient); ok {
		return limited.MaxWait()
	}
	return 0
}

// InsertAfter adds to the transaction a job that runs no earlier than wait from now.
func (q *Queue) InsertAfter(ctx context.Context, tx *postgres.Tx, args Args, wait time.Duration) error {
	if wait <= 0 {
		return q.Insert(ctx, tx, args)
	}
	at := time.Now().Add(wait) //nolint:forbidigo // River compares with real time, not with the app's clock
	_, err := q.client.InsertTx(ctx, tx.River(), args, &river.InsertOpts{ScheduledAt: at})
	return err
}

// Work registers a function for jobs of one kind. The function runs in one transaction, like an httpapi.Command.
func Work[A Args](q *Queue, do func(ctx context.Context, tx *postgres.Tx, args A) error) {
	Handle(q, func(ctx context.Context, args A) error {
		return q.db.Write(ctx, func(tx *postgres.Tx) error { return do(ctx, tx, args) })
	})
}

// Handle registers a function for jobs that need the network. The function begins its own, short transactions.
func Handle[A Args](q *Queue, do func(ctx context.Context, args A) error) {
	HandleWithin(q, jobTimeout, do)
}

// HandleWithin is Handle for jobs with a timeout of their own.
func HandleWithin[A Args](q *Queue, timeout time.Duration, do func(ctx context.Context, args A) error) {
	work := func(ctx context.Context, job *river.Job[A]) error {
		err := do(ctx, job.Args)
		outcome := "done"
		if err != nil {
			outcome = "failed"
			level := slog.LevelError
			if postgres.Busy(err) { // the retry will most likely succeed
				level = slog.LevelWarn
			}
			q.log.Log(ctx, level, "job failed", "kind", job.Kind, "jobId", job.ID, "attempt", job.Attempt,
				"error", postgres.Describe(err))
		}
		q.metrics.Jobs.WithLabelValues(job.Kind, outcome).Inc()
		return err
	}
	river.AddWorker(q.workers, &worker[A]{timeout: timeout, work: work})
}

// worker runs one kind of job.
type worker[A Args] struct {
	river.WorkerDefaults[A]
	timeout time.Duration
	work    func(ctx context.Context, job *river.Job[A]) error
}

// Work runs a job.
func (w *worker[A]) Work(ctx context.Context, job *river.Job[A]) error { return w.work(ctx, job) }

// Timeout returns the limit of one run.
func (w *worker[A]) Timeout(*river.Job[A]) time.Duration { return w.timeout }

// NextRetry returns when a failed job runs again. River's own policy applies if it is zero.
func (w *worker[A]) NextRetry(job *river.Job[A]) time.Time {
	limit := maxWait(job.Args)
	if limit == 0 {
		return time.Time{}
	}
	wait := limit
	if n := job.Attempt; n < 10 {
		wait = min(time.Duration(n*n*n*n)*time.Second, limit)
	}
	return time.Now().Add(wait) //nolint:forbidigo // River compares with real time, not with the app's clock
}

// Every inserts a job at each interval, and once at the start. If several servers run, only one of them inserts it. A
// failed one is tried again if the next one is far.
func (q *Queue) Every(interval time.Duration, args Args) {
	q.client.PeriodicJobs().Add(river.NewPeriodicJob(river.PeriodicInterval(interval),
		func() (river.JobArgs, *river.InsertOpts) {
			return args, &river.InsertOpts{MaxAttempts: attempts(interval),
				UniqueOpts: river.UniqueOpts{ByPeriod: max(interval/2, time.Second)}}
		}, &river.PeriodicJobOpts{RunOnStart: true}))
}

// attempts returns how often a job is tried that is inserted at each interval. Four tries take about two minutes.
func attempts(interval time.Duration) int {
	if interval < 10*time.Minute {
		return 1
	}
	return 4
}

// Nightly inserts a job once a night. Every ten minutes one of the servers calls args, which returns the job, or nil
// by day. The job's arguments must name the night, so that a second job of the same night is refused.
func (q *Queue) Nightly(args func() Args) {
	q.client.PeriodicJobs().Add(river.NewPeriodicJob(river.PeriodicInterval(10*time.Minute),
		func() (river.JobArgs, *river.InsertOpts) {
			return args(), &river.InsertOpts{MaxAttempts: 4, UniqueOpts: river.UniqueOpts{ByArgs: true}}
		}, &river.PeriodicJobOpts{RunOnStart: true}))
}

// Start begins to run jobs; also again, after Pause.
func (q *Queue) Start(ctx context.Context) error {
	// Only Stop ends the work, not the end of ctx.
	return q.client.Start(context.WithoutCancel(ctx))
}

// Pause is Stop, after which Start may be called again.
func (q *Queue) Pause(ctx context.Context) error {
	if err := q.client.Stop(ctx); err == nil {
		return nil
	}
	cancelCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	return q.client.StopAndCancel(cancelCtx)
}

// Stop prevents new jobs and waits for the running ones. When ctx ends, it cancels them, and they run again later.
// Returns an error if they don't end within three seconds after that.
func (q *Queue) Stop(ctx context.Context) error {
	defer q.driver.listenerPool.Close()
	return q.Pause(ctx)
}
