package prescription

import "amrutam/internal/problem"

// What is wrong with a field.
var (
	faultSupersedes = problem.DefineMessage("not-of-this-consultation",
		"is not a prescription of this consultation")
)
