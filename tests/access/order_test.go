package access

import (
	"bytes"
	"context"
	"crypto/sha256"
	"net/http"
	"strings"
	"testing"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
)

// invalidRequests are requests with one fault each, of which a caller without the role must learn nothing.
var invalidRequests = []struct {
	name        string
	path        func(string) string
	body        []byte
	contentType string
}{
	{name: "valid"},
	{name: "malformed", body: []byte(`{"slotId": `)},
	{name: "array", body: []byte(`[]`)},
	{name: "null", body: []byte(`null`)},
	{name: "not UTF-8", body: []byte("{\"\xff\": 1}")},
	{name: "unknown fields", body: []byte(`{"no": "such", "no": "field"}`)},
	{name: "too large", body: bytes.Repeat([]byte(" "), 2<<20)},
	{name: "not JSON", body: []byte(`<xml/>`), contentType: "application/xml"},
	{name: "unknown parameter", path: func(p string) string { return p + "?no=such&no=parameter&limit=1000" }},
	{name: "broken parameter", path: func(p string) string { return p + "?q=%FF%00" }},
	{name: "bad id", path: func(p string) string {
		id := p[strings.LastIndex(p, "/")+1:]
		if _, err := uuid.Parse(id); err != nil {
			return p
		}
		return strings.TrimSuffix(p, id) + "not-a-uuid"
	}},
}

// sessionRows returns a row of each operation that needs a session.
func sessionRows() (rows []Row) {
	seen := map[string]bool{}
	for _, row := range Table {
		if row.Want[Anonymous] == http.StatusUnauthorized && !row.Signed && row.In != "stub" && !seen[row.Operation] {
			seen[row.Operation] = true
			rows = append(rows, row)
		}
	}
	return rows
}

// sendInvalid sends the request with the fault of invalidRequests[i].
func sendInvalid(c *apptest.Clinic, u apptest.User, r Request, i int, headers ...string) *apptest.Answer {
	w := invalidRequests[i]
	path, body := r.Path, r.Body
	if w.path != nil {
		path = w.path(path)
	}
	headers = append(headers, r.Headers...)
	if w.body != nil && r.Method != http.MethodGet {
		body = w.body
	}
	if w.contentType != "" {
		headers = append(headers, "Content-Type", w.contentType)
	}
	if body == nil {
		return c.Do(u, r.Method, path, nil, headers...)
	}
	return c.Do(u, r.Method, path, body, headers...)
}

// TestRequestsWithoutSession calls every operation that needs a session with each kind of invalid token.
func TestRequestsWithoutSession(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	tokens := invalidTokens(t, c)
	rows := sessionRows()
	if len(rows) < 20 {
		t.Fatalf("only %d operations need a session", len(rows))
	}
	for _, row := range rows {
		t.Run(row.Operation, func(t *testing.T) {
			t.Parallel()
			s := NewScene(t, c, Anonymous)
			r := s.Request(row, false)
			for name, authorization := range tokens {
				a := sendInvalid(s.C, apptest.User{}, r, 0, authorization...).
					Want(http.StatusUnauthorized, "unauthenticated")
				if got := a.Header.Get("WWW-Authenticate"); !strings.HasPrefix(got, "Bearer") {
					t.Errorf("%s: WWW-Authenticate is %q", name, got)
				}
			}
			plain := normalize(sendInvalid(s.C, apptest.User{}, r, 0), Request{IDs: r.IDs})
			for i, w := range invalidRequests {
				a := sendInvalid(s.C, apptest.User{}, r, i).Want(http.StatusUnauthorized, "unauthenticated")
				got := strings.ReplaceAll(normalize(a, Request{IDs: r.IDs}), "not-a-uuid", "·")
				if withoutLength(got) != withoutLength(plain) {
					t.Errorf("%s: the response depends on the request's fault:\n%s\n%s", w.name, got, plain)
				}
			}
		})
	}
}

// withoutLength removes the header Content-Length, which depends on the id in the path, and the header that closes a
// connection whose body was not read.
func withoutLength(answer string) string {
	i, j := strings.Index(answer, "Content-Length:["), strings.Index(answer, "Content-Type:")
	return strings.Replace(answer[:i]+answer[j:], "Connection:[close] ", "", 1)
}

// TestForbiddenBeforeValidation sends invalid requests as callers whose role may not call the operation.
func TestForbiddenBeforeValidation(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	for _, row := range sessionRows() {
		for caller := Patient; caller < callers; caller++ {
			if row.Want[caller] != http.StatusForbidden || caller == OtherPatient || caller == OtherDoctor {
				continue
			}
			t.Run(row.Operation+"/"+caller.String(), func(t *testing.T) {
				t.Parallel()
				s := NewScene(t, c, caller)
				r := s.Request(row, false)
				for i := range invalidRequests {
					sendInvalid(s.C, s.User(caller), r, i).Want(http.StatusForbidden, "forbidden")
				}
				if got := denials(t, s); len(got) != 1 {
					t.Errorf("%d requests within a minute left the denials %v", len(invalidRequests), got)
				}
			})
		}
	}
}

// invalidTokens returns headers that don't authenticate, by their names.
func invalidTokens(t *testing.T, c *apptest.Clinic) map[string][]string {
	t.Helper()
	exec := func(sql string, args ...any) {
		t.Helper()
		tag, err := c.DB.Pool.Exec(context.Background(), sql, args...)
		if err != nil || tag.RowsAffected() != 1 {
			t.Fatal(tag, err)
		}
	}
	bearer := func(token string) []string { return []string{"Authorization", "Bearer " + token} }
	// endedBy returns the token of a session that a statement has ended.
	endedBy := func(sql string, arg func(apptest.User) any) []string {
		u := c.Admin()
		c.Get(u, "users/me").Want(200)
		exec(sql, arg(u))
		return bearer(u.Token)
	}
	id := func(u apptest.User) any { return u.ID }
	hash := func(u apptest.User) any {
		sum := sha256.Sum256([]byte(u.Token))
		return sum[:]
	}
	live := c.Admin()
	c.Get(live, "users/me").Want(200)
	return map[string][]string{
		"none":                nil,
		"empty":               bearer(""),
		"garbage":             bearer("garbage"),
		"long":                bearer(strings.Repeat("a", 5000)),
		"another scheme":      {"Authorization", "Basic " + live.Token},
		"no scheme":           {"Authorization", live.Token},
		"two spaces":          {"Authorization", "Bearer  " + live.Token},
		"trailing text":       bearer(live.Token + " more"),
		"prefix":              bearer(live.Token[:len(live.Token)-1]),
		"expired":             endedBy("UPDATE session_tokens SET expires_at = now() WHERE hash = $1", hash),
		"used":                endedBy("UPDATE session_tokens SET used_at = now() WHERE hash = $1", hash),
		"a refresh token":     endedBy("UPDATE session_tokens SET kind = 'REFRESH' WHERE hash = $1", hash),
		"an invalid cookie":   {"Cookie", "__Host-amrutam=garbage"},
		"a token as a cookie": {"Cookie", "__Host-amrutam=" + live.Token},
		"session ended":       endedBy("UPDATE sessions SET ended_at = now() WHERE user_id = $1", id),
		"disabled user":       endedBy("UPDATE users SET disabled_at = now() WHERE id = $1", id),
		"deleted user":        endedBy("UPDATE users SET deleted_at = now() WHERE id = $1", id),
	}
}
