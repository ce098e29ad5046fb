package httpapi_test

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
	"amrutam/internal/config"
	"amrutam/internal/httpapi"
)

var nobody apptest.User

func TestMethodNotAllowed(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	for _, one := range []struct{ method, path, allow string }{
		{"PUT", "/api/v1/users/me", "DELETE, GET, HEAD, PATCH"},
		{"OPTIONS", "/api/v1/users/me", "DELETE, GET, HEAD, PATCH"},
		{"get", "/api/v1/users/me", "DELETE, GET, HEAD, PATCH"},
		{"GET", "/api/v1/auth/login", "POST"},
		{"HEAD", "/api/v1/auth/login", "POST"},
		{"DELETE", "/api/v1/doctors", "GET, HEAD, POST"},
		{"BREW", "/api/v1/doctors", "GET, HEAD, POST"},
		{"POST", "/health/live", "GET, HEAD"},
		{"POST", "/openapi.json", "GET, HEAD"},
		{"DELETE", "/style.css", "GET, HEAD"},
		{"POST", "/docs/", "GET, HEAD"},
	} {
		a := c.Do(c.Admin(), one.method, one.path, nil)
		if one.method != "HEAD" {
			a.Want(405, "method-not-allowed")
		}
		if got := a.Header.Get("Allow"); a.Status != 405 || got != one.allow ||
			a.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s %s: %d, Allow %q", one.method, one.path, a.Status, got)
		}
	}
	for _, path := range []string{"/api/v1/doctors", "/api/v1/users/me", "/health/live", "/openapi.json"} {
		user := c.Patient()
		get, head := c.Do(user, "GET", path, nil).Want(200), c.Do(user, "HEAD", path, nil).Want(200)
		if len(head.Body) != 0 || head.Header.Get("Content-Type") != get.Header.Get("Content-Type") ||
			head.Header.Get("ETag") != get.Header.Get("ETag") {
			t.Errorf("HEAD %s: %v, GET %v", path, head.Header, get.Header)
		}
	}
	c.Do(nobody, "HEAD", "/api/v1/users/me", nil).Want(401)
}

func TestNotFound(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	admin := c.Admin()
	for path, status := range map[string]int{
		"/api": 404, "/api/v1": 404, "/api/v1/": 404, "/api/v1/nothing": 404, "/api/v2/users/me": 404,
		"/API/V1/users/me":  404,
		"/api/v1/users/me/": 404, "/problems/no-such": 404, "/problems/": 404, "/metrics": 404, "/debug/pprof/": 404,
		"/.env": 404, "/api/v1/users/%2e%2e%2fme": 422, "/api/v1/users/..%2F..%2Fetc%2Fpasswd": 422,
		"/api/v1/users/%00": 404, "/api/v1/users/%FF": 404, "/api/v1/users/1": 422,
		"/api/v1/users/0199f3a2-7c1e-7000-8000-00000000000g":          422,
		"/api/v1/users/0199f3a27c1e70008000000000000000":              422,
		"/api/v1/users/%7B0199f3a2-7c1e-7000-8000-000000000000%7D":    422,
		"/api/v1/users/urn:uuid:0199f3a2-7c1e-7000-8000-000000000000": 422,
		"/api/v1/users/0199f3a2-7c1e-7000-8000-000000000000":          404,
		"/api/v1/users/00000000-0000-0000-0000-000000000000":          404,
		"/api/v1/users/0199F3A2-7C1E-7000-8000-000000000000":          404,
		"/api/v1/users/30199f3a2-7c1e-7000-8000-000000000000":         422,
		"/api/v1/users/%30199f3a2-7c1e-7000-8000-000000000000":        404,
		"/api/v1/users/" + strings.Repeat("a", 5000):                  422,
	} {
		a := c.Do(admin, "GET", path, nil).Want(status)
		if got := a.Header.Get("Content-Type"); got != "application/problem+json" || len(a.Body) > 20_000 {
			t.Errorf("%.80s: %s, %d bytes", path, got, len(a.Body))
		}
	}
	// "/" redirects to the API reader.
	contentType := c.Get(nobody, "/").Want(200).Header.Get("Content-Type")
	if !strings.HasPrefix(contentType, "text/html") {
		t.Errorf("/ answers %s", contentType)
	}
	for _, path := range []string{"/docs/nothing", "/docs/..%2f..%2fgo.mod", "/docs/%2e%2e/%2e%2e/go.mod",
		"/docs/dist/LICENSE"} {
		c.Get(nobody, path).Want(404, "not-found")
	}
	c.Get(nobody, "/docs").Want(200) // redirects to /docs/
	if icon := c.Get(nobody, "/favicon.ico").Want(204); icon.Header.Get("Cache-Control") == "" {
		t.Error("browsers will ask for the icon with every page")
	}
	// An id may be written in capitals and with escapes.
	c.Get(admin, "users/"+strings.ToUpper(admin.ID.String())).Want(200)
	c.Get(admin, "users/"+strings.ReplaceAll(admin.ID.String(), "-", "%2D")).Want(200)
}

