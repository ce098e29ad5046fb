// Package cancellation has the policies that say how much a patient who cancels a consultation gets back.
package cancellation

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"amrutam/internal/money"

	"amrutam/internal/problem"
)

const (
	// MaxSteps is how many steps a policy may have.
	MaxSteps = 5
	// MaxHours is the earliest hour before the start at which a refund may begin to fall: with more, a doctor could
	// take bookings that are never refunded.
	MaxHours = 168
)

// Legacy is the policy of the consultations that were booked before policies were stored with them.
const Legacy = "2h=100"

// Step is one step of a policy.
type Step struct {
	_ struct{} `doc:"What a patient gets back who cancels by then"`

	HoursBefore   int `json:"hoursBefore" minimum:"0" maximum:"168" doc:"Until so many hours before the start" example:"24"`
	RefundPercent int `json:"refundPercent" minimum:"1" maximum:"100" doc:"How much of what was paid goes back" example:"100"`
}

// Policy is a list of steps: both their hours and their percents fall. After the last one nothing goes back.
type Policy []Step

// Parse reads a policy like "24h=100,2h=50", which begins with a full refund. The error doesn't repeat the text.
func Parse(text string) (Policy, error) {
	p, err := ParseCapped(text)
	if err != nil {
		return p, err
	}
	return p, p.Check()
}

// ParseCapped is Parse for a policy that Capped may have returned.
func ParseCapped(text string) (Policy, error) {
	var p Policy
	for part := range strings.SplitSeq(text, ",") {
		hours, percent, found := strings.Cut(strings.TrimSpace(part), "h=")
		h, err := parseNumber(hours)
		n, err2 := parseNumber(percent)
		if !found || err != nil || err2 != nil {
			return nil, errors.New("must be steps like 24h=100,2h=50: hours before the start, and percents")
		}
		p = append(p, Step{HoursBefore: h, RefundPercent: n})
	}
	return p, p.checkSteps()
}

// parseNumber reads a number of one to three digits.
func parseNumber(digits string) (int, error) {
	if len(digits) > 3 || strings.HasPrefix(digits, "+") || strings.HasPrefix(digits, "-") {
		return 0, errors.New("not a number of three digits")
	}
	return strconv.Atoi(digits)
}

// What is wrong with a policy.
var (
	errNoFullRefund = problem.DefineMessage("policy-full-refund", "must begin with a full refund, 100 percent")
	errSteps        = problem.DefineMessage("policy-steps", "must have 1 to {count} steps")
	errPercents     = problem.DefineMessage("policy-percents", "must have percents up to 100")
	errTooEarly     = problem.DefineMessage("policy-hours",
		"must give a full refund until {hours} hours before the start, or later")
	errTooSmall = problem.DefineMessage("policy-minimums", "must have hours from 0 and percents from 1")
	errOrder    = problem.DefineMessage("policy-order", "must have hours and percents that fall from step to step")
)

// Check returns a *problem.Message that says what is wrong with the policy of a doctor or of all doctors.
func (p Policy) Check() error {
	if len(p) > 0 && p[0].RefundPercent != 100 {
		return errNoFullRefund
	}
	return p.checkSteps()
}

func (p Policy) checkSteps() error {
	switch {
	case len(p) == 0 || len(p) > MaxSteps:
		return errSteps.With("count", MaxSteps)
	case p[0].RefundPercent > 100:
		return errPercents
	case p[0].HoursBefore > MaxHours:
		return errTooEarly.With("hours", MaxHours)
	}
	for i, s := range p {
		switch {
		case s.HoursBefore < 0 || s.RefundPercent < 1:
			return errTooSmall
		case i > 0 && (s.HoursBefore >= p[i-1].HoursBefore || s.RefundPercent >= p[i-1].RefundPercent):
			return errOrder
		}
	}
	return nil
}

// String returns the policy as Parse reads it.
func (p Policy) String() string {
	parts := make([]string, len(p))
	for i, s := range p {
		parts[i] = fmt.Sprintf("%dh=%d", s.HoursBefore, s.RefundPercent)
	}
	return strings.Join(parts, ",")
}

// Capped returns the policy that gives back at most a percentage.
func (p Policy) Capped(percent int) Policy {
	var capped Policy
	for i, s := range p {
		if i+1 < len(p) && p[i+1].RefundPercent >= percent {
			continue // the next step gives as much, and for longer
		}
		s.RefundPercent = min(s.RefundPercent, percent)
		capped = append(capped, s)
	}
	return capped
}

// At returns which percentage a cancellation at an instant before the start gives back, and until when it stays so:
// until a step's last instant, or the start once nothing goes back.
func (p Policy) At(now, start time.Time) (percent int, until time.Time) {
	for _, s := range p {
		if until := start.Add(-time.Duration(s.HoursBefore) * time.Hour); !now.After(until) {
			return s.RefundPercent, until
		}
	}
	return 0, start
}

// Share returns a percentage of an amount, in minor units that are rounded up: in the patient's favour.
func Share(amount money.Amount, percent int) money.Amount {
	return (amount*money.Amount(percent) + 99) / 100
}
