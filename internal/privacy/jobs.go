package privacy

import (
	"context"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/jobs"
	"amrutam/internal/postgres"
)

const (
	sweepEvery = time.Minute
	// sweepWithin is what 200 people may take.
	sweepWithin = 5 * time.Minute
	// makeWithin is what a history of many years may take.
	makeWithin = 10 * time.Minute
	// keepExports is how long it is remembered that a copy was asked for.
	keepExports = 90 * 24 * time.Hour
)

// MakeExport is the job that makes a copy that was asked for.
type MakeExport struct {
	ExportID uuid.UUID `json:"exportId"`
}

// Kind names the job.
func (MakeExport) Kind() string { return "export.make" }

// Sweep is the job that erases the people who are due. It recurs, as ADR 5 has it for consultations.
type Sweep struct{}

// Kind names the job.
func (Sweep) Kind() string { return "erasure.sweep" }

// Jobs registers the package's jobs and the maintenance of its tables.
func (s *Service) Jobs(queue *jobs.Queue) {
	jobs.HandleWithin(queue, makeWithin, s.makeExport)
	jobs.HandleWithin(queue, sweepWithin, func(ctx context.Context, _ Sweep) error { return s.sweep(ctx) })
	queue.Every(sweepEvery, Sweep{})
	queue.AddMaintenance(func(ctx context.Context, tx *postgres.Tx) error {
		return expireExports(ctx, tx, &tx.Now)
	})
	queue.AddMaintenance(func(ctx context.Context, tx *postgres.Tx) error {
		return deleteOldExports(ctx, tx, tx.Now.Add(-keepExports))
	})
}
