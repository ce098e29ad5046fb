package retention

import (
	"context"
	"fmt"
	"time"

	"amrutam/internal/postgres"
)

// countedRows is where the count of due rows ends.
const countedRows = 1_000_000

// Status is the state of a rule.
type Status struct {
	Rule
	Oldest *time.Time // nil: there are no rows
	// Due is how many rows are due; with DueAtLeast there are more. NextRun is how many of them the next run removes.
	Due, NextRun int64
	DueAtLeast   bool
	// LastRun is nil before the first run.
	LastRun *Run
	// Total is how many rows all runs have removed.
	Total int64
}

// Run is one run of a rule.
type Run struct {
	At      time.Time `json:"at"`
	Removed int64     `json:"removed"`
}

// ReadStatus returns the state of every rule. It changes nothing.
func (s *Service) ReadStatus(ctx context.Context) (all []Status, err error) {
	err = s.DB.Read(ctx, func(r *postgres.Read) error {
		names := make([]string, len(s.Rules))
		for i, rule := range s.Rules {
			names[i] = rule.Name
		}
		rows, err := listRuns(ctx, r, names)
		if err != nil {
			return err
		}
		runs := map[string]listRunsRow{}
		for _, row := range rows {
			runs[row.Rule] = row
		}
		for _, rule := range s.Rules {
			status, err := s.readRule(ctx, r, rule)
			if err != nil {
				return fmt.Errorf("%s: %w", rule.Name, err)
			}
			if run, ran := runs[rule.Name]; ran {
				status.LastRun, status.Total = &Run{run.RanAt, run.Removed}, run.Total
			}
			all = append(all, status)
		}
		return nil
	})
	return all, err
}

func (s *Service) readRule(ctx context.Context, r *postgres.Read, rule Rule) (status Status, err error) {
	status = Status{Rule: rule}
	if status.Oldest, err = rule.oldest(ctx, r, r.Now); err != nil {
		return status, err
	}
	_, due, _ := rule.Statements()
	if err := r.QueryRow(ctx, due, rule.arguments(r.Now, countedRows+1)).Scan(&status.Due); err != nil {
		return status, err
	}
	if status.Due > countedRows {
		status.Due, status.DueAtLeast = countedRows, true
	}
	status.NextRun = status.Due
	if rule.Job == "" {
		status.NextRun = min(status.Due, int64(s.MostRows))
	}
	return status, nil
}

// oldest returns the time of the rule's oldest row, or nil if there is none.
func (r Rule) oldest(ctx context.Context, db postgres.Querier, now time.Time) (*time.Time, error) {
	sql, _, _ := r.Statements()
	var at *time.Time
	err := db.QueryRow(ctx, sql, r.arguments(now, 1)).Scan(&at)
	if postgres.NoRows(err) {
		err = nil
	}
	return at, err
}

// ReadOverdue returns how long the oldest row of each rule has been due.
func (s *Service) ReadOverdue(ctx context.Context) (map[string]time.Duration, error) {
	overdue := map[string]time.Duration{}
	err := s.DB.Read(ctx, func(r *postgres.Read) error {
		for _, rule := range s.Rules {
			at, err := rule.oldest(ctx, r, r.Now)
			if err != nil {
				return fmt.Errorf("%s: %w", rule.Name, err)
			}
			overdue[rule.Name] = 0
			if at != nil {
				overdue[rule.Name] = rule.overdue(*at, r.Now)
			}
		}
		return nil
	})
	return overdue, err
}
