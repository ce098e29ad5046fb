package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"amrutam/internal/problem"
)

// pageCSP allows a page of ours its own inline-free style sheet and forms to this server.
const pageCSP = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; form-action " +
	"'self'; frame-ancestors 'none'; base-uri 'none'"

// MountDocument serves the OpenAPI document and a page for every problem. Call it when all operations are registered.
func (a *API) MountDocument() {
	finish(a.Document())
	// Written out when it is first asked for: that takes longer than all the rest of a start.
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
	a.mux.HandleFunc("GET /openapi.yaml", serve("application/yaml", a.Document().YAML))
	a.mux.HandleFunc("GET /problems/{slug}", a.problemPage)
	a.mux.HandleFunc("GET /style.css",
		serve("text/css; charset=utf-8", func() ([]byte, error) { return []byte(styleSheet), nil }))
	// Browsers ask for it with every page; there is no picture.
	a.mux.HandleFunc("GET /favicon.ico", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Cache-Control", "public, max-age=86400")
		w.WriteHeader(http.StatusNoContent)
	})
}

// DocumentJSON is the OpenAPI document as it is committed and served.
func (a *API) DocumentJSON() ([]byte, error) {
	text, err := json.Marshal(a.Document())
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	if err := json.Indent(&out, text, "", "  "); err != nil {
		return nil, err
	}
	return append(out.Bytes(), '\n'), nil
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

var problemTemplate = template.Must(template.New("problem").Parse(`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{{.Slug}} – Amrutam</title>
<link rel="stylesheet" href="/style.css"></head><body><main>
<h1>{{.Title}}</h1><p><code>{{.Slug}}</code>, HTTP {{.Status}}</p>
<p>{{.Detail}}</p><h2>What to do</h2><p>{{.Advice}}</p>
</main></body></html>`))

func (a *API) problemPage(w http.ResponseWriter, r *http.Request) {
	p, ok := problem.Find(r.PathValue("slug"))
	if !ok {
		a.refuse(w, r, problem.NotFound)
		return
	}
	WritePage(w, http.StatusOK, problemTemplate, p)
}

const styleSheet = `:root{color-scheme:light dark}
body{font:16px/1.5 system-ui,sans-serif;margin:0;overflow-wrap:anywhere}
main{max-width:44rem;margin:3rem auto;padding:0 1rem}
h1{line-height:1.2}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;padding:.4rem .6rem;border-bottom:1px solid #8884;vertical-align:top}
pre{white-space:pre-wrap;background:#8881;padding:1rem;border-radius:.4rem}
label{display:block;margin:.8rem 0 .2rem}
input{font:inherit;padding:.4rem;width:100%;box-sizing:border-box}
button{font:inherit;padding:.5rem 1.2rem;margin:1rem .5rem 0 0;cursor:pointer}
`
