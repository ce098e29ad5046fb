package httpapi_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"amrutam/internal/httpapi"
)

// TestLibraryMessages fails when the library changes a message that libraryTexts replaces.
func TestLibraryMessages(t *testing.T) {
	t.Parallel()
	mux, config := http.NewServeMux(), huma.DefaultConfig("texts", "1")
	config.RejectUnknownQueryParameters = true
	type input struct {
		Integer int          `query:"integer"`
		Float   float64      `query:"float"`
		Truth   bool         `query:"truth"`
		Instant time.Time    `query:"instant"`
		ID      httpapi.UUID `query:"id"`
	}
	huma.Get(humago.New(mux, config), "/texts", func(context.Context, *input) (*struct{}, error) {
		return &struct{}{}, nil
	})
	for query, want := range map[string]string{
		"integer=x": "expected a whole number",
		"float=x":   "expected a number",
		"truth=x":   "expected true or false",
		"instant=x": "expected a date and time with its offset, like 2026-11-24T10:00:00Z (RFC 3339)",
		"id=x":      "expected a UUID",
		"other=x":   "is unknown here",
	} {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/texts?"+query, nil))
		var p httpapi.Problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || len(p.Errors) != 1 || p.Errors[0].Message != want {
			t.Errorf("%s: %s, want %q", query, w.Body, want)
		}
	}
}
