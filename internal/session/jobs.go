package session

import (
	"context"
	"time"

	"amrutam/internal/jobs"
	"amrutam/internal/postgres"
)

const (
	// tokenRetention is how long tokens are stored after they have expired, so that reuse is recognised.
	tokenRetention = 24 * time.Hour
	// sessionRetention is how long sessions are stored after they have expired.
	sessionRetention = 30 * 24 * time.Hour
)

// Jobs registers the maintenance of sessions.
func (s *Service) Jobs(queue *jobs.Queue) {
	queue.AddMaintenance(func(ctx context.Context, tx *postgres.Tx) error {
		return deleteExpiredTokens(ctx, tx, tx.Now.Add(-tokenRetention))
	})
	queue.AddMaintenance(func(ctx context.Context, tx *postgres.Tx) error {
		return deleteExpiredSessions(ctx, tx, tx.Now.Add(-sessionRetention))
	})
}
