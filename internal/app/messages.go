package app

import "amrutam/internal/problem"

// Details of refusals.
var (
	detailStopping = problem.DefineMessage("stopping", "The server is stopping.")
)
