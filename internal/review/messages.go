package review

import "amrutam/internal/problem"

// What is wrong with a field.
var (
	faultNoReason  = problem.DefineMessage("not-in-words-what", "must say in words what is wrong")
	faultNotHidden = problem.DefineMessage("not-hidden", "can only be true of a hidden review")
	faultNoReply   = problem.DefineMessage("no-reply", "can only be true of a review with a reply")
)
