package audit

import (
	"context"
	"errors"
	"time"

	"amrutam/internal/jobs"
)

const (
	// sealInterval is how often the committed entries are sealed.
	sealInterval = time.Minute
	// sealTimeout limits one run, so that a long backlog is sealed in few of them.
	sealTimeout = 10 * time.Minute
	// compressInterval is how often it is looked whether a month can be compressed or dropped.
	compressInterval = 6 * time.Hour
	compressTimeout  = 5 * time.Hour
)

// Jobs registers the jobs that seal and compress the log.
func (s *Service) Jobs(queue *jobs.Queue) {
	jobs.HandleWithin(queue, sealTimeout, func(ctx context.Context, _ Seal) error { return s.SealNow(ctx) })
	queue.Every(sealInterval, Seal{})
	jobs.HandleWithin(queue, compressTimeout, s.compress)
	if s.Folder != "" {
		queue.Every(compressInterval, Compress{})
	}
}

func (s *Service) compress(ctx context.Context, _ Compress) error {
	_, err := s.CompressNow(ctx)
	if errors.Is(err, ErrCompressing) {
		return nil
	}
	return err
}
