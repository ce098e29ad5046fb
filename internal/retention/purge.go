package retention

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"amrutam/internal/postgres"
)

const (
	batchRows = 1000
	mostRows  = 200_000
	// keepRuns is how long the runs are stored.
	keepRuns = 90 * Day
)

// Runs is the rule of this package's own table. The newest run of a rule stays, because it has the total.
var Runs = Rule{
	Name:  "retention-runs",
	What:  "How much each run of these rules removed",
	After: "the run",
	Why:   "shows that the rules are applied",
	Table: "retention_runs",
	Since: "ran_at",
	Keep:  keepRuns,
	Where: `EXISTS (SELECT FROM retention_runs n
		WHERE n.rule = retention_runs.rule AND n.ran_at > retention_runs.ran_at)`,
}

// Purge is the hourly job that applies the rules.
type Purge struct{}

// Kind names the job.
func (Purge) Kind() string { return "retention.purge" }

// Service applies rules.
type Service struct {
	DB    *postgres.DB
	Rules []Rule
	// BatchRows is how many rows a transaction removes, so that nobody waits long for its locks. MostRows is how many
	// rows of a rule a run removes; the next one goes on.
	BatchRows, MostRows int
}

// New returns a service with the limits of production.
func New(db *postgres.DB, rules []Rule) *Service {
	return &Service{DB: db, Rules: rules, BatchRows: batchRows, MostRows: mostRows}
}

// Purge applies all rules without a job of their own, also when one of them fails. It may run at any time, at the same
// time on several servers, and be killed: each batch is a transaction, which records what it removed.
func (s *Service) Purge(ctx context.Context) error {
	began := s.DB.Now()
	due, err := s.begin(ctx, began)
	if err != nil {
		return fmt.Errorf("look for what is due: %w", err)
	}
	var errs []error
	for _, rule := range due {
		if err := s.apply(ctx, rule, began); err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", rule.Name, err))
		}
	}
	return errors.Join(errs...)
}

// begin records a run of each rule, and returns those with rows that are due.
func (s *Service) begin(ctx context.Context, began time.Time) (due []Rule, err error) {
	var names []string
	var own []Rule
	for _, rule := range s.Rules {
		if rule.Job == "" {
			names, own = append(names, rule.Name), append(own, rule)
		}
	}
	err = s.DB.Write(ctx, func(tx *postgres.Tx) error {
		due = nil
		var batch pgx.Batch
		for _, rule := range own {
			_, sql, _ := rule.Statements()
			batch.Queue(sql, rule.arguments(began, 1)).QueryRow(func(row pgx.Row) error {
				var n int64
				err := row.Scan(&n)
				if n > 0 {
					due = append(due, rule)
				}
				return err
			})
		}
		if err := tx.SendBatch(ctx, &batch).Close(); err != nil {
			return err
		}
		return beginRuns(ctx, tx, began, names)
	})
	return due, err
}

// apply removes what is due of one rule, in batches.
func (s *Service) apply(ctx context.Context, rule Rule, began time.Time) error {
	for left := s.MostRows; left > 0; left -= s.BatchRows {
		most := min(left, s.BatchRows)
		var removed int64
		err := s.DB.Write(ctx, func(tx *postgres.Tx) (err error) {
			if err := lockRule(ctx, tx, rule.Name); err != nil {
				return err
			}
			if removed, err = rule.remove(ctx, tx, began, most); err != nil || removed == 0 {
				return err
			}
			return recordRun(ctx, tx, rule.Name, began, removed)
		})
		if err != nil || removed < int64(most) {
			return err
		}
	}
	return nil
}

// Record records what a job removed that applies its rule by itself.
func Record(ctx context.Context, tx *postgres.Tx, rule string, removed int64) error {
	if err := lockRule(ctx, tx, rule); err != nil {
		return err
	}
	return recordRun(ctx, tx, rule, tx.Now, removed)
}
