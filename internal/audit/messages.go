package audit

import "amrutam/internal/problem"

// What is wrong with a field.
var (
	faultNotBeforeNow = problem.DefineMessage("not-before-now", "must be before now")
	faultNotAddress   = problem.DefineMessage("ip-address", "expected an IPv4 or IPv6 address")
	faultFromNeeded   = problem.DefineMessage("from-needed",
		"needed: entries before {date} are compressed, and are only searched for a period")
	detailFiles = problem.DefineMessage("damaged-file", "{reason}")
)
