package analytics

import (
	"context"
	"time"

	"amrutam/internal/jobs"
)

const (
	// catchUpInterval is how often the rollups catch up.
	catchUpInterval = time.Minute
	// catchUpTimeout limits one run. The days of a database that had no rollups before take several.
	catchUpTimeout = 10 * time.Minute
)

// RollUp is the job that keeps the rollups.
type RollUp struct{}

// Kind returns the kind of the job.
func (RollUp) Kind() string { return "analytics.roll-up" }

// Jobs registers the job that keeps the rollups.
func (s *Service) Jobs(queue *jobs.Queue) {
	jobs.HandleWithin(queue, catchUpTimeout, func(ctx context.Context, _ RollUp) error {
		return s.catchUp(ctx, tryLockState)
	})
	queue.Every(catchUpInterval, RollUp{})
}
