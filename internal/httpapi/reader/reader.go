// Package reader serves a page that shows the OpenAPI document in a browser. Everything it needs is embedded,
// so it works offline; docs/adr/0002-api-reader.md says why it is Swagger UI. `make reader` refreshes dist/.
package reader

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"

	"amrutam/internal/asset"
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
	assets := map[string]*asset.Asset{
		"start.js":             plainAsset("start.js", "text/javascript; charset=utf-8"),
		"page.css":             plainAsset("page.css", "text/css; charset=utf-8"),
		"swagger-ui-bundle.js": packedAsset("dist/swagger-ui-bundle.js.gz", "text/javascript; charset=utf-8"),
		"swagger-ui.css":       packedAsset("dist/swagger-ui.css.gz", "text/css; charset=utf-8"),
		"license.txt": textAsset("dist/LICENSE", "dist/NOTICE",
			"dist/swagger-ui-bundle.js.LICENSE.txt"),
	}
	page := asset.New("text/html; charset=utf-8", render(specURL, assets))

	serve := func(pattern string, a *asset.Asset) {
		mux.HandleFunc("GET "+Path+pattern, func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Security-Policy", policy)
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
func render(specURL string, assets map[string]*asset.Asset) []byte {
	var page bytes.Buffer
	address := func(name string) string { return name + "?v=" + assets[name].Tag }
	t := template.Must(template.New("page.html").Funcs(template.FuncMap{"asset": address}).ParseFS(files, "page.html"))
	if err := t.Execute(&page, specURL); err != nil {
		panic("reader: page.html: " + err.Error())
	}
	return page.Bytes()
}

func plainAsset(name, contentType string) *asset.Asset { return asset.New(contentType, read(name)) }

func packedAsset(name, contentType string) *asset.Asset {
	return asset.NewPacked(contentType, read(name))
}

func textAsset(names ...string) *asset.Asset {
	var all [][]byte
	for _, name := range names {
		all = append(all, read(name))
	}
	return asset.New("text/plain; charset=utf-8", bytes.Join(all, []byte("\n\n")))
}

func read(name string) []byte {
	b, err := files.ReadFile(name)
	if err != nil {
		panic("reader: " + err.Error())
	}
	return b
}
