package app

import (
	"context"
	"slices"
	"time"

	"amrutam/internal/account"
	"amrutam/internal/audit"
	"amrutam/internal/consent"
	"amrutam/internal/consultation"
	"amrutam/internal/events"
	"amrutam/internal/idempotency"
	"amrutam/internal/jobs"
	"amrutam/internal/limit"
	"amrutam/internal/notification"
	"amrutam/internal/payment"
	"amrutam/internal/postgres"
	"amrutam/internal/privacy"
	"amrutam/internal/retention"
	"amrutam/internal/schedule"
	"amrutam/internal/session"
)

const (
	purgeInterval = time.Hour
	// purgeTimeout limits one run of all rules; the next one goes on.
	purgeTimeout = 10 * time.Minute
)

// NewRetention returns the rules of all packages, in the order in which they are applied.
func NewRetention(db *postgres.DB) *retention.Service {
	return retention.New(db, slices.Concat(idempotency.Retention, session.Retention, account.Retention,
		notification.Retention, limit.Retention, privacy.Retention, payment.Retention, consent.Retention,
		consultation.Retention, schedule.Retention, events.Retention, audit.Retention,
		[]retention.Rule{retention.Runs}))
}

// mountRetention registers the hourly job that applies the rules.
func (a *App) mountRetention() {
	jobs.HandleWithin(a.Queue, purgeTimeout, func(ctx context.Context, _ retention.Purge) error {
		return a.Retention.Purge(ctx)
	})
	a.Queue.Every(purgeInterval, retention.Purge{})
	a.Metrics.WatchRetention(a.Retention.ReadOverdue)
}
