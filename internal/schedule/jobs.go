package schedule

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/jobs"
	"amrutam/internal/postgres"
	"amrutam/internal/retention"
)

// Fill is the job that makes the slots of rules for the days that have come nearer, and those of doctors who have been
// approved.
type Fill struct{}

// Kind names the job.
func (Fill) Kind() string { return "availability-rule.fill" }

const (
	fillEvery   = 10 * time.Minute
	fillTimeout = 10 * time.Minute
)

// Jobs registers the package's jobs.
func (s *Service) Jobs(queue *jobs.Queue) {
	jobs.HandleWithin(queue, fillTimeout, func(ctx context.Context, _ Fill) error { return s.FillRules(ctx) })
	queue.Every(fillEvery, Fill{})
	jobs.Handle(queue, func(ctx context.Context, _ SweepWaitlist) error { return s.SweepWaitlist(ctx) })
	queue.Every(sweepEvery, SweepWaitlist{})
}

// FillRules makes the slots of the rules that are due. Each doctor has a transaction of its own, which locks the
// doctor and looks again which rules are due: so it may run on several servers at once. One follows the other, so that
// bookings meanwhile find a free processor.
func (s *Service) FillRules(ctx context.Context) error {
	var errs []error
	for after := uuid.Nil; ; {
		var due []uuid.UUID
		err := s.DB.Read(ctx, func(r *postgres.Read) (err error) {
			due, err = listDoctorsToFill(ctx, r, r.Now, after)
			return err
		})
		if err != nil || len(due) == 0 {
			return errors.Join(append(errs, err)...)
		}
		for _, id := range due {
			errs = append(errs, s.DB.Write(ctx, func(tx *postgres.Tx) error { return fillDoctor(ctx, tx, id) }))
		}
		after = due[len(due)-1]
	}
}

// fillDoctor makes the slots of a doctor's rules that are due.
func fillDoctor(ctx context.Context, tx *postgres.Tx, id uuid.UUID) error {
	approved, err := lockDoctor(ctx, tx, id)
	if err != nil || !approved {
		return err
	}
	rows, err := listRulesOf(ctx, tx, id)
	if err != nil {
		return err
	}
	for _, row := range rows {
		if row.FillAt.After(tx.Now) {
			continue
		}
		if _, err := refill(ctx, tx, row, access.System(Fill{}.Kind())); err != nil {
			return err
		}
	}
	return nil
}

// refill is fill for a stored rule of an approved doctor.
func refill(ctx context.Context, tx *postgres.Tx, row RuleRow, actor access.Actor) (SlotChanges, error) {
	rule, err := row.parsed()
	if err != nil {
		return SlotChanges{}, err
	}
	changes, err := fillNow(ctx, tx, rule, true)
	if err != nil {
		return SlotChanges{}, err
	}
	if changes.Made+changes.Removed+len(changes.Outside) > 0 {
		audit.Write(tx, actor, "availability-rule.fill", row.ID, audit.Meta{"made": changes.Made,
			"removed": changes.Removed, "outside": len(changes.Outside)})
	}
	return changes, nil
}

// Retention has the rules of what is kept for a time only.
var Retention = []retention.Rule{{
	Name:  "removed-slots",
	What:  "Times of slots that a doctor removed from a rule",
	After: "they are over",
	Why:   "a rule makes slots of the future only",
	Table: "availability_removals",
	Since: "end_time",
	Keep:  2 * retention.Day,
}, {
	Name:  "availability-exceptions",
	What:  "Leaves and extra hours of doctors",
	After: "they are over",
	Why:   "a doctor may look back at them; the slots stay",
	Table: "availability_exceptions",
	Since: "to_time",
	Keep:  retention.Year,
}, waitlistRetention}
