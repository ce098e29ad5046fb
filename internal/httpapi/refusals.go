package httpapi

import (
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"amrutam/internal/access"
	"amrutam/internal/idempotency"
	"amrutam/internal/language"
	"amrutam/internal/problem"
)

// exampleRequest is the request id in examples.
const exampleRequest = "0199f3a2-7c1e-7000-8000-0000000000ff"

// refusals returns the responses for all problems of an operation: the pipeline's and its own. writes tells whether it
// may commit something.
func (a *API) refusals(op Op, writes bool) map[string]*huma.Response {
	byStatus := map[int][]*problem.Error{}
	for _, p := range slices.Concat(pipelineRefusals(op, writes), op.Refusals) {
		if !slices.Contains(byStatus[p.Status], p) {
			byStatus[p.Status] = append(byStatus[p.Status], p)
		}
	}
	responses := map[string]*huma.Response{}
	for status, problems := range byStatus {
		slices.SortFunc(problems, func(a, b *problem.Error) int { return strings.Compare(a.Slug, b.Slug) })
		responses[strconv.Itoa(status)] = a.refusal(op, status, problems)
	}
	return responses
}

// pipelineRefusals returns the problems that the pipeline itself can answer with.
func pipelineRefusals(op Op, writes bool) []*problem.Error {
	all := []*problem.Error{problem.Malformed, problem.Invalid, problem.Internal, problem.Busy, problem.Unavailable}
	add := func(when bool, more ...*problem.Error) {
		if when {
			all = append(all, more...)
		}
	}
	add(!op.Probe, problem.Misdirected, problem.TooManyRequests)
	add(op.Roles != access.Public, problem.Unauthenticated)
	add(!op.isPublic(), problem.CrossSite)
	add(op.Roles != access.Public && op.Roles&access.SignedIn != access.SignedIn, problem.Forbidden)
	add(op.RecentMFA || (op.Roles.HasStaff() && !op.Enrolment), problem.MFARequired)
	add(op.RecentProof, problem.Reauthenticate)
	add(op.Sends, problem.RestoreMode)
	add(strings.Contains(op.Path, "{"), problem.NotFound)
	add(writes && !op.Probe, problem.OutcomeUnknown)
	add(op.Method != http.MethodGet, problem.TooLarge, problem.UnsupportedMediaType, problem.TimedOut)
	add(op.takesExpectedUser(), problem.OtherUser)
	add(op.Key != NoKey, idempotency.ErrMalformed, idempotency.ErrReused, idempotency.ErrInFlight)
	add(op.Key == Required, idempotency.ErrRequired)
	add(op.Method == http.MethodPatch, problem.PreconditionFailed)
	return all
}

// refusal returns the response of one status: a Problem whose type is one of the given problems.
func (a *API) refusal(op Op, status int, problems []*problem.Error) *huma.Response {
	components := a.Document().Components
	base := components.Schemas.Schema(reflect.TypeFor[Problem](), true, "Problem")
	r := &huma.Response{Description: http.StatusText(status), Headers: a.commonHeaders(op)}
	a.addHeader(r, "Content-Language")
	examples := map[string]*huma.Example{}
	var types []any
	waits := 0
	for _, p := range problems {
		components.Examples[p.Slug] = &huma.Example{Summary: p.Title, Value: exampleProblem(p)}
		examples[p.Slug] = &huma.Example{Ref: "#/components/examples/" + p.Slug}
		types = append(types, "/problems/"+p.Slug)
		if p.RetryAfter > 0 || status == http.StatusTooManyRequests {
			waits++
		}
	}
	switch waits {
	case 0:
	case len(problems):
		a.addHeader(r, "Retry-After")
	default:
		a.addHeader(r, optionalRetryAfter)
	}
	if status == http.StatusUnauthorized {
		a.addHeader(r, "WWW-Authenticate")
	}
	schema := &huma.Schema{AllOf: []*huma.Schema{base, {Type: huma.TypeObject,
		Properties: map[string]*huma.Schema{"type": {Type: huma.TypeString, Enum: types}}}}}
	r.Content = map[string]*huma.MediaType{problemType: {Schema: schema, Examples: examples}}
	return r
}

func exampleProblem(p *problem.Error) map[string]any {
	value := map[string]any{"type": "/problems/" + p.Slug, "title": p.Title, "status": p.Status, "detail": p.Detail,
		"instance": Base + "/the/address/that/was/asked", "requestId": exampleRequest}
	if p.Slug == problem.Invalid.Slug {
		value["errors"] = []map[string]any{{"location": "body.email",
			"code": problem.Required.Code, "message": problem.Required.In(language.English)}}
	}
	return value
}
