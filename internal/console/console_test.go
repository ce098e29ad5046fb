package console_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"amrutam/internal/console"
)

func handler(t *testing.T) http.Handler {
	t.Helper()
	if err := console.Check(); err != nil {
		t.Fatalf("%v; make test does it too", err)
	}
	mux := http.NewServeMux()
	console.Mount(mux, time.Now)
	return mux
}

func get(t *testing.T, h http.Handler, path string, header map[string]string) (*http.Response, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	for name, value := range header {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Result(), w.Body.String()
}

// sizeOf returns how many bytes of a text are sent.
func sizeOf(t *testing.T, text string) int {
	t.Helper()
	var out bytes.Buffer
	z, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err == nil {
		_, err = io.WriteString(z, text)
	}
	if err == nil {
		err = z.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
	return out.Len()
}

var (
	script     = regexp.MustCompile(`(?:src|modulepreload" href)="([^"]*\.js)"`)
	styleSheet = regexp.MustCompile(`href="([^"]*\.css)"`)
)

// TestPagesAreSmall tests what a phone loads for the pages of each way, compressed, in bytes: for each 8,000 of style
// and 4,000 of HTML, and of scripts what the table says; a twentieth more where letters take three bytes.
func TestPagesAreSmall(t *testing.T) {
	t.Parallel()
	h := handler(t)
	ways := map[string]struct {
		paths []string
		limit int
	}{
		"booking": {[]string{"/doctors", "/doctors/x", "/book/x"}, 30_720},
		"sign-in": {[]string{"/sign-in", "/sign-up"}, 25_000},
		"patient": {[]string{"/visits", "/visits/x", "/prescriptions", "/payments"}, 60_000},
		"doctor":  {[]string{"/today", "/week", "/consultations/x", "/hours"}, 60_000},
		"support": {[]string{"/people", "/all-visits", "/refunds", "/disputes"}, 60_000},
		"admin":   {[]string{"/admin/doctors", "/admin/audit", "/admin/analytics"}, 60_000},
		"figures": {[]string{"/figures"}, 40_000},
		"account": {[]string{"/account", "/account/security", "/account/privacy"}, 60_000},
	}
	for name, way := range ways {
		for _, language := range []string{"en", "hi"} {
			loaded := map[string]bool{}
			total := 0
			for _, path := range way.paths {
				answer, page := get(t, h, path, map[string]string{"Cookie": "language=" + language})
				if answer.StatusCode != http.StatusOK {
					t.Errorf("%s: %d", path, answer.StatusCode)
				}
				if size := sizeOf(t, page); size > 4000 {
					t.Errorf("%s: %d bytes of HTML", path, size)
				}
				for _, found := range script.FindAllStringSubmatch(page, -1) {
					if !loaded[found[1]] {
						loaded[found[1]] = true
						_, code := get(t, h, found[1], nil)
						total += sizeOf(t, code)
					}
				}
			}
			limit := way.limit
			if language == "hi" {
				limit += limit / 20
			}
			if total > limit {
				t.Errorf("%s in %s: %d bytes of scripts, allowed are %d", name, language, total, limit)
			}
			t.Logf("%s in %s: %d bytes of scripts", name, language, total)
		}
	}
	_, page := get(t, h, "/", nil)
	_, style := get(t, h, styleSheet.FindStringSubmatch(page)[1], nil)
	if size := sizeOf(t, style); size > 8000 {
		t.Errorf("%d bytes of style", size)
	}
}

// TestPagesLoadWhatExists tests that a page names only files of this server, which exist and never change.
func TestPagesLoadWhatExists(t *testing.T) {
	t.Parallel()
	h := handler(t)
	routes, err := console.Routes()
	if err != nil {
		t.Fatal(err)
	}
	for _, route := range routes {
		answer, page := get(t, h, route.Path, map[string]string{"Cookie": "language=hi"})
		if answer.StatusCode != http.StatusOK || !strings.Contains(page, `<html lang="hi"`) {
			t.Errorf("%s: %d %s", route.Path, answer.StatusCode, page)
		}
		policy := answer.Header.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "script-src 'self';", "style-src 'self';",
			"frame-ancestors 'none'", "require-trusted-types-for 'script'; trusted-types 'none'"} {
			if !strings.Contains(policy, part) {
				t.Errorf("%s: the policy has no %s: %s", route.Path, part, policy)
			}
		}
		if answer.Header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s may be stored", route.Path)
		}
		files := append(script.FindAllStringSubmatch(page, -1), styleSheet.FindAllStringSubmatch(page, -1)...)
		if len(files) < 5 {
			t.Errorf("%s loads %d files", route.Path, len(files))
		}
		for _, found := range files {
			file, _ := get(t, h, found[1], nil)
			if file.StatusCode != http.StatusOK || !strings.Contains(file.Header.Get("Cache-Control"), "immutable") {
				t.Errorf("%s: %d %v", found[1], file.StatusCode, file.Header)
			}
		}
	}
}

// TestLanguageOfPages tests that a chosen language counts more than the browser's.
func TestLanguageOfPages(t *testing.T) {
	t.Parallel()
	h := handler(t)
	for _, c := range []struct{ cookie, accepted, want string }{
		{"", "", "en"}, {"", "hi-IN,en;q=0.5", "hi"}, {"language=en", "hi", "en"}, {"language=hi", "en", "hi"},
		{`language="><script>`, "hi", "hi"}, {"language=fr", "", "en"},
	} {
		_, page := get(t, h, "/", map[string]string{"Cookie": c.cookie, "Accept-Language": c.accepted})
		if !strings.Contains(page, `<html lang="`+c.want+`"`) || strings.Contains(page, "><script>") {
			t.Errorf("%v: %s", c, page[:60])
		}
	}
}

// TestPreload tests that a page preloads what it reads at once, with the values of its address, and nothing personal
// for visitors.
func TestPreload(t *testing.T) {
	t.Parallel()
	h := handler(t)
	_, page := get(t, h, "/sign-in", nil)
	if strings.Contains(page, `as="fetch"`) || strings.Contains(page, "data-session") {
		t.Errorf("a visitor's page preloads: %s", page)
	}
	_, page = get(t, h, "/sign-in", map[string]string{"Cookie": "__Host-amrutam=ct_x"})
	if !strings.Contains(page, `href="/api/v1/users/me"`) || !strings.Contains(page, `data-session="yes"`) {
		t.Errorf("a user's page doesn't preload: %s", page)
	}
	routes, err := console.Routes()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(routes, func(r console.Route) bool {
		return slices.ContainsFunc(r.Preload, func(address string) bool { return strings.Contains(address, "{id}") })
	})
	if i < 0 {
		return
	}
	path := strings.ReplaceAll(routes[i].Path, "{id}", `"><b>%3C`)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil)
	r.URL.Path = path
	r.Header.Set("Cookie", "__Host-amrutam=ct_x")
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if strings.Contains(w.Body.String(), "<b>") {
		t.Errorf("an address breaks out: %s", w.Body)
	}
}
