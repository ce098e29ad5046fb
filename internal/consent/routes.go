package consent

import (
	"net/http"

	"amrutam/internal/access"
	"amrutam/internal/httpapi"
	"amrutam/internal/problem"
)

// Routes registers the package's operations.
func Routes(api *httpapi.API) {
	httpapi.Query(api, httpapi.Op{
		Method: "GET", Path: "/consents", ID: "list-consents", Tag: "consents",
		Summary: "List the notices and your consents",
		Doc:     "The current notice of each purpose, in English or Hindi, and since when you consent to it.",
		Roles:   access.Patient,
	}, List)
	httpapi.Command(api, httpapi.Op{
		Method: "POST", Path: "/consents", ID: "give-consent", Tag: "consents",
		Summary: "Give a consent",
		Doc: "Each purpose is agreed to separately; only TREATMENT is needed for a booking. To consent again " +
			"is the same consent.",
		Roles: access.Patient, Status: http.StatusCreated, Key: httpapi.Optional,
		Refusals: []*problem.Error{ErrOutdated},
		Statuses: map[int]string{http.StatusCreated: "The new consent",
			http.StatusOK: "The consent to this notice that was there already"},
	}, Give)
	httpapi.Command(api, httpapi.Op{
		Method: "POST", Path: "/consents/{purpose}/withdraw", ID: "withdraw-consent", Tag: "consents",
		Summary: "Withdraw a consent",
		Doc: "Takes the consent back, whatever its version; a repeated call changes nothing. Without TREATMENT " +
			"nothing more can be booked. " +
			"What is booked stays booked, but the doctor starts it only after POST /consultations/{id}/consent.",
		Roles: access.Patient, Status: http.StatusNoContent, Key: httpapi.Optional,
	}, Withdraw)
}
