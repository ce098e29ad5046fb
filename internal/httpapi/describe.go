package httpapi

import (
	"maps"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"amrutam/internal/access"
)

// describe documents what the pipeline adds to every operation: security, roles, the answers and every refusal.
func (a *API) describe(o *huma.Operation, op Op, output reflect.Type, writes bool) {
	o.Extensions = map[string]any{"x-roles": op.Roles.Names()}
	if op.RecentMFA {
		o.Extensions["x-fresh-second-factor"] = true
	}
	if op.RecentProof {
		o.Extensions["x-recent-proof"] = true
	}
	o.Security = security(op.Roles)
	o.Description = description(op)
	if op.Key != NoKey {
		o.Parameters = append(o.Parameters, idempotencyKey(op.Key == Required))
	}
	if op.takesExpectedUser() {
		o.Parameters = append(o.Parameters, expectedUserParameter())
	}
	o.Responses = map[string]*huma.Response{}
	o.Responses[strconv.Itoa(op.status())] = a.success(op, op.status(), output)
	for status, text := range op.Statuses {
		r := a.success(op, status, output)
		r.Description = text
		o.Responses[strconv.Itoa(status)] = r
	}
	if op.Method == http.MethodGet && output.Implements(reflect.TypeFor[Versioned]()) {
		o.Parameters = append(o.Parameters, ifNoneMatch())
		unchanged := a.success(op, http.StatusNotModified, output)
		unchanged.Content = nil
		o.Responses["304"] = unchanged
	}
	maps.Copy(o.Responses, a.refusals(op, writes))
}

// signedIn are the ways to be signed in, the document's own for operations that say nothing else.
var signedIn = []map[string][]string{{"bearer": {}}, {"cookie": {}}}

func security(roles access.Roles) []map[string][]string {
	switch {
	case roles == access.Public:
		return []map[string][]string{{}}
	case roles&access.Public != 0:
		return append([]map[string][]string{{}}, signedIn...)
	}
	return nil
}

// description is the operation's own text, and what its registration says about it.
func description(op Op) string {
	callers := "Anyone, signed in or not."
	if !op.isPublic() {
		callers = "Roles: " + op.Roles.String() + "."
	}
	paragraphs := []string{op.Doc, callers}
	switch {
	case op.RecentMFA:
		paragraphs = append(paragraphs, "Needs a second factor proven in the last five minutes.")
	case op.RecentProof:
		paragraphs = append(paragraphs, "Needs a proof of the last five minutes: the second factor of users who have "+
			"one, else a sign-in or the password.")
	}
	if op.NoKeyReason != "" {
		paragraphs = append(paragraphs, "Takes no `Idempotency-Key`: "+op.NoKeyReason+".")
	}
	return strings.TrimSpace(strings.Join(paragraphs, "\n\n"))
}

func idempotencyKey(required bool) *huma.Param {
	return &huma.Param{Name: "Idempotency-Key", In: "header", Required: required,
		Description: "1 to 255 printable ASCII characters. The same key with the same request gets the first answer " +
			"again, for 24 hours.",
		Schema: &huma.Schema{Type: huma.TypeString, MinLength: ptr(1), MaxLength: ptr(255),
			Examples: []any{"4f7c2d1e-8a55-4f0e-9b0a-6d1f2c3b4a59"}}}
}

func ifNoneMatch() *huma.Param {
	return &huma.Param{Name: "If-None-Match", In: "header",
		Description: "The `ETag` of the version you have: the answer is 304 while it is the current one.",
		Schema:      &huma.Schema{Type: huma.TypeString, MaxLength: ptr(maxIfNoneMatch), Examples: []any{`"k3x9"`}}}
}

// success is one answer of an operation that did what it was asked.
func (a *API) success(op Op, status int, output reflect.Type) *huma.Response {
	r := &huma.Response{Description: http.StatusText(status), Headers: a.commonHeaders(op)}
	switch output {
	case reflect.TypeFor[None](), reflect.TypeFor[Changed](), reflect.TypeFor[SignedOut]():
	case reflect.TypeFor[Attachment](), reflect.TypeFor[Feed]():
		if op.MediaType == "" {
			panic("httpapi: operation " + op.ID + " answers with a file of no media type")
		}
		mediaType, _, _ := strings.Cut(op.MediaType, ";")
		r.Content = map[string]*huma.MediaType{
			mediaType: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"},
				Example: "(the bytes of the file)"}}
		a.addHeader(r, "Content-Disposition")
	default:
		if op.isStream {
			r.Content = map[string]*huma.MediaType{
				streamType: eventContent(a.Document().Components.Schemas.Schema(output, true, op.ID))}
			break
		}
		r.Content = map[string]*huma.MediaType{
			jsonType: {Schema: a.Document().Components.Schemas.Schema(output, true, op.ID)}}
	}
	if output.Implements(reflect.TypeFor[Tabular]()) {
		r.Content[csvType] = &huma.MediaType{Schema: &huma.Schema{Type: huma.TypeString},
			Example: "(a row of names, and the rows of the table)"}
		a.addHeader(r, fileOnly)
	}
	if output.Implements(reflect.TypeFor[Located]()) && status == http.StatusCreated {
		a.addHeader(r, "Location")
	}
	if output.Implements(reflect.TypeFor[Versioned]()) {
		a.addHeader(r, "ETag")
	}
	if output.Implements(reflect.TypeFor[CookieHolder]()) || output == reflect.TypeFor[SignedOut]() {
		a.addHeader(r, "Set-Cookie")
	}
	if output.Implements(reflect.TypeFor[Pending]()) && status == http.StatusAccepted {
		if op.Key == NoKey {
			a.addHeader(r, "Retry-After")
		} else {
			a.addHeader(r, optionalRetryAfter) // a stored answer is as old as it is
		}
	}
	if op.Key != NoKey {
		a.addHeader(r, "Idempotency-Replayed")
	}
	return r
}

func ptr[T any](v T) *T { return &v }
