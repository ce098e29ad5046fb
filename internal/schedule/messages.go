package schedule

import "amrutam/internal/problem"

// What is wrong with a field.
var (
	faultNoticeTooLong = problem.DefineMessage("notice-beyond-horizon", "must be less than horizonDays")
	faultPastMidnight  = problem.DefineMessage("past-midnight",
		"must be after startTime; a rule doesn't go past midnight: make one for each day")
	faultLongerThanHours = problem.DefineMessage("longer-than-hours",
		"must not be longer than the time from startTime to endTime")
	faultBefore2000 = problem.DefineMessage("before-2000", "must be in the year 2000 or later")
	faultTenYears   = problem.DefineMessage("too-many-years-ahead",
		"must be at most ten years ahead; leave it out for a rule without an end")
	faultNoDoctor        = problem.DefineMessage("doctor-needed", "an administrator has to say whose slots")
	faultBeforeToday     = problem.DefineMessage("before-today", "must not be before today")
	faultTooShort        = problem.DefineMessage("too-short", "must be at least 5 minutes after startTime")
	faultLongerThanExtra = problem.DefineMessage("longer-than-period",
		"must not be longer than the time from from to to")
	faultExtraTooLong = problem.DefineMessage("extra-too-long",
		"must be at most 24 hours after from: make extra hours for each day")
	faultBeforeFrom = problem.DefineMessage("before-from",
		"must not be before from, which is today when left out")
	faultTooManyDays = problem.DefineMessage("too-many-days-from-today",
		"must be at most 62 days from from, both counted, which is today when left out")
	faultRrule      = problem.DefineMessage("rrule", "is not a rule that RFC 5545 allows")
	faultNoDay      = problem.DefineMessage("rrule-without-day", "has no day within ten years")
	faultRruleAlone = problem.DefineMessage("rrule-alone",
		"must be the value of an RRULE alone: validFrom is its first day, and exceptions are leaves")
	faultRruleParts = problem.DefineMessage("rrule-parts",
		"may have the parts FREQ, INTERVAL, COUNT, UNTIL, BYDAY, BYMONTHDAY, BYMONTH, "+
			"BYSETPOS and WKST only, separated by semicolons")
	faultFreq          = problem.DefineMessage("rrule-freq", "must have FREQ=DAILY, WEEKLY, MONTHLY or YEARLY")
	faultUntilAndCount = problem.DefineMessage("rrule-until-and-count",
		"must not have both COUNT and UNTIL")
	faultInterval   = problem.DefineMessage("rrule-interval", "must have an INTERVAL of at most 1000")
	faultCount      = problem.DefineMessage("rrule-count", "must have a COUNT of at most 5000")
	faultByMonth    = problem.DefineMessage("rrule-bymonth", "must have a BYMONTH from 1 to 12")
	faultByMonthDay = problem.DefineMessage("rrule-bymonthday",
		"must have a BYMONTHDAY from 1 to 31, or from -31 to -1")
	faultBySetPos = problem.DefineMessage("rrule-bysetpos",
		"must have a BYSETPOS from 1 to 366, or from -366 to -1")
	faultBySetPosAlone = problem.DefineMessage("rrule-bysetpos-alone",
		"must not have BYSETPOS without BYDAY, BYMONTHDAY or BYMONTH")
	faultMonthDayWeekly = problem.DefineMessage("rrule-bymonthday-weekly",
		"must not have BYMONTHDAY with FREQ=WEEKLY")
	faultByDayNumbers = problem.DefineMessage("rrule-byday-numbers",
		"must not have numbers in BYDAY with FREQ=DAILY or WEEKLY")
	faultByDayRange = problem.DefineMessage("rrule-byday-range",
		"must have numbers from 1 to 5, or from -5 to -1, in BYDAY with FREQ=MONTHLY or BYMONTH")
	faultUntil       = problem.DefineMessage("rrule-until", "has an UNTIL that is no date")
	faultUntilBefore = problem.DefineMessage("rrule-until-before", "has an UNTIL before validFrom")
	faultUntilAfter  = problem.DefineMessage("rrule-until-after",
		"must have an UNTIL at most ten years after validFrom")
	faultPart = problem.DefineMessage("rrule-part",
		"has a {part} that RFC 5545 doesn't allow or that is too large")
	faultPartTwice   = problem.DefineMessage("rrule-part-twice", "has {part} twice")
	faultOverlap     = problem.DefineMessage("overlaps-rule", "overlaps your rule {id} on {date}")
	faultNotAfterNow = problem.DefineMessage("not-after-from-or-now",
		"must be after from, which is now when left out")
)

// Details of refusals.
var (
	detailDoctorBusy = problem.DefineMessage("doctor-busy",
		"The doctor has a consultation in another slot at that time.")
	detailOtherInProgress = problem.DefineMessage("other-in-progress",
		"Another consultation of yours, in another slot, is in progress.")
	detailSlotFull = problem.DefineMessage("slot-full",
		"The slot is full: it becomes AVAILABLE when a seat is freed or added.")
	detailRules       = problem.DefineMessage("booking-rules", "The doctor's booking rules don't allow it.")
	detailEntryOver   = problem.DefineMessage("entry-over", "The entry is over: it is {status}.")
	detailSlotExists  = problem.DefineMessage("same-times", "You have a slot of exactly these times: {id}.")
	detailAccountEnds = problem.DefineMessage("account-ends",
		"Your account ends on {time}: what starts later would be cancelled.")
	detailException     = problem.DefineMessage("exception-then", "You have an exception at that time: {id}.")
	detailConsultations = problem.DefineMessage("slot-consultations", "The slot has {count} consultations.",
		"The slot has 1 consultation.")
	detailDailyMaximum = problem.DefineMessage("daily-maximum",
		"The doctor takes at most {count} consultations on that day.",
		"The doctor takes at most 1 consultation on that day.")
	detailNotice = problem.DefineMessage("minimum-notice",
		"The doctor takes bookings at least {minutes} minutes before the start.",
		"The doctor takes bookings at least 1 minute before the start.")
	detailHorizon = problem.DefineMessage("horizon", "The doctor takes bookings at most {days} days ahead.",
		"The doctor takes bookings at most 1 day ahead.")
	detailShortFollowUp = problem.DefineMessage("too-short-for-follow-up",
		"The slot is too short: a follow-up visit with the doctor takes {minutes} minutes.")
	detailShortFirst = problem.DefineMessage("too-short-for-first-visit",
		"The slot is too short: a first visit with the doctor takes {minutes} minutes.")
)
