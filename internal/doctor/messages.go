package doctor

import "amrutam/internal/problem"

// What is wrong with a field.
var (
	faultReasonNeeded = problem.DefineMessage("reason-needed", "is required when approved is false")
	faultBelowMinFee  = problem.DefineMessage("below-minFee", "must not be less than minFee")
	faultNoLetters    = problem.DefineMessage("no-letters-or-digits", "must have letters or digits")
	faultNotDependant = problem.DefineMessage("not-a-dependant", "is not a dependant of yours")
	faultLanguage     = problem.DefineMessage("language", "expected a language tag (BCP 47), like hi or en-IN")
	faultLanguageName = problem.DefineMessage("language-name",
		"expected a language tag (BCP 47), like hi or en-IN; you may mean {suggestion}")
)

// Details of refusals.
var (
	detailNotApproved = problem.DefineMessage("doctors-not-approved",
		"Only administrators see doctors who aren't approved.")
)
