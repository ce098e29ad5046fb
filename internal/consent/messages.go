package consent

import "amrutam/internal/problem"

// Details of refusals.
var (
	detailWithdrawn = problem.DefineMessage("consent-withdrawn",
		"The patient's consent to this consultation was withdrawn or never given. The "+
			"patient gives it: POST /api/v1/consultations/{id}/consent.")
	detailGive = problem.DefineMessage("consent-to",
		"Give consent to {purpose}, notice version {version}: POST /api/v1/consents.")
)
