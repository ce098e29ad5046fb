package httpapi_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
	"amrutam/internal/audit"
	"amrutam/internal/config"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
)

// TestConcurrencyLimits tests how many requests an address and a user may have at the same time, including those whose
// body has not arrived, and that ended requests don't count.
func TestConcurrencyLimits(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t, func(cfg *config.Config) {
		cfg.RateLimit, cfg.UnderWayPerAddress, cfg.UnderWayPerUser, cfg.TrustedProxies = "on", 3, 1,
			[]string{"127.0.0.0/8"}
	})
	patient, other := c.Patient(), c.Patient()
	get := func(u apptest.User, address string) *apptest.Answer {
		return c.Do(u, "GET", "users/me", nil, "X-Forwarded-For", address)
	}
	const full, free = "203.0.113.1", "203.0.113.2"
	var finish []func()
	for range 3 {
		finish = append(finish, delayBody(t, c, full))
	}
	if after := get(patient, full).Want(429, "too-many-requests").Header.Get("Retry-After"); after != "1" {
		t.Errorf("Retry-After is %q", after)
	}
	get(patient, free).Want(200)
	// A refused client gets the answer before it sends the body, and the connection closes.
	refused := begin(t, c, strings.TrimPrefix(c.URL, "http://"), "POST /api/v1/auth/login", "X-Forwarded-For: "+full)
	if refused.StatusCode != http.StatusTooManyRequests || !refused.Close {
		t.Errorf("status %d, close: %t", refused.StatusCode, refused.Close)
	}
	finish[0]()
	eventually(t, "another request is allowed", func() bool { return get(patient, full).Status == 200 })
	for _, f := range finish[1:] {
		f()
	}

	entered, release := make(chan struct{}), make(chan struct{})
	held := probe("held", access.Patient)
	held.Probe = false // probes have no limit
	httpapi.Command(c.App.API, held, func(_ context.Context, tx *postgres.Tx, actor access.Actor,
		_ none) (httpapi.None, error) {
		close(entered)
		<-release
		audit.Write(tx, actor, "probe.add", uuid.Must(uuid.NewV7()), nil)
		return httpapi.None{}, nil
	})
	done := make(chan *apptest.Answer, 1)
	go func() { done <- c.Post(patient, "/probe/held", nil) }()
	<-entered
	get(patient, free).Want(429, "too-many-requests")
	get(other, free).Want(200)
	close(release)
	(<-done).Want(204)
	eventually(t, "another request of the user is allowed", func() bool { return get(patient, free).Status == 200 })
}

// TestBodyTimeout tests the answer to a body that arrives too late.
func TestBodyTimeout(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	server := httptest.NewUnstartedServer(c.App.API.Handler())
	server.Config.ReadTimeout = 200 * time.Millisecond
	server.Start()
	t.Cleanup(server.Close)
	address := server.Listener.Addr().String()
	for _, operation := range []string{"POST /api/v1/auth/login", "PATCH /api/v1/users/me"} {
		answer := begin(t, c, address, operation, "Authorization: Bearer "+c.Patient().Token)
		if answer.StatusCode != http.StatusRequestTimeout ||
			answer.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %d %v", operation, answer.StatusCode, answer.Header)
		}
	}
}

// dial opens a connection for a test that writes bytes.
func dial(t *testing.T, address string) net.Conn {
	t.Helper()
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	return conn
}

// begin sends the head of a request and half of its body, and returns the answer.
func begin(t *testing.T, c *apptest.Clinic, address, operation, header string) *http.Response {
	t.Helper()
	conn := dial(t, address)
	head := operation + " HTTP/1.1\r\nHost: " + address + "\r\n" + header +
		"\r\nContent-Length: 9\r\nContent-Type: application/json\r\n\r\n{"
	if _, err := io.WriteString(conn, head); err != nil {
		t.Fatal(err)
	}
	answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	c.Check(operation, answer)
	return answer
}

// delayBody sends the head of a request from an address, and waits until the server asks for the body. finish sends
// the body.
func delayBody(t *testing.T, c *apptest.Clinic, address string) (finish func()) {
	t.Helper()
	host := strings.TrimPrefix(c.URL, "http://")
	conn := dial(t, host)
	head := "POST /api/v1/auth/login HTTP/1.1\r\nHost: " + host + "\r\nX-Forwarded-For: " + address +
		"\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
	if _, err := io.WriteString(conn, head); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(conn)
	if line, err := in.ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 100") {
		t.Fatalf("%q %v", line, err)
	}
	if _, err := in.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	return func() {
		_, _ = io.WriteString(conn, "{}")
		answer, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Fatal(err)
		}
		_ = answer.Body.Close()
	}
}
