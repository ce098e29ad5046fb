package schedule

import (
	"context"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/postgres"
)

// DeleteRule deletes a rule of the actor and its free slots to come; booked ones stay and are named in the answer.
// Returns problem.NotFound.
func (s *Service) DeleteRule(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in RuleRequest) (SlotChanges, error) {
	if _, err := lockDoctor(ctx, tx, actor.ID); err != nil {
		return SlotChanges{}, err
	}
	row, err := ownRule(ctx, tx, actor, in.ID)
	if err != nil {
		return SlotChanges{}, err
	}
	plan, err := readPlan(ctx, tx, row)
	if err != nil {
		return SlotChanges{}, err
	}
	plan.decide(nil)
	if err := closeUnwanted(ctx, tx, &plan.changes, row.ID, plan.unwanted); err != nil {
		return SlotChanges{}, err
	}
	if err := deleteRule(ctx, tx, row.ID); err != nil {
		return SlotChanges{}, err
	}
	audit.Write(tx, actor, "availability-rule.delete", row.ID, audit.Meta{"removed": plan.changes.Removed,
		"outside": len(plan.changes.Outside)})
	return plan.changes, nil
}
