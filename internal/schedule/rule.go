package schedule

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/httpapi"
	"amrutam/internal/problem"
)

const (
	// fillDays is for how many days ahead a rule makes slots, beside those of today.
	fillDays = 60
	// maxRules limits the rules of a doctor, and so the work of comparing a new one with them.
	maxRules = 50
	// dateForm is a day in JSON.
	dateForm = time.DateOnly
)

// ErrTooManyRules refuses one more rule.
var ErrTooManyRules = problem.Conflict("too-many-rules", "Too many rules",
	"You have as many rules of availability as a doctor may.", "Delete one that you don't need, or change one.")

// Rule is when a doctor works regularly.
type Rule struct {
	_ struct{} `doc:"When a doctor works regularly: the slots of the next 60 days follow from it"`

	ID            uuid.UUID `json:"id" format:"uuid" doc:"The rule's id"`
	DoctorID      uuid.UUID `json:"doctorId" format:"uuid" doc:"Whose rule it is"`
	RRule         string    `json:"rrule" doc:"Its days, as an RRULE of RFC 5545" example:"FREQ=WEEKLY;BYDAY=MO,WE"`
	StartTime     string    `json:"startTime" doc:"When the first slot of a day begins, on the clocks of the time zone" example:"09:00"`
	EndTime       string    `json:"endTime" doc:"When the last slot of a day has ended; 24:00 is midnight" example:"13:00"`
	Timezone      string    `json:"timezone" doc:"IANA time zone" example:"Asia/Kolkata"`
	SlotMinutes   int       `json:"slotMinutes" doc:"How long a slot is" example:"30"`
	BufferMinutes int       `json:"bufferMinutes" doc:"How long the doctor is free between two slots" example:"10"`
	MaxPatients   int       `json:"maxPatients" doc:"How many patients a slot takes" example:"1"`
	ValidFrom     string    `json:"validFrom" format:"date" doc:"The first day, from which INTERVAL and COUNT are counted" example:"2026-12-01"`
	ValidTo       *string   `json:"validTo" format:"date" doc:"The last day; null when it has none" example:"2027-05-31"`
	CreatedAt     time.Time `json:"createdAt" doc:"When it was made"`
	UpdatedAt     time.Time `json:"updatedAt" doc:"When it last changed"`
}

// Entity names a rule for the stored answer of an idempotency key.
func (r Rule) Entity() (string, uuid.UUID) { return "availability-rule", r.ID }

// Location is the address of a rule.
func (r Rule) Location() string { return httpapi.Base + "/availability/rules/" + r.ID.String() }

// ETag is the version of a rule.
func (r Rule) ETag() string { return httpapi.ETag(r.UpdatedAt) }

// ChangedRule is a rule with what became of its slots.
type ChangedRule struct {
	_ struct{} `doc:"A rule with what its change did to the slots"`

	Rule
	Slots SlotChanges `json:"slots" doc:"What became of the slots of the next 60 days"`
}

// RuleRequest names a rule.
type RuleRequest struct {
	ID uuid.UUID `path:"id" format:"uuid" doc:"The rule's id" example:"0199f3a2-7c1e-7000-8000-000000000021"`
}

