package httpapi

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"amrutam/internal/problem"
)

// maxPageBody is how many bytes a form may send.
const maxPageBody = 64 << 10

// Handler returns the handler of the whole server. It surrounds every request with an id, security headers, metrics
// and a log line, and turns a panic into a problem.
func (a *API) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		req := newRequest(r, a.Trusted)
		ctx, cancel := context.WithCancelCause(context.WithValue(r.Context(), requestKey{}, req))
		defer cancel(nil)
		req.cancel = cancel
		r = r.WithContext(ctx)
		out := &recorder{ResponseWriter: w, req: req}
		a.Metrics.InFlight.Inc()
		defer a.Metrics.InFlight.Dec()
		defer func() {
			if fault := recover(); fault != nil {
				a.handlePanic(out, r, fault)
			}
			out.begin(http.StatusOK)
			if !req.isShed {
				a.logRequest(r, req, out, time.Since(start))
			}
		}()
		a.setSecurityHeaders(out.Header(), req.id)
		a.checkRequest(out, r, req)
	})
}

// handlePanic logs a panic without its value, which could hold anything, and answers 500. It panics again for
// http.ErrAbortHandler, with which a handler breaks the connection.
func (a *API) handlePanic(w *recorder, r *http.Request, fault any) {
	if fault == http.ErrAbortHandler { //nolint:errorlint // net/http compares it by identity too
		w.begin(statusClientGone)
		panic(fault)
	}
	a.Log.Error("panic", "requestId", w.req.id, "fault", fmt.Sprintf("%T", fault), "stack", string(debug.Stack()))
	if w.status == 0 {
		a.writeProblem(w, r, problem.Internal)
	}
}

// checkRequest refuses requests for other hosts and requests above the load limit, before anything of them is read,
// and answers CORS preflights. It routes all others.
func (a *API) checkRequest(w *recorder, r *http.Request, req *request) {
	if !a.isOwnHost(r) {
		a.writeProblem(w, r, problem.Misdirected)
		return
	}
	if len(r.TransferEncoding) > 0 {
		// RFC 9112, section 6.1: a proxy may have used a Content-Length beside it, which net/http drops, and would
		// take the rest of the body for the next request.
		w.Header().Set("Connection", "close")
	}
	if isPreflight := a.handleCORS(w, r); isPreflight {
		return
	}
	if a.Load != nil {
		req.lane = a.Load.laneOf(r, a.DB.Now())
		if a.Load.isFull(req.lane) {
			a.writeProblem(w, r, a.shedRequest(req, problem.Busy))
			return
		}
	}
	a.route(w, r, req)
}

// route sends a request to its operation, whose admission comes next, or to its page.
func (a *API) route(w *recorder, r *http.Request, req *request) {
	var mux *http.ServeMux
	// A path that is not text, or has a NUL, matches nothing of ours, and the database can't hold it.
	if utf8.ValidString(r.URL.Path) && !strings.ContainsRune(r.URL.Path, 0) {
		var pattern string
		mux, pattern = a.router.find(r)
		if a.patterns[pattern] {
			mux.ServeHTTP(w, r)
			return
		}
	}
	if err := a.RatePerAddress.allow(w.Header(), SubscriberNetwork(req.ip), a.DB.Now()); err != nil {
		a.writeProblem(w, r, err)
		return
	}
	if mux == nil {
		a.refuseUnknownPath(w, r)
		return
	}
	a.servePage(w, r, mux)
}

// refuseUnknownPath answers 404, or 405 if the path has other methods: a browser with a page, others with a problem.
func (a *API) refuseUnknownPath(w *recorder, r *http.Request) {
	trial := &recorder{ResponseWriter: discardWriter{http.Header{}}}
	if utf8.ValidString(r.URL.Path) {
		a.router.ServeHTTP(trial, r)
	}
	if trial.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", trial.Header().Get("Allow"))
		a.writeProblem(w, r, problem.MethodNotAllowed)
		return
	}
	isPage := strings.Contains(r.Header.Get("Accept"), "text/html") && !strings.HasPrefix(r.URL.Path, Base+"/")
	if isPage && a.UnknownPage != nil && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
		a.servePage(w, r, a.UnknownPage)
		return
	}
	a.writeProblem(w, r, problem.NotFound)
}

