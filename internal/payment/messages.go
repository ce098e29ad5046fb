package payment

import "amrutam/internal/problem"

// What is wrong with a field.
var (
	faultReturnURL = problem.DefineMessage("return-url",
		"must be an http or https address on this server or on an origin of AMRUTAM_RETURN_ORIGINS")
	faultZero      = problem.DefineMessage("not-positive", "must be more than zero")
	faultEventType = problem.DefineMessage("event-type", "expected an event type in plain characters")
	faultReference = problem.DefineMessage("transaction-reference", "expected 1 to 200 plain characters")
)

// Details of refusals.
var (
	detailNotMoney = problem.DefineMessage("not-money-that-came",
		"This can't be sent back: it isn't money that came, or nobody knows how much.")
	detailNotWaiting = problem.DefineMessage("not-waiting",
		"Only money that is WAITING can be decided on; this is {status}.")
	detailAtMost = problem.DefineMessage("at-most-refundable",
		"At most {amount} {currency} of this payment can still be asked back at once.")
	detailNotRequested = problem.DefineMessage("refund-decided",
		"Only a refund that is REQUESTED can be decided; this one is {status}.")
)