// RuleBody is a new rule.
type RuleBody struct {
	_ struct{} `doc:"When a doctor works regularly"`

	RRule         string `json:"rrule" minLength:"1" maxLength:"20000" doc:"Its days, as the value of an RRULE (RFC 5545) of at most 500 characters: FREQ=DAILY, WEEKLY, MONTHLY or YEARLY, with INTERVAL, COUNT, UNTIL, BYDAY, BYMONTHDAY, BYMONTH, BYSETPOS, WKST" example:"FREQ=WEEKLY;BYDAY=MO,WE"`
	StartTime     string `json:"startTime" pattern:"^([01][0-9]|2[0-3]):[0-5][0-9]$" patternDescription:"a time like 09:00" maxLength:"5" doc:"When the first slot of a day begins, on the clocks of the time zone" example:"09:00"`
	EndTime       string `json:"endTime" pattern:"^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$" patternDescription:"a time like 13:00" maxLength:"5" doc:"When the last slot of a day has ended; 24:00 is midnight" example:"13:00"`
	Timezone      string `json:"timezone" minLength:"1" maxLength:"64" doc:"IANA time zone" example:"Asia/Kolkata"`
	SlotMinutes   int32  `json:"slotMinutes" minimum:"5" maximum:"480" doc:"How long a slot is" example:"30"`
	BufferMinutes int32  `json:"bufferMinutes,omitempty" minimum:"0" maximum:"480" default:"0" doc:"How long the doctor is free between two slots; at most as long as a slot" example:"10"`
	MaxPatients   int32  `json:"maxPatients,omitempty" minimum:"1" maximum:"100" default:"1" doc:"How many patients a slot takes" example:"1"`
	ValidFrom     string `json:"validFrom" format:"date" maxLength:"10" doc:"The first day, from which INTERVAL and COUNT are counted; at most 365 days ahead" example:"2026-12-01"`
	ValidTo       string `json:"validTo,omitempty" format:"date" maxLength:"10" doc:"The last day; left out when it has none" example:"2027-05-31"`
}

// parsedRule is a rule whose days and time zone are known.
type parsedRule struct {
	RuleRow
	days recurrence
	zone *time.Location
}

// rule converts a row into what its doctor sees.
func (row RuleRow) rule() Rule {
	r := Rule{
		ID: row.ID, DoctorID: row.DoctorID, RRule: row.Rrule, Timezone: row.Timezone,
		StartTime: clock(row.StartMinute), EndTime: clock(row.EndMinute),
		SlotMinutes: int(row.SlotMinutes), BufferMinutes: int(row.BufferMinutes), MaxPatients: int(row.MaxPatients),
		ValidFrom: row.ValidFrom.Format(dateForm), CreatedAt: row.CreatedAt, UpdatedAt: row.UpdatedAt,
	}
	if row.ValidTo != nil {
		r.ValidTo = new(row.ValidTo.Format(dateForm))
	}
	return r
}

// clock writes minutes of a day as a time like "09:00".
func clock(minute int32) string { return fmt.Sprintf("%02d:%02d", minute/60, minute%60) }

var clockForm = regexp.MustCompile(`^([0-9]{2}):([0-9]{2})$`)

// minuteOf reads what clock writes. The schema of the request has checked its form.
func minuteOf(text string) int32 {
	parts := clockForm.FindStringSubmatch(text)
	if parts == nil {
		return 0
	}
	hour, _ := strconv.Atoi(parts[1])
	minute, _ := strconv.Atoi(parts[2])
	return int32(hour*60 + minute) //nolint:gosec // two digits each
}

// parse checks a rule and returns it with its days and its time zone. Returns problem.Invalid with every fault.
func (in RuleBody) parse(now time.Time) (parsedRule, error) {
	invalid := *problem.Invalid
	fault := func(field string, found *problem.Message) { invalid = *invalid.WithField("body."+field, found) }
	rule := parsedRule{RuleRow: RuleRow{
		Rrule: in.RRule, Timezone: in.Timezone, StartMinute: minuteOf(in.StartTime), EndMinute: minuteOf(in.EndTime),
		SlotMinutes: in.SlotMinutes, BufferMinutes: in.BufferMinutes, MaxPatients: in.MaxPatients,
	}}
	zone, known := httpapi.Zone(in.Timezone)
	if !known {
		fault("timezone", problem.NotZone)
	}
	rule.zone = zone
	switch {
	case rule.EndMinute <= rule.StartMinute:
		fault("endTime", faultPastMidnight)
	case rule.StartMinute+rule.SlotMinutes > rule.EndMinute:
		fault("slotMinutes", faultLongerThanHours)
	}
	if rule.BufferMinutes > rule.SlotMinutes {
		fault("bufferMinutes", problem.LongerThan.With("field", "slotMinutes"))
	}
	if wrong := rule.parseDates(in.ValidFrom, in.ValidTo, now); wrong != nil {
		invalid.Fields = append(invalid.Fields, wrong...)
		return rule, &invalid // without its first day a rule has no days
	}
	var wrong *problem.Message
	if rule.days, wrong = parseRecurrence(in.RRule, rule.ValidFrom); wrong != nil {
		fault("rrule", wrong)
	}
	if len(invalid.Fields) > 0 {
		return rule, &invalid
	}
	return rule, nil
}

