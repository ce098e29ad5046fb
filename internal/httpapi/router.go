package httpapi

import (
	"net/http"
	"regexp"
)

// Router routes patterns that overlap, like /payments/webhook/{provider} and /payments/{id}/refunds. http.ServeMux
// refuses such a pair, because neither pattern is more specific. Like OpenAPI, a Router tries the concrete one first.
type Router struct{ first, second *http.ServeMux }

// NewRouter returns a router that tries the patterns of mux first.
func NewRouter(mux *http.ServeMux) *Router { return &Router{mux, http.NewServeMux()} }

var nameAfterParameter = regexp.MustCompile(`\}/[^{]`)

// HandleFunc registers a pattern. Patterns with a name after a parameter are tried after all others.
func (r *Router) HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	if nameAfterParameter.MatchString(pattern) {
		r.second.HandleFunc(pattern, handler)
		return
	}
	r.first.HandleFunc(pattern, handler)
}

// find returns the mux that has a pattern for the request, and the pattern. Returns nil if none has.
func (r *Router) find(request *http.Request) (mux *http.ServeMux, pattern string) {
	for _, mux := range []*http.ServeMux{r.first, r.second} {
		if _, pattern := mux.Handler(request); pattern != "" {
			return mux, pattern
		}
	}
	return nil, ""
}

// Pattern returns the pattern that matches the request, or "" if none does.
func (r *Router) Pattern(request *http.Request) string {
	_, pattern := r.find(request)
	return pattern
}

// ServeHTTP serves the request with the mux that has a pattern for it. If none has, the one that knows the path for
// other methods answers 405.
func (r *Router) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	if mux, _ := r.find(request); mux != nil {
		mux.ServeHTTP(w, request)
		return
	}
	trial := &recorder{ResponseWriter: discardWriter{http.Header{}}}
	r.first.ServeHTTP(trial, request)
	if trial.status == http.StatusMethodNotAllowed {
		r.first.ServeHTTP(w, request)
		return
	}
	r.second.ServeHTTP(w, request)
}
