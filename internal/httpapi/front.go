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

// Handler is the whole server: what surrounds every request, then the operations and pages.
func (a *API) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		req := newRequest(r, a.Trusted)
		r = r.WithContext(context.WithValue(r.Context(), requestKey{}, req))
		out := &recorder{ResponseWriter: w}
		a.Metrics.InFlight.Inc()
		defer a.Metrics.InFlight.Dec()
		defer func() {
			if fault := recover(); fault != nil {
				if fault == http.ErrAbortHandler { //nolint:errorlint // the sentinel net/http compares by identity
					panic(fault)
				}
				a.Log.Error("panic", "requestId", req.id, "fault", fmt.Sprintf("%T", fault), "stack", string(debug.Stack()))
				if out.status == 0 {
					a.refuse(out, r, problem.Internal)
				}
			}
			a.account(r, req, out, time.Since(began))
		}()
		secure(out.Header(), req.id)
		if a.cors(out, r) {
			return
		}
		a.route(out, r)
	})
}

// route lets the muxes answer, but turns its text 404 and 405 into problems.
func (a *API) route(w *recorder, r *http.Request) {
	if strings.ContainsRune(r.URL.Path, 0) || !utf8.ValidString(r.URL.Path) { // no name of ours, nor one the database can hold
		a.refuse(w, r, problem.NotFound)
		return
	}
	if mux := a.paths.mux(r); mux != nil {
		mux.ServeHTTP(w, r)
		return
	}
	probe := &recorder{ResponseWriter: discard{http.Header{}}}
	a.paths.ServeHTTP(probe, r)
	if probe.status == http.StatusMethodNotAllowed {
		w.Header().Set("Allow", probe.Header().Get("Allow"))
		a.refuse(w, r, problem.MethodNotAllowed)
		return
	}
	a.refuse(w, r, problem.NotFound)
}

func secure(h http.Header, requestID string) {
	h.Set("X-Request-Id", requestID)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	// Not no-referrer: with it browsers send "Origin: null" with our own forms.
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), microphone=(), geolocation=()")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
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
	h.Set("Access-Control-Expose-Headers", "Content-Disposition, ETag, Location, Idempotency-Replayed, Retry-After, WWW-Authenticate, X-Request-Id, RateLimit, RateLimit-Policy")
	if r.Method != http.MethodOptions || r.Header.Get("Access-Control-Request-Method") == "" {
		return false
	}
	h.Set("Access-Control-Allow-Methods", "GET, POST, PATCH, DELETE")
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type, Idempotency-Key, If-Match, Traceparent, X-Purpose, X-Request-Id")
	h.Set("Access-Control-Max-Age", "600")
	w.WriteHeader(http.StatusNoContent)
	return true
}

// account counts and logs one request: never bodies, queries, tokens or addresses of people.
func (a *API) account(r *http.Request, req *request, out *recorder, took time.Duration) {
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
	if req.actor.ID != uuid.Nil {
		attrs = append(attrs, slog.String("userId", req.actor.ID.String()))
	}
	if req.traceID != "" {
		attrs = append(attrs, slog.String("traceId", req.traceID))
	}
	a.Log.LogAttrs(r.Context(), slog.LevelInfo, "request", attrs...)
}

type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}
