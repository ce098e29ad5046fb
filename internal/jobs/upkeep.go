package jobs

import (
	"context"
	"fmt"
	"time"

	"amrutam/internal/postgres"
)

const (
	monthsAhead = 3
	daysAhead   = 3
)

// Maintenance makes the coming partitions and drops what has expired.
type Maintenance struct{}

// Kind names the job.
func (Maintenance) Kind() string { return "partition.upkeep" }

// AddMaintenance has the hourly maintenance call do in a transaction of its own: packages delete there what has
// expired in their tables.
func (q *Queue) AddMaintenance(do func(ctx context.Context, tx *postgres.Tx) error) {
	q.maintenance = append(q.maintenance, do)
}

// RegisterMaintenance registers the maintenance, every hour.
func (q *Queue) RegisterMaintenance() {
	Handle(q, func(ctx context.Context, _ Maintenance) error { return q.upkeep(ctx) })
	q.Every(time.Hour, Maintenance{})
}

// upkeep runs as often as it likes: what exists is left alone. What is old goes in transactions of its own: a
// partition that is dropped has its table locked, and bookings must not wait until the last old row is gone.
func (q *Queue) upkeep(ctx context.Context) error {
	var late []string
	err := q.db.Write(ctx, func(tx *postgres.Tx) (err error) {
		// Its lock has a second upkeep wait, which then finds nothing to drop.
		if late, err = MakePartitions(ctx, tx); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "SELECT drop_expired_keys($1)", tx.Now)
		return err
	})
	if err != nil {
		return err
	}
	for _, name := range late {
		q.log.Warn("a partition could not be made; its rows stay in the default partition", "partition", name)
	}
	for _, do := range q.maintenance {
		if err := q.db.Write(ctx, func(tx *postgres.Tx) error { return do(ctx, tx) }); err != nil {
			return fmt.Errorf("maintain a table: %w", err)
		}
	}
	return nil
}

// MakePartitions makes the partitions of the coming months and days, and names those it could not make.
func MakePartitions(ctx context.Context, tx *postgres.Tx) ([]string, error) {
	rows, err := tx.Query(ctx, "SELECT make_partitions($1, $2, $3)", tx.Now, monthsAhead, daysAhead)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var late []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		late = append(late, name)
	}
	return late, rows.Err()
}
