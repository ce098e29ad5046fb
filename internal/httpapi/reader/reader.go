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

// Path is the path of the reader.
const Path = "/docs/"

// policy allows the page its own scripts and styles, and requests to this server, to read the document and to try an
// operation. Swagger UI has its icons as data: images in its style sheet.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

//go:embed page.html start.js page.css dist
var files embed.FS

// Mount serves the reader below Path, for the OpenAPI document at specURL, a path like "/openapi.json" or a URL of the
// same origin. It registers each file by name, so that the mux answers other paths with 404. It panics if the embedded
// files are damaged.
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

// render fills in the address of the document, and of each asset with its tag, so that a new version has a new
// address.
func render(specURL string, assets map[string]*asset) []byte {
	var page bytes.Buffer
	address := func(name string) string { return name + "?v=" + assets[name].tag }
	t := template.Must(template.New("page.html").Funcs(template.FuncMap{"asset": address}).ParseFS(files, "page.html"))
	if err := t.Execute(&page, specURL); err != nil {
		panic("reader: page.html: " + err.Error())
	}
	return page.Bytes()
}

// asset is a file of the page.
type asset struct {
	contentType string
	tag         string        // of the content, for the ETag and the address
	packed      []byte        // compressed by gzip; nil for small files
	plain       func() []byte // decompresses when it is first needed, because nearly every client accepts gzip
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
		h.Set("Cache-Control", "no-cache") // stored by the client, but validated by its ETag each time
	}
	if a.packed == nil {
		h.Set("ETag", `"`+a.tag+`"`)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.plain()))
		return
	}
	h.Set("Vary", "Accept-Encoding")
	if acceptsGzip(r.Header.Get("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		h.Set("ETag", `"`+a.tag+`-gzip"`) // RFC 9110 8.8.3: another coding is another representation
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.packed))
		return
	}
	h.Set("ETag", `"`+a.tag+`"`)
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(a.plain()))
}

// acceptsGzip tells whether an Accept-Encoding header (RFC 9110, 12.5.3) has gzip or *, with a weight above 0.
func acceptsGzip(header string) bool {
	wildcard := false
	for coding := range strings.SplitSeq(header, ",") {
		name, parameters, _ := strings.Cut(coding, ";")
		name = strings.ToLower(strings.TrimSpace(name))
		if name != "gzip" && name != "*" {
			continue
		}
		isAccepted := true
		if weight, ok := strings.CutPrefix(strings.ToLower(strings.TrimSpace(parameters)), "q="); ok {
			q, err := strconv.ParseFloat(weight, 64)
			isAccepted = err == nil && q > 0
		}
		if name == "gzip" {
			return isAccepted
		}
		wildcard = isAccepted
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
