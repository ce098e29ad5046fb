package privacy

import (
	"net/http"

	"amrutam/internal/access"
	"amrutam/internal/account"
	"amrutam/internal/consultation"
	"amrutam/internal/httpapi"
	"amrutam/internal/problem"
	"amrutam/internal/schedule"
)

// Routes registers the operations.
func (s *Service) Routes(api *httpapi.API) {
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodDelete, Path: "/users/me", ID: "delete-own-user", Tag: "users",
		Summary: "Delete your account",
		Doc: "Your devices are signed out, your consultations to come are cancelled and refunded (a paid one that " +
			"begins so soon that you could not cancel it is not refunded), and your address can sign up anew. What " +
			"was written down of your care stays, as the law asks.",
		Roles: access.SignedIn, RecentProof: true, Status: http.StatusNoContent,
		Refusals: []*problem.Error{account.ErrLastAdmin, schedule.ErrConsultationInProgress},
	}, s.DeleteAccount)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodGet, Path: "/users/me/export", ID: "read-own-export", Tag: "users",
		Summary: "Read the state of your copy",
		Doc: "Tells how the newest copy stands, and asks for one when there is none that is being made or still " +
			"good. 202: ask again after `Retry-After`, or wait for the mail. 200: fetch it at `url` until " +
			"`expiresAt`. Each call is audited. Asking for one needs a proof of the last five minutes, reading how " +
			"one stands does not.",
		Roles:    access.SignedIn,
		Refusals: []*problem.Error{problem.Reauthenticate},
		Statuses: map[int]string{http.StatusOK: "The copy can be fetched",
			http.StatusAccepted: "The copy is being made"},
	}, s.ReadExport)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodPost, Path: "/users/me/export", ID: "request-own-export", Tag: "users",
		Summary: "Request a copy of your data",
		Doc: "Makes a new copy of everything held about you, also when an older one is still good; while one is " +
			"being made it is that one. How many a day are made is limited.",
		Roles: access.SignedIn, RecentProof: true, Status: http.StatusAccepted, Key: httpapi.Optional,
	}, s.RequestExport)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodGet, Path: "/users/me/exports/{id}", ID: "download-own-export", Tag: "users",
		Summary: "Download the copy of your data",
		Doc:     "A ZIP of JSON files, and of a page index.html that says what each holds. Each download is audited.",
		Roles:   access.SignedIn, RecentProof: true,
		Refusals:  []*problem.Error{ErrExportPending, ErrExportExpired},
		MediaType: zipType,
	}, s.Download)
	s.erasureRoutes(api)
}

func (s *Service) erasureRoutes(api *httpapi.API) {
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodPost, Path: "/users/me/erasure", ID: "request-own-erasure", Tag: "users",
		Summary: "Request erasure of your data",
		Doc: "After the configured time (AMRUTAM_ERASURE_AFTER) your account ends as with `DELETE /users/me`, and " +
			"all that is not a care record goes. The law has the record of a consultation that was held kept for " +
			"years: `clinical.until` says when it becomes unreadable, by itself. A mail tells it all, and how to " +
			"cancel it. To ask again is the same erasure.",
		Roles: access.SignedIn, RecentProof: true, Status: http.StatusAccepted, Key: httpapi.Optional,
		Refusals: []*problem.Error{account.ErrLastAdmin},
		Statuses: map[int]string{http.StatusAccepted: "The new erasure",
			http.StatusOK: "The erasure that was asked for before"},
	}, s.RequestErasure)
	httpapi.Query(api, httpapi.Op{
		Method: http.MethodGet, Path: "/users/me/erasure", ID: "read-own-erasure", Tag: "users",
		Summary:  "Read the erasure of your data",
		Doc:      "Says when what is erased. 404 when nobody asked for it.",
		Roles:    access.SignedIn,
		Refusals: []*problem.Error{problem.NotFound},
	}, s.ReadErasure)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodDelete, Path: "/users/me/erasure", ID: "cancel-own-erasure", Tag: "users",
		Summary: "Cancel the erasure of your data",
		Doc:     "Possible as long as it hasn't begun. 404 when there is none to cancel.",
		Roles:   access.SignedIn, Status: http.StatusNoContent,
		Refusals: []*problem.Error{problem.NotFound},
	}, s.StopErasure)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodPost, Path: "/users/{id}/erasure", ID: "request-erasure", Tag: "users",
		Summary: "Request erasure of a user's data",
		Doc: "For users who can't sign in any more, deleted ones too. They are told by mail at their last address. " +
			"Consultations to come are cancelled when the erasure begins; the first answer is then 409 with their " +
			"number: confirm with `cancelConsultations`.",
		Roles: access.Admin, Status: http.StatusAccepted, Key: httpapi.Optional,
		Refusals:  []*problem.Error{account.ErrOwnAccount, consultation.ErrHasConsultations},
		RecentMFA: true,
		Statuses: map[int]string{http.StatusAccepted: "The new erasure",
			http.StatusOK: "The erasure that was asked for before"},
	}, s.RequestErasureOf)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodGet, Path: "/users/{id}/erasure", ID: "read-erasure", Tag: "users",
		Summary: "Read the erasure of a user's data",
		Doc:     "Says when what is erased. 404 when nobody asked for it. Each reading is audited.",
		Roles:   access.Admin,
	}, s.ReadErasureOf)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodDelete, Path: "/users/{id}/erasure", ID: "cancel-erasure", Tag: "users",
		Summary: "Cancel the erasure of a user's data",
		Doc:     "Possible as long as it hasn't begun. 404 when there is none to cancel.",
		Roles:   access.Admin, Status: http.StatusNoContent,
		Refusals:  []*problem.Error{account.ErrOwnAccount},
		RecentMFA: true,
	}, s.StopErasureOf)
}
