// Package problem defines the problems that the API answers with (RFC 9457). Each package defines its own as
// variables; only httpapi turns them into answers.
package problem

import (
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/language"
)

// Field is a fault in one field of a request. It never holds the offending value.
type Field struct {
	_ struct{} `doc:"One fault of the request"`

	Location string         `json:"location" doc:"Where the fault is" example:"body.slotId"`
	Code     string         `json:"code" doc:"Which fault it is, for programs" example:"uuid"`
	Params   map[string]any `json:"params,omitempty" doc:"The numbers and names of the message, like a limit"`
	Message  string         `json:"message" doc:"What is wrong there, in the language of Accept-Language" example:"expected a UUID"`

	fault *Message
}

// FaultAt returns a fault of the field at a location.
func FaultAt(location string, fault *Message) Field {
	return Field{Location: location, Code: fault.Code, Params: fault.Params, Message: fault.In(language.English),
		fault: fault}
}

// In returns the fault with its message in a language.
func (f Field) In(l language.Tag) Field {
	f.Message = f.fault.In(l)
	return f
}

// Error is an error that a client may see. Detail and Advice are for people. Slug is for programs and never changes.
type Error struct {
	Slug   string
	Status int
	Title  string
	Detail string
	Advice string
	Fields []Field
	// Precise is the detail, if it is more precise than that of the catalogue.
	Precise *Message
	// Count is of what stands in the way, where the problem counts it; else 0.
	Count int
	// RetryAfter is sent as the Retry-After header when it is not zero.
	RetryAfter time.Duration
	// Denied is the object that the caller may not access, for the audit log.
	Denied *Object
}

// Object names an object of the API.
type Object struct {
	Type string
	ID   string
}

func (e *Error) Error() string { return e.Slug + ": " + e.Detail }

// Is makes errors.Is compare slugs, so that a copy with another detail matches.
func (e *Error) Is(target error) bool {
	other, ok := target.(*Error)
	return ok && other.Slug == e.Slug
}

// WithDetail returns a copy with a more precise detail.
func (e *Error) WithDetail(detail *Message) *Error {
	c := *e
	c.Detail, c.Precise = detail.In(language.English), detail
	return &c
}

// WithCount returns a copy that tells programs too how many things stand in the way.
func (e *Error) WithCount(n int) *Error {
	c := *e
	c.Count = n
	return &c
}

// WithRetryAfter returns a copy that asks the client to wait.
func (e *Error) WithRetryAfter(wait time.Duration) *Error {
	c := *e
	c.RetryAfter = wait
	return &c
}

// WithField returns a copy with one more fault.
func (e *Error) WithField(location string, fault *Message) *Error {
	c := *e
	c.Fields = append(append([]Field{}, e.Fields...), FaultAt(location, fault))
	return &c
}

// catalogue has all problems by slug.
var catalogue = map[string]*Error{}

// Define adds a problem to the catalogue that is shown at /problems/<slug>. advice says what a client or a person can
// do. It panics if the slug is defined already.
func Define(status int, slug, title, detail, advice string) *Error {
	if _, isDefined := catalogue[slug]; isDefined {
		panic("problem: slug defined twice: " + slug)
	}
	e := &Error{Slug: slug, Status: status, Title: title, Detail: detail, Advice: advice}
	catalogue[slug] = e
	return e
}

// Conflict defines a problem with status 409, for a request that the state of an object doesn't allow.
func Conflict(slug, title, detail, advice string) *Error {
	return Define(http.StatusConflict, slug, title, detail, advice)
}

// Find returns the problem with a slug, and whether there is one.
func Find(slug string) (*Error, bool) {
	e, ok := catalogue[slug]
	return e, ok
}

// All returns the catalogue, sorted by slug.
func All() []*Error {
	all := slices.Collect(maps.Values(catalogue))
	slices.SortFunc(all, func(a, b *Error) int { return strings.Compare(a.Slug, b.Slug) })
	return all
}

