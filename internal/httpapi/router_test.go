package httpapi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"amrutam/internal/httpapi"
)

func TestRouterWithOverlappingPatterns(t *testing.T) {
	t.Parallel()
	patterns := []string{"POST /payments/{id}/refunds", "POST /payments/webhook/{provider}",
		"GET /payments/consultation/{id}", "GET /payments/{id}/receipt", "GET /{kind}/{id}/notes/{note}",
		"GET /{kind}/{id}"}
	router := httpapi.NewRouter(http.NewServeMux())
	for _, pattern := range patterns {
		router.HandleFunc(pattern,
			func(w http.ResponseWriter, r *http.Request) { w.Header().Set("Pattern", r.Pattern) })
	}
	for call, want := range map[string]string{
		"POST /payments/7/refunds":            patterns[0],
		"POST /payments/webhook/stub":         patterns[1],
		"POST /payments/webhook/refunds":      patterns[1], // "webhook" is not a payment's id
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
		found := router.Pattern(r)
		router.ServeHTTP(w, r)
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
