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
	// cookieName: browsers take a __Host- cookie over HTTPS alone, for this host alone (RFC 6265bis, 4.1.3.2).
	cookieName = "__Host-amrutam"
	// tokenLimit in characters; ours are shorter.
	tokenLimit = 256
)

// Credential is the token that a request presents of a session.
type Credential struct {
	Token string
	// Cookie says that the token came in the cookie, else it was a bearer token.
	Cookie bool
}

// sessionCookie has no end of its own: the browser's end or the session's is its end. Without a token it deletes the
// cookie.
func sessionCookie(token string) *http.Cookie {
	age := 0
	if token == "" {
		age = -1
	}
	return &http.Cookie{Name: cookieName, Value: token, Path: "/", Secure: true, HttpOnly: true,
		SameSite: http.SameSiteLaxMode, MaxAge: age}
}

// authenticate finds the actor by a bearer token or, without one, by the cookie, once there is a place for the work. A
// public operation needs neither, and looks for one only if it has roles too.
func (a *API) authenticate(ctx context.Context, op Op, req *request, r *http.Request) (access.Actor, error) {
	if err := a.enter(r); err != nil {
		return access.Actor{}, err
	}
	actor, err := a.findActor(ctx, op, req, r)
	if a.Load != nil && (err == nil || errors.Is(err, problem.Unauthenticated)) {
		a.Load.remember(r, err == nil && actor.IsStaff(), a.DB.Now())
	}
	return actor, err
}

func (a *API) findActor(ctx context.Context, op Op, req *request, r *http.Request) (access.Actor, error) {
	actor := access.Actor{IP: req.ip, RequestID: req.id, UserAgent: r.UserAgent(), CrossSite: a.crossSite(r)}
	public := op.Roles&access.Public != 0
	if op.Roles == access.Public {
		return actor, nil
	}
	if header := r.Header.Get("Authorization"); header != "" || !hasCookie(r) {
		if public && header == "" {
			return actor, nil
		}
		scheme, token, _ := strings.Cut(header, " ")
		if !strings.EqualFold(scheme, "Bearer") || token == "" || len(token) > tokenLimit {
			return actor, problem.Unauthenticated
		}
		return a.findSession(ctx, actor, Credential{Token: token})
	}
	known, err := a.findCookie(ctx, actor, r)
	switch {
	case err == nil:
		req.byCookie = true
	case public && (errors.Is(err, problem.Unauthenticated) || errors.Is(err, problem.CrossSite)):
		return actor, nil // what anybody may see, with a cookie that is over
	}
	return known, err
}

func (a *API) findSession(ctx context.Context, actor access.Actor, credential Credential) (access.Actor, error) {
	actor, err := a.Authenticate(ctx, actor, credential)
	actor.Exempt = !actor.HasFactor && !a.StaffMFA
	return actor, err
}

// crossSite reports whether a page of another site sent the request, whatever its method: reads are audited too.
func (a *API) crossSite(r *http.Request) bool {
	if r.Header.Get("Sec-Fetch-Site") == "" {
		switch origin := r.Header.Get("Origin"); {
		case origin == "": // no browser
			return false
		// of this host, but anybody on the way could have made the page
		case a.Secure && strings.HasPrefix(origin, "http://"):
			return true
		}
	}
	change := *r
	change.Method = http.MethodPost
	return a.origin.Check(&change) != nil
}

// presents reports whether the request has a bearer token or a cookie.
func presents(r *http.Request) bool { return r.Header.Get("Authorization") != "" || hasCookie(r) }

func hasCookie(r *http.Request) bool { return len(r.CookiesNamed(cookieName)) > 0 }

func (a *API) findCookie(ctx context.Context, actor access.Actor, r *http.Request) (access.Actor, error) {
	cookies := r.CookiesNamed(cookieName)
	switch {
	case actor.CrossSite:
		return actor, problem.CrossSite
	case len(cookies) > 1 || len(cookies[0].Value) > tokenLimit:
		return actor, problem.Unauthenticated
	}
	return a.findSession(ctx, actor, Credential{Token: cookies[0].Value, Cookie: true})
}
