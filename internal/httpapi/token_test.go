package httpapi_test

import (
	"net/http"
	"strings"
	"testing"

	"amrutam/internal/apptest"
)

// FuzzAuthorization tests that only the issued token signs a user in, and that all other headers are refused.
func FuzzAuthorization(f *testing.F) {
	c := apptest.Open(f)
	patient := c.Patient()
	for _, seed := range []string{"", "Bearer", "Bearer ", "bearer x", "Basic eDp5",
		"Bearer " + strings.Repeat("a", 300), "Bearer at_\x00", "Bearer \xff\xfe", "Bearer " + patient.Token[:20],
		"Bearer  " + patient.Token, "Bearer " + patient.Token + "x", "Token " + patient.Token, patient.Token,
		"Bearer " + strings.ToUpper(patient.Token)} {
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
		switch isIssued := strings.EqualFold(scheme, "Bearer") && strings.TrimSpace(token) == patient.Token; {
		case answer.StatusCode == http.StatusOK && isIssued:
		case answer.StatusCode != http.StatusUnauthorized && answer.StatusCode != http.StatusBadRequest:
			t.Errorf("%q answers %d", header, answer.StatusCode)
		case answer.Header.Get("Content-Type") == "application/problem+json" &&
			answer.Header.Get("WWW-Authenticate") == "":
			t.Errorf("%q is refused without a WWW-Authenticate", header)
		}
	})
}

// FuzzCookie tests that only the issued cookie signs a user in.
func FuzzCookie(f *testing.F) {
	c := apptest.Open(f)
	patient := c.Patient()
	if _, err := c.DB.Pool.Exec(f.Context(), "UPDATE session_tokens SET kind = 'COOKIE' WHERE session_id IN "+
		"(SELECT id FROM sessions WHERE user_id = $1)", patient.ID); err != nil {
		f.Fatal(err)
	}
	good := "__Host-amrutam=" + patient.Token
	for _, seed := range []string{good, "", ";", good + "; " + good, good + "; x=y", "x=\"" + patient.Token + "\"",
		strings.ToUpper(good), good + "\x00", "__Host-amrutam=\"" + patient.Token + "\"",
		"__Host-amrutam=" + strings.Repeat("a", 5000), "__Secure-amrutam=" + patient.Token, "\xff=\xfe",
		"__Host-amrutam"} {
		f.Add(seed)
	}
	client := c.Client()
	f.Fuzz(func(t *testing.T, header string) {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, c.URL+"/api/v1/users/me", nil)
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Cookie", header)
		answer, err := client.Do(request)
		if err != nil {
			return // net/http doesn't send such a header
		}
		defer func() { _ = answer.Body.Close() }()
		switch isIssued := strings.Contains(header, patient.Token); {
		case answer.StatusCode == http.StatusOK && isIssued:
		case answer.StatusCode != http.StatusUnauthorized && answer.StatusCode != http.StatusBadRequest &&
			answer.StatusCode != http.StatusRequestHeaderFieldsTooLarge:
			t.Errorf("%q answers %d", header, answer.StatusCode)
		}
	})
}
