package privacy

import (
	"context"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/jobs"
	"amrutam/internal/postgres"
)

const (
	sweepInterval = time.Minute
	// sweepTimeout is enough to erase 200 people.
	sweepTimeout = 5 * time.Minute
	// makeTimeout is enough to export a history of many years.
	makeTimeout = 10 * time.Minute
	// exportRetention is how long the row of an export is stored, without its archive.
	exportRetention = 90 * 24 * time.Hour
)

// MakeExport is the job that makes a requested export.
type MakeExport struct {
	ExportID uuid.UUID `json:"exportId"`
}

// Kind names the job.
func (MakeExport) Kind() string { return "export.make" }

// Sweep is the recurring job that erases the people whose erasure is due.
type Sweep struct{}

// Kind names the job.
func (Sweep) Kind() string { return "erasure.sweep" }

// Jobs registers the package's jobs and the maintenance of its tables.
func (s *Service) Jobs(queue *jobs.Queue) {
	jobs.HandleWithin(queue, makeTimeout, s.makeExport)
	jobs.HandleWithin(queue, sweepTimeout, func(ctx context.Context, _ Sweep) error { return s.sweep(ctx) })
	queue.Every(sweepInterval, Sweep{})
	queue.AddMaintenance(func(ctx context.Context, tx *postgres.Tx) error {
		return expireExports(ctx, tx, &tx.Now)
	})
	queue.AddMaintenance(func(ctx context.Context, tx *postgres.Tx) error {
		return deleteOldExports(ctx, tx, tx.Now.Add(-exportRetention))
	})
}
