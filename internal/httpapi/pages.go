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

// pageCSP allows a page its style sheet, scripts, images and forms of this server, and nothing inline.
const pageCSP = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; " +
	"form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

// MountDocument serves the OpenAPI document and the pages of problems. Call it after all operations are registered.
func (a *API) MountDocument() {
	a.describeSchemas()
	readCSS := func() ([]byte, error) { return pageFiles.ReadFile("pages/style.css") }
	a.mux.HandleFunc("GET /openapi.json", a.serveText(jsonType, a.DocumentJSON))
	a.mux.HandleFunc("GET /openapi.yaml", a.serveText("application/yaml", a.DocumentYAML))
	a.mux.HandleFunc("GET /problems", a.problemsPage)
	a.mux.HandleFunc("GET /problems/{slug}", a.problemPage)
	a.mux.HandleFunc("GET /style.css", a.serveText("text/css; charset=utf-8", readCSS))
	// Browsers ask for an icon with every page, and there is none.
	a.mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=86400")
		w.WriteHeader(http.StatusNoContent)
	})
}

// serveText serves a text, which is made at the first request.
func (a *API) serveText(contentType string, makeText func() ([]byte, error)) http.HandlerFunc {
	once := sync.OnceValues(makeText)
	return compress(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, err := once()
		if err != nil {
			a.writeProblem(w, r, fmt.Errorf("make %s: %w", r.URL.Path, err))
			return
		}
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Content-Length", strconv.Itoa(len(text)))
		_, _ = w.Write(text)
	}))
}

// WritePage writes an HTML page. The answer to its form may redirect to formOrigins: browsers apply the form-action of
// the page's policy to such redirects too.
func WritePage(w http.ResponseWriter, status int, t *template.Template, data any, formOrigins ...string) {
	formAction := strings.Join(append([]string{"form-action 'self'"}, formOrigins...), " ")
	WritePageWith(w, status, strings.Replace(pageCSP, "form-action 'self'", formAction, 1), t, data)
}

// WritePageWith writes an HTML page with a Content-Security-Policy of its own.
func WritePageWith(w http.ResponseWriter, status int, policy string, t *template.Template, data any) {
	var out bytes.Buffer
	if err := t.Execute(&out, data); err != nil {
		http.Error(w, "This page could not be made.", http.StatusInternalServerError)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", policy)
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(out.Bytes())
}
