package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"amrutam/internal/apptest"
)

// FuzzAuthorization: no header but the one that was given out signs anybody in, and every other gets one and the same answer.
func FuzzAuthorization(f *testing.F) {
	c := apptest.Open(f)
	patient := c.Patient()
	for _, seed := range []string{"", "Bearer", "Bearer ", "bearer x", "Basic eDp5", "Bearer " + strings.Repeat("a", 300), "Bearer at_\x00", "Bearer \xff\xfe", "Bearer " + patient.Token[:20], "Bearer  " + patient.Token,
		"Bearer " + patient.Token + "x", "Token " + patient.Token, patient.Token, "Bearer " + strings.ToUpper(patient.Token)} {
		f.Add(seed)
	}
	client := c.Client()
	f.Fuzz(func(t *testing.T, header string) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.URL+"/api/v1/users/me", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", header)
		answer, err := client.Do(request)
		if err != nil {
			return // net/http doesn't send such a header
		}
		defer func() { _ = answer.Body.Close() }()
		scheme, token, _ := strings.Cut(strings.TrimSpace(header), " ")
		switch signed := strings.EqualFold(scheme, "Bearer") && strings.TrimSpace(token) == patient.Token; {
		case answer.StatusCode == http.StatusOK && signed:
		case answer.StatusCode != http.StatusUnauthorized && answer.StatusCode != http.StatusBadRequest:
			t.Errorf("%q answers %d", header, answer.StatusCode)
		case answer.Header.Get("Content-Type") == "application/problem+json" && answer.Header.Get("WWW-Authenticate") == "":
			t.Errorf("%q is refused without a WWW-Authenticate", header)
		}
	})
}
