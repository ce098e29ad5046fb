package httpapi

import (
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/idempotency"
	"amrutam/internal/problem"
)

// Version of the interface, in the document.
const Version = "1.0.0"

func document31() *huma.OpenAPI {
	return &huma.OpenAPI{
		OpenAPI: "3.1.0",
		Info: &huma.Info{
			Title: "Amrutam", Version: Version,
			Description: "Telemedicine for Ayurveda: find a doctor, book a free slot, pay, be seen, get a " +
				"prescription.",
			License: &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"},
		},
		Servers: []*huma.Server{{URL: "/", Description: "This server"}},
		Tags:    tags(),
		Components: &huma.Components{
			Schemas:  registry(),
			Examples: map[string]*huma.Example{},
			SecuritySchemes: map[string]*huma.SecurityScheme{"bearer": {Type: "http", Scheme: "bearer",
				Description: "The accessToken of a sign-in: opaque, valid 15 minutes."},
				"cookie": {Type: "apiKey", In: "cookie", Name: cookieName,
					Description: "The cookie of a sign-in with session COOKIE, for pages of this server alone."}},
		},
	}
}

func registry() huma.Registry {
	r := huma.NewMapRegistry("#/components/schemas/", schemaName)
	r.RegisterTypeAlias(reflect.TypeFor[uuid.UUID](), reflect.TypeFor[UUID]())
	return r
}

// schemaNames of types whose own name says enough in their package only. Generated clients make their types of them.
var schemaNames = map[string]string{
	"CancelInBody": "CancellationRequest", "Consultations": "ConsultationCounts", "Detail": "PaymentDetail",
	"Attempt": "PaymentAttempt", "Entry": "AuditEvent",
	"Field": "FieldError", "HoldInBody": "ConsultationStatusRequest", "InitiateInBody": "PaymentRequest",
	"Initiated": "PaymentStart", "People": "PeopleCounts", "Slots": "SlotCounts", "SlotBrief": "NextSlot",
	"SlotFree": "FreeSlot", "Summary": "AnalyticsSummary", "WriteInBody": "PrescriptionRequest",
	"BookInBody": "BookingRequest", "SlotInputBody": "SlotRequest", "SlotPatchInputBody": "SlotChange",
	"PracticeInputBody": "DoctorChange", "ProfileChangeRequestBody": "ProfileChange", "WebhookOut": "WebhookOutcome",
	"DisableUserRequestBody": "DisablingRequest", "EnrolmentResponse": "Enrolment",
	"PasskeysResponse": "Passkeys", "RecoveryCodesResponse": "RecoveryCodes", "RegisteredResponse": "Registered", "SignInResponse": "SignedIn",
	"RefundInBody": "RefundRequest", "Unmatched": "UnmatchedMoney",
	"ResolveInBody": "UnmatchedMoneyDecision", "Mismatched": "MismatchedMoney", "DeclineInBody": "RefundDecline",
}

func schemaName(t reflect.Type, hint string) string {
	name := huma.DefaultSchemaNamer(t, hint)
	if inner, list := strings.CutPrefix(name, "Page"); list {
		if known := schemaNames[inner]; known != "" {
			inner = known
		}
		return inner + "Page"
	}
	if known := schemaNames[name]; known != "" {
		return known
	}
	if asked, body := strings.CutSuffix(name, "Body"); body && name != "WebhookBody" {
		return strings.TrimSuffix(strings.TrimSuffix(asked, "Input"), "Request") + "Request"
	}
	return name
}

// UUID is how ids are documented, and an optional id of a query: "" when it was left out.
type UUID string

// Schema is a UUID's, in the one form that RFC 9562 writes it: the library also takes braces, a URN and no hyphens.
func (UUID) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "uuid", Pattern: uuidPattern}
}

const uuidPattern = "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$"