// TestUncleanPaths sends paths as bytes, because clients would clean them.
func TestUncleanPaths(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	for target, status := range map[string]string{
		"/api/v1/../../etc/passwd": "404", "//evil.example/..": "307", "/api/v1/./users/me": "307",
		"/api/v1//users/me":        "307",
		"/docs/../api/v1/users/me": "307", "/api/v1/users/%zz": "400", "*": "404",
		"http://evil.example/api/v1/users/me": "421", "//evil.example/api/v1/users/me": "404",
	} {
		answer := sendRaw(t, c, "GET "+target+" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
		isRedirect := answer.StatusCode/100 == 3
		if isRedirect != (status == "307") || !isRedirect && fmt.Sprint(answer.StatusCode) != status {
			t.Errorf("%s answers %d, want %s", target, answer.StatusCode, status)
		}
		location := answer.Header.Get("Location")
		if location != "" && location != "/" && !strings.HasPrefix(location, "/api/v1/") {
			t.Errorf("%s redirects to %s", target, location)
		}
	}
}

func TestMalformedHTTP(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	const login = "POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\n"
	const live = "GET /health/live HTTP/1.1\r\nHost: localhost\r\n"
	manyParameters := "GET /api/v1/doctors?" + strings.Repeat("ab=1&", 10_000) + " HTTP/1.1\r\nHost: localhost\r\n\r\n"
	for name, one := range map[string]struct {
		text   string
		status int
	}{
		"large header":        {live + "X-Large: " + strings.Repeat("a", 40<<10) + "\r\n\r\n", 431},
		"many headers":        {live + strings.Repeat("X-Many: 1\r\n", 5000) + "\r\n", 431},
		"10,000 parameters":   {manyParameters, 431},
		"control in a header": {live + "Idempotency-Key: a\x01b\r\n\r\n", 400},
		"no host":             {"GET /health/live HTTP/1.1\r\n\r\n", 400},
		"two lengths":         {login + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400},
		"unknown coding":      {login + "Transfer-Encoding: gzip\r\n\r\n{}", 501},
		"short body":          {login + "Content-Length: 10\r\n\r\n{}", 400},
		"bad chunk":           {login + "Transfer-Encoding: chunked\r\n\r\nzz\r\n", 400},
	} {
		if got := sendRaw(t, c, one.text).StatusCode; got != one.status {
			t.Errorf("%s: %d, want %d", name, got, one.status)
		}
	}
}

// TestConnectionClosesAfterChunkedBody tests that a chunked body closes the connection, so that a proxy's different
// idea of where the body ends can't smuggle a request.
func TestConnectionClosesAfterChunkedBody(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	const head = "POST /api/v1/auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
	for framing, closes := range map[string]bool{
		"Content-Length: 2\r\n\r\n{}":                                                 false,
		"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n":                      true,
		"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n": true,
	} {
		if a := sendRaw(t, c, head+framing); a.StatusCode != http.StatusUnprocessableEntity || a.Close != closes {
			t.Errorf("%q: %d, closes: %v", framing, a.StatusCode, a.Close)
		}
	}
}

// sendRaw sends bytes, closes the writing side of the connection, and reads the answer.
func sendRaw(t *testing.T, c *apptest.Clinic, text string) *http.Response {
	t.Helper()
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(c.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	_, _ = conn.Write([]byte(text)) // the server may have answered before it read all
	if half, ok := conn.(*net.TCPConn); ok {
		_ = half.CloseWrite()
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatalf("%.60q: %v", text, err)
	}
	defer answer.Body.Close()
	c.Check(text, answer)
	return answer
}

func TestQueryValidation(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	for query, want := range map[string]string{
		"limit=1": "200", "limit=100": "200", "limit=": "200", "limit=0": "422 query.limit",
		"limit=101": "422 query.limit", "limit=-1": "422 query.limit",
		"limit=abc": "422 query.limit", "limit=1.5": "422 query.limit", "limit=1e2": "422 query.limit",
		"limit=99999999999999999999": "422 query.limit", "limit=%20": "422", "Limit=1": "422", "nothing=1": "422",
		"limit=1&limit=1": "422 query.limit", "q=a&q=b": "422 query.q", "limit=1&limit=2&q=a&q=b": "422 query.q",
		"limit=%zz": "400", "%": "400", "limit=1;q=a": "400", "q=%00": "400", "q=%FF": "400", "%00=1": "400",
		"q=%ED%A0%80": "400", "sort=nothing": "422 query.sort", "q=" + strings.Repeat("a", 20_000): "422 query.q",
		"&&&": "200", "=": "422", strings.Repeat("a&", 9000): "422 query.a",
	} {
		a := c.Do(nobody, "GET", "/api/v1/doctors?"+query, nil)
		status, at, _ := strings.Cut(want, " ")
		if fmt.Sprint(a.Status) != status || at != "" && !strings.Contains(string(a.Body), `"location":"`+at+`"`) ||
			len(a.Body) > 20_000 {
			t.Errorf("%.60s: %d %.300s, want %s", query, a.Status, a.Body, want)
		}
	}
	var many strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&many, "p%d&", i)
	}
	faults, _ := c.Get(nobody, "doctors?"+many.String()).Want(422, "validation-failed").At("errors").([]any)
	if len(faults) != httpapi.MaxFaults {
		t.Errorf("%d faults are listed", len(faults))
	}
}

