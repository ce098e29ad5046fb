package httpapi

import (
	"context"
	"errors"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"
	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/idempotency"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// runFunc does the work of an operation, after admission and validation. The claim is nil without an idempotency key.
type runFunc[I any] func(ctx context.Context, actor access.Actor, in I, claim *idempotency.Claim) (reply, error)

// register documents an operation and puts the pipeline in front of run. A request passes, in this order: Handler,
// checkRequest and route (server.go), admission, the library's parsing and validation against the schema, and respond.
// writes tells whether run may commit something.
func register[I any](a *API, op Op, output reflect.Type, writes bool, run runFunc[I]) {
	op.check()
	a.Operations = append(a.Operations, op)
	a.patterns[op.Method+" "+op.path()] = true
	size, parameters := &bodySize{}, parameterTexts{}
	documented := huma.Operation{
		Method: op.Method, Path: op.path(), OperationID: op.ID, Summary: op.Summary, Description: op.Doc,
		Tags: []string{op.Tag}, DefaultStatus: op.status(), MaxBodyBytes: -1,
		Middlewares: huma.Middlewares{a.admission(op, size)},
		Metadata:    map[string]any{parametersKey: parameters},
	}
	a.describe(&documented, op, output, writes)
	if op.RawBody != nil {
		// The operation checks the signature of the bytes before anything is said about them.
		documented.SkipValidateBody = true
		schema := a.Document().Components.Schemas.Schema(op.RawBody, true, op.ID)
		documented.RequestBody = &huma.RequestBody{
			Required: true,
			Content:  map[string]*huma.MediaType{jsonType: {Schema: schema}},
		}
	}
	huma.Register(a.huma, documented, func(ctx context.Context, in *I) (*huma.StreamResponse, error) {
		return &huma.StreamResponse{Body: func(hc huma.Context) {
			r, w := humago.Unwrap(hc)
			respond(ctx, a, op, w, r, in, run)
		}}, nil
	})
	// The schemas are known only after huma.Register.
	*size = a.bodySizeOf(op)
	parameters.fill(a.operation(op.Method, op.path()))
}

// admission is the pipeline before the request is parsed: it limits the address, reads the body, authorizes the
// caller, and checks the query and the body. The caller is authorized after the body has arrived, so a session that
// ends while a client delays its body is refused. Only authorized callers learn what is wrong with their body.
func (a *API) admission(op Op, size *bodySize) func(huma.Context, func(huma.Context)) {
	return func(hc huma.Context, next func(huma.Context)) {
		r, w := humago.Unwrap(hc)
		req := requestOf(r.Context())
		defer req.cleanUp()
		network := SubscriberNetwork(req.ip)
		if err := a.limitCaller(w, op, req, a.RatePerAddress, a.ConcurrentPerAddress, network); err != nil {
			a.writeProblem(w, r, err)
			return
		}
		if !op.isPublic() && !hasCredential(r) {
			a.writeProblem(w, r, problem.Unauthenticated)
			return
		}
		body, bodyErr := readBody(w, r, size.bytes)
		if errors.Is(bodyErr, problem.TimedOut) {
			// net/http has cancelled the request's context, so the caller can't be authenticated.
			a.writeProblem(w, r, bodyErr)
			return
		}
		if err := a.authorize(w, r, op); err != nil {
			a.writeProblem(w, r, err)
			a.auditDenial(w, r, op, err)
			return
		}
		if op.Sends && a.Held != nil && a.Held() {
			a.writeProblem(w, r, problem.RestoreMode)
			return
		}
		if err := errors.Join(checkQuery(r), bodyErr); err != nil {
			a.writeProblem(w, r, err)
			return
		}
		if err := a.checkBody(r, op, body, size.values); err != nil {
			a.writeProblem(w, r, err)
			return
		}
		setBody(r, body)
		req.body = body
		next(huma.WithContext(hc, postgres.WithGuard(hc.Context(), a.Guard(req.actor))))
	}
}

// respond is the pipeline after the request is parsed and validated: it normalizes the texts, reads the idempotency
// key, runs the operation and writes its reply.
func respond[I any](ctx context.Context, a *API, op Op, w http.ResponseWriter, r *http.Request, in *I,
	run runFunc[I]) {
	req := requestOf(ctx)
	var faults []problem.Field
	normalize(reflect.ValueOf(in).Elem(), "", Line, &faults)
	if len(faults) > 0 {
		a.writeProblem(w, r, invalid(faults))
		return
	}
	claim, err := a.newClaim(op, req, r)
	if err != nil {
		a.writeProblem(w, r, err)
		return
	}
	out, err := run(ctx, req.actor, *in, claim)
	if err != nil {
		a.writeProblem(w, r, err)
		a.auditDenial(w, r, op, err)
		return
	}
	if out.table != nil {
		w.Header().Set("Vary", "Accept")
		if wantsCSV(r) {
			if err := out.asCSV(out.table); err != nil {
				a.writeProblem(w, r, err)
				return
			}
		}
	}
	switch {
	case out.cookie != "":
		http.SetCookie(w, sessionCookie(out.cookie))
	case out.isSignedOut && req.isByCookie:
		http.SetCookie(w, sessionCookie(""))
	}
	switch {
	case op.Roles != access.Public || r.Method != http.MethodGet:
		out.cacheControl = "no-store"
	case op.HasSecretPath:
		out.cacheControl = "private, no-cache"
	}
	out.isPublic = op.isPublic() && req.actor.ID == uuid.Nil
	a.write(w, r, out)
}

// newClaim returns the claim of the request's Idempotency-Key, or nil if it has none or the operation ignores it.
// Errors: idempotency.ErrRequired, idempotency.ErrMalformed.
func (a *API) newClaim(op Op, req *request, r *http.Request) (*idempotency.Claim, error) {
	keys := r.Header.Values("Idempotency-Key")
	switch {
	case op.Key == NoKey:
		return nil, nil //nolint:nilnil // no key, no claim
	case len(keys) == 0 && op.Key == Required:
		return nil, idempotency.ErrRequired
	case len(keys) == 0:
		return nil, nil //nolint:nilnil // as above
	case len(keys) > 1:
		return nil, idempotency.ErrMalformed
	}
	return idempotency.NewClaim(a.Sealer, req.actor.ID, keys[0], r.Method, r.URL.RequestURI(), req.body)
}
