// Package console serves the web console: the pages on which patients, doctors, support and administrators do their
// day. web/ holds its TypeScript, which `make bundle` turns into dist/. The pages use the public API only, with the
// session in a cookie.
package console

import (
	"embed"
	"encoding/json"
	"errors"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"

	"amrutam/internal/asset"
	"amrutam/internal/httpapi"
	"amrutam/internal/language"
)

// policy allows the pages the scripts and styles of this server and nothing inline, images also as data, which the QR
// code of a second factor is, and requests to this server. No text becomes a script.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'self'; frame-ancestors 'none'; " +
	"require-trusted-types-for 'script'; trusted-types 'none'"

// files is the path below which the scripts and the style sheet are.
const files = "/console/"

// languageCookie holds the language that somebody chose on a page: "en" or "hi".
const languageCookie = "language"

//go:embed all:dist
var dist embed.FS

//go:embed page.html web/routes.json web/icon.svg
var sources embed.FS

// ErrNotBundled says that the binary holds no scripts.
var ErrNotBundled = errors.New("this binary was built without the web console: build it with `make build`, " +
	"or run `make bundle` before `go build`")

// Route is a page: its address, its area, whose scripts and texts it needs, and the addresses of the API that it reads
// at once.
type Route struct {
	Path    string   `json:"path"`
	Area    string   `json:"area"`
	Page    string   `json:"page"`
	Roles   []string `json:"roles"`
	Preload []string `json:"preload"`
}

// manifest says which file holds which module; scripts/bundle writes it.
type manifest struct {
	Script  string              `json:"script"`
	Style   string              `json:"style"`
	Modules map[string][]string `json:"modules"`
}

// bundle is what the pages are made of.
type bundle struct {
	manifest manifest
	routes   []Route
	assets   map[string]*asset.Asset
	page     *template.Template
}

// load reads the embedded files. Returns ErrNotBundled if there are none.
var load = sync.OnceValues(func() (*bundle, error) {
	b := &bundle{assets: map[string]*asset.Asset{}}
	text, err := dist.ReadFile("dist/manifest.json")
	if err != nil {
		return nil, ErrNotBundled
	}
	if err := json.Unmarshal(text, &b.manifest); err != nil {
		return nil, err
	}
	if b.routes, err = Routes(); err != nil {
		return nil, err
	}
	if b.page, err = template.ParseFS(sources, "page.html"); err != nil {
		return nil, err
	}
	names, err := fs.Glob(dist, "dist/*.*s")
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if err := b.add(dist, name); err != nil {
			return nil, err
		}
	}
	return b, b.add(sources, "web/icon.svg")
})

// contentTypes by the ending of a file's name.
var contentTypes = map[string]string{
	".js": "text/javascript; charset=utf-8", ".css": "text/css; charset=utf-8", ".svg": "image/svg+xml",
}

func (b *bundle) add(from fs.FS, name string) error {
	content, err := fs.ReadFile(from, name)
	if err != nil {
		return err
	}
	a := asset.New(contentTypes[path.Ext(name)], content)
	a.Fixed = path.Ext(name) != ".svg" // esbuild writes a hash of the content into the other names
	b.assets[path.Base(name)] = a
	return nil
}

// Routes returns all pages, as web/routes.json lists them.
func Routes() (routes []Route, err error) {
	text, err := sources.ReadFile("web/routes.json")
	if err != nil {
		return nil, err
	}
	return routes, json.Unmarshal(text, &routes)
}

// Check returns ErrNotBundled if the binary holds no scripts.
func Check() error {
	_, err := load()
	return err
}

// Mount serves the pages and their files. In a binary without scripts each page says so.
func Mount(mux *http.ServeMux) {
	b, err := load()
	if err != nil {
		mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
		})
		return
	}
	for name, a := range b.assets {
		mux.Handle("GET "+files+name, a)
	}
	for _, route := range b.routes {
		pattern := route.Path
		if pattern == "/" {
			pattern = "/{$}"
		}
		mux.HandleFunc("GET "+pattern, func(w http.ResponseWriter, r *http.Request) {
			b.serve(w, r, http.StatusOK, route)
		})
	}
}

