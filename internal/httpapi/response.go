package httpapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzhttp"

	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// Problem is a refusal as RFC 9457 writes it.
type Problem struct {
	_ struct{} `doc:"A refusal (RFC 9457): its type is the address of a page that says what to do"`

	Type      string          `json:"type" format:"uri-reference" doc:"A page that says what to do" example:"/problems/slot-taken"`
	Title     string          `json:"title" doc:"The kind of refusal" example:"The slot is taken"`
	Status    int             `json:"status" doc:"The HTTP status" example:"409"`
	Detail    string          `json:"detail" doc:"What is wrong this time" example:"The slot has no free seat."`
	Instance  string          `json:"instance" format:"uri-reference" doc:"The address that was asked" example:"/api/v1/consultations"`
	RequestID string          `json:"requestId" doc:"Names this request in the server's log" example:"0199f3a2-7c1e-7000-8000-000000000000"`
	Errors    []problem.Field `json:"errors,omitempty" doc:"Every fault of the request, at once"`
}

// refuse writes a refusal. What is not a problem.Error is found out here, and logged when it is ours.
func (a *API) refuse(w http.ResponseWriter, r *http.Request, err error) {
	req := requestOf(r.Context())
	p := a.asProblem(r.Context(), req, err)
	if p == nil {
		// The client hung up: nobody reads an answer. 499 is what the log shows.
		w.WriteHeader(statusClientGone)
		return
	}
	body, _ := json.Marshal(Problem{
		Type: "/problems/" + p.Slug, Title: p.Title, Status: p.Status, Detail: p.Detail,
		Instance: r.URL.EscapedPath(), RequestID: req.id, Errors: p.Fields,
	})
	h := w.Header()
	h.Set("Content-Type", problemType)
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(body)))
	setRetryAfter(h, p.RetryAfter)
	if p.Status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="amrutam"`)
	}
	w.WriteHeader(p.Status)
	_, _ = w.Write(body)
}

func setRetryAfter(h http.Header, wait time.Duration) {
	if wait > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	}
}

func (p *Problem) Error() string { return p.Detail }

// GetStatus and ContentType are what huma asks of an error it writes.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType is that of RFC 9457.
func (p *Problem) ContentType(string) string { return problemType }

const (
	problemType = "application/problem+json"
	jsonType    = "application/json"
)

const statusClientGone = 499

func (a *API) asProblem(ctx context.Context, req *request, err error) *problem.Error {
	var p *problem.Error
	switch {
	case errors.As(err, &p):
		if p.Is(problem.Busy) && !req.shed && req.lane != health {
			errors.As(a.shed(req, p), &p)
		}
		return p
	case errors.Is(err, postgres.ErrBusy):
		errors.As(a.shed(req, problem.Busy), &p)
		return p
	case errors.Is(context.Cause(ctx), errOverdue) && !errors.Is(err, postgres.ErrOutcomeUnknown):
		p = problem.Busy
	case ctx.Err() != nil && (errors.Is(err, context.Canceled) || postgres.Cancelled(err)):
		return nil // nobody waits for an answer
	case errors.Is(err, postgres.ErrOutcomeUnknown):
		p = problem.OutcomeUnknown
	case postgres.Busy(err):
		p = problem.Busy
	case postgres.Unavailable(err):
		p = problem.Unavailable
	default:
		p = problem.Internal
	}
	// pgx and database errors name constraints and codes, never values of parameters.
	a.Log.LogAttrs(ctx, slog.LevelError, "request failed", slog.String("requestId", req.id),
		slog.String("error", postgres.Describe(err)))
	return p
}

// reply is an answer that is ready to be written.
type reply struct {
	status   int
	location string
	etag     string
	body     []byte
	replayed bool
	// cookie is the token of a session that the browser holds; signedOut: it ended.
	cookie    string
	signedOut bool
	// retryAfter is sent when it isn't zero.
	retryAfter time.Duration
	// mediaType and fileName are those of an Attachment; without, the body is JSON.
	mediaType, fileName string
	// personal answers are kept by nobody; public ones hold nothing that is anybody's.
	personal, public bool
}

// compressed answers are public lists: what is somebody's must not be compressed beside what a stranger chose
// (BREACH). An answer with an ETag isn't: another coding would need another one (RFC 9110, 8.8.3).
var compressed = func() func(http.Handler) http.HandlerFunc {
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(1024),
		gzhttp.ContentTypes([]string{jsonType, "application/yaml", "text/css"}))
	if err != nil {
		panic(err) // the options are constants
	}
	return wrap
}()

func (a *API) write(w http.ResponseWriter, r *http.Request, out reply) {
	if out.public && out.etag == "" && r.Method == http.MethodGet && len(out.body) > 0 {
		compressed(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { out.send(w) })).ServeHTTP(w, r)
		return
	}
	if out.etag != "" && out.status == http.StatusOK && holds(r, out.etag) {
		out.status, out.body = http.StatusNotModified, nil
	}
	out.send(w)
}

// maxIfNoneMatch of characters that are looked at: beyond, the answer is sent anew.
const maxIfNoneMatch = 1000

// holds tells whether the client says that it has this version (RFC 9110, 13.1.2: compared weakly).
func holds(r *http.Request, etag string) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	header := strings.Join(r.Header.Values("If-None-Match"), ",")
	if len(header) > maxIfNoneMatch {
		return false
	}
	for one := range strings.SplitSeq(header, ",") {
		if one = strings.TrimSpace(one); one == "*" || strings.TrimPrefix(one, "W/") == etag {
			return true
		}
	}
	return false
}

func (out reply) send(w http.ResponseWriter) {
	h := w.Header()
	if out.personal {
		h.Set("Cache-Control", "no-store")
	}
	if out.location != "" {
		h.Set("Location", out.location)
	}
	if out.etag != "" {
		h.Set("ETag", out.etag)
	}
	if out.replayed {
		h.Set("Idempotency-Replayed", "true")
	}
	setRetryAfter(h, out.retryAfter)
	if out.fileName != "" {
		h.Set("Content-Disposition", `attachment; filename="`+out.fileName+`"`)
	}
	if len(out.body) > 0 {
		h.Set("Content-Type", cmp.Or(out.mediaType, jsonType))
		h.Set("Content-Length", strconv.Itoa(len(out.body)))
	}
	w.WriteHeader(out.status)
	_, _ = w.Write(out.body)
}
