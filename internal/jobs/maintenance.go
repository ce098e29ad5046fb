package jobs

import (
	"context"
	"time"

	"amrutam/internal/idempotency"
	"amrutam/internal/postgres"
)

// Maintenance is the hourly job that makes the partitions of the near future and drops those that have expired.
type Maintenance struct{}

// Kind returns the kind of the job.
func (Maintenance) Kind() string { return "partition.upkeep" }

// RegisterMaintenance registers the hourly maintenance.
func (q *Queue) RegisterMaintenance() {
	Handle(q, func(ctx context.Context, _ Maintenance) error { return q.maintain(ctx) })
	q.Every(time.Hour, Maintenance{})
}

// MakePartitions makes the partitions of the coming months and days now. A server does so before it serves, so that
// one that was off for months doesn't fill the default partitions.
func (q *Queue) MakePartitions(ctx context.Context) error {
	var failed []string
	err := q.db.Write(ctx, func(tx *postgres.Tx) (err error) {
		failed, err = postgres.MakePartitions(ctx, tx)
		return err
	})
	q.warnOfMissing(failed)
	return err
}

func (q *Queue) warnOfMissing(partitions []string) {
	for _, name := range partitions {
		q.log.Warn("a partition could not be made; its rows stay in the default partition", "partition", name)
	}
}

// maintain may run at any time and at the same time on several servers.
func (q *Queue) maintain(ctx context.Context) error {
	var failed []string
	err := q.db.Write(ctx, func(tx *postgres.Tx) (err error) {
		// Its lock makes a second run wait, which then finds nothing to drop.
		if failed, err = postgres.MakePartitions(ctx, tx); err != nil {
			return err
		}
		return idempotency.RemoveExpired(ctx, tx)
	})
	if err != nil {
		return err
	}
	q.warnOfMissing(failed)
	return nil
}
