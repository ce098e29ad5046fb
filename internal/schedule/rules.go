package schedule

import (
	"context"
	"time"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/doctor"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// The reasons of slot_refusal, the SQL function that decides what can be booked.
const (
	refusedBlocked  = "blocked"
	refusedBegun    = "begun"
	refusedTaken    = "taken"
	refusedNotice   = "minimum-notice"
	refusedHorizon  = "horizon"
	refusedTooShort = "too-short"
	refusedDaily    = "daily-maximum"
)

// BookingRules are the rules by which a doctor's free slots can be booked.
type BookingRules struct {
	_ struct{} `doc:"The rules by which a doctor's free slots can be booked"`

	MinimumNoticeMinutes int32      `json:"minimumNoticeMinutes" doc:"How long before its start a slot can be booked at the latest" example:"120"`
	HorizonDays          *int32     `json:"horizonDays" doc:"How many days of 24 hours ahead a slot can be booked; null is any time" example:"60"`
	DailyMaximum         *int32     `json:"dailyMaximum" doc:"The most consultations on one day, in the time zone of the doctor's profile; null is no limit. Cancelled ones don't count" example:"16"`
	FirstVisitMinutes    *int32     `json:"firstVisitMinutes" doc:"How long the visit of a patient takes with whom the doctor has completed no consultation; null is the whole slot" example:"30"`
	FollowUpMinutes      *int32     `json:"followUpMinutes" doc:"How long each later visit takes; null is the whole slot" example:"15"`
	UpdatedAt            *time.Time `json:"updatedAt" doc:"When they last changed; null if they never did"`
}

// ETag is the version of the rules.
func (b BookingRules) ETag() string {
	if b.UpdatedAt == nil {
		return httpapi.ETag(time.Time{})
	}
	return httpapi.ETag(*b.UpdatedAt)
}

// UpdateRulesRequest is a merge patch of the doctor's own booking rules.
type UpdateRulesRequest struct {
	httpapi.IfMatch
	Body struct {
		_ struct{} `doc:"A merge patch of your booking rules: what is absent stays, null clears"`

		MinimumNoticeMinutes httpapi.Field[int32]     `json:"minimumNoticeMinutes,omitempty" minimum:"0" maximum:"43200" doc:"How long before its start a slot can be booked at the latest" example:"120"`
		HorizonDays          httpapi.Clearable[int32] `json:"horizonDays,omitempty" minimum:"1" maximum:"365" doc:"How many days of 24 hours ahead a slot can be booked; null for any time" example:"60"`
		DailyMaximum         httpapi.Clearable[int32] `json:"dailyMaximum,omitempty" minimum:"1" maximum:"1000" doc:"The most consultations on one day in your time zone; null for no limit" example:"16"`
		FirstVisitMinutes    httpapi.Clearable[int32] `json:"firstVisitMinutes,omitempty" minimum:"5" maximum:"480" doc:"How long a first visit takes: it needs a slot at least that long; null for the whole slot" example:"30"`
		FollowUpMinutes      httpapi.Clearable[int32] `json:"followUpMinutes,omitempty" minimum:"5" maximum:"480" doc:"How long each later visit takes; null for the whole slot" example:"15"`
	}
}

// ReadRules returns the doctor's own booking rules.
func (s *Service) ReadRules(ctx context.Context, r *postgres.Read, actor access.Actor,
	_ httpapi.None) (BookingRules, error) {
	row, err := readRules(ctx, r, actor.ID)
	if postgres.NoRows(err) {
		return BookingRules{}, nil
	}
	return row.rules(), err
}

// UpdateRules changes the doctor's own booking rules. What is booked stays as it is. Returns doctor.ErrNotApproved,
// problem.PreconditionFailed if they have changed meanwhile, and problem.Invalid if they allow no booking at all.
func (s *Service) UpdateRules(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	in UpdateRulesRequest) (BookingRules, error) {
	// The lock also orders two first changes, when there is no row yet.
	if err := doctor.LockApproved(ctx, tx, actor.ID); err != nil {
		return BookingRules{}, err
	}
	var rules BookingRules
	switch row, err := lockRules(ctx, tx, actor.ID); {
	case err == nil:
		rules = row.rules()
	case !postgres.NoRows(err):
		return BookingRules{}, err
	}
	if err := in.Check(rules.ETag()); err != nil {
		return BookingRules{}, err
	}
	changed := in.apply(&rules)
	if days := rules.HorizonDays; days != nil && rules.MinimumNoticeMinutes >= *days*24*60 {
		return BookingRules{}, problem.InvalidField("body.minimumNoticeMinutes", faultNoticeTooLong)
	}
	if len(changed) > 0 {
		rules.UpdatedAt = &tx.Now
		err := storeRules(ctx, tx, storeRulesParams{
			DoctorID:             actor.ID,
			MinimumNoticeMinutes: rules.MinimumNoticeMinutes,
			HorizonDays:          rules.HorizonDays,
			DailyMaximum:         rules.DailyMaximum,
			FirstVisitMinutes:    rules.FirstVisitMinutes,
			FollowUpMinutes:      rules.FollowUpMinutes,
			Now:                  tx.Now,
		})
		if err != nil {
			return BookingRules{}, err
		}
	}
	audit.Write(tx, actor, "doctor.update-booking-rules", actor.ID, audit.Meta{"changed": changed})
	return rules, nil
}

// apply writes the patch into the rules and returns the names of the members that it changed.
func (in UpdateRulesRequest) apply(rules *BookingRules) []string {
	before := *rules
	patch := in.Body
	patch.MinimumNoticeMinutes.Apply(&rules.MinimumNoticeMinutes)
	patch.HorizonDays.ApplyTo(&rules.HorizonDays)
	patch.DailyMaximum.ApplyTo(&rules.DailyMaximum)
	patch.FirstVisitMinutes.ApplyTo(&rules.FirstVisitMinutes)
	patch.FollowUpMinutes.ApplyTo(&rules.FollowUpMinutes)

	changed := []string{}
	if rules.MinimumNoticeMinutes != before.MinimumNoticeMinutes {
		changed = append(changed, "minimumNoticeMinutes")
	}
	for _, member := range []struct {
		name        string
		before, now *int32
	}{
		{"horizonDays", before.HorizonDays, rules.HorizonDays},
		{"dailyMaximum", before.DailyMaximum, rules.DailyMaximum},
		{"firstVisitMinutes", before.FirstVisitMinutes, rules.FirstVisitMinutes},
		{"followUpMinutes", before.FollowUpMinutes, rules.FollowUpMinutes},
	} {
		if (member.before == nil) != (member.now == nil) ||
			member.before != nil && *member.before != *member.now {
			changed = append(changed, member.name)
		}
	}
	return changed
}

// rules converts a row into what the doctor sees.
func (row BookingRule) rules() BookingRules {
	return BookingRules{
		MinimumNoticeMinutes: row.MinimumNoticeMinutes, HorizonDays: row.HorizonDays, DailyMaximum: row.DailyMaximum,
		FirstVisitMinutes: row.FirstVisitMinutes, FollowUpMinutes: row.FollowUpMinutes, UpdatedAt: &row.UpdatedAt,
	}
}

// explain says which rule refuses a booking.
func (row BookingRule) explain(refusal string, seen bool) *problem.Message {
	switch refusal {
	case refusedDaily:
		return detailDailyMaximum.With("count", *row.DailyMaximum)
	case refusedNotice:
		return detailNotice.With("minutes", row.MinimumNoticeMinutes)
	case refusedHorizon:
		return detailHorizon.With("days", *row.HorizonDays)
	case refusedTooShort:
		if seen {
			return detailShortFollowUp.With("minutes", *row.FollowUpMinutes)
		}
		return detailShortFirst.With("minutes", *row.FirstVisitMinutes)
	}
	return detailRules
}
