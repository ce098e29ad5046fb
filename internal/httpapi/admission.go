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

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/problem"
)

// limitCaller counts a request of an address or a user against its limits, until the request ends.
// Error: problem.TooManyRequests.
func (a *API) limitCaller(w http.ResponseWriter, op Op, req *request, rate *RateLimit, concurrency *ConcurrencyLimit,
	caller string) error {
	if op.Probe {
		return nil
	}
	if err := rate.allow(w.Header(), caller, a.DB.Now()); err != nil {
		return err
	}
	release, err := concurrency.acquire(caller)
	if err != nil {
		w.Header().Set("Connection", "close") // otherwise net/http waits for the body before it sends the answer
		return err
	}
	req.cleanups = append(req.cleanups, release)
	return nil
}

// readBody reads up to limit bytes. Errors: problem.TooLarge, problem.TimedOut, problem.Malformed.
func readBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	if r.Body == nil || r.Method == http.MethodGet || r.Method == http.MethodHead {
		return nil, nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var tooLarge *http.MaxBytesError
	var network net.Error
	switch {
	case errors.As(err, &tooLarge):
		return nil, problem.TooLarge
	case errors.As(err, &network) && network.Timeout():
		return nil, problem.TimedOut
	case err != nil:
		return nil, problem.Malformed.WithDetail(detailBrokeOff)
	}
	return body, nil
}

// setBody lets a body that was read be read again.
func setBody(r *http.Request, body []byte) { r.Body = io.NopCloser(bytes.NewReader(body)) }

// authorize authenticates the caller, counts the request against the user's limits, and checks that it is the expected
// user, the roles and the second factor. It sets the actor of the request.
func (a *API) authorize(w http.ResponseWriter, r *http.Request, op Op) error {
	req := requestOf(r.Context())
	actor, err := a.authenticate(r.Context(), op, req, r)
	if err != nil {
		return err
	}
	req.actor = actor
	if actor.ID != uuid.Nil {
		err := a.limitCaller(w, op, req, a.RatePerUser, a.ConcurrentPerUser, actor.ID.String())
		if err != nil {
			return err
		}
	}
	if err := checkExpectedUser(op, r, actor); err != nil {
		return err
	}
	if !op.Roles.Admits(actor) {
		return problem.Forbidden
	}
	return a.checkProof(op, actor)
}

// checkProof requires a second factor from staff, and the recent proof that the operation asks for.
// Errors: problem.MFARequired, problem.Reauthenticate.
func (a *API) checkProof(op Op, actor access.Actor) error {
	switch {
	case actor.ID == uuid.Nil:
		return nil
	case a.StaffMFA && actor.IsStaff() && actor.SecondFactorAt.IsZero() && !op.Enrolment:
		return problem.MFARequired
	case op.RecentMFA:
		return RequireRecentMFA(a.DB.Now(), actor)
	case op.RecentProof:
		return RequireRecentProof(a.DB.Now(), actor)
	}
	return nil
}

// RequireRecentMFA returns problem.MFARequired unless the actor proved a second factor in the last five minutes.
func RequireRecentMFA(now time.Time, actor access.Actor) error {
	if actor.HasRecentMFA(now) {
		return nil
	}
	return problem.MFARequired.WithDetail(detailSecondFactor)
}

// RequireRecentProof returns problem.Reauthenticate unless the actor proved their identity in the last five minutes.
func RequireRecentProof(now time.Time, actor access.Actor) error {
	if actor.HasRecentProof(now) {
		return nil
	}
	return problem.Reauthenticate
}

// RequireRecentMFAFor is RequireRecentMFA for an ADMIN who states a purpose, because they will read somebody's health
// data. It returns a validation error if the purpose has no word in it.
func RequireRecentMFAFor(now time.Time, actor access.Actor, purpose string) error {
	switch {
	case purpose == "" || !actor.Is(access.RoleAdmin):
		return nil
	case !HasWord(purpose):
		return problem.InvalidField("header.X-Purpose",
			faultPurpose)
	}
	return RequireRecentMFA(now, actor)
}

// checkQuery refuses a query that can't be decoded, isn't text, or has a parameter twice.
func checkQuery(r *http.Request) error {
	query, err := url.ParseQuery(r.URL.RawQuery) // URL.Query would drop what it can't decode
	if err != nil {
		return problem.Malformed.WithDetail(detailQuery)
	}
	var faults []problem.Field
	for _, name := range slices.Sorted(maps.Keys(query)) {
		for _, text := range append(query[name], name) {
			if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
				return problem.Malformed.WithDetail(detailQueryText)
			}
		}
		if len(query[name]) > 1 {
			fault := problem.FaultAt("query."+showName(name), faultRepeated)
			faults = append(faults, fault)
		}
	}
	if len(faults) > 0 {
		return invalid(faults)
	}
	return nil
}

// checkBody refuses a body that is not one well-formed JSON value, or whose signature is wrong.
func (a *API) checkBody(r *http.Request, op Op, body []byte, maxValues int) error {
	switch {
	case len(body) > 0 && hasEncoding(r.Header):
		return problem.UnsupportedMediaType.WithDetail(
			detailCompressed)
	case op.Verify != nil:
		network := SubscriberNetwork(requestOf(r.Context()).ip)
		verify := func() error { return op.Verify(r, body) }
		return a.RateUnverified.limitFailures(network, a.DB.Now(), verify)
	case len(body) == 0:
		return nil
	case !isJSON(r.Header.Get("Content-Type")):
		return problem.UnsupportedMediaType
	}
	return CheckJSON(body, maxValues)
}

func hasEncoding(h http.Header) bool {
	encoding := strings.Join(h.Values("Content-Encoding"), ",")
	return encoding != "" && !strings.EqualFold(encoding, "identity")
}

// isJSON tells whether a Content-Type is JSON in UTF-8. A missing one counts as JSON.
func isJSON(contentType string) bool {
	if contentType == "" {
		return true
	}
	mediaType, params, err := mime.ParseMediaType(contentType)
	if err != nil || (mediaType != jsonType && mediaType != "application/merge-patch+json") {
		return false
	}
	charset, hasCharset := params["charset"]
	return !hasCharset || strings.EqualFold(charset, "utf-8")
}