// servePage reads the body of a form, and serves a page within the load limit.
func (a *API) servePage(w *recorder, r *http.Request, mux http.Handler) {
	body, err := readBody(w, r, maxPageBody)
	if err != nil {
		a.writeProblem(w, r, err)
		return
	}
	if err := a.startWork(r); err != nil {
		a.writeProblem(w, r, err)
		return
	}
	if body != nil {
		setBody(r, body)
	}
	mux.ServeHTTP(w, r)
}

func (a *API) setSecurityHeaders(h http.Header, requestID string) {
	h.Set("X-Request-Id", requestID)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	// With no-referrer browsers would send "Origin: null" with our own forms.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Strict-Transport-Security", a.HSTS)
}

// handleCORS lets pages of the configured origins read answers. It answers a preflight and then returns true.
func (a *API) handleCORS(w http.ResponseWriter, r *http.Request) (isPreflight bool) {
	origin := r.Header.Get("Origin")
	if origin == "" || !slices.Contains(a.Origins, origin) {
		return false
	}
	h := w.Header()
	h.Add("Vary", "Origin")
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Access-Control-Expose-Headers", "Content-Disposition, Content-Language, ETag, Location, "+
		"Idempotency-Replayed, Retry-After, WWW-Authenticate, X-Request-Id, RateLimit, RateLimit-Policy")
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	h.Set("Access-Control-Allow-Methods", "GET, POST, PATCH, DELETE")
	h.Set("Access-Control-Allow-Headers", "Accept-Language, Authorization, Content-Type, Expected-User, "+
		"Idempotency-Key, If-Match, If-None-Match, Last-Event-ID, Traceparent, X-Purpose, X-Request-Id")
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
	return true
}

// logRequest counts a request and logs it: never its body, query or token, nor the whole address.
func (a *API) logRequest(r *http.Request, req *request, out *recorder, took time.Duration) {
	route := r.Pattern
	if route == "" {
		route = "(none)"
	}
	status := out.status
	if status == 0 {
		status = http.StatusOK
	}
	method := r.Method
	if !slices.Contains([]string{"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"}, method) {
		method = "other"
	}
	a.Metrics.Requests.WithLabelValues(method, route, strconv.Itoa(status)).Inc()
	if !req.isStream {
		a.Metrics.Durations.WithLabelValues(method, route).Observe(took.Seconds())
	}
	attrs := []slog.Attr{
		slog.String("requestId", req.id), slog.String("method", method), slog.String("route", route),
		slog.Int("status", status), slog.Float64("ms", float64(took.Microseconds())/1000),
	}
	if network := CoarseNetwork(req.ip); network != "" {
		attrs = append(attrs, slog.String("network", network))
	}
	if req.actor.ID != uuid.Nil {
		attrs = append(attrs, slog.String("userId", req.actor.ID.String()))
	}
	if req.traceID != "" {
		attrs = append(attrs, slog.String("traceId", req.traceID))
	}
	a.Log.LogAttrs(r.Context(), slog.LevelInfo, "request", attrs...)
}

// recorder records the status of an answer, and ends the work on its request when the answer begins.
type recorder struct {
	http.ResponseWriter
	status int
	req    *request // nil while a route is only tried
}

// begin records the status, the first time, and returns the permit of the request.
func (r *recorder) begin(status int) {
	if r.status == 0 {
		r.status = status
	}
	if r.req != nil && r.req.endWork != nil {
		r.req.endWork(r.status)
	}
}

func (r *recorder) WriteHeader(status int) {
	r.begin(status)
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	r.begin(http.StatusOK)
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// discardWriter drops the body and the status of an answer.
type discardWriter struct{ header http.Header }

func (d discardWriter) Header() http.Header         { return d.header }
func (d discardWriter) Write(b []byte) (int, error) { return len(b), nil }
func (d discardWriter) WriteHeader(int)             {}
