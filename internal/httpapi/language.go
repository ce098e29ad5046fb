package httpapi

import (
	"net/http"
	"strings"

	"amrutam/internal/language"
)

// NegotiateLanguage returns the language that the client accepts, for a text for people, and says in the headers of
// the answer that it is in that language.
func NegotiateLanguage(w http.ResponseWriter, r *http.Request) language.Tag {
	l := language.Accepted(strings.Join(r.Header.Values("Accept-Language"), ","))
	h := w.Header()
	h.Set("Content-Language", string(l))
	if !strings.Contains(strings.Join(h.Values("Vary"), ","), "Accept-Language") {
		h.Add("Vary", "Accept-Language")
	}
	return l
}