func TestIfMatch(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient := c.Patient()
	for form, isAccepted := range map[string]bool{
		"%s": true, "*": true, `"another", %s`: true, `%s,"another"`: true, "": true, ` %s `: true,
		"W/%s": false, `"another"`: false, `"another", "third"`: false, "%.3s": false, "garbage": false, `""`: false,
		"**": false, ",": false, `"x" %s`: false,
	} {
		etag := c.Get(patient, "users/me").Want(200).Header.Get("ETag")
		if !strings.HasPrefix(etag, `"`) || !strings.HasSuffix(etag, `"`) {
			t.Fatalf("ETag %s", etag)
		}
		form = strings.Replace(form, "%s", etag, 1)
		form = strings.Replace(form, "%.3s", etag[:3], 1)
		a := c.Do(patient, "PATCH", "users/me", map[string]any{"fullName": "Asha " + form[:min(len(form), 3)]},
			"If-Match", form)
		if isAccepted != (a.Status == 200) || !isAccepted && a.Status != 412 {
			t.Errorf("If-Match %s: %d", form, a.Status)
		}
		if isAccepted && a.Header.Get("ETag") == etag && form != "" {
			t.Errorf("If-Match %s: the version is the same", form)
		}
	}
	c.Do(patient, "PATCH", "users/me", map[string]any{"fullName": "Asha"}, "If-Match", strings.Repeat("a", 201)).
		Want(422, "validation-failed")
}

func TestIdempotencyKeys(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	for key, isAccepted := range map[string]bool{
		"k": true, strings.Repeat("k", 255): true, "with space ~!": true,
		"": false, strings.Repeat("k", 256): false, "tab\there": false, "ключ": false, "a\x7f": false, "\xff": false,
	} {
		doctor := c.Doctor("500.00")
		slot := c.Slot(doctor, 3*time.Hour, 1)
		body := map[string]any{"slotId": slot, "reason": "Cough"}
		if key == "a\x7f" { // HTTP itself has no such header; Go's client refuses to send it
			if got := sendRaw(t, c, "POST /api/v1/consultations HTTP/1.1\r\nHost: localhost\r\nIdempotency-Key: "+key+
				"\r\nContent-Length: 0\r\n\r\n").StatusCode; got != 400 {
				t.Errorf("key %q: %d", key, got)
			}
			continue
		}
		a := c.Do(c.Patient(), "POST", "consultations", body, "Idempotency-Key", key)
		if isAccepted {
			a.Want(201)
			continue
		}
		a.Want(400, "idempotency-key-malformed")
		// A malformed key is refused where it is optional, too.
		body = map[string]any{
			"consultationId": slot,
			"medications":    []any{map[string]any{"name": "a", "dosage": "b", "frequency": "c"}},
		}
		c.Do(doctor, "POST", "prescriptions", body, "Idempotency-Key", key).Want(400, "idempotency-key-malformed")
	}
	c.Do(c.Patient(), "POST", "consultations", map[string]any{"slotId": c.Slot(c.Doctor("500.00"), time.Hour, 1),
		"reason": "Cough"}).Want(400, "idempotency-key-required")
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.URL+"/api/v1/consultations",
		strings.NewReader(`{"slotId": "0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081", "reason": "Cough"}`))
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{"Authorization": {"Bearer " + c.Patient().Token}, "Idempotency-Key": {"one", "two"},
		"Content-Type": {"application/json"}}
	answer, err := c.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusBadRequest {
		t.Errorf("two keys: %d", answer.StatusCode)
	}
}

