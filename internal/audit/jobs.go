package audit

import (
	"context"
	"errors"
	"time"

	"amrutam/internal/jobs"
	"amrutam/internal/retention"
)

// Retention has the rules of the package's tables.
var Retention = []retention.Rule{
	{
		Name:  "audit-exports",
		What:  "Exports of the audit log, with their files",
		After: "they expire, a day after the request",
		Why:   "the administrator has fetched it, or asks again",
		Table: "audit_exports",
		Since: "expires_at",
	},
}

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
