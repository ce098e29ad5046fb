package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// How many partitions are made in advance. The alert AmrutamPartitionsMissing tells when two months or days are left.
const (
	monthsAhead = 3
	daysAhead   = 3
)

// Partitions is the state of one partitioned table.
type Partitions struct {
	Table  string
	Period string // "month" or "day"
	Count  int    // without the default partition
	Ahead  int    // those that follow the current period without a gap
}

// partitioned has the partitioned tables, with the layout of the period in the names of their partitions.
var partitioned = []struct {
	table, period, layout string
	next                  func(period time.Time, n int) time.Time
}{
	{"consultations", "month", "2006_01", addMonths},
	{"audit_logs", "month", "2006_01", addMonths},
	{"idempotency_keys", "day", "2006_01_02", addDays},
}

func addMonths(t time.Time, n int) time.Time {
	return time.Date(t.Year(), t.Month()+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
}

func addDays(t time.Time, n int) time.Time { return t.AddDate(0, 0, n) }

// MakePartitions makes the partitions of the coming months and days. Returns the names of those that it could not
// make, because rows of their time lie in the default partition.
func MakePartitions(ctx context.Context, tx *Tx) ([]string, error) {
	rows, err := tx.Query(ctx, "SELECT make_partitions($1, $2, $3)", tx.Now, monthsAhead, daysAhead)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[string])
}

// ListPartitions returns the state of each partitioned table at an instant.
func ListPartitions(ctx context.Context, db Querier, now time.Time) ([]Partitions, error) {
	now = now.UTC()
	all := make([]Partitions, 0, len(partitioned))
	for _, p := range partitioned {
		names, err := partitionNames(ctx, db, p.table)
		if err != nil {
			return nil, err
		}
		state := Partitions{Table: p.table, Period: p.period, Count: len(names)}
		for names[p.table+"_"+p.next(now, state.Ahead+1).Format(p.layout)] {
			state.Ahead++
		}
		all = append(all, state)
	}
	return all, nil
}

// PartitionsAhead returns the number of partitions that follow the current one, for each partitioned table.
func (db *DB) PartitionsAhead(ctx context.Context) (map[string]int, error) {
	ahead := map[string]int{}
	err := db.Read(ctx, func(r *Read) error {
		all, err := ListPartitions(ctx, r, r.Now)
		for _, p := range all {
			ahead[p.Table] = p.Ahead
		}
		return err
	})
	return ahead, err
}

// partitionNames returns the names of a table's partitions without the default one.
func partitionNames(ctx context.Context, db Querier, table string) (map[string]bool, error) {
	rows, err := db.Query(ctx, `SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
		WHERE i.inhparent = $1::regclass AND c.relname <> $2`, table, table+"_default")
	if err != nil {
		return nil, err
	}
	list, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("list partitions: %w", err)
	}
	names := make(map[string]bool, len(list))
	for _, name := range list {
		names[name] = true
	}
	return names, nil
}
