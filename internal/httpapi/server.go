package httpapi

import (
	"bytes"
	"context"
	"fmt"
	"io"
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

// pageLimit in bytes, of what a form sends.
const pageLimit = 64 << 10

// Handler is the whole server: what surrounds every request, then the operations and pages.
func (a *API) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
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
				if fault == http.ErrAbortHandler { //nolint:errorlint // the sentinel net/http compares by identity
					out.answered(statusClientGone)
					panic(fault)
				}
				a.Log.Error("panic", "requestId", req.id, "fault", fmt.Sprintf("%T", fault), "stack",
					string(debug.Stack()))
				if out.status == 0 {
					a.refuse(out, r, problem.Internal)
				}
			}
			out.answered(http.StatusOK)
			if !req.shed {
				a.logRequest(r, req, out, time.Since(began))
			}
		}()
		a.secure(out.Header(), req.id)
		a.admitted(out, r, req)
	})
}

// admitted turns away what is too much or not for this server, before anything of it is read.
func (a *API) admitted(w *recorder, r *http.Request, req *request) {
	if !a.hosted(r) {
		a.refuse(w, r, problem.Misdirected)
		return
	}
	if len(r.TransferEncoding) > 0 {
		// A proxy may have gone by a Content-Length beside it, which net/http drops, and take what follows for
		// another's request.
		w.Header().Set("Connection", "close") // RFC 9112, section 6.1
	}
	if a.cors(w, r) {
		return
	}
	if a.Load != nil {
		if req.lane = a.Load.lane(r, a.DB.Now()); a.Load.full(req.lane) {
			a.refuse(w, r, a.shed(req, problem.Busy))
			return
		}
	}
	a.route(w, r, req)
}

// route lets the muxes answer, but turns its text 404 and 405 into problems.
func (a *API) route(w *recorder, r *http.Request, req *request) {
	var mux *http.ServeMux
	// else no name of ours, nor one the database can hold
	if !strings.ContainsRune(r.URL.Path, 0) && utf8.ValidString(r.URL.Path) {
		var pattern string
		if mux, pattern = a.paths.mux(r); a.patterns[pattern] {
			mux.ServeHTTP(w, r)
			return
		}
	}
	// The admission of operations is their own; pages and what isn't there have this one.
	if err := a.PerAddress.take(w.Header(), Network(req.ip), a.DB.Now()); err != nil {
		a.refuse(w, r, err)
		return
	}
	if mux == nil {
		a.missing(w, r)
		return
	}
	a.page(w, r, mux)
}

// missing says that nothing is there, or nothing for this method.
func (a *API) missing(w *recorder, r *http.Request) {
	probe := &recorder{ResponseWriter: discard{http.Header{}}}
	if utf8.ValidString(r.URL.Path) {
		a.paths.ServeHTTP(probe, r)
	}
	if probe.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", probe.Header().Get("Allow"))
		a.refuse(w, r, problem.MethodNotAllowed)
		return
	}
	a.refuse(w, r, problem.NotFound)
}

// page reads what a form sends, and has the page made.
func (a *API) page(w *recorder, r *http.Request, mux http.Handler) {
	body, err := readBody(w, r, pageLimit)
	if err == nil {
		err = a.enter(r)
	}
	if err != nil {
		a.refuse(w, r, err)
		return
	}
	if body != nil {
		r.Body = io.NopCloser(bytes.NewReader(body))
	}
	mux.ServeHTTP(w, r)
}

func (a *API) secure(h http.Header, requestID string) {
	h.Set("X-Request-Id", requestID)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	// Not no-referrer: with it browsers send "Origin: null" with our own forms.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Strict-Transport-Security", a.HSTS)
}

// cors answers a preflight of a configured origin, and lets its pages read answers.
func (a *API) cors(w http.ResponseWriter, r *http.Request) bool {
	origin := r.Header.Get("Origin")
	if origin == "" || !slices.Contains(a.Origins, origin) {
		return false
	}
	h := w.Header()
	h.Add("Vary", "Origin")
	h.Set("Access-Control-Allow-Origin", origin)
	h.Set("Cross-Origin-Resource-Policy", "cross-origin")
	h.Set("Access-Control-Expose-Headers", "Content-Disposition, ETag, Location, Idempotency-Replayed, "+
		"Retry-After, WWW-Authenticate, X-Request-Id, RateLimit, RateLimit-Policy")
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	h.Set("Access-Control-Allow-Methods", "GET, POST, PATCH, DELETE")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, "+
		"Traceparent, X-Purpose, X-Request-Id")
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
	return true
}

// logRequest counts and logs one request: never bodies, queries, tokens, nor whole addresses.
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
	a.Metrics.Durations.WithLabelValues(method, route).Observe(took.Seconds())
	attrs := []slog.Attr{slog.String("requestId", req.id), slog.String("method", method), slog.String("route", route),
		slog.Int("status", status), slog.Float64("ms", float64(took.Microseconds())/1000)}
	if network := Neighbourhood(req.ip); network != "" {
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

// recorder notes the status of an answer, and gives the place of the request back when the answer begins.
type recorder struct {
	http.ResponseWriter
	status int
	req    *request // nil: nobody's
}

func (r *recorder) answered(status int) {
	if r.status == 0 {
		r.status = status
	}
	if r.req != nil && r.req.leave != nil {
		r.req.leave(r.status)
	}
}

func (r *recorder) WriteHeader(status int) {
	r.answered(status)
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	r.answered(http.StatusOK)
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}
