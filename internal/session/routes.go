package session

import (
	"net/http"

	"amrutam/internal/access"
	"amrutam/internal/httpapi"
	"amrutam/internal/problem"
)

// Routes registers the operations of sessions.
func (s *Service) Routes(api *httpapi.API) {
	// A reused token is refused and ends the session at once: the refusal must not roll the ending back.
	httpapi.Handle(api, httpapi.Op{
		Method: http.MethodPost, Path: "/auth/refresh-token", ID: "refresh-session", Tag: "auth",
		Summary: "Refresh a session",
		Doc: "Exchanges a refresh token for new tokens. Each refresh token works once. One that is " +
			"presented again later ends the whole session, because it must have been copied; right after " +
			"the exchange it gets the same new tokens, for clients that lost the answer.",
		Roles:    access.Public,
		Refusals: []*problem.Error{ErrInvalidRefreshToken},
	}, s.Refresh)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodPost, Path: "/auth/logout", ID: "sign-out", Tag: "auth",
		Summary: "Sign out",
		Doc:     "Ends this session: its tokens stop working, and a browser's cookie is cleared.",
		Roles:   access.SignedIn, Enrolment: true, Status: http.StatusNoContent,
		NoKeyReason: "a session ends once, and the next request with it is refused",
	}, s.SignOut)
	httpapi.Query(api, httpapi.Op{
		Method: http.MethodGet, Path: "/auth/sessions", ID: "list-sessions", Tag: "auth",
		Summary: "List your sessions",
		Doc:     "The devices that you are signed in on, the newest sign-in first.",
		Roles:   access.SignedIn,
	}, s.List)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodDelete, Path: "/auth/sessions", ID: "end-other-sessions", Tag: "auth",
		Summary: "Sign out all other devices",
		Doc:     "The session that asks stays.",
		Roles:   access.SignedIn, RecentProof: true, Status: http.StatusNoContent,
	}, s.EndOthers)
	httpapi.Command(api, httpapi.Op{
		Method: http.MethodDelete, Path: "/auth/sessions/{id}", ID: "end-session", Tag: "auth",
		Summary: "Sign out a device",
		Doc: "Ends one of your sessions. Another one than the one that asks needs a proof of the last five" +
			" minutes: the second factor if you have one, else a sign-in or the password.",
		Roles: access.SignedIn, Status: http.StatusNoContent,
		Refusals: []*problem.Error{problem.Reauthenticate},
	}, s.End)
}
