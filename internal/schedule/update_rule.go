package schedule

import (
	"context"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// UpdateRuleRequest is a merge patch of a rule.
type UpdateRuleRequest struct {
	httpapi.IfMatch
	ID   uuid.UUID `path:"id" format:"uuid" doc:"The rule's id" example:"0199f3a2-7c1e-7000-8000-000000000021"`
	Body struct {
		_ struct{} `doc:"A merge patch of the rule: absent members stay unchanged"`

		RRule         httpapi.Field[string]     `json:"rrule,omitempty" minLength:"1" maxLength:"20000" doc:"Its days, in at most 500 characters" example:"FREQ=WEEKLY;BYDAY=MO,WE,FR"`
		StartTime     httpapi.Field[string]     `json:"startTime,omitempty" pattern:"^([01][0-9]|2[0-3]):[0-5][0-9]$" patternDescription:"a time like 09:00" maxLength:"5" doc:"When the first slot of a day begins" example:"10:00"`
		EndTime       httpapi.Field[string]     `json:"endTime,omitempty" pattern:"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$" patternDescription:"a time like 13:00" maxLength:"5" doc:"When the last slot of a day has ended" example:"14:00"`
		Timezone      httpapi.Field[string]     `json:"timezone,omitempty" minLength:"1" maxLength:"64" doc:"IANA time zone" example:"Asia/Kolkata"`
		SlotMinutes   httpapi.Field[int32]      `json:"slotMinutes,omitempty" minimum:"5" maximum:"480" doc:"How long a slot is" example:"20"`
		BufferMinutes httpapi.Field[int32]      `json:"bufferMinutes,omitempty" minimum:"0" maximum:"480" doc:"How long the doctor is free between two slots" example:"5"`
		MaxPatients   httpapi.Field[int32]      `json:"maxPatients,omitempty" minimum:"1" maximum:"100" doc:"How many patients a slot takes" example:"1"`
		ValidFrom     httpapi.Field[string]     `json:"validFrom,omitempty" format:"date" maxLength:"10" doc:"The first day" example:"2026-12-01"`
		ValidTo       httpapi.Clearable[string] `json:"validTo,omitempty" format:"date" maxLength:"10" doc:"The last day; null clears" example:"2027-05-31"`
	}
}

// UpdateRule changes a rule of the actor and its slots: free ones that no longer fit are removed, booked ones stay and
// are named in the answer. Returns problem.NotFound, problem.PreconditionFailed, problem.Invalid.
func (s *Service) UpdateRule(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in UpdateRuleRequest) (ChangedRule, error) {
	approved, err := lockDoctor(ctx, tx, actor.ID)
	if err != nil {
		return ChangedRule{}, err
	}
	before, err := ownRule(ctx, tx, actor, in.ID)
	if err != nil {
		return ChangedRule{}, err
	}
	if err := in.Check(before.rule().ETag()); err != nil {
		return ChangedRule{}, err
	}
	rule, err := in.patched(before.rule()).parse(tx.Now)
	if err != nil {
		return ChangedRule{}, err
	}
	rule.ID, rule.DoctorID, rule.CreatedAt, rule.UpdatedAt = before.ID, before.DoctorID, before.CreatedAt, tx.Now
	if err := checkRules(ctx, tx, rule); err != nil {
		return ChangedRule{}, err
	}
	err = updateRule(ctx, tx, updateRuleParams{
		ID: rule.ID, Rrule: rule.Rrule, StartMinute: rule.StartMinute, EndMinute: rule.EndMinute,
		Timezone: rule.Timezone, SlotMinutes: rule.SlotMinutes, BufferMinutes: rule.BufferMinutes,
		MaxPatients: rule.MaxPatients, ValidFrom: rule.ValidFrom, ValidTo: rule.ValidTo, Now: tx.Now,
	})
	if err != nil {
		return ChangedRule{}, err
	}
	changes, err := fillNow(ctx, tx, rule, approved)
	if err != nil {
		return ChangedRule{}, err
	}
	if rule.MaxPatients != before.MaxPatients {
		err = updateRuleSeats(ctx, tx, updateRuleSeatsParams{RuleID: rule.ID, MaxPatients: rule.MaxPatients,
			OldMaxPatients: before.MaxPatients, Now: tx.Now})
		if err != nil {
			return ChangedRule{}, err
		}
	}
	audit.Write(tx, actor, "availability-rule.update", rule.ID, audit.Meta{"made": changes.Made,
		"removed": changes.Removed, "outside": len(changes.Outside)})
	return ChangedRule{Rule: rule.rule(), Slots: changes}, nil
}

// patched returns a rule with the patch applied.
func (in UpdateRuleRequest) patched(r Rule) RuleBody {
	body := RuleBody{
		RRule: r.RRule, StartTime: r.StartTime, EndTime: r.EndTime, Timezone: r.Timezone,
		SlotMinutes:   int32(r.SlotMinutes),   //nolint:gosec // at most 480
		BufferMinutes: int32(r.BufferMinutes), //nolint:gosec // at most 480
		MaxPatients:   int32(r.MaxPatients),   //nolint:gosec // at most 100
		ValidFrom:     r.ValidFrom,
	}
	if r.ValidTo != nil {
		body.ValidTo = *r.ValidTo
	}
	patch := in.Body
	patch.RRule.Apply(&body.RRule)
	patch.StartTime.Apply(&body.StartTime)
	patch.EndTime.Apply(&body.EndTime)
	patch.Timezone.Apply(&body.Timezone)
	patch.SlotMinutes.Apply(&body.SlotMinutes)
	patch.BufferMinutes.Apply(&body.BufferMinutes)
	patch.MaxPatients.Apply(&body.MaxPatients)
	patch.ValidFrom.Apply(&body.ValidFrom)
	if patch.ValidTo.Set {
		body.ValidTo = patch.ValidTo.Value // "" when it is null
	}
	return body
}

// ownRule returns one of the actor's own rules. Returns problem.NotFound if it doesn't exist or isn't the actor's.
func ownRule(ctx context.Context, db postgres.Querier, actor access.Actor, id uuid.UUID) (RuleRow, error) {
	row, err := readRule(ctx, db, id)
	switch {
	case postgres.NoRows(err):
		return row, problem.NotFound
	case err != nil:
		return row, err
	case !canChangeHours(actor, row.DoctorID):
		return row, problem.NotFoundAudited("availability-rule", id)
	}
	return row, nil
}
