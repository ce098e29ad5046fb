// Package jobs runs background work on River, in PostgreSQL: a job is inserted in the transaction of what causes it,
// and runs at least once. Every effect must bear running twice.
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
	// jobTimeout bounds one run. A job whose server was killed is taken over rescueAfter it began.
	jobTimeout  = 30 * time.Second
	rescueAfter = 90 * time.Second
	workerCount = 8
)

// Args are a job's arguments: ids only, because River keeps them readable.
type Args = river.JobArgs

// Queue inserts jobs and works them.
type Queue struct {
	db      *postgres.DB
	metrics *telemetry.Metrics
	log     *slog.Logger
	workers *river.Workers
	client  *river.Client[pgx.Tx]
	driver  *driver
	// maintenance is what AddMaintenance added, in that order.
	maintenance []func(ctx context.Context, tx *postgres.Tx) error
}

// New makes a queue that can insert at once; Start makes it work.
func New(db *postgres.DB, log *slog.Logger, metrics *telemetry.Metrics) (*Queue, error) {
	d, err := newDriver(db.Pool)
	if err != nil {
		return nil, err
	}
	q := &Queue{db: db, metrics: metrics, log: log, workers: river.NewWorkers(), driver: d}
	client, err := river.NewClient(d, &river.Config{
		Logger:               quiet(log),
		Queues:               map[string]river.QueueConfig{river.QueueDefault: {MaxWorkers: workerCount}},
		Workers:              q.workers,
		JobTimeout:           jobTimeout,
		RescueStuckJobsAfter: rescueAfter,
		// It needs the owner of the tables, which the server is not.
		ReindexerSchedule: river.NeverSchedule(),
		// Args hold ids only, but an error's text could hold more than a log should.
		ErrorHandler: q,
	})
	if err != nil {
		return nil, fmt.Errorf("prepare the job queue: %w", err)
	}
	q.client = client
	return q, nil
}

// Insert adds a job to the transaction.
func (q *Queue) Insert(ctx context.Context, tx *postgres.Tx, args Args) error {
	_, err := q.client.InsertTx(ctx, tx.River(), args, nil)
	return err
}

// InsertAfter adds a job that runs no sooner than after the wait.
func (q *Queue) InsertAfter(ctx context.Context, tx *postgres.Tx, args Args, wait time.Duration) error {
	if wait <= 0 {
		return q.Insert(ctx, tx, args)
	}
	at := time.Now().Add(wait) //nolint:forbidigo // River compares with real time, not with the app's clock
	_, err := q.client.InsertTx(ctx, tx.River(), args, &river.InsertOpts{ScheduledAt: at})
	return err
}

// Work registers do for jobs of one kind: it runs in one transaction, like a command.
func Work[A Args](q *Queue, do func(ctx context.Context, tx *postgres.Tx, args A) error) {
	Handle(q, func(ctx context.Context, args A) error {
		return q.db.Write(ctx, func(tx *postgres.Tx) error { return do(ctx, tx, args) })
	})
}

// Handle registers do for jobs that need the network; do keeps its transactions short itself.
func Handle[A Args](q *Queue, do func(ctx context.Context, args A) error) {
	HandleWithin(q, jobTimeout, do)
}

// HandleWithin is Handle for jobs that may take longer than others.
func HandleWithin[A Args](q *Queue, limit time.Duration, do func(ctx context.Context, args A) error) {
	river.AddWorker(q.workers, &worker[A]{limit: limit, work: func(ctx context.Context, job *river.Job[A]) error {
		err := do(ctx, job.Args)
		outcome := "done"
		if err != nil {
			outcome = "failed"
			level := slog.LevelError
			if postgres.Busy(err) { // it is run again
				level = slog.LevelWarn
			}
			q.log.Log(ctx, level, "job failed", "kind", job.Kind, "jobId", job.ID, "attempt", job.Attempt, "error",
				postgres.Describe(err))
		}
		q.metrics.Jobs.WithLabelValues(job.Kind, outcome).Inc()
		return err
	}})
}

// worker runs one kind of job.
type worker[A Args] struct {
	river.WorkerDefaults[A]
	limit time.Duration
	work  func(ctx context.Context, job *river.Job[A]) error
}

// Work runs one job.
func (w *worker[A]) Work(ctx context.Context, job *river.Job[A]) error { return w.work(ctx, job) }

// Timeout of one run; a job of a server that was killed is taken over no sooner.
func (w *worker[A]) Timeout(*river.Job[A]) time.Duration { return w.limit }

// Every inserts a job at each interval, from one server of all that run, and once at the start.
func (q *Queue) Every(interval time.Duration, args Args) {
	q.client.PeriodicJobs().Add(river.NewPeriodicJob(river.PeriodicInterval(interval),
		func() (river.JobArgs, *river.InsertOpts) {
			return args, &river.InsertOpts{MaxAttempts: 1,
				UniqueOpts: river.UniqueOpts{ByPeriod: max(interval/2, time.Second)}}
		}, &river.PeriodicJobOpts{RunOnStart: true}))
}

// Nightly looks every ten minutes, from one server of all that run, whether the night's job is to be inserted: args
// gives it, or nil outside its hours. Its arguments name the night, so that however many servers start or stop in it,
// it is inserted once.
func (q *Queue) Nightly(args func() Args) {
	q.client.PeriodicJobs().Add(river.NewPeriodicJob(river.PeriodicInterval(10*time.Minute),
		func() (river.JobArgs, *river.InsertOpts) {
			return args(), &river.InsertOpts{MaxAttempts: 4, UniqueOpts: river.UniqueOpts{ByArgs: true}}
		}, &river.PeriodicJobOpts{RunOnStart: true}))
}

// Start begins to work jobs.
func (q *Queue) Start(ctx context.Context) error {
	// The work outlives the context that starts it: Stop ends it.
	return q.client.Start(context.WithoutCancel(ctx))
}

// Stop takes no new jobs and waits for running ones; at the context's end it hands them back.
func (q *Queue) Stop(ctx context.Context) error {
	defer q.driver.listening.Close()
	if err := q.client.Stop(ctx); err == nil {
		return nil
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 3*time.Second)
	defer cancel()
	return q.client.StopAndCancel(last)
}