// parseDates reads the validity of a rule and returns its faults.
func (rule *parsedRule) parseDates(from, to string, now time.Time) (faults []problem.Field) {
	fault := func(field string, found *problem.Message) {
		faults = append(faults, problem.FaultAt("body."+field, found))
	}
	var err error
	switch rule.ValidFrom, err = time.Parse(dateForm, from); {
	case err != nil:
		fault("validFrom", problem.NotDate)
		return faults
	case rule.ValidFrom.Year() < 2000:
		fault("validFrom", faultBefore2000)
	case rule.ValidFrom.Sub(now) > maxAhead:
		fault("validFrom", problem.TooFarAhead.With("days", 365))
	}
	if to == "" {
		return faults
	}
	last, err := time.Parse(dateForm, to)
	switch {
	case err != nil:
		fault("validTo", problem.NotDate)
	case last.Before(rule.ValidFrom):
		fault("validTo", problem.Before.With("field", "validFrom"))
	case last.Sub(now) > maxValidity:
		fault("validTo", faultTenYears)
	}
	rule.ValidTo = &last
	return faults
}

// parsed returns a stored rule with its days and its time zone.
func (row RuleRow) parsed() (parsedRule, error) {
	zone, known := httpapi.Zone(row.Timezone)
	days, fault := parseRecurrence(row.Rrule, row.ValidFrom)
	if !known || fault != nil {
		return parsedRule{}, fmt.Errorf("the availability rule %s can't be read any more", row.ID)
	}
	return parsedRule{RuleRow: row, days: days, zone: zone}, nil
}

// wantedSlot is a slot that a rule has: its times, and its start on the clocks of the rule's time zone.
type wantedSlot struct {
	span
	local time.Time
}

// slots returns the slots of the rule on the days from one to another, both included, by their start.
//
// Their starts are times on the clocks of the zone, at the same distance each day: one that the clocks skip doesn't
// exist, and one that they show twice exists the first time. A slot lasts slotMinutes of real time, so one during
// which the clocks change ends at another wall time than the rule suggests; a slot that would begin before it has
// ended is left out.
func (rule parsedRule) slots(from, to date) (slots []wantedSlot) {
	length := time.Duration(rule.SlotMinutes) * time.Minute
	var free time.Time
	days := rule.daysWithin(from, to)
	perDay := (rule.EndMinute-rule.StartMinute)/(rule.SlotMinutes+rule.BufferMinutes) + 1
	slots = make([]wantedSlot, 0, len(days)*int(perDay))
	for _, day := range days {
		for m := rule.StartMinute; m+rule.SlotMinutes <= rule.EndMinute; m += rule.SlotMinutes + rule.BufferMinutes {
			start, exists := instantOf(day, int(m), rule.zone)
			if !exists || start.Before(free) {
				continue
			}
			free = start.Add(length)
			slots = append(slots, wantedSlot{span{start, free}, day.Add(time.Duration(m) * time.Minute)})
		}
	}
	return slots
}

// daysWithin returns the days of the rule from one day to another, both included, on which it is valid.
func (rule parsedRule) daysWithin(from, to date) []date {
	if from.Before(rule.ValidFrom) {
		from = rule.ValidFrom
	}
	if rule.ValidTo != nil && to.After(*rule.ValidTo) {
		to = *rule.ValidTo
	}
	return rule.days.days(from, to)
}
