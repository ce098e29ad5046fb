package httpapi_test

import (
	"context"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
	"amrutam/internal/config"
	"amrutam/internal/httpapi"
)

// shedCount returns how many requests of a lane were refused.
func shedCount(t *testing.T, c *apptest.Clinic, lane string) (n float64) {
	t.Helper()
	families, err := c.App.Metrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, family := range families {
		for _, m := range family.GetMetric() {
			if family.GetName() == "amrutam_http_requests_shed_total" && m.GetLabel()[0].GetValue() == lane {
				n += m.GetCounter().GetValue()
			}
		}
	}
	return n
}

// TestOverload tests that requests are refused while every permit is used and the queue is full, without a query and
// without a log line. Probes and staff have reserved permits. After the overload all requests work again.
func TestOverload(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t, func(cfg *config.Config) { cfg.MaxInFlight = 1 })
	entered, open := make(chan bool, 100), make(chan bool)
	finish := sync.OnceFunc(func() { close(open) })
	t.Cleanup(finish) // a test that fails doesn't wait for ever
	httpapi.Handle(c.App.API, httpapi.Op{
		Method: "GET", Path: "/probe/slow", ID: "probe-slow", Tag: "probes",
		Summary: "Wait",
		Roles:   access.Public,
		Root:    true,
	},
		func(context.Context, access.Actor, struct{}) (httpapi.None, error) {
			entered <- true
			<-open
			return httpapi.None{}, nil
		})
	patient, admin := c.Patient(), c.Admin()
	c.Get(admin, "users").Want(200) // from now on the session is known as one of staff
	var all sync.WaitGroup
	all.Go(func() { c.Get(nobody, "/probe/slow").Want(200) })
	<-entered

	before := c.Log.String()
	for _, try := range []struct{ method, path string }{
		{"GET", "users/me"}, {"POST", "auth/login"}, {"POST", "consultations"}, {"POST", "payments/webhook/stub"},
		{"GET", "doctors"}, {"GET", "/problems/busy"}, {"GET", "/verify-email"},
	} {
		a := c.Do(patient, try.method, try.path, nil, "Idempotency-Key", "key").Want(503, "busy")
		if wait, err := strconv.Atoi(a.Header.Get("Retry-After")); err != nil || wait < 1 || wait > 3 {
			t.Errorf("%s: Retry-After is %q", try.path, a.Header.Get("Retry-After"))
		}
	}
	if n := shedCount(t, c, "everybody"); n != 7 {
		t.Errorf("%v were counted, want 7", n)
	}
	if after := c.Log.String(); after != before {
		t.Errorf("they are logged: %s", strings.TrimPrefix(after, before))
	}
	for range 3 {
		c.Get(nobody, "/health/ready").Want(200)
		c.Get(nobody, "/health/live").Want(200)
		c.Get(admin, "users").Want(200)
	}
	if n := shedCount(t, c, "staff") + shedCount(t, c, "health"); n != 0 {
		t.Errorf("%v requests with reserved permits were refused", n)
	}
	finish()
	all.Wait()
	c.Get(patient, "users/me").Want(200)
}

// TestStaffPermits tests that the permits of staff are not for made-up, unknown, ended or old sessions.
func TestStaffPermits(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t, func(cfg *config.Config) { cfg.MaxInFlight = 1 })
	entered, open := make(chan bool, 100), make(chan bool)
	finish := sync.OnceFunc(func() { close(open) })
	t.Cleanup(finish) // a test that fails doesn't wait for ever
	httpapi.Handle(c.App.API, httpapi.Op{
		Method: "GET", Path: "/probe/slow", ID: "probe-slow", Tag: "probes",
		Summary: "Wait",
		Roles:   access.Public,
		Root:    true,
	},
		func(context.Context, access.Actor, struct{}) (httpapi.None, error) {
			entered <- true
			<-open
			return httpapi.None{}, nil
		})
	ended, unknown, admin := c.Support(), c.Admin(), c.Admin()
	c.Get(ended, "users").Want(200)
	c.Get(admin, "users").Want(200)
	if _, err := c.DB.Pool.Exec(context.Background(), "UPDATE sessions SET ended_at = now() WHERE user_id = $1",
		ended.ID); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() { c.Get(nobody, "/probe/slow").Want(200) })
	<-entered
	c.Get(ended, "users").Want(401) // this request removes the session from those of staff
	for name, user := range map[string]apptest.User{"ended": ended, "not seen yet": unknown,
		"made up": {Token: "at_staff"}} {
		if a := c.Get(user, "users"); a.Status != 503 {
			t.Errorf("%s: %d", name, a.Status)
		}
	}
	c.Get(admin, "users").Want(200)
	c.Clock.Advance(16 * time.Minute)
	c.Get(admin, "users").Want(503)
	finish()
	all.Wait()
}