// The problems that several packages use.
var (
	Malformed = Define(http.StatusBadRequest, "malformed-request", "The request can't be read",
		"The request can't be read.", "Send one well-formed JSON object in UTF-8 and well-formed parameters.")
	Unauthenticated = Define(http.StatusUnauthorized, "unauthenticated", "Not signed in",
		"This operation needs a valid access token.", "Sign in with POST /api/v1/auth/login, or refresh the "+
			"session, and send Authorization: Bearer <access token>.")
	Forbidden = Define(http.StatusForbidden, "forbidden", "Not allowed",
		"Your role may not do this.",
		"Sign in as someone whose role may call the operation; the API reader lists the roles of each.")
	CrossSite = Define(http.StatusForbidden, "cross-site-request", "The request came from another site",
		"A page of another site sent this; a session in a cookie works only for pages of this server.",
		"Call from a page of this server; other clients sign in with session TOKENS and send Authorization: Bearer "+
			"<access token>.")
	MFARequired = Define(http.StatusForbidden, "mfa-required", "A second factor is needed",
		"This session has not proven a second factor.",
		"Without one, set it up: POST /api/v1/auth/enable-mfa, then POST /api/v1/auth/confirm-mfa, or register a "+
			"passkey. With one, prove it anew with POST /api/v1/auth/step-up, or sign in again.")
	Reauthenticate = Define(http.StatusForbidden, "reauthentication-required", "A recent proof is needed",
		"This needs a sign-in or, for users with a second factor, its proof in the last five minutes.",
		"Prove it with POST /api/v1/auth/step-up: the second factor if you have one, else the password; or sign in "+
			"again. Then repeat the request within five minutes.")
	NotFound = Define(http.StatusNotFound, "not-found", "Not found",
		"There is nothing here, or it isn't yours to see.",
		"Check the address and the id. What you may not see answers like what doesn't exist.")
	MethodNotAllowed = Define(http.StatusMethodNotAllowed, "method-not-allowed", "Method not allowed",
		"This address does not answer to that method.", "The Allow header lists the methods it answers to.")
	TimedOut = Define(http.StatusRequestTimeout, "request-timeout", "The request took too long to arrive",
		"The body did not arrive in time.", "Send the whole body without a pause.")
	PreconditionFailed = Define(http.StatusPreconditionFailed, "precondition-failed", "It has changed since",
		"The resource is not the version named in If-Match.",
		"Read it again, apply your change to the new version and send its ETag.")
	// OtherUser refuses a change that was meant for another user than that of the session.
	OtherUser = Define(http.StatusPreconditionFailed, "other-user", "Another user is signed in",
		"The session isn't that of the user named in Expected-User; nothing was changed.",
		"Load the page again: it then shows whose session it is. To act as the other user, sign out and sign in "+
			"as them.")
	TooLarge = Define(http.StatusRequestEntityTooLarge, "body-too-large", "The body is too large",
		"The body is larger than this operation takes.", "Each operation takes as much as the longest texts and "+
			"lists of its schema need, however they are escaped.")
	UnsupportedMediaType = Define(http.StatusUnsupportedMediaType, "unsupported-media-type", "Unsupported media type",
		"The body must be application/json, or application/merge-patch+json for a change.",
		"Send Content-Type: application/json; PATCH takes application/merge-patch+json (RFC 7396) too.")
	Invalid = Define(http.StatusUnprocessableEntity, "validation-failed", "The request is wrong",
		"Some fields are wrong; see errors.",
		"Each entry of errors names the place and what is wrong there; all are listed at once.")
	InvalidTransition = Conflict("illegal-transition", "The status doesn't allow it",
		"This step isn't allowed in the present state.",
		"Read the resource again: its status says which steps remain.")
	Internal = Define(http.StatusInternalServerError, "internal", "Something went wrong here",
		"The server met an error of its own; nothing was changed.",
		"Try again; if it stays, tell support the requestId.")
	OutcomeUnknown = Define(http.StatusServiceUnavailable, "outcome-unknown", "The outcome isn't known",
		"The database's answer was lost: the change is either whole or not there.",
		"Send the same request with the same Idempotency-Key, or read the resource to see.").
		WithRetryAfter(time.Second)
	Busy = Define(http.StatusServiceUnavailable, "busy", "Busy",
		"The server has more to do than it can take right now; nothing was changed.",
		"Wait as Retry-After says and try again.").WithRetryAfter(time.Second)
	Unavailable = Define(http.StatusServiceUnavailable, "database-unavailable", "The database is away",
		"The database does not answer; nothing was changed.", "Wait as Retry-After says and try again.").
		WithRetryAfter(2 * time.Second)
	RestoreMode = Define(http.StatusServiceUnavailable, "restore-mode", "This is a restored copy",
		"The database was restored from a backup, and sends nothing until an operator says so: no mail, payment or "+
			"refund.", "Wait as Retry-After says and try again.").WithRetryAfter(time.Minute)
	Misdirected = Define(http.StatusMisdirectedRequest, "misdirected-request", "Not this server's name",
		"This server isn't reached by the host that the request names.",
		"Use the address that the server is known by; its operator adds others with AMRUTAM_HOSTS.")
	TooManyRequests = Define(http.StatusTooManyRequests, "too-many-requests", "Too many requests",
		"You sent more than this operation takes in a while.", "Wait as Retry-After says.")
)

// InvalidField returns a validation error with one fault, for rules that only the domain can check.
func InvalidField(location string, fault *Message) *Error { return Invalid.WithField(location, fault) }

// NotFoundAudited returns the error for an object that the caller may not see: they get 404, and the audit log gets a
// denial.
func NotFoundAudited(entity string, id uuid.UUID) *Error {
	c := *NotFound
	c.Denied = &Object{Type: entity, ID: id.String()}
	return &c
}
