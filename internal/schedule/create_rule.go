package schedule

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/doctor"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// CreateRuleRequest is a new rule.
type CreateRuleRequest struct{ Body RuleBody }

// CreateRule stores a rule of the signed-in doctor and makes its slots. A doctor who isn't approved yet gets the slots
// with the approval, by a job. Returns problem.Invalid, ErrTooManyRules, and doctor.ErrNotApproved if the actor never
// applied as a doctor.
func (s *Service) CreateRule(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in CreateRuleRequest) (ChangedRule, error) {
	rule, err := in.Body.parse(tx.Now)
	if err != nil {
		return ChangedRule{}, err
	}
	approved, err := lockDoctor(ctx, tx, actor.ID)
	if err != nil {
		return ChangedRule{}, err
	}
	rule.ID, rule.DoctorID = uuid.Must(uuid.NewV7()), actor.ID
	if err := checkRules(ctx, tx, rule); err != nil {
		return ChangedRule{}, err
	}
	rule.RuleRow, err = insertRule(ctx, tx, insertRuleParams{
		ID: rule.ID, DoctorID: rule.DoctorID, Rrule: rule.Rrule,
		StartMinute: rule.StartMinute, EndMinute: rule.EndMinute, Timezone: rule.Timezone,
		SlotMinutes: rule.SlotMinutes, BufferMinutes: rule.BufferMinutes, MaxPatients: rule.MaxPatients,
		ValidFrom: rule.ValidFrom, ValidTo: rule.ValidTo, Now: tx.Now,
	})
	if postgres.Violates(err, "availability_rules_doctor_id_fkey") {
		return ChangedRule{}, doctor.ErrNotApproved
	}
	if err != nil {
		return ChangedRule{}, err
	}
	changes, err := fillNow(ctx, tx, rule, approved)
	if err != nil {
		return ChangedRule{}, err
	}
	audit.Write(tx, actor, "availability-rule.create", rule.ID, audit.Meta{"made": changes.Made})
	return ChangedRule{Rule: rule.rule(), Slots: changes}, nil
}

// lockDoctor locks the doctor whose hours change, and reports whether they are approved.
func lockDoctor(ctx context.Context, tx *postgres.Tx, id uuid.UUID) (approved bool, err error) {
	err = doctor.LockApproved(ctx, tx, id)
	if errors.Is(err, doctor.ErrNotApproved) {
		return false, nil
	}
	return err == nil, err
}

// fillInterval is how often the slots of a rule are made.
const fillInterval = 24 * time.Hour

// fillNow is fill, and notes when the job has to do it again: as soon as the doctor is approved, or in a day.
func fillNow(ctx context.Context, tx *postgres.Tx, rule parsedRule, approved bool) (SlotChanges, error) {
	changes, err := fill(ctx, tx, rule, approved)
	if err != nil || !approved {
		return changes, err
	}
	return changes, setFillTime(ctx, tx, tx.Now.Add(fillInterval), rule.ID)
}

// checkRules compares a new or changed rule with the doctor's other rules. Returns ErrTooManyRules, or problem.Invalid
// if it overlaps one of them in the year that begins with its first day to come.
func checkRules(ctx context.Context, tx *postgres.Tx, rule parsedRule) error {
	rows, err := listRulesOf(ctx, tx, rule.DoctorID)
	if err != nil {
		return err
	}
	from := dateOf(tx.Now, rule.zone)
	if from.Before(rule.ValidFrom) {
		from = rule.ValidFrom
	}
	to := from.AddDate(1, 0, 0)
	hours := newSpans(rule.hours(from, to))
	others := 0
	for _, row := range rows {
		if row.ID == rule.ID {
			continue
		}
		if others++; others >= maxRules {
			return ErrTooManyRules
		}
		other, err := row.parsed()
		if err != nil {
			return err
		}
		for _, s := range other.hours(from.AddDate(0, 0, -1), to) {
			if found, overlaps := hours.overlap(s, 26*time.Hour); overlaps {
				return problem.InvalidField("body.rrule", faultOverlap.With("id", row.ID.String()).
					With("date", dateOf(found.start, rule.zone).Format(dateForm)))
			}
		}
	}
	return nil
}

// hours returns the times from startTime to endTime on the days of the rule from one day to another, both included.
func (rule parsedRule) hours(from, to date) []span {
	var all []span
	at := func(day date, minute int32) time.Time {
		// A time that the clocks skip is moved by as much as they are.
		return time.Date(day.Year(), day.Month(), day.Day(), 0, int(minute), 0, 0, rule.zone)
	}
	for _, day := range rule.daysWithin(from, to) {
		all = append(all, span{at(day, rule.StartMinute), at(day, rule.EndMinute)})
	}
	return all
}