// NotFound returns the page for an address that no other page has, or nil in a binary without scripts.
func NotFound() http.HandlerFunc {
	b, err := load()
	if err != nil {
		return nil
	}
	return func(w http.ResponseWriter, r *http.Request) { b.serve(w, r, http.StatusNotFound, Route{}) }
}

// shell is what page.html shows.
type shell struct {
	Language language.Tag
	// IsSignedIn says that the browser holds a session, which may have ended.
	IsSignedIn bool
	Script     string
	Style      string
	Icon       string
	Modules    []string
	Preload    []string
	Words      words
}

func (b *bundle) serve(w http.ResponseWriter, r *http.Request, status int, route Route) {
	lang := languageOf(r)
	s := shell{
		Language: lang, IsSignedIn: httpapi.HasSessionCookie(r), Words: wordsOf[lang],
		Script: files + b.manifest.Script, Style: files + b.manifest.Style,
		Icon: files + "icon.svg?v=" + b.assets["icon.svg"].Tag,
		Modules: b.modules("pages/"+route.Area+"/index", "text/"+string(lang)+"/common",
			"text/"+string(lang)+"/"+route.Area),
	}
	if s.IsSignedIn {
		s.Preload = append(s.Preload, httpapi.Base+"/users/me")
	}
	if s.IsSignedIn || len(route.Roles) == 0 {
		for _, address := range route.Preload {
			s.Preload = append(s.Preload, fillIn(address, r))
		}
	}
	h := w.Header()
	h.Set("Vary", "Accept-Language, Cookie")
	httpapi.WritePageWith(w, status, policy, b.page, s)
}

// modules returns the files that modules need, each once.
func (b *bundle) modules(names ...string) []string {
	var all []string
	for _, name := range names {
		for _, file := range b.manifest.Modules[name] {
			if file = files + file; !slices.Contains(all, file) {
				all = append(all, file)
			}
		}
	}
	return all
}

// fillIn puts the values of the request's path into an address like /api/v1/doctors/{id}.
func fillIn(address string, r *http.Request) string {
	for {
		before, rest, found := strings.Cut(address, "{")
		if !found {
			return address
		}
		name, after, _ := strings.Cut(rest, "}")
		address = before + url.PathEscape(r.PathValue(name)) + after
	}
}

// languageOf returns the language of a page: the one that somebody chose, or else that of their browser.
func languageOf(r *http.Request) language.Tag {
	if chosen, err := r.Cookie(languageCookie); err == nil {
		if i := slices.Index(language.All, language.Tag(chosen.Value)); i >= 0 {
			return language.All[i]
		}
	}
	return language.Accepted(r.Header.Get("Accept-Language"))
}

// words are the texts of the page before its scripts have loaded.
type words struct{ Loading, Late, NoScript string }

var wordsOf = map[language.Tag]words{
	language.English: {
		Loading: "Loading…",
		Late: "The page takes long to start. Check your connection, and load it again. If it stays like this, your " +
			"browser may be too old: it needs to be of 2021 or later.",
		NoScript: "This page needs JavaScript. Switch it on for this site, and load the page again.",
	},
	language.Hindi: {
		Loading: "खुल रहा है…",
		Late: "पृष्ठ शुरू होने में देर हो रही है। अपना इंटरनेट जाँचें और पृष्ठ फिर लोड करें। " +
			"ऐसा ही रहे तो आपका ब्राउज़र पुराना हो सकता है: वह 2021 या उसके बाद का होना चाहिए।",
		NoScript: "इस पृष्ठ को JavaScript चाहिए। इस साइट के लिए उसे चालू करें और पृष्ठ फिर लोड करें।",
	},
}
