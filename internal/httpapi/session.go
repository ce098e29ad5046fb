package httpapi

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"amrutam/internal/access"
	"amrutam/internal/problem"
)

const (
	// cookieName begins with __Host-, so browsers accept the cookie only over HTTPS and send it only to this host
	// (RFC 6265bis, 4.1.3.2).
	cookieName = "__Host-amrutam"
	// maxTokenLength is in characters. Valid tokens are shorter.
	maxTokenLength = 256
)

// Credential is the session token of a request.
type Credential struct {
	Token string
	// Cookie is set if the token came in the cookie and not as a bearer token.
	Cookie bool
	// Background is set if nobody needs to be there for the request: it doesn't extend the session.
	Background bool
}

// sessionCookie returns the cookie with a token, which lasts until the browser closes, or deletes the cookie if the
// token is "".
func sessionCookie(token string) *http.Cookie {
	maxAge := 0
	if token == "" {
		maxAge = -1
	}
	return &http.Cookie{
		Name: cookieName, Value: token, Path: "/", MaxAge: maxAge,
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
}

// authenticate finds the actor by a bearer token or, without one, by the cookie. It waits for a permit for the work
// first, because this is where the work on a request begins.
func (a *API) authenticate(ctx context.Context, op Op, req *request, r *http.Request) (access.Actor, error) {
	if err := a.startWork(r); err != nil {
		return access.Actor{}, err
	}
	actor, err := a.findActor(ctx, op, req, r)
	if a.Load != nil && (err == nil || errors.Is(err, problem.Unauthenticated)) {
		a.Load.recordSession(r, err == nil && actor.IsStaff(), a.DB.Now())
	}
	return actor, err
}

// findActor looks for a credential only if the operation has roles. A public operation with roles works without one,
// and with a cookie of a session that has ended.
func (a *API) findActor(ctx context.Context, op Op, req *request, r *http.Request) (access.Actor, error) {
	actor := access.Actor{IP: req.ip, RequestID: req.id, UserAgent: r.UserAgent(), CrossSite: a.crossSite(r)}
	if op.Roles == access.Public {
		return actor, nil
	}
	header := r.Header.Get("Authorization")
	if header == "" && !HasSessionCookie(r) && op.isPublic() {
		return actor, nil
	}
	if header != "" || !HasSessionCookie(r) {
		scheme, token, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") || token == "" || len(token) > maxTokenLength {
			return actor, problem.Unauthenticated
		}
		return a.findSession(ctx, actor, Credential{Token: token})
	}
	signedIn, err := a.findCookie(ctx, actor, r, op.isStream)
	switch {
	case err == nil:
		req.isByCookie = true
	case op.isPublic() && (errors.Is(err, problem.Unauthenticated) || errors.Is(err, problem.CrossSite)):
		return actor, nil
	}
	return signedIn, err
}

func (a *API) findSession(ctx context.Context, actor access.Actor, credential Credential) (access.Actor, error) {
	actor, err := a.Authenticate(ctx, actor, credential)
	actor.Exempt = !actor.HasFactor && !a.StaffMFA
	return actor, err
}

// crossSite tells whether a page of another site sent the request. It checks all methods, because reads are audited
// too.
func (a *API) crossSite(r *http.Request) bool {
	if r.Header.Get("Sec-Fetch-Site") == "" {
		switch origin := r.Header.Get("Origin"); {
		case origin == "": // not a browser
			return false
		case a.Secure && strings.HasPrefix(origin, "http://"): // anybody on the network could have made that page
			return true
		}
	}
	post := *r
	post.Method = http.MethodPost // Check lets safe methods pass
	return a.origin.Check(&post) != nil
}

// hasCredential tells whether the request has a bearer token or a cookie.
func hasCredential(r *http.Request) bool {
	return r.Header.Get("Authorization") != "" || HasSessionCookie(r)
}

// HasSessionCookie reports whether a browser sent a session, which may have ended.
func HasSessionCookie(r *http.Request) bool { return len(r.CookiesNamed(cookieName)) > 0 }

// findCookie finds the session of the cookie. Errors: problem.CrossSite, problem.Unauthenticated.
func (a *API) findCookie(ctx context.Context, actor access.Actor, r *http.Request,
	isBackground bool) (access.Actor, error) {
	cookies := r.CookiesNamed(cookieName)
	switch {
	case actor.CrossSite:
		return actor, problem.CrossSite
	case len(cookies) > 1 || len(cookies[0].Value) > maxTokenLength:
		return actor, problem.Unauthenticated
	}
	return a.findSession(ctx, actor, Credential{Token: cookies[0].Value, Cookie: true, Background: isBackground})
}
