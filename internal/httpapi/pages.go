package httpapi

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// pageCSP allows a page of ours its own inline-free style sheet and forms to this server.
const pageCSP = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action " +
	"'self'; frame-ancestors 'none'; base-uri 'none'"

// MountDocument serves the OpenAPI document and the pages of problems. Call it when all operations are registered.
func (a *API) MountDocument() {
	a.describeSchemas()
	serve := func(contentType string, write func() ([]byte, error)) http.HandlerFunc {
		once := sync.OnceValues(write)
		return compressed(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			text, err := once()
			if err != nil {
				a.refuse(w, r, fmt.Errorf("write the document: %w", err))
				return
			}
			w.Header().Set("Content-Type", contentType)
			w.Header().Set("Content-Length", strconv.Itoa(len(text)))
			_, _ = w.Write(text)
		}))
	}
	a.mux.HandleFunc("GET /openapi.json", serve("application/json", a.DocumentJSON))
	a.mux.HandleFunc("GET /openapi.yaml", serve("application/yaml", a.DocumentYAML))
	a.mux.HandleFunc("GET /problems", a.problemsPage)
	a.mux.HandleFunc("GET /problems/{slug}", a.problemPage)
	a.mux.HandleFunc("GET /style.css",
		serve("text/css; charset=utf-8", func() ([]byte, error) { return pageFiles.ReadFile("pages/style.css") }))
	// Browsers ask for it with every page; there is no picture.
	a.mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=86400")
		w.WriteHeader(http.StatusNoContent)
	})
}

// WritePage writes one of our HTML pages. The answer to its form may lead to follow, origins beside this server's:
// browsers hold a redirect after a form to the policy of its page.
func WritePage(w http.ResponseWriter, status int, t *template.Template, data any, follow ...string) {
	var out bytes.Buffer
	if err := t.Execute(&out, data); err != nil {
		http.Error(w, "This page could not be made.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy",
		strings.Replace(pageCSP, "form-action 'self'", strings.Join(append([]string{"form-action 'self'"}, follow...),
			" "), 1))
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes())
}
