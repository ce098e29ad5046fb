package privacy

import (
	"net/http"

	"amrutam/internal/access"
	"amrutam/internal/httpapi"
	"amrutam/internal/problem"
)

// Routes registers the operations.
func (s *Service) Routes(api *httpapi.API) {
	httpapi.Command(api, httpapi.Op{Method: http.MethodGet, Path: "/users/me/export", ID: "read-own-export", Tag: "users", Roles: access.SignedIn,
		Statuses: []int{http.StatusAccepted}, Summary: "Get a copy of everything held about you",
		Doc: "Tells how the newest copy stands, and asks for one when there is none that is being made or still good. 202: ask again after Retry-After, or wait for the mail. " +
			"200: fetch it at url within 24 hours. Each call is audited."}, s.ReadExport)
	httpapi.Command(api, httpapi.Op{Method: http.MethodPost, Path: "/users/me/export", ID: "request-own-export", Tag: "users", Roles: access.SignedIn,
		Key: httpapi.Honoured, Status: http.StatusAccepted, Summary: "Ask for a new copy of everything held about you",
		Doc: "Also when an older one is still good; while one is being made it is that one. At most five a day."}, s.RequestExport)
	httpapi.Command(api, httpapi.Op{Method: http.MethodGet, Path: "/users/me/exports/{id}", ID: "download-own-export", Tag: "users", Roles: access.SignedIn,
		MediaType: zipType, Summary: "Fetch the copy of everything held about you",
		Doc:      "A ZIP of JSON files, and of a page index.html that says what each holds. Each download is audited.",
		Refusals: []*problem.Error{ErrExportPending, ErrExportExpired}}, s.Download)
}
