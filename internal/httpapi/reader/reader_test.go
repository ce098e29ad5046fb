package reader_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"amrutam/internal/httpapi/reader"
)

func get(t *testing.T, h http.Handler, path string, header map[string]string) *http.Response {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	for name, value := range header {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result()
}

func handler(document string) http.Handler {
	mux := http.NewServeMux()
	reader.Mount(mux, document)
	return mux
}

func body(t *testing.T, res *http.Response) []byte {
	t.Helper()
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

var reference = regexp.MustCompile(`(?:src|href)="([^"]*)"`)

func TestPageLoadsOnlyItsOwnAssets(t *testing.T) {
	t.Parallel()
	h := handler("/openapi.json")
	res := get(t, h, "/docs/", nil)
	page := string(body(t, res))
	if res.StatusCode != http.StatusOK || res.Header.Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("page: %d, %s", res.StatusCode, res.Header.Get("Content-Type"))
	}
	if !strings.Contains(page, `data-document="/openapi.json"`) {
		t.Error("the page does not name the document")
	}
	policy := res.Header.Get("Content-Security-Policy")
	if !strings.HasPrefix(policy, "default-src 'none'; script-src 'self'; style-src 'self';") ||
		strings.Contains(policy, "unsafe") {
		t.Errorf("policy: %s", policy)
	}

	served := 0
	for _, found := range reference.FindAllStringSubmatch(page, -1) {
		address := found[1]
		if address == "data:," || address == "/openapi.json" {
			continue
		}
		if strings.Contains(address, "//") {
			t.Errorf("%s leaves the server", address)
			continue
		}
		asset := get(t, h, "/docs/"+address, nil)
		if asset.StatusCode != http.StatusOK || len(body(t, asset)) == 0 {
			t.Errorf("%s: %d", address, asset.StatusCode)
		}
		if c := asset.Header.Get("Cache-Control"); !strings.Contains(c, "immutable") {
			t.Errorf("%s: Cache-Control %q", address, c)
		}
		served++
	}
	if served != 5 {
		t.Errorf("%d assets, want 5", served)
	}
}

func TestDocumentAddressIsEscaped(t *testing.T) {
	t.Parallel()
	page := string(body(t, get(t, handler(`/a"><script>x</script>`), "/docs/", nil)))
	if strings.Contains(page, "<script>x") {
		t.Error("the address is not escaped")
	}
}

func TestAssetFollowsAcceptEncoding(t *testing.T) {
	t.Parallel()
	h := handler("/openapi.json")
	for header, packed := range map[string]bool{
		"gzip, deflate, br": true, "*": true, "br;q=1, GZIP ; q=0.5": true,
		"": false, "br": false, "gzip;q=0": false, "*, gzip; q=0.0": false, "gzip;q=x": false,
	} {
		res := get(t, h, "/docs/swagger-ui.css", map[string]string{"Accept-Encoding": header})
		content := body(t, res)
		if got := res.Header.Get("Content-Encoding") == "gzip"; got != packed {
			t.Errorf("%q: packed %v, want %v", header, got, packed)
			continue
		}
		if packed {
			z, err := gzip.NewReader(bytes.NewReader(content))
			if err != nil {
				t.Fatal(err)
			}
			if content, err = io.ReadAll(z); err != nil {
				t.Fatal(err)
			}
		}
		if !bytes.Contains(content, []byte(".swagger-ui")) {
			t.Errorf("%q: this is not the style sheet of Swagger UI", header)
		}
		if res.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%q: Vary is %q", header, res.Header.Get("Vary"))
		}
	}
}

func TestUnchangedIs304(t *testing.T) {
	t.Parallel()
	h := handler("/openapi.json")
	for _, path := range []string{"/docs/", "/docs/start.js", "/docs/swagger-ui-bundle.js"} {
		first := get(t, h, path, map[string]string{"Accept-Encoding": "gzip"})
		_ = body(t, first)
		again := get(t, h, path, map[string]string{"Accept-Encoding": "gzip",
			"If-None-Match": first.Header.Get("ETag")})
		if rest := body(t, again); again.StatusCode != http.StatusNotModified || len(rest) != 0 {
			t.Errorf("%s: %d with %d bytes", path, again.StatusCode, len(rest))
		}
		if first.Header.Get("Cache-Control") != "no-cache" {
			t.Errorf("%s: without its tag it must be validated each time", path)
		}
	}
}

func TestOtherPathsAndMethods(t *testing.T) {
	t.Parallel()
	h := handler("/openapi.json")
	if res := get(t, h, "/docs/dist/LICENSE", nil); res.StatusCode != http.StatusNotFound {
		t.Errorf("unknown path: %d", res.StatusCode)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/docs/", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", w.Code)
	}
}
