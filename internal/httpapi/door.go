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
	"unicode"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/problem"
)

// door authenticates, checks the roles and reads the body, before anything of the request is parsed.
func (a *API) door(op Op) func(huma.Context, func(huma.Context)) {
	return func(hc huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(hc)
		req := requestOf(r.Context())
		if err := a.admit(w, op, a.PerAddress, Network(req.ip)); err != nil {
			a.refuse(w, r, err)
			return
		}
		who, err := a.authenticate(r.Context(), op, req, r)
		if err != nil {
			a.refuse(w, r, err)
			return
		}
		req.actor = who
		if who.ID != uuid.Nil {
			if err := a.admit(w, op, a.PerUser, who.ID.String()); err != nil {
				a.refuse(w, r, err)
				return
			}
		}
		if !op.Roles.Admits(who) {
			a.denied(r.Context(), op, who, problem.Forbidden)
			a.refuse(w, r, problem.Forbidden)
			return
		}
		if err := a.assured(op, who); err != nil {
			a.denied(r.Context(), op, who, err)
			a.refuse(w, r, err)
			return
		}
		if err := checkQuery(r); err != nil {
			a.refuse(w, r, err)
			return
		}
		if req.body, err = readBody(w, r, op); err != nil {
			a.refuse(w, r, err)
			return
		}
		if op.Verify != nil {
			if err := a.Unverified.failing(Network(req.ip), a.DB.Now(), func() error { return op.Verify(r, req.body) }); err != nil {
				a.refuse(w, r, err)
				return
			}
		}
		r.Body = io.NopCloser(bytes.NewReader(req.body))
		next(hc)
	}
}

func (a *API) admit(w http.ResponseWriter, op Op, by *Rate, caller string) error {
	if !op.limited() {
		return nil
	}
	return by.take(w.Header(), caller, a.DB.Now())
}

// assured asks for the second factor: of staff always, of everybody for what is dangerous; and for a recent proof where that is needed.
func (a *API) assured(op Op, who access.Actor) error {
	switch {
	case who.ID == uuid.Nil:
	case a.StaffMFA && who.Staff() && who.SecondFactorAt.IsZero() && !op.Enrolment:
		return problem.MFARequired
	case op.Fresh:
		return Fresh(a.DB.Now(), who)
	case op.Recent:
		return Recent(a.DB.Now(), who)
	}
	return nil
}

// Fresh is nil when the actor proved a second factor in the last five minutes. Error: problem.MFARequired.
func Fresh(now time.Time, who access.Actor) error {
	if who.Fresh(now) {
		return nil
	}
	return problem.MFARequired.With("This needs a second factor that was proven in the last five minutes.")
}

// Recent is nil when the actor proved in the last five minutes who they are. Error: problem.Reauthenticate.
func Recent(now time.Time, who access.Actor) error {
	if who.Recent(now) {
		return nil
	}
	return problem.Reauthenticate
}

// FreshFor is Fresh for an ADMIN who states a purpose: what comes next is somebody's health data. A purpose is said in words.
func FreshFor(now time.Time, who access.Actor, purpose string) error {
	switch {
	case purpose == "" || !who.Is(access.RoleAdmin):
		return nil
	case !Says(purpose):
		return problem.Wrong("header.X-Purpose", "must say in words why you read this")
	}
	return Fresh(now, who)
}

// Says tells whether a text is one, with a letter or a digit to read: signs and what can't be seen say nothing.
func Says(text string) bool {
	return utf8.ValidString(text) && strings.ContainsFunc(text, func(r rune) bool {
		return (unicode.IsLetter(r) || unicode.IsNumber(r)) && !unicode.Is(unicode.Other_Default_Ignorable_Code_Point, r) // Hangul fillers
	})
}

func checkQuery(r *http.Request) error {
	// Not URL.Query, which drops what it can't read.
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return problem.Malformed.With("The query can't be read.")
	}
	wrong := *problem.Invalid
	for _, name := range slices.Sorted(maps.Keys(query)) {
		for _, text := range append(query[name], name) {
			if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
				return problem.Malformed.With("A query parameter isn't valid UTF-8 or holds a NUL character.")
			}
		}
		if len(query[name]) > 1 {
			wrong.Fields = append(wrong.Fields, problem.Field{Location: "query." + showName(name), Message: "given more than once"})
		}
	}
	if len(wrong.Fields) > 0 {
		wrong.Fields = atMost(wrong.Fields)
		return &wrong
	}
	return nil
}

// readBody reads at most limit bytes and checks that they are one well-formed JSON value.
func readBody(w http.ResponseWriter, r *http.Request, op Op) ([]byte, error) {
	if r.Body == nil || r.Method == http.MethodGet || r.Method == http.MethodHead {
		return nil, nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, op.limit()))
	var tooLarge *http.MaxBytesError
	var network net.Error
	switch {
	case errors.As(err, &tooLarge):
		return nil, problem.TooLarge
	case errors.As(err, &network) && network.Timeout():
		return nil, problem.TimedOut
	case err != nil:
		return nil, problem.Malformed.With("The body broke off.")
	case len(body) == 0 || op.RawBody != nil:
		return body, nil
	}
	if !isJSON(r.Header.Get("Content-Type")) {
		return nil, problem.UnsupportedMediaType
	}
	return body, CheckJSON(body)
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