// TestSlowClientsTakeNoPermit tests that a request has no permit while its body arrives.
func TestSlowClientsTakeNoPermit(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t, func(cfg *config.Config) { cfg.MaxInFlight = 1 })
	body, write := io.Pipe()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, c.URL+"/verify-email", body)
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	all.Go(func() {
		if answer, err := c.Client().Do(r); err == nil {
			_ = answer.Body.Close()
		}
	})
	_, _ = write.Write([]byte("token=")) // returns when the client is sending the body
	for range 3 {
		c.Get(c.Patient(), "users/me").Want(200)
	}
	_ = write.Close()
	all.Wait()
}

// TestRequestTimeout tests that the timeout of a request cancels its statement, and that the answer is 503.
func TestRequestTimeout(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t, func(cfg *config.Config) { cfg.RequestWithin = time.Second })
	lock, err := c.DB.Pool.Begin(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := lock.Exec(context.Background(), "LOCK TABLE doctors"); err != nil {
		t.Fatal(err)
	}
	c.Get(nobody, "doctors").Want(503, "busy")
	if err := lock.Rollback(context.Background()); err != nil {
		t.Fatal(err)
	}
	c.Get(nobody, "doctors").Want(200)
}

// TestBurstWaits tests that requests which come at the same time wait and are not refused.
func TestBurstWaits(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient := c.Patient()
	var all sync.WaitGroup
	for range 40 {
		all.Go(func() {
			if a := c.Get(patient, "users/me"); a.Status != 200 {
				t.Errorf("status %d", a.Status)
			}
		})
	}
	all.Wait()
}

// TestPagesAreRateLimited tests that pages and unknown paths have the rate limit of operations.
func TestPagesAreRateLimited(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t, func(cfg *config.Config) {
		cfg.RateLimit, cfg.RatePerAddress, cfg.TrustedProxies = "on", 5, []string{"127.0.0.0/8"}
	})
	for i, path := range []string{"/openapi.json", "/docs/", "/problems/busy", "/verify-email?token=x", "/nothing",
		"/api/v1/nothing", "/dev/mailbox", "/style.css"} {
		address := "203.0.113." + strconv.Itoa(i)
		// On a slow machine a token may come back before the sixth request.
		refused := 0
		for n := 0; n < 60 && refused == 0; n++ {
			if c.Do(nobody, "GET", path, nil, "X-Forwarded-For", address).Status == http.StatusTooManyRequests {
				refused = n + 1
			}
		}
		if refused < 6 {
			t.Errorf("%s: request %d is the first that is refused; 0: none", path, refused)
		}
	}
}

// TestHosts tests that only the server's own names are served, in development too (DNS rebinding).
func TestHosts(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t, func(cfg *config.Config) {
		cfg.Hosts, cfg.PublicURL = []string{"amrutam.internal"}, "https://care.example"
	})
	get := func(host, path string) int {
		t.Helper()
		return sendRaw(t, c, "GET "+path+" HTTP/1.1\r\nHost: "+host+"\r\nConnection: close\r\n\r\n").StatusCode
	}
	for _, path := range []string{"/dev/mailbox", "/dev/mailbox.json", "/api/v1/doctors", "/openapi.json",
		"/verify-email", "/api/v1/nothing"} {
		for _, host := range []string{"evil.example", "evil.example:8080", "localhost.evil.example",
			"127.0.0.1.evil.example", "203.0.113.7", "care.example.evil.example", "[2001:db8::1]", "care.example:evil",
			"localhost:80x", "localhost:99999", "[::1]:-1"} {
			if got := get(host, path); got != 421 {
				t.Errorf("%s at %s: %d", path, host, got)
			}
		}
	}
	for _, host := range []string{"localhost", "LOCALHOST:9999", "localhost.", "127.0.0.1", "127.0.0.1:1", "[::1]",
		"[::1]:8080", "care.example", "Care.Example:443", "amrutam.internal", "localhost:"} {
		if got := get(host, "/style.css"); got != 200 {
			t.Errorf("%s: %d", host, got)
		}
	}
	for _, path := range []string{"/health", "/health/live", "/health/ready"} {
		if got := get("10.1.2.3:8080", path); got != 200 {
			t.Errorf("%s by an address: %d", path, got)
		}
	}
}

// TestLogHoldsCoarseNetwork tests that the log has the network of a client and not the address.
func TestLogHoldsCoarseNetwork(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t, func(cfg *config.Config) { cfg.TrustedProxies = []string{"127.0.0.0/8"} })
	for from, logged := range map[string]string{"203.0.113.77": "203.0.113.0/24",
		"2001:db8:1:2::77": "2001:db8:1::/48", "::ffff:198.51.100.77": "198.51.100.0/24"} {
		c.Do(nobody, "GET", "doctors", nil, "X-Forwarded-For", from).Want(200)
		if text := c.Log.String(); !strings.Contains(text, `"network":"`+logged+`"`) || strings.Contains(text, from) {
			t.Errorf("%s: %s", from, text)
		}
	}
}

func TestHSTS(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t, func(cfg *config.Config) { cfg.HSTSSubdomains = true })
	got := c.Get(nobody, "doctors").Header.Get("Strict-Transport-Security")
	if got != "max-age=31536000; includeSubDomains" {
		t.Errorf("%q", got)
	}
}
