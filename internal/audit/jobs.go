package audit

import (
	"context"
	"errors"
	"time"

	"amrutam/internal/jobs"
	"amrutam/internal/postgres"
)

const (
	// sealInterval is how often the committed entries are sealed.
	sealInterval = time.Minute
	// sealTimeout limits one run, so that a long backlog is sealed in few of them.
	sealTimeout = 10 * time.Minute
	// compressInterval is how often it is looked whether a month can be compressed or dropped.
	compressInterval = 6 * time.Hour
	compressTimeout  = 5 * time.Hour
	// exportTimeout limits one run; the next one goes on with the next part.
	exportTimeout = 30 * time.Minute
)

// Jobs registers the jobs that seal, compress and export the log.
func (s *Service) Jobs(queue *jobs.Queue) {
	jobs.HandleWithin(queue, sealTimeout, func(ctx context.Context, _ Seal) error { return s.SealNow(ctx) })
	queue.Every(sealInterval, Seal{})
	jobs.HandleWithin(queue, exportTimeout, s.makeExport)
	queue.AddMaintenance(func(ctx context.Context, tx *postgres.Tx) error {
		return deleteExpiredExports(ctx, tx, tx.Now)
	})
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