// finish adds null to the values of what may be null, because an enum of JSON Schema refuses what it doesn't list, and
// takes out what is for the library only.
func finish(document *huma.OpenAPI) {
	for _, s := range document.Components.Schemas.Map() {
		for _, property := range s.Properties {
			if property.Nullable && len(property.Enum) > 0 && !slices.Contains(property.Enum, nil) {
				property.Enum = append(slices.Clone(property.Enum), nil)
			}
			withoutHints(property)
		}
	}
	for _, path := range document.Paths {
		for _, o := range operationsOf(path) {
			for _, parameter := range o.Parameters {
				withoutHints(parameter.Schema)
			}
		}
	}
}

// operationsOf a path that are registered.
func operationsOf(path *huma.PathItem) []*huma.Operation {
	all := []*huma.Operation{path.Get, path.Put, path.Post, path.Delete, path.Patch}
	return slices.DeleteFunc(all, func(o *huma.Operation) bool { return o == nil })
}

// withoutHints takes out patternDescription, which the library's messages use and OpenAPI doesn't know.
func withoutHints(s *huma.Schema) {
	for ; s != nil; s = s.Items {
		s.PatternDescription = ""
	}
}

func tags() []*huma.Tag {
	var all []*huma.Tag
	for _, t := range [][2]string{
		{"auth", "Sign-up, sign-in and the way back in."}, {"users", "People and their profiles."},
		{"doctors", "Who can be booked."}, {"availability", "When doctors can be booked."},
		{"consultations", "From the booking to the end of the call."},
		{"prescriptions", "What the doctor prescribed."}, {"payments", "Money for consultations, and back."},
		{"consents", "What patients agree to, and take back."}, {"admin", "The audit log and figures."},
		{"health", "For load balancers."},
	} {
		all = append(all, &huma.Tag{Name: t[0], Description: t[1]})
	}
	return all
}

// describe documents what the pipeline adds to every operation: security, roles, the answer and every refusal with an
// example.
func (a *API) describe(o *huma.Operation, op Op, output reflect.Type) {
	o.Extensions = map[string]any{"x-roles": op.Roles.Names()}
	if op.Fresh {
		o.Extensions["x-fresh-second-factor"] = true
	}
	if op.Recent {
		o.Extensions["x-recent-proof"] = true
	}
	who := "Anyone, signed in or not."
	o.Security = []map[string][]string{{}}
	switch {
	case op.Roles == access.Public:
	case op.Roles&access.Public != 0:
		o.Security = append(o.Security, map[string][]string{"bearer": {}}, map[string][]string{"cookie": {}})
	default:
		who = "Roles: " + op.Roles.String() + "."
		o.Security = []map[string][]string{{"bearer": {}}, {"cookie": {}}}
	}
	o.Description = strings.TrimSpace(op.Doc + "\n\n" + who)
	if op.Unkeyed != "" {
		o.Description += "\n\nTakes no Idempotency-Key: " + op.Unkeyed + "."
	}
	if op.Key != NoKey {
		o.Parameters = append(o.Parameters,
			&huma.Param{Name: "Idempotency-Key", In: "header", Required: op.Key == Required,
				Description: "1 to 255 printable ASCII characters; the same key gets the same answer for 24 hours",
				Schema: &huma.Schema{Type: huma.TypeString, MinLength: ptr(1), MaxLength: ptr(255),
					Examples: []any{"4f7c2d1e-8a55-4f0e-9b0a-6d1f2c3b4a59"}}})
	}
	o.Responses = map[string]*huma.Response{}
	for _, status := range append([]int{op.status()}, op.Statuses...) {
		o.Responses[strconv.Itoa(status)] = a.success(op, status, output)
	}
	if op.Method == http.MethodGet && output.Implements(reflect.TypeFor[Versioned]()) {
		o.Parameters = append(o.Parameters,
			&huma.Param{Name: "If-None-Match", In: "header",
				Description: "The ETag of what you have: 304 when it is still that",
				Schema: &huma.Schema{Type: huma.TypeString, MaxLength: ptr(maxIfNoneMatch),
					Examples: []any{`"k3x9"`}}})
		unchanged := a.success(op, http.StatusNotModified, output)
		unchanged.Content = nil
		o.Responses["304"] = unchanged
	}
	maps.Copy(o.Responses, a.refusals(op))
}

