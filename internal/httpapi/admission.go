package httpapi

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// admission reads the bytes of the body, authenticates and checks the roles, before anything of the request is parsed.
// Only then: whoever holds a body back is known by what holds when it is there. What the body is wrong about is told
// to who may call alone.
func (a *API) admission(op Op, most *bodySize) func(huma.Context, func(huma.Context)) {
	return func(hc huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(hc)
		req := requestOf(r.Context())
		defer req.over()
		if err := a.admit(w, op, req, a.PerAddress, a.UnderWayPerAddress, Network(req.ip)); err != nil {
			a.refuse(w, r, err)
			return
		}
		if !op.open() && !presents(r) {
			a.refuse(w, r, problem.Unauthenticated)
			return
		}
		body, unread := readBody(w, r, most.bytes)
		// net/http has ended the request's context: nobody can be known any more
		if errors.Is(unread, problem.TimedOut) {
			a.refuse(w, r, unread)
			return
		}
		if err := a.known(w, r, op); err != nil {
			a.refuse(w, r, err)
			a.auditDenial(w, r, op, err)
			return
		}
		if err := errors.Join(checkQuery(r), unread); err != nil {
			a.refuse(w, r, err)
			return
		}
		if err := a.checkBody(r, op, body, most.values); err != nil {
			a.refuse(w, r, err)
			return
		}
		req.body = body
		r.Body = io.NopCloser(bytes.NewReader(body))
		next(huma.WithContext(hc, postgres.Guarded(hc.Context(), a.Guard(req.actor))))
	}
}

// known finds out who asks, and whether they may call.
func (a *API) known(w http.ResponseWriter, r *http.Request, op Op) error {
	req := requestOf(r.Context())
	actor, err := a.authenticate(r.Context(), op, req, r)
	if err != nil {
		return err
	}
	req.actor = actor
	if actor.ID != uuid.Nil {
		if err := a.admit(w, op, req, a.PerUser, a.UnderWayPerUser, actor.ID.String()); err != nil {
			return err
		}
	}
	if !op.Roles.Admits(actor) {
		return problem.Forbidden
	}
	return a.checkMFA(op, actor)
}

// admit counts a request of a caller, until it leaves.
func (a *API) admit(w http.ResponseWriter, op Op, req *request, by *Rate, underWay *UnderWay, caller string) error {
	if op.Probe {
		return nil
	}
	if err := by.take(w.Header(), caller, a.DB.Now()); err != nil {
		return err
	}
	leave, err := underWay.enter(caller)
	if err != nil {
		w.Header().Set("Connection", "close") // else net/http waits for the body before it sends the refusal
		return err
	}
	req.whenOver = append(req.whenOver, leave)
	return nil
}

// checkMFA asks for the second factor: of staff always, of everybody for what is dangerous; and for a recent proof
// where that is needed.
func (a *API) checkMFA(op Op, actor access.Actor) error {
	switch {
	case actor.ID == uuid.Nil:
	case a.StaffMFA && actor.IsStaff() && actor.SecondFactorAt.IsZero() && !op.Enrolment:
		return problem.MFARequired
	case op.Fresh:
		return RequireRecentMFA(a.DB.Now(), actor)
	case op.Recent:
		return RequireRecentProof(a.DB.Now(), actor)
	}
	return nil
}

// RequireRecentMFA is nil when the actor proved a second factor in the last five minutes. Error: problem.MFARequired.
func RequireRecentMFA(now time.Time, actor access.Actor) error {
	if actor.HasRecentMFA(now) {
		return nil
	}
	return problem.MFARequired.WithDetail("This needs a second factor that was proven in the last five minutes.")
}

// RequireRecentProof is nil when the actor proved in the last five minutes who they are. Error:
// problem.Reauthenticate.
func RequireRecentProof(now time.Time, actor access.Actor) error {
	if actor.HasRecentProof(now) {
		return nil
	}
	return problem.Reauthenticate
}

// RequireRecentMFAFor is Fresh for an ADMIN who states a purpose: what comes next is somebody's health data. A purpose
// is said in words.
func RequireRecentMFAFor(now time.Time, actor access.Actor, purpose string) error {
	switch {
	case purpose == "" || !actor.Is(access.RoleAdmin):
		return nil
	case !HasText(purpose):
		return problem.InvalidField("header.X-Purpose",
			"must say in words why you read this, one of them with three letters or more")
	}
	return RequireRecentMFA(now, actor)
}

func checkQuery(r *http.Request) error {
	// Not URL.Query, which drops what it can't read.
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return problem.Malformed.WithDetail("The query can't be read.")
	}
	wrong := *problem.Invalid
	for _, name := range slices.Sorted(maps.Keys(query)) {
		for _, text := range append(query[name], name) {
			if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
				return problem.Malformed.WithDetail("A query parameter isn't valid UTF-8 or holds a NUL character.")
			}
		}
		if len(query[name]) > 1 {
			wrong.Fields = append(wrong.Fields,
				problem.Field{Location: "query." + showName(name), Message: "given more than once"})
		}
	}
	if len(wrong.Fields) > 0 {
		wrong.Fields = capErrors(wrong.Fields)
		return &wrong
	}
	return nil
}

// readBody reads at most so many bytes.
func readBody(w http.ResponseWriter, r *http.Request, most int64) ([]byte, error) {
	if r.Body == nil || r.Method == http.MethodGet || r.Method == http.MethodHead {
		return nil, nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	var tooLarge *http.MaxBytesError
	var network net.Error
	switch {
	case errors.As(err, &tooLarge):
		return nil, problem.TooLarge
	case errors.As(err, &network) && network.Timeout():
		return nil, problem.TimedOut
	case err != nil:
		return nil, problem.Malformed.WithDetail("The body broke off.")
	}
	return body, nil
}

// checkBody refuses what is no well-formed JSON value, or isn't signed as it has to be.
func (a *API) checkBody(r *http.Request, op Op, body []byte, values int) error {
	switch {
	case len(body) > 0 && encoded(r.Header):
		return problem.UnsupportedMediaType.WithDetail(
			"A compressed body isn't read: send it without Content-Encoding.")
	case op.Verify != nil:
		return a.Unverified.failing(Network(requestOf(r.Context()).ip), a.DB.Now(),
			func() error { return op.Verify(r, body) })
	case len(body) == 0:
		return nil
	case !isJSON(r.Header.Get("Content-Type")):
		return problem.UnsupportedMediaType
	}
	return CheckJSON(body, values)
}

func encoded(h http.Header) bool {
	encoding := strings.Join(h.Values("Content-Encoding"), ",")
	return encoding != "" && !strings.EqualFold(encoding, "identity")
}

func isJSON(header string) bool {
	if header == "" {
		return true
	}
	kind, params, err := mime.ParseMediaType(header)
	if err != nil || (kind != jsonType && kind != "application/merge-patch+json") {
		return false
	}
	charset, given := params["charset"]
	return !given || strings.EqualFold(charset, "utf-8")
}
