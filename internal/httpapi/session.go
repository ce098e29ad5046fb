package httpapi

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

const (
	// cookieName: browsers take a __Host- cookie over HTTPS alone, for this host alone (RFC 6265bis, 4.1.3.2).
	cookieName = "__Host-amrutam"
	// tokenLimit in characters; ours are shorter.
	tokenLimit = 256
	// extendEvery bounds how often the use of a cookie is written down.
	extendEvery = time.Minute
)

// sessionCookie ends with the browser, or when it isn't used: the server forgets it then. Without a token it is to be
// forgotten.
func sessionCookie(token string) *http.Cookie {
	age := 0
	if token == "" {
		age = -1
	}
	return &http.Cookie{Name: cookieName, Value: token, Path: "/", Secure: true, HttpOnly: true,
		SameSite: http.SameSiteLaxMode, MaxAge: age}
}

// authenticate finds the session of a bearer token or, without one, of the cookie, once there is a place for the work.
// A public operation asks for none, and looks at one only where it has roles too.
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
		return a.findSession(ctx, actor, "ACCESS", token)
	}
	known, err := a.byCookie(ctx, actor, r)
	switch {
	case err == nil:
		req.byCookie = true
	case public && (errors.Is(err, problem.Unauthenticated) || errors.Is(err, problem.CrossSite)):
		return actor, nil // a page that anybody may see, with a cookie of yesterday
	}
	return known, err
}

// crossSite tells whether a page of another site sent the request, whatever its method: reads are audited too.
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

// presents tells whether the request shows anything by which it could be somebody's.
func presents(r *http.Request) bool { return r.Header.Get("Authorization") != "" || hasCookie(r) }

func hasCookie(r *http.Request) bool { return len(r.CookiesNamed(cookieName)) > 0 }

func (a *API) byCookie(ctx context.Context, actor access.Actor, r *http.Request) (access.Actor, error) {
	held := r.CookiesNamed(cookieName)
	switch {
	case actor.CrossSite:
		return actor, problem.CrossSite
	case len(held) > 1 || len(held[0].Value) > tokenLimit:
		return actor, problem.Unauthenticated
	}
	return a.findSession(ctx, actor, "COOKIE", held[0].Value)
}

// findSession completes who by the session of a token. Error: problem.Unauthenticated.
func (a *API) findSession(ctx context.Context, actor access.Actor, kind, token string) (access.Actor, error) {
	hash := sha256.Sum256([]byte(token))
	var expires time.Time
	var proven *time.Time
	var now time.Time
	err := a.DB.Read(ctx, func(db *postgres.Read) error {
		now = db.Now
		return db.QueryRow(ctx, `SELECT u.id, u.role, s.id, s.second_factor_at, coalesce(s.authenticated_at,
			s.created_at), u.mfa_enabled, t.expires_at FROM session_tokens t
			JOIN sessions s ON s.id = t.session_id
			JOIN users u ON u.id = s.user_id
			WHERE t.hash = $1 AND t.kind = $3 AND t.used_at IS NULL AND t.expires_at > $2
			  AND s.ended_at IS NULL AND s.expires_at > $2 AND u.deleted_at IS NULL AND u.disabled_at IS NULL`,
			hash[:], now, kind).
			Scan(&actor.ID, &actor.Role, &actor.SessionID, &proven, &actor.AuthenticatedAt, &actor.HasFactor, &expires)
	})
	if postgres.NoRows(err) {
		return actor, problem.Unauthenticated
	}
	if err != nil {
		return actor, err
	}
	actor.Exempt = !actor.HasFactor && !a.StaffMFA
	if proven != nil {
		actor.SecondFactorAt = *proven
	}
	if kind == "COOKIE" && expires.Sub(now) < a.BrowserIdle-extendEvery {
		err = a.extend(ctx, actor, hash[:])
	}
	return actor, err
}

// stands is what every transaction of the actor asks before its COMMIT: whether what the request was admitted by is
// still so. An ending of the session waits for those that have asked, and those that ask later find it ended: when the
// ending is answered, nothing of the session is stored any more. Nobody signed in: no guard.
func stands(actor access.Actor) *postgres.Guard {
	if actor.ID == uuid.Nil {
		return nil
	}
	return &postgres.Guard{SQL: "SELECT require_session($1, $2, $3, $4, $5)", Err: problem.Unauthenticated,
		Args: func(now time.Time) []any {
			return []any{actor.SessionID, now, actor.Role, actor.HasFactor, !actor.SecondFactorAt.IsZero()}
		}}
}

// extend notes that a cookie was used: it lives on, at most as long as its session.
func (a *API) extend(ctx context.Context, actor access.Actor, hash []byte) error {
	return a.DB.Write(ctx, func(tx *postgres.Tx) error {
		tx.Queue("UPDATE session_tokens t SET expires_at = least($1::timestamptz, s.expires_at) FROM sessions s "+
			"WHERE t.hash = $2 AND s.id = t.session_id",
			tx.Now.Add(a.BrowserIdle), hash)
		tx.Queue("UPDATE sessions SET last_used_at = $1 WHERE id = $2", tx.Now, actor.SessionID)
		return nil
	})
}