// success is one answer of an operation that did what it was asked.
func (a *API) success(op Op, status int, output reflect.Type) *huma.Response {
	r := &huma.Response{Description: http.StatusText(status),
		Headers: map[string]*huma.Param{"X-Request-Id": requestIDHeader()}}
	switch output {
	case reflect.TypeFor[None](), reflect.TypeFor[Changed](), reflect.TypeFor[SignedOut]():
	case reflect.TypeFor[Attachment]():
		if op.MediaType == "" {
			panic("httpapi: operation " + op.ID + " answers with a file of no media type")
		}
		r.Content = map[string]*huma.MediaType{
			op.MediaType: {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"},
				Example: "(the bytes of the file)"}}
		r.Headers["Content-Disposition"] = always(header("The name to save it under", `attachment; filename="…"`))
	default:
		schema := a.Document().Components.Schemas.Schema(output, true, op.ID)
		r.Content = map[string]*huma.MediaType{jsonType: {Schema: schema, Example: a.example(schema, 0)}}
	}
	if output.Implements(reflect.TypeFor[Located]()) && status == http.StatusCreated {
		r.Headers["Location"] = always(header("Where the new resource is", Base+"/…"))
	}
	if output.Implements(reflect.TypeFor[Versioned]()) {
		r.Headers["ETag"] = always(header("The version, for If-Match", `"k3x9"`))
	}
	if output.Implements(reflect.TypeFor[CookieHolder]()) || output == reflect.TypeFor[SignedOut]() {
		r.Headers["Set-Cookie"] = header("The session, or its end, for a browser that holds it in a cookie",
			cookieName+"=…; Path=/; HttpOnly; Secure; SameSite=Lax")
	}
	if output.Implements(reflect.TypeFor[Awaited]()) && status == http.StatusAccepted {
		r.Headers["Retry-After"] = header("Seconds until it is worth asking again", "2")
		r.Headers["Retry-After"].Required = op.Key == NoKey // a stored answer is as old as it is
	}
	if op.Key != NoKey {
		r.Headers["Idempotency-Replayed"] = header("true when this is the stored first answer", "true")
	}
	if op.limited() {
		maps.Copy(r.Headers, rateHeaders())
	}
	return r
}

func (a *API) refusals(op Op) map[string]*huma.Response {
	byStatus := map[int][]*problem.Error{}
	add := func(all ...*problem.Error) {
		for _, p := range all {
			if !slices.Contains(byStatus[p.Status], p) {
				byStatus[p.Status] = append(byStatus[p.Status], p)
			}
		}
	}
	add(problem.Malformed, problem.Invalid, problem.Internal, problem.Busy, problem.Unavailable)
	if op.Tag != "health" {
		add(problem.Misdirected)
	}
	if op.Roles != access.Public {
		add(problem.Unauthenticated, problem.Forbidden, problem.CrossSite)
	}
	if op.Fresh || (op.Roles.Staff() && !op.Enrolment) {
		add(problem.MFARequired)
	}
	if op.Recent {
		add(problem.Reauthenticate)
	}
	if strings.Contains(op.Path, "{") {
		add(problem.NotFound)
	}
	if op.Method != http.MethodGet {
		add(problem.TooLarge, problem.UnsupportedMediaType, problem.TimedOut, problem.OutcomeUnknown)
	}
	if op.limited() {
		add(problem.TooManyRequests)
	}
	if op.Key != NoKey {
		add(idempotency.ErrMalformed, idempotency.ErrReused, idempotency.ErrInFlight)
	}
	if op.Key == Required {
		add(idempotency.ErrRequired)
	}
	if op.Method == http.MethodPatch {
		add(problem.PreconditionFailed)
	}
	add(op.Refusals...)
	return a.refusalsBy(byStatus, op)
}

