package events

import "amrutam/internal/problem"

// Details of refusals.
var (
	detailTooManyStreams = problem.DefineMessage("streams-full",
		"The server has as many streams open as it can.")
)
