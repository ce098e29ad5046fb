package httpapi

import (
	"net/http"
	"regexp"
)

// Paths takes patterns that overlap, like /payments/webhook/{provider} and /payments/{id}/refunds: http.ServeMux
// refuses the second, because neither is the narrower one. As OpenAPI has it the concrete one is matched first.
type Paths struct{ named, others *http.ServeMux }

// NewPaths asks mux first.
func NewPaths(mux *http.ServeMux) *Paths { return &Paths{mux, http.NewServeMux()} }

var nameBehindParameter = regexp.MustCompile(`\}/[^{]`)

// HandleFunc registers a pattern. One with a name behind a parameter is asked after those without.
func (p *Paths) HandleFunc(pattern string, handler func(http.ResponseWriter, *http.Request)) {
	if nameBehindParameter.MatchString(pattern) {
		p.others.HandleFunc(pattern, handler)
		return
	}
	p.named.HandleFunc(pattern, handler)
}

// mux is the one that has a pattern for the request, or nil.
func (p *Paths) mux(r *http.Request) (mux *http.ServeMux, pattern string) {
	for _, mux := range []*http.ServeMux{p.named, p.others} {
		if _, pattern := mux.Handler(r); pattern != "" {
			return mux, pattern
		}
	}
	return nil, ""
}

// Pattern is that of what answers the request; "" when nothing does.
func (p *Paths) Pattern(r *http.Request) string {
	_, pattern := p.mux(r)
	return pattern
}

// ServeHTTP lets the mux answer that has a pattern for the request, else the one that has its path for other methods.
func (p *Paths) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if mux, _ := p.mux(r); mux != nil {
		mux.ServeHTTP(w, r)
		return
	}
	probe := &recorder{ResponseWriter: discard{http.Header{}}}
	if p.named.ServeHTTP(probe, r); probe.status == http.StatusMethodNotAllowed {
		p.named.ServeHTTP(w, r)
		return
	}
	p.others.ServeHTTP(w, r)
}