func (a *API) refusalsBy(byStatus map[int][]*problem.Error, op Op) map[string]*huma.Response {
	schema := a.Document().Components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")
	responses := map[string]*huma.Response{}
	for status, problems := range byStatus {
		examples := map[string]*huma.Example{}
		headers := map[string]*huma.Param{"X-Request-Id": requestIDHeader()}
		if op.limited() {
			maps.Copy(headers, rateHeaders())
		}
		waits := 0
		for _, p := range problems {
			a.Document().Components.Examples[p.Slug] = &huma.Example{Summary: p.Detail, Value: exampleProblem(p)}
			examples[p.Slug] = &huma.Example{Ref: "#/components/examples/" + p.Slug}
			if p.RetryAfter > 0 || status == http.StatusTooManyRequests {
				waits++
			}
		}
		if waits > 0 {
			headers["Retry-After"] = header("Seconds to wait", "1")
			headers["Retry-After"].Required = waits == len(problems)
		}
		if status == http.StatusUnauthorized {
			headers["WWW-Authenticate"] = always(header("How to sign in", `Bearer realm="amrutam"`))
		}
		responses[strconv.Itoa(status)] = &huma.Response{Description: http.StatusText(status), Headers: headers,
			Content: map[string]*huma.MediaType{problemType: {Schema: schema, Examples: examples}}}
	}
	return responses
}

func exampleProblem(p *problem.Error) map[string]any {
	value := map[string]any{"type": "/problems/" + p.Slug, "title": p.Title, "status": p.Status, "detail": p.Detail,
		"instance": Base + "/consultations", "requestId": "0199f3a2-7c1e-7000-8000-000000000000"}
	if p.Status == http.StatusUnprocessableEntity && p.Slug == problem.Invalid.Slug {
		value["errors"] = []map[string]any{{"location": "body.field", "message": isMissing}}
	}
	return value
}

func header(description, example string) *huma.Param {
	return &huma.Param{Description: description, Schema: &huma.Schema{Type: huma.TypeString}, Example: example}
}

// always marks a header that no answer of its status lacks.
func always(h *huma.Param) *huma.Param {
	h.Required = true
	return h
}

func rateHeaders() map[string]*huma.Param {
	return map[string]*huma.Param{
		"RateLimit": header("Requests that are left, and seconds until all are there again",
			`"user";r=599;t=1`),
		"RateLimit-Policy": header("Requests in so many seconds", `"user";q=600;w=60`),
	}
}

func requestIDHeader() *huma.Param {
	return always(header("Names this request in the server's log", "0199f3a2-7c1e-7000-8000-000000000000"))
}

// example builds a value of a schema from the examples of its fields.
func (a *API) example(s *huma.Schema, depth int) any {
	if s.Ref != "" {
		s = a.Document().Components.Schemas.SchemaFromRef(s.Ref)
	}
	switch {
	case s == nil || depth > 6:
		return nil
	case len(s.Examples) > 0:
		return s.Examples[0]
	case len(s.Enum) > 0:
		return s.Enum[0]
	}
	switch s.Type {
	case huma.TypeObject:
		object := map[string]any{}
		for name, property := range s.Properties {
			object[name] = a.example(property, depth+1)
		}
		return object
	case huma.TypeArray:
		return []any{a.example(s.Items, depth+1)}
	case huma.TypeBoolean:
		return true
	case huma.TypeInteger, huma.TypeNumber:
		return 1
	}
	switch s.Format {
	case "uuid":
		return "0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081"
	case "date-time":
		return "2026-11-23T10:00:00Z"
	case "date":
		return "2026-11-23"
	case "email":
		return "asha@example.org"
	case "uri":
		return "https://clinic.example/pay"
	}
	return "text"
}

func ptr[T any](v T) *T { return &v }
