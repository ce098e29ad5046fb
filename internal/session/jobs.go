package session

import (
	"context"
	"time"

	"amrutam/internal/jobs"
	"amrutam/internal/postgres"
)

const (
	// tokenRetention and sessionRetention are how long they stay after they have expired: a reused token is still recognised,
	// and a user sees for a while where they signed in.
	tokenRetention   = 24 * time.Hour
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
