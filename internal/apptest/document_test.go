package apptest

import (
	"net/http"
	"strings"
	"testing"
)

// TestContractViolationsAreFound compares answers that each have one fault.
func TestContractViolationsAreFound(t *testing.T) {
	t.Parallel()
	d := Open(t).Document()
	const id = "0199f3a2-7c1e-7000-8000-000000000000"
	refusal := `{"type":"/problems/unauthenticated","title":"t","status":401,"detail":"d",
		"instance":"/x","requestId":"` + id + `"}`
	user := `{"id":"` + id + `","email":"asha@example.org","role":"PATIENT","isEmailVerified":true,"mfaEnabled":false,
		"fullName":"Asha",
		"createdAt":"2026-11-23T09:30:00Z","updatedAt":"2026-11-23T09:30:00Z","gender":null,
		"dateOfBirth":null,"phone":null,"address":null,"timezone":"UTC","language":"en","erasureDueAt":null}`
	for _, one := range []struct {
		name, path  string
		status      int
		kind        string
		headers     string
		body, fault string
	}{
		{"right", "/api/v1/users/me", 200, "application/json", "X-Request-Id Etag", user, ""},
		{"right refusal", "/api/v1/users/me", 401, problemType,
			"X-Request-Id Www-Authenticate Content-Language", refusal, ""},
		{"another status", "/api/v1/users/me", 418, problemType, "X-Request-Id", refusal,
			"status 418 is not documented"},
		{"another type", "/api/v1/users/me", 200, "text/html", "X-Request-Id Etag", user,
			`"text/html" is not documented`},
		{"no ETag", "/api/v1/users/me", 200, "application/json", "X-Request-Id", user, "ETag is missing"},
		{"no challenge", "/api/v1/users/me", 401, problemType, "X-Request-Id Content-Language", refusal,
			"WWW-Authenticate is missing"},
		{"a header too many", "/api/v1/users/me", 200, "application/json", "X-Request-Id Etag Location", user,
			"Location is not documented"},
		{"a field too many", "/api/v1/users/me", 200, "application/json", "X-Request-Id Etag",
			`{"passwordHash":"x",` + user[1:], "passwordHash"},
		{"a field too few", "/api/v1/users/me", 200, "application/json", "X-Request-Id Etag",
			strings.Replace(user, `"phone":null,`, "", 1), "phone"},
		{"no UUID", "/api/v1/users/me", 200, "application/json", "X-Request-Id Etag",
			strings.Replace(user, id, "7", 1), "uuid"},
		{"no date", "/api/v1/users/me", 200, "application/json", "X-Request-Id Etag",
			strings.Replace(user, "2026-11-23T", "", 1), "date-time"},
		{"another value", "/api/v1/users/me", 200, "application/json", "X-Request-Id Etag",
			strings.Replace(user, "PATIENT", "ROOT", 1), "role"},
		{"no JSON", "/api/v1/users/me", 200, "application/json", "X-Request-Id Etag", "<html>", "not JSON"},
		{"missing problem", "/api/v1/nothing", 404, "text/plain", "", "404", `content type is "text/plain"`},
		{"undocumented", "/api/v1/nothing", 200, "application/json", "", "{}", "no operation"},
		{"no Allow", "/api/v1/nothing", 405, problemType, "", refusal, "Allow belong together"},
	} {
		t.Run(one.name, func(t *testing.T) {
			t.Parallel()
			r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1"+one.path, nil)
			must(t, err)
			answer := &http.Response{StatusCode: one.status, Header: http.Header{"Content-Type": {one.kind}}}
			for _, name := range strings.Fields(one.headers) {
				answer.Header.Set(name, "x")
			}
			if op := d.operation(r); op != nil {
				err = d.checkAnswer(op, r, answer, one.kind, []byte(one.body))
			} else {
				err = d.checkUndocumented(r, answer, one.kind, []byte(one.body))
			}
			switch {
			case one.fault == "" && err != nil:
				t.Error(err)
			case one.fault != "" && (err == nil || !strings.Contains(err.Error(), one.fault)):
				t.Errorf("it says %v, not %s", err, one.fault)
			}
		})
	}
}

func TestAcceptedBodyMustBeDocumented(t *testing.T) {
	t.Parallel()
	d := Open(t).Document()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1/api/v1/auth/login",
		strings.NewReader(`{"email":"asha@example.org","otp":1}`))
	must(t, err)
	if err := d.checkAcceptedBody(d.operation(r), r); err == nil || !strings.Contains(err.Error(), "otp") {
		t.Errorf("it says %v", err)
	}
}
