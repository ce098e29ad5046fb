package schedule

import (
	"iter"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/teambition/rrule-go"

	"amrutam/internal/problem"
)

const (
	// maxRecurrence limits the text of an RRULE. The schema of the requests allows more, so that a longer one is
	// refused as a fault of its field and not for the size of the body.
	maxRecurrence = 500
	maxInterval   = 1000
	maxCount      = 5000
	// maxValidity is how long a rule may be valid that says its end.
	maxValidity = 10 * 366 * 24 * time.Hour
	// shiftYears moves the days of a rule before they are computed. The calendar repeats every 400 years, and the
	// library looks for the next day up to the year 9999: so a rule that has no day ends soon.
	shiftYears = 7600
	// maxRecurrenceDays limits the days that are computed of one rule: those of 60 years and more.
	maxRecurrenceDays = 25_000
)

const byDay = `([+-]?[1-9][0-9]?)?(MO|TU|WE|TH|FR|SA|SU)`

// recurrenceParts are the parts of an RRULE (RFC 5545, 3.3.10) that a rule may have, each with the form of its value.
// Those that name a time of day are missing, because startTime does; BYYEARDAY and BYWEEKNO mean nothing to a
// practice.
var recurrenceParts = map[string]*regexp.Regexp{
	"FREQ":       regexp.MustCompile(`^(DAILY|WEEKLY|MONTHLY|YEARLY)$`),
	"INTERVAL":   regexp.MustCompile(`^[1-9][0-9]{0,3}$`),
	"COUNT":      regexp.MustCompile(`^[1-9][0-9]{0,3}$`),
	"UNTIL":      regexp.MustCompile(`^[0-9]{8}(T[0-9]{6}Z?)?$`),
	"BYDAY":      regexp.MustCompile(`^` + byDay + `(,` + byDay + `)*$`),
	"BYMONTHDAY": regexp.MustCompile(`^[+-]?[1-9][0-9]?(,[+-]?[1-9][0-9]?)*$`),
	"BYMONTH":    regexp.MustCompile(`^[1-9][0-9]?(,[1-9][0-9]?)*$`),
	"BYSETPOS":   regexp.MustCompile(`^[+-]?[1-9][0-9]{0,2}(,[+-]?[1-9][0-9]{0,2})*$`),
	"WKST":       regexp.MustCompile(`^(MO|TU|WE|TH|FR|SA|SU)$`),
}

// notDigits matches what is between the numbers of a list.
var notDigits = regexp.MustCompile(`[^0-9]+`)

// recurrence is a parsed RRULE: the days of a rule.
type recurrence struct{ option rrule.ROption }

// parseRecurrence parses an RRULE whose first possible day is from. Returns what is wrong with it, or "".
func parseRecurrence(text string, from date) (recurrence, *problem.Message) {
	if len(text) > maxRecurrence {
		return recurrence{}, problem.MaxLength.With("limit", 500)
	}
	text = strings.TrimPrefix(text, "RRULE:")
	values, fault := splitParts(text)
	if fault == nil {
		fault = checkParts(values, from)
	}
	if fault != nil {
		return recurrence{}, fault
	}
	option, err := rrule.StrToROption(text)
	if err != nil {
		return recurrence{}, faultRrule
	}
	if until := option.Until; !until.IsZero() {
		// Only its day counts. It is a day of the rule's own zone, like all days of the rule.
		option.Until = time.Date(until.Year()+shiftYears, until.Month(), until.Day(), 0, 0, 0, 0, time.UTC)
	}
	option.Dtstart = from.AddDate(shiftYears, 0, 0)
	r := recurrence{option: *option}
	if _, err := rrule.NewRRule(r.option); err != nil {
		return recurrence{}, faultRrule
	}
	if !r.hasDay(from, from.Add(maxValidity)) {
		return recurrence{}, faultNoDay
	}
	return r, nil
}

