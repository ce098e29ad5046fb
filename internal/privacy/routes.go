package privacy

import (
	"net/http"

	"amrutam/internal/access"
	"amrutam/internal/account"
	"amrutam/internal/httpapi"
	"amrutam/internal/problem"
)

// Routes registers the operations.
func (s *Service) Routes(api *httpapi.API) {
	httpapi.Command(api, httpapi.Op{Method: http.MethodGet, Path: "/users/me/export", ID: "read-own-export", Tag: "users", Roles: access.SignedIn,
		Statuses: []int{http.StatusAccepted}, Summary: "Get a copy of everything held about you",
		Doc: "Tells how the newest copy stands, and asks for one when there is none that is being made or still good. 202: ask again after Retry-After, or wait for the mail. " +
			"200: fetch it at url within 24 hours. Each call is audited. Asking for one needs a proof of the five minutes before, reading how one stands does not.",
		Refusals: []*problem.Error{problem.Reauthenticate}}, s.ReadExport)
	httpapi.Command(api, httpapi.Op{Method: http.MethodPost, Path: "/users/me/export", ID: "request-own-export", Tag: "users", Roles: access.SignedIn, Recent: true,
		Key: httpapi.Honoured, Status: http.StatusAccepted, Summary: "Ask for a new copy of everything held about you",
		Doc: "Also when an older one is still good; while one is being made it is that one. At most five a day."}, s.RequestExport)
	httpapi.Command(api, httpapi.Op{Method: http.MethodGet, Path: "/users/me/exports/{id}", ID: "download-own-export", Tag: "users", Roles: access.SignedIn, Recent: true,
		MediaType: zipType, Summary: "Fetch the copy of everything held about you",
		Doc:      "A ZIP of JSON files, and of a page index.html that says what each holds. Each download is audited. Whoever has a second factor proves it in the five minutes before, others have signed in then.",
		Refusals: []*problem.Error{ErrExportPending, ErrExportExpired}}, s.Download)
	s.erasureRoutes(api)
}

func (s *Service) erasureRoutes(api *httpapi.API) {
	httpapi.Command(api, httpapi.Op{Method: http.MethodPost, Path: "/users/me/erasure", ID: "request-own-erasure", Tag: "users", Roles: access.SignedIn, Recent: true,
		Key: httpapi.Honoured, Status: http.StatusAccepted, Statuses: []int{http.StatusOK}, Summary: "Have everything held about you erased",
		Doc: "In 48 hours (unless the server is set otherwise) your account ends as with DELETE /users/me, and all that is no record of care goes. The law has the record of a consultation that was held kept for years, 3 in India: " +
			"clinical.until says when it becomes unreadable, by itself. A mail tells it all, and how to stop it. To ask again is the same erasure, answered with 200. " +
			"Whoever has a second factor proves it in the five minutes before, others have signed in then.",
		Refusals: []*problem.Error{account.ErrLastAdmin}}, s.RequestErasure)
	httpapi.Query(api, httpapi.Op{Method: http.MethodGet, Path: "/users/me/erasure", ID: "read-own-erasure", Tag: "users", Roles: access.SignedIn,
		Summary: "Read when what of you is erased", Doc: "404 when nobody asked for it.", Refusals: []*problem.Error{problem.NotFound}}, s.ReadErasure)
	httpapi.Command(api, httpapi.Op{Method: http.MethodDelete, Path: "/users/me/erasure", ID: "stop-own-erasure", Tag: "users", Roles: access.SignedIn,
		Status: http.StatusNoContent, Summary: "Stop your erasure", Doc: "As long as it hasn't begun. 404 when there is none to stop.",
		Refusals: []*problem.Error{problem.NotFound}}, s.StopErasure)
	httpapi.Command(api, httpapi.Op{Method: http.MethodPost, Path: "/users/{id}/erasure", ID: "request-erasure", Tag: "users", Roles: access.Admin, Fresh: true,
		Key: httpapi.Honoured, Status: http.StatusAccepted, Statuses: []int{http.StatusOK}, Summary: "Have everything held about somebody erased",
		Doc: "For people who can't sign in any more, deleted ones too. They are told by mail at their last address. Consultations to come are " +
			"cancelled when the erasure begins; the first answer is then 409 with their number: confirm with cancelConsultations.",
		Refusals: []*problem.Error{account.ErrOwnAccount, account.ErrHasConsultations}}, s.RequestErasureOf)
	httpapi.Command(api, httpapi.Op{Method: http.MethodGet, Path: "/users/{id}/erasure", ID: "read-erasure", Tag: "users", Roles: access.Admin,
		Summary: "Read when what of somebody is erased", Doc: "404 when nobody asked for it. Each reading is audited."}, s.ReadErasureOf)
	httpapi.Command(api, httpapi.Op{Method: http.MethodDelete, Path: "/users/{id}/erasure", ID: "stop-erasure", Tag: "users", Roles: access.Admin, Fresh: true,
		Status: http.StatusNoContent, Summary: "Stop somebody's erasure", Doc: "As long as it hasn't begun. 404 when there is none to stop.",
		Refusals: []*problem.Error{account.ErrOwnAccount}}, s.StopErasureOf)
}
