package schedule

import (
	"context"

	"amrutam/internal/access"
	"amrutam/internal/postgres"
)

// maxPreview limits the slots of a preview.
const maxPreview = 500

// RulePreview has the slots that a rule would have.
type RulePreview struct {
	_ struct{} `doc:"The slots that a rule would have"`

	Items []SlotTimes `json:"items" doc:"Slots to come of the first 60 days on which the rule is valid, by their start; the first 500"`
}

// PreviewRule returns the slots that a rule would have, whatever other slots and rules there are. It stores nothing.
// Returns problem.Invalid.
func (s *Service) PreviewRule(_ context.Context, r *postgres.Read, _ access.Actor,
	in CreateRuleRequest) (RulePreview, error) {
	rule, err := in.Body.parse(r.Now)
	if err != nil {
		return RulePreview{}, err
	}
	from := dateOf(r.Now, rule.zone)
	if from.Before(rule.ValidFrom) {
		from = rule.ValidFrom
	}
	preview := RulePreview{Items: []SlotTimes{}}
	for _, slot := range rule.slots(from, from.AddDate(0, 0, fillDays)) {
		if slot.start.After(r.Now) && len(preview.Items) < maxPreview {
			preview.Items = append(preview.Items, SlotTimes{StartTime: slot.start, EndTime: slot.end})
		}
	}
	return preview, nil
}
