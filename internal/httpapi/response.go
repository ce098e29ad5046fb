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

	"amrutam/internal/language"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// Problem is the body of a refusal (RFC 9457).
type Problem struct {
	_ struct{} `doc:"A refusal (RFC 9457): its type is the address of a page that says what to do"`

	Type      string          `json:"type" format:"uri-reference" doc:"A page that says what to do" example:"/problems/slot-taken"`
	Title     string          `json:"title" doc:"The kind of refusal" example:"The slot is taken"`
	Status    int             `json:"status" doc:"The HTTP status" example:"409"`
	Detail    string          `json:"detail" doc:"What is wrong this time" example:"The slot has no free seat."`
	Instance  string          `json:"instance" format:"uri-reference" doc:"The address that was asked" example:"/api/v1/consultations"`
	RequestID string          `json:"requestId" doc:"Names this request in the server's log" example:"0199f3a2-7c1e-7000-8000-000000000000"`
	Code      string          `json:"code,omitempty" doc:"Which detail it is, for programs, where a refusal has several" example:"daily-maximum"`
	Params    map[string]any  `json:"params,omitempty" doc:"The numbers, names and times of the detail"`
	Errors    []problem.Field `json:"errors,omitempty" doc:"Every fault of the request, at once"`
	Count     int             `json:"count,omitempty" minimum:"1" doc:"How many things stand in the way, where the refusal is about a number of them: the consultations of has-consultations and slot-has-consultations" example:"3"`
}

// writeProblem answers with the problem of an error. It logs errors that are not the client's.
func (a *API) writeProblem(w http.ResponseWriter, r *http.Request, err error) {
	req := requestOf(r.Context())
	p := a.problemOf(r.Context(), req, err)
	if p == nil {
		w.WriteHeader(statusClientGone) // nobody reads it, but it is in the log
		return
	}
	body, _ := json.Marshal(answerOf(p, req, r, NegotiateLanguage(w, r)))
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

// answerOf returns the body of a refusal in a language.
func answerOf(p *problem.Error, req *request, r *http.Request, l language.Tag) *Problem {
	text := p.In(l)
	answer := &Problem{Type: "/problems/" + p.Slug, Title: text.Title, Status: p.Status, Detail: text.Detail,
		Instance: r.URL.EscapedPath(), RequestID: req.id, Count: p.Count}
	if p.Precise != nil {
		answer.Code, answer.Params = p.Precise.Code, p.Precise.Params
	}
	for _, f := range p.Fields {
		answer.Errors = append(answer.Errors, f.In(l))
	}
	return answer
}

func setRetryAfter(h http.Header, wait time.Duration) {
	if wait > 0 {
		h.Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	}
}

func (p *Problem) Error() string { return p.Detail }

// GetStatus implements huma.StatusError.
func (p *Problem) GetStatus() int { return p.Status }

// ContentType implements huma.ContentTypeFilter.
func (p *Problem) ContentType(string) string { return problemType }

const (
	problemType = "application/problem+json"
	jsonType    = "application/json"
)

// statusClientGone is the status of a request whose client went away, as nginx logs it.
const statusClientGone = 499

// problemOf returns the problem of an error, or nil if the client went away.
func (a *API) problemOf(ctx context.Context, req *request, err error) *problem.Error {
	var p *problem.Error
	switch {
	case errors.As(err, &p):
		if p.Is(problem.Busy) && !req.isShed && req.lane != health {
			errors.As(a.shedRequest(req, p), &p)
		}
		return p
	case errors.Is(err, postgres.ErrBusy):
		errors.As(a.shedRequest(req, problem.Busy), &p)
		return p
	case errors.Is(context.Cause(ctx), errTimeout) && !errors.Is(err, postgres.ErrOutcomeUnknown):
		p = problem.Busy
	case ctx.Err() != nil && (errors.Is(err, context.Canceled) || postgres.Cancelled(err)):
		return nil // the client went away
	case errors.Is(err, postgres.ErrOutcomeUnknown):
		p = problem.OutcomeUnknown
	case postgres.Busy(err):
		p = problem.Busy
	case postgres.Unavailable(err):
		p = problem.Unavailable
	default:
		p = problem.Internal
	}
	// Describe leaves out whatever could hold values of a row.
	a.Log.LogAttrs(ctx, slog.LevelError, "request failed", slog.String("requestId", req.id),
		slog.String("error", postgres.Describe(err)))
	return p
}

// reply is the answer of an operation.
type reply struct {
	status     int
	location   string
	etag       string
	body       []byte
	isReplayed bool
	// cookie is the token of a new session, for the cookie.
	cookie string
	// isSignedOut deletes the cookie.
	isSignedOut bool
	// retryAfter is sent if it isn't zero.
	retryAfter time.Duration
	// mediaType and fileName are those of an Attachment; otherwise the body is JSON.
	mediaType, fileName string
	// stream writes the answer of a Stream.
	stream func(*EventStream)
	// table is the output if it can be sent as a CSV file, too.
	table Tabular
	// cacheControl is sent if it isn't empty.
	cacheControl string
	// isPublic answers are the same for everybody, so they may be compressed.
	isPublic bool
}

// compress compresses public answers. A personal answer must not be compressed, because it may hold texts of strangers
// too (BREACH). One with an ETag isn't, because the compressed form would need another ETag (RFC 9110, 8.8.3).
var compress = func() func(http.Handler) http.HandlerFunc {
	wrap, err := gzhttp.NewWrapper(gzhttp.MinSize(1024),
		gzhttp.ContentTypes([]string{jsonType, "application/yaml", "text/css"}))
	if err != nil {
		panic(err) // the options are constants
	}
	return wrap
}()

// write sends the reply, or 304 if the client has this version.
func (a *API) write(w http.ResponseWriter, r *http.Request, out reply) {
	if out.stream != nil {
		a.sendStream(w, r, out.stream)
		return
	}
	if out.isPublic && out.etag == "" && r.Method == http.MethodGet && len(out.body) > 0 {
		send := func(w http.ResponseWriter, _ *http.Request) { out.send(w) }
		compress(http.HandlerFunc(send)).ServeHTTP(w, r)
		return
	}
	if out.etag != "" && out.status == http.StatusOK && matchesETag(r, out.etag) {
		out.status, out.body = http.StatusNotModified, nil
	}
	out.send(w)
}

// maxIfNoneMatch is how many characters of If-None-Match are read. A longer one is ignored.
const maxIfNoneMatch = 1000

// matchesETag tells whether If-None-Match names this ETag, by the weak comparison of RFC 9110, 13.1.2.
func matchesETag(r *http.Request, etag string) bool {
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		return false
	}
	header := strings.Join(r.Header.Values("If-None-Match"), ",")
	if len(header) > maxIfNoneMatch {
		return false
	}
	for value := range strings.SplitSeq(header, ",") {
		value = strings.TrimSpace(value)
		if value == "*" || strings.TrimPrefix(value, "W/") == etag {
			return true
		}
	}
	return false
}

func (out reply) send(w http.ResponseWriter) {
	h := w.Header()
	if out.cacheControl != "" {
		h.Set("Cache-Control", out.cacheControl)
	}
	if out.location != "" {
		h.Set("Location", out.location)
	}
	if out.etag != "" {
		h.Set("ETag", out.etag)
	}
	if out.isReplayed {
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
