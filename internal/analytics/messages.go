package analytics

import "amrutam/internal/problem"

// What is wrong with a field.
var (
	faultBeforeFrom = problem.DefineMessage("before-from-to-today",
		"must not be before from; it is today when left out")
	faultTooManyDays = problem.DefineMessage("too-many-days-to-today",
		"must be at most 366 days from from, both counted; it is today when left out")
)
