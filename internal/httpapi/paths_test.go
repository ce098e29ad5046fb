package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"amrutam/internal/httpapi"
)

func TestPathsThatOverlap(t *testing.T) {
	t.Parallel()
	patterns := []string{"POST /payments/{id}/refunds", "POST /payments/webhook/{provider}",
		"GET /payments/consultation/{id}", "GET /payments/{id}/receipt", "GET /{room}/{id}/notes/{note}",
		"GET /{room}/{id}"}
	paths := httpapi.NewPaths(http.NewServeMux())
	for _, pattern := range patterns {
		paths.HandleFunc(pattern,
			func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Pattern", r.Pattern) })
	}
	for call, want := range map[string]string{
		"POST /payments/7/refunds":            patterns[0],
		"POST /payments/webhook/stub":         patterns[1],
		"POST /payments/webhook/refunds":      patterns[1], // a provider's name, and no payment's id
		"GET /payments/consultation/receipt":  patterns[2],
		"HEAD /payments/7/receipt":            patterns[3],
		"GET /payments/7/notes/receipt":       patterns[4],
		"GET /payments/webhook":               patterns[5],
		"GET /payments/7/refunds":             "405 POST",
		"GET /payments/webhook/stub":          "405 POST",
		"DELETE /payments/consultation/7":     "405 GET, HEAD",
		"DELETE /payments/7/receipt":          "405 GET, HEAD",
		"POST /payments/7/refunds/1":          "404",
		"GET /payments/7/notes/receipt/extra": "404",
	} {
		method, path, _ := strings.Cut(call, " ")
		r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
		w := httptest.NewRecorder()
		found := paths.Pattern(r)
		paths.ServeHTTP(w, r)
		got := w.Header().Get("Pattern")
		if w.Code != http.StatusOK {
			got = strings.TrimSpace(http.StatusText(w.Code) + " " + w.Header().Get("Allow"))
			want = strings.NewReplacer("405", "Method Not Allowed", "404", "Not Found").Replace(want)
		}
		if got != want || (w.Code == http.StatusOK) != (found == want) {
			t.Errorf("%s: %q (%q), want %q", call, got, found, want)
		}
	}
}
