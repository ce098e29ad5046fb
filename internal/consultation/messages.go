package consultation

import "amrutam/internal/problem"

// What is wrong with a field.
var (
	faultNoSuchDay = problem.DefineMessage("no-such-day",
		"there is no such day in the time zone of your profile")
	faultBesideDate = problem.DefineMessage("beside-date",
		"can't be used with date, which asks for a whole day")
	faultDay          = problem.DefineMessage("day", "expected a date of the years 2000 to 2199, like 2026-11-23")
	faultOtherDoctor  = problem.DefineMessage("slot-of-another-doctor", "is a slot of another doctor")
	faultSameSlot     = problem.DefineMessage("same-slot", "is the slot of the consultation already")
	faultNotItsDoctor = problem.DefineMessage("not-the-doctor", "is not the doctor of this slot")
	faultNoReason     = problem.DefineMessage("reason-needed-in-progress",
		"say why a consultation in progress is cancelled")
)

// Details of refusals.
var (
	detailNotDisputable = problem.DefineMessage("not-disputable",
		"Only a NO_SHOW of the patient can be disputed; nothing was kept for another consultation's end.")
	detailUnpaid      = problem.DefineMessage("unpaid-in-time", "It was not paid in time: the booking is over.")
	detailNothingBack = problem.DefineMessage("moved-too-late",
		"It could be moved as long as a cancellation would have given something back.")
	detailArchived = problem.DefineMessage("archived",
		"The consultation is archived; an addendum can be written.")
	detailErased    = problem.DefineMessage("record-erased", "The patient's record was erased.")
	detailMoved     = problem.DefineMessage("slot-moved-to", "The slot begins at {time} now.")
	detailNoConsent = problem.DefineMessage("no-consent-needed",
		"A consultation that is {status} needs no consent any more.")
	detailNotMovable  = problem.DefineMessage("not-movable", "A consultation that is {status} can't be moved.")
	detailWouldCancel = problem.DefineMessage("would-cancel", "{count} consultations to come would be cancelled.",
		"1 consultation to come would be cancelled.")
	detailAbandoned = problem.DefineMessage("abandoned",
		"{count} unpaid bookings of yours ended without payment within a day. You can book again from {time}.",
		"1 unpaid booking of yours ended without payment within a day. You can book again from {time}.")
	detailNotesChanged = problem.DefineMessage("notes-version",
		"The consultation is the version {version} now: its notes may have been saved elsewhere.")
	detailNotesClosed = problem.DefineMessage("notes-closed",
		"The notes of a consultation that is {status} don't change; "+
			"after its completion an addendum can be written.")
	detailNoAddenda = problem.DefineMessage("no-addenda",
		"Only a consultation that is COMPLETED gets addenda; this one is {status}.")
	faultPeerNeeded     = problem.DefineMessage("peer-with-description", "must be there exactly when description is")
	detailNotInCalendar = problem.DefineMessage("not-in-calendar",
		"A consultation is in no calendar before it is paid.")
	detailNoCheckIn = problem.DefineMessage("no-check-in",
		"Nobody can check in to a consultation that is {status}.")
	detailTransition = problem.DefineMessage("transition",
		"A consultation that is {status} can't become {next}.")
	detailPossibleFrom  = problem.DefineMessage("possible-from", "This step is possible from {time}.")
	detailPossibleUntil = problem.DefineMessage("possible-until", "This step was possible until {time}.")
	detailDuringLeave   = problem.DefineMessage("during-leave",
		"Consultations during the leave: {consultations}.")
	detailDuringLeaveAndMore = problem.DefineMessage("during-leave-and-more",
		"Consultations during the leave: {consultations}, and {count} more.")
	detailNotPayable = problem.DefineMessage("not-payable",
		"Only a consultation that is REQUESTED can be paid; this one is {status}.")
	detailDue     = problem.DefineMessage("payment-was-due", "It had to be paid by {time}: the booking is over.")
	detailDecided = problem.DefineMessage("decided", "It is decided: {status}.")
)
