// Package reader serves a page that shows the OpenAPI document in a browser. Everything it needs is embedded,
// so it works offline; docs/adr/0002-api-reader.md says why it is Swagger UI. `make reader` refreshes dist/.
package reader

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"html/template"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Path is where the reader lives.
const Path = "/docs/"

// policy lets the page run the scripts and styles beside it, call this server (to read the document and to try an
// operation), and nothing else. Swagger UI draws its icons from data: images inside its style sheet.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

//go:embed page.html start.js page.css dist
var files embed.FS

// Mount serves below Path the reader of the OpenAPI document at specURL (a path such as "/openapi.json", or an address
// of the same origin): each file by its name, so that every other path there stays the mux's to refuse. Its answers
// carry their own Content-Security-Policy. It panics when the embedded files are damaged, which only a broken build
// can bring about.
func Mount(mux *http.ServeMux, specURL string) {
	assets := map[string]*asset{
		"start.js":             plainAsset("start.js", "text/javascript; charset=utf-8"),
		"page.css":             plainAsset("page.css", "text/css; charset=utf-8"),
		"swagger-ui-bundle.js": packedAsset("dist/swagger-ui-bundle.js.gz", "text/javascript; charset=utf-8"),
		"swagger-ui.css":       packedAsset("dist/swagger-ui.css.gz", "text/css; charset=utf-8"),
		"license.txt": textAsset("dist/LICENSE", "dist/NOTICE",
			"dist/swagger-ui-bundle.js.LICENSE.txt"),
	}
	page := newAsset("text/html; charset=utf-8", render(specURL, assets), nil)

	serve := func(pattern string, a *asset) {
		mux.HandleFunc("GET "+Path+pattern, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Security-Policy", policy)
			w.Header().Set("X-Content-Type-Options", "nosniff")
			a.ServeHTTP(w, r)
		})
	}
	serve("{$}", page)
	for name, a := range assets {
		serve(name, a)
	}
}

// render fills the page: where the document is, and each asset's tag, which changes its address when it changes.
func render(specURL string, assets map[string]*asset) []byte {
	var page bytes.Buffer
	address := func(name string) string { return name + "?v=" + assets[name].tag }
	t := template.Must(template.New("page.html").Funcs(template.FuncMap{"asset": address}).ParseFS(files, "page.html"))
	if err := t.Execute(&page, specURL); err != nil {
		panic("reader: page.html: " + err.Error())
	}
	return page.Bytes()
}

// asset is one file of the page, ready to be sent.
type asset struct {
	contentType string
	tag         string        // of the content, for the ETag and the address
	packed      []byte        // gzip-compressed; nil where compressing is not worth it
	plain       func() []byte // unpacks at the first use: nearly every client takes gzip
}

func newAsset(contentType string, plain, packed []byte) *asset {
	a := &asset{contentType: contentType, packed: packed, plain: func() []byte { return plain }}
	content := plain
	if packed != nil {
		content = packed
		a.plain = sync.OnceValue(func() []byte { return unpack(packed) })
	}
	sum := sha256.Sum256(content)
	a.tag = hex.EncodeToString(sum[:8])
	return a
}

func plainAsset(name, contentType string) *asset {
	return newAsset(contentType, read(name), nil)
}

func packedAsset(name, contentType string) *asset {
	return newAsset(contentType, nil, read(name))
}

func textAsset(names ...string) *asset {
	var all [][]byte
	for _, name := range names {
		all = append(all, read(name))
	}
	return newAsset("text/plain; charset=utf-8", bytes.Join(all, []byte("\n\n")), nil)
}

func (a *asset) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", a.contentType)
	if r.URL.Query().Get("v") == a.tag {
		h.Set("Cache-Control", "public, max-age=31536000, immutable")
	} else {
		h.Set("Cache-Control", "no-cache") // kept, but asked about by its ETag
	}
	if a.packed == nil {
		h.Set("ETag", `"`+a.tag+`"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.plain()))
		return
	}
	h.Set("Vary", "Accept-Encoding")
	if takesGzip(r.Header.Get("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		h.Set("ETag", `"`+a.tag+`-gzip"`) // RFC 9110 8.8.3: another coding is another representation
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.packed))
		return
	}
	h.Set("ETag", `"`+a.tag+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.plain()))
}

// takesGzip reads an Accept-Encoding header (RFC 9110 12.5.3): gzip or *, unless its weight is 0.
func takesGzip(header string) bool {
	wildcard := false
	for coding := range strings.SplitSeq(header, ",") {
		name, parameters, _ := strings.Cut(coding, ";")
		name = strings.ToLower(strings.TrimSpace(name))
		if name != "gzip" && name != "*" {
			continue
		}
		wanted := true
		if weight, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(parameters)), "q="); ok {
			q, err := strconv.ParseFloat(weight, 64)
			wanted = err == nil && q > 0
		}
		if name == "gzip" {
			return wanted
		}
		wildcard = wanted
	}
	return wildcard
}

func read(name string) []byte {
	b, err := files.ReadFile(name)
	if err != nil {
		panic("reader: " + err.Error())
	}
	return b
}

func unpack(packed []byte) []byte {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		panic("reader: " + err.Error())
	}
	plain, err := io.ReadAll(z)
	if err != nil {
		panic("reader: " + err.Error())
	}
	return plain
}