func TestSecurityHeaders(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	httpapi.Handle(c.App.API, httpapi.Op{
		Method: "GET", Path: "/probe/panic", ID: "probe-panic", Tag: "health",
		Summary: "Panic",
		Roles:   access.Public,
		Probe:   true, Root: true,
	},
		func(context.Context, access.Actor, struct{}) (httpapi.None, error) { panic("here") })
	patient := c.Patient()
	answers := map[string]*apptest.Answer{
		"an answer": c.Get(patient, "users/me").Want(200), "a public answer": c.Get(nobody, "doctors").Want(200),
		"401": c.Get(nobody, "users/me").Want(401), "403": c.Get(patient, "users").Want(403),
		"404": c.Get(nobody, "nothing").Want(404), "405": c.Do(nobody, "PUT", "doctors", nil).Want(405),
		"422": c.Get(nobody, "doctors?limit=0").Want(422),
		"413": c.Post(nobody, "auth/login", []byte(strings.Repeat(" ", 65<<10))).Want(413),
		"500": c.Get(nobody, "/probe/panic").Want(500, "internal"), "the reader": c.Get(nobody, "/docs/").Want(200),
		"a missing page": c.Get(nobody, "/nothing").Want(404),
		"a problem":      c.Get(nobody, "/problems/not-found").Want(200),
		"the document":   c.Get(nobody, "/openapi.json").Want(200), "a style": c.Get(nobody, "/style.css").Want(200),
		"mail link": c.Get(nobody, "/verify-email?token=x"), "health": c.Get(nobody, "/health").Want(200),
		"a redirect": {Header: sendRaw(t, c, "GET /api/v1//doctors HTTP/1.1\r\nHost: localhost\r\n\r\n").Header},
	}
	for name, a := range answers {
		for header, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "same-origin",
			"Cross-Origin-Resource-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
			"Strict-Transport-Security": "max-age=31536000",
		} {
			if header == "Referrer-Policy" && name == "mail link" {
				want = "no-referrer" // its address has a token
			}
			if got := a.Header.Get(header); got != want {
				t.Errorf("%s: %s is %q", name, header, got)
			}
		}
		policy := a.Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "frame-ancestors 'none'") ||
			strings.Contains(policy, "unsafe") {
			t.Errorf("%s: Content-Security-Policy is %q", name, policy)
		}
		if a.Header.Get("X-Request-Id") == "" || a.Header.Get("Permissions-Policy") == "" ||
			a.Header.Get("Server") != "" || a.Header.Get("X-Powered-By") != "" {
			t.Errorf("%s: %v", name, a.Header)
		}
		if a.Header.Get("Access-Control-Allow-Origin") != "" {
			t.Errorf("%s allows an origin", name)
		}
	}
	for _, name := range []string{"an answer", "401", "403", "404", "405", "413", "422", "500"} {
		if got := answers[name].Header.Get("Cache-Control"); got != "no-store" {
			t.Errorf("%s: Cache-Control is %q", name, got)
		}
	}
}

func TestCORS(t *testing.T) {
	t.Parallel()
	const ours = "https://console.example"
	open := apptest.Open(t, func(cfg *config.Config) { cfg.CORSOrigins = []string{ours} })
	for _, one := range []struct {
		c       *apptest.Clinic
		origin  string
		allowed bool
	}{
		{apptest.Open(t), ours, false},
		{apptest.Open(t), "null", false},
		{open, ours, true},
		{open, ours + ".evil.example", false},
		{open, ours + ":8443", false},
		{open, "http://console.example", false},
		{open, "null", false},
		{open, "*", false},
	} {
		plain := one.c.Do(nobody, "GET", "doctors", nil, "Origin", one.origin).Want(200)
		preflight := one.c.Do(nobody, "OPTIONS", "/health/live", nil, "Origin", one.origin,
			"Access-Control-Request-Method", "GET")
		for _, a := range []*apptest.Answer{plain, preflight} {
			got := a.Header.Get("Access-Control-Allow-Origin")
			if one.allowed != (got == one.origin) || !one.allowed && got != "" ||
				a.Header.Get("Access-Control-Allow-Credentials") != "" {
				t.Errorf("%s: %v", one.origin, a.Header)
			}
			if one.allowed && !strings.Contains(a.Header.Get("Vary"), "Origin") {
				t.Errorf("%s: Vary is %q", one.origin, a.Header.Get("Vary"))
			}
		}
		if want := map[bool]int{true: 204, false: 405}[one.allowed]; preflight.Status != want {
			t.Errorf("preflight of %s: %d", one.origin, preflight.Status)
		}
	}
}