// splitParts splits an RRULE into its parts, and checks the form of each.
func splitParts(text string) (values map[string]string, fault *problem.Message) {
	values = map[string]string{}
	for part := range strings.SplitSeq(text, ";") {
		name, value, _ := strings.Cut(part, "=")
		form, known := recurrenceParts[name]
		_, repeated := values[name]
		switch {
		case strings.HasPrefix(name, "DTSTART"), strings.HasPrefix(name, "EXDATE"), strings.HasPrefix(name, "RDATE"),
			strings.HasPrefix(name, "EXRULE"):
			return nil, faultRruleAlone
		case !known:
			return nil, faultRruleParts
		case repeated:
			return nil, faultPartTwice.With("part", name)
		case name == "FREQ" && !form.MatchString(value):
			return nil, faultFreq
		case !form.MatchString(value):
			return nil, faultPart.With("part", name)
		}
		values[name] = value
	}
	return values, nil
}

// checkParts checks the parts of an RRULE, whose forms are right, against each other and against its first day.
func checkParts(values map[string]string, from date) (fault *problem.Message) {
	freq, weekdays := values["FREQ"], values["BYDAY"]
	until, hasUntil := values["UNTIL"]
	_, hasCount := values["COUNT"]
	_, hasMonthDay := values["BYMONTHDAY"]
	_, hasMonth := values["BYMONTH"]
	_, hasPosition := values["BYSETPOS"]
	switch {
	case freq == "":
		return faultFreq
	case hasUntil && hasCount:
		return faultUntilAndCount
	case isAbove(values["INTERVAL"], maxInterval):
		return faultInterval
	case isAbove(values["COUNT"], maxCount):
		return faultCount
	case isAbove(values["BYMONTH"], 12):
		return faultByMonth
	case isAbove(values["BYMONTHDAY"], 31):
		return faultByMonthDay
	case isAbove(values["BYSETPOS"], 366):
		return faultBySetPos
	case hasPosition && weekdays == "" && !hasMonthDay && !hasMonth:
		return faultBySetPosAlone
	case freq == "WEEKLY" && hasMonthDay:
		return faultMonthDayWeekly
	case strings.ContainsAny(weekdays, "0123456789") && (freq == "DAILY" || freq == "WEEKLY"):
		return faultByDayNumbers
	case (freq == "MONTHLY" || hasMonth) && isAbove(strings.Trim(notDigits.ReplaceAllString(weekdays, ","), ","), 5):
		// The library would look for it outside of the year.
		return faultByDayRange
	case hasUntil:
		return checkUntil(until, from)
	}
	return nil
}

// isAbove reports whether one number of a list is larger than most, without its sign.
func isAbove(list string, most int) bool {
	return slices.ContainsFunc(strings.Split(list, ","), func(text string) bool {
		n, _ := strconv.Atoi(strings.TrimLeft(text, "+-")) // the form of the part allows digits only
		return n > most
	})
}

func checkUntil(text string, from date) (fault *problem.Message) {
	until, err := time.Parse("20060102", text[:8])
	switch {
	case err != nil:
		return faultUntil
	case until.Before(from):
		return faultUntilBefore
	case until.Sub(from) > maxValidity:
		return faultUntilAfter
	}
	return nil
}

// hasDay reports whether the rule has a day from one day to another, both included.
func (r recurrence) hasDay(from, to date) bool {
	for range r.between(from, to) {
		return true
	}
	return false
}

// days returns the days of the rule from one day to another, both included.
func (r recurrence) days(from, to date) []date { return slices.Collect(r.between(from, to)) }

// between yields the days of the rule from one day to another, both included.
func (r recurrence) between(from, to date) iter.Seq[date] {
	return func(yield func(date) bool) {
		rule, err := rrule.NewRRule(r.option) // its iterators share nothing
		if err != nil {
			return // parseRecurrence has made it once
		}
		next := rule.Iterator()
		for range maxRecurrenceDays {
			shifted, more := next()
			day := shifted.AddDate(-shiftYears, 0, 0)
			if !more || day.After(to) || (!day.Before(from) && !yield(day)) {
				return
			}
		}
	}
}
