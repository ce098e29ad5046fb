package privacy

import "amrutam/internal/problem"

// Details of refusals.
var (
	detailOwnErasure = problem.DefineMessage("own-erasure",
		"Your own erasure is asked for with POST /api/v1/users/me/erasure.")
	detailFiveCopies = problem.DefineMessage("five-copies", "A copy can be asked for five times a day.")
)
