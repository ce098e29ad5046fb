package audit

import (
	"context"
	"time"

	"amrutam/internal/jobs"
)

const (
	// sealInterval is how often the committed entries are sealed.
	sealInterval = time.Minute
	// sealTimeout limits one run, so that a long backlog is sealed in few of them.
	sealTimeout = 10 * time.Minute
)

// Jobs registers the job that seals the log.
func (s *Service) Jobs(queue *jobs.Queue) {
	jobs.HandleWithin(queue, sealTimeout, func(ctx context.Context, _ Seal) error { return s.SealNow(ctx) })
	queue.Every(sealInterval, Seal{})
}
