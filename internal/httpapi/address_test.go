package httpapi_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"amrutam/internal/apptest"
	"amrutam/internal/config"
	"amrutam/internal/httpapi"
)

func request(peer string, forwarded ...string) *http.Request {
	r := httptest.NewRequestWithContext(context.Background(), http.MethodGet, "/", nil)
	r.RemoteAddr = peer
	for _, f := range forwarded {
		r.Header.Add("X-Forwarded-For", f)
	}
	return r
}

var proxies = []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8"),
	netip.MustParsePrefix("127.0.0.1/32")}

func TestClientIP(t *testing.T) {
	t.Parallel()
	for _, one := range []struct {
		peer      string
		forwarded []string
		trusted   bool
		want      string
	}{
		{"203.0.113.7:1234", nil, false, "203.0.113.7"},
		{"203.0.113.7:1234", []string{"198.51.100.1"}, false, "203.0.113.7"},
		{"10.0.0.1:1234", []string{"198.51.100.1"}, false, "10.0.0.1"},
		{"[2001:db8::1]:1234", nil, false, "2001:db8::1"},
		{"[::ffff:203.0.113.7]:1234", nil, false, "203.0.113.7"},
		{"203.0.113.7", nil, false, "203.0.113.7"},
		{"@", nil, false, ""},
		{"", nil, true, ""},

		// not through a proxy, so the header may be forged
		{"203.0.113.7:1234", []string{"198.51.100.1"}, true, "203.0.113.7"},
		{"10.0.0.1:1234", nil, true, "10.0.0.1"},
		{"10.0.0.1:1234", []string{""}, true, "10.0.0.1"},
		{"10.0.0.1:1234", []string{"198.51.100.1"}, true, "198.51.100.1"},
		{"10.0.0.1:1234", []string{"  198.51.100.1  "}, true, "198.51.100.1"},
		// the left address was sent by the client itself
		{"10.0.0.1:1234", []string{"1.1.1.1, 198.51.100.1"}, true, "198.51.100.1"},
		{"10.0.0.1:1234", []string{"1.1.1.1, 198.51.100.1, 10.9.9.9"}, true, "198.51.100.1"},
		{"10.0.0.1:1234", []string{"1.1.1.1", "198.51.100.1", "10.9.9.9"}, true, "198.51.100.1"},
		{"10.0.0.1:1234", []string{"10.1.1.1, 10.2.2.2"}, true, "10.1.1.1"},
		{"10.0.0.1:1234", []string{"10.1.1.1, 198.51.100.1"}, true, "198.51.100.1"},
		{"10.0.0.1:1234", []string{"198.51.100.1, garbage"}, true, "10.0.0.1"},
		{"10.0.0.1:1234", []string{"garbage, 10.2.2.2"}, true, "10.2.2.2"},
		{"10.0.0.1:1234", []string{"198.51.100.1:5678"}, true, "10.0.0.1"},
		{"10.0.0.1:1234", []string{"[2001:db8::1]:80"}, true, "10.0.0.1"},
		{"10.0.0.1:1234", []string{"unknown"}, true, "10.0.0.1"},
		{"10.0.0.1:1234", []string{"2001:DB8:0::1"}, true, "2001:db8::1"},
		{"10.0.0.1:1234", []string{"fe80::1%eth0"}, true, "fe80::1"},
		{"10.0.0.1:1234", []string{"::ffff:198.51.100.1"}, true, "198.51.100.1"},
		{"10.0.0.1:1234", []string{"198.51.100.1, ::ffff:10.2.2.2"}, true, "198.51.100.1"},
		{"[::ffff:10.0.0.1]:1234", []string{"198.51.100.1"}, true, "198.51.100.1"},
		{"[fd00::1]:1234", []string{"198.51.100.1, fd00::2"}, true, "198.51.100.1"},
	} {
		var trusted []netip.Prefix
		if one.trusted {
			trusted = proxies
		}
		if got := httpapi.ClientIP(request(one.peer, one.forwarded...), trusted); got != one.want {
			t.Errorf("%s behind %v (trusted: %v) is %s, want %s", one.peer, one.forwarded, one.trusted, got, one.want)
		}
	}
}

// FuzzClientIP tests that the result is an address or "" for any header, and that addresses before the last untrusted
// one don't change it.
func FuzzClientIP(f *testing.F) {
	f.Add("10.0.0.1:1", "198.51.100.1", "1.1.1.1")
	f.Add("203.0.113.7:1", "garbage", "")
	f.Add("[::1]:1", "fe80::1%x, 10.0.0.1", "a, b")
	f.Fuzz(func(t *testing.T, peer, forwarded, spoofed string) {
		got := httpapi.ClientIP(request(peer, forwarded), proxies)
		if got == "" {
			return
		}
		if addr, err := netip.ParseAddr(got); err != nil || addr.Zone() != "" &&
			strings.Contains(forwarded, addr.Zone()) {
			t.Fatalf("%q", got)
		}
		with := httpapi.ClientIP(request("10.0.0.1:1", spoofed+",198.51.100.9,10.3.3.3"), proxies)
		if with != "198.51.100.9" {
			t.Errorf("%q changed the address to %s", spoofed, with)
		}
	})
}

func TestAuditLogHoldsClientIP(t *testing.T) {
	t.Parallel()
	for trusted, want := range map[string]string{"": "127.0.0.1", "127.0.0.0/8": "198.51.100.1"} {
		c := apptest.Open(t, func(cfg *config.Config) {
			if trusted != "" {
				cfg.TrustedProxies = []string{trusted}
			}
		})
		c.Do(c.Patient(), "GET", "users", nil, "X-Forwarded-For", "1.1.1.1, 198.51.100.1", "X-Real-Ip", "9.9.9.9",
			"Forwarded", "for=9.9.9.9").Want(403)
		var got string
		if err := c.DB.Pool.QueryRow(context.Background(),
			"SELECT host(ip_address::inet) FROM audit_logs WHERE action = 'access.deny'").Scan(&got); err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("the audit log has %s, want %s", got, want)
		}
	}
}

func TestRequestIDs(t *testing.T) {
	t.Parallel()
	for id, isValid := range map[string]bool{
		"0199f3a2-7c1e-7000-8000-000000000000": true, "a": true, "A_b.c:d-9": true, strings.Repeat("x", 128): true,
		"": false, strings.Repeat("x", 129): false, "a b": false, "a\nb": false, "a\x00": false, "<script>": false,
		`a"b`: false, "ä": false, "a%0a": false, "a=b": false,
	} {
		if httpapi.IsValidID(id) != isValid {
			t.Errorf("%q: %v", id, !isValid)
		}
	}
	c := apptest.Open(t)
	for sent, isUsed := range map[string]bool{
		"mine-42": true, "a b": false, "<b>": false, strings.Repeat("x", 200): false,
	} {
		for _, path := range []string{"/health/live", "/api/v1/nothing", "/api/v1/users/me", "/style.css"} {
			a := c.Do(apptest.User{}, "GET", path, nil, "X-Request-Id", sent)
			got := a.Header.Values("X-Request-Id")
			if len(got) != 1 || (got[0] == sent) != isUsed || got[0] == "" {
				t.Errorf("%s: sent %q, got %q", path, sent, got)
			}
			if a.Status >= 400 && a.Text("requestId") != got[0] {
				t.Errorf("%s: the body names %s", path, a.Text("requestId"))
			}
		}
	}
	if !strings.Contains(c.Log.String(), `"requestId":"mine-42"`) || strings.Contains(c.Log.String(), "<b>") {
		t.Error("the log does not have the id of the answer")
	}
}

func TestTraceparent(t *testing.T) {
	t.Parallel()
	const id = "4bf92f3577b34da6a3ce929d0e0e4736"
	for header, want := range map[string]string{
		"00-" + id + "-00f067aa0ba902b7-01":        id,
		"cc-" + id + "-00f067aa0ba902b7-01-future": id,
		"":                                  "",
		"garbage":                           "",
		"---":                               "",
		"ff-" + id + "-00f067aa0ba902b7-01": "",
		"00-" + strings.ToUpper(id) + "-00f067aa0ba902b7-01":                "",
		"00-" + strings.Repeat("0", 32) + "-00f067aa0ba902b7-01":            "",
		"00-" + id[:31] + "-00f067aa0ba902b7-01":                            "",
		"00-" + id[:31] + "\n-00f067aa0ba902b7-01":                          "",
		"00-" + id + "-00f067aa0ba902b7":                                    "",
		"00-" + id + "-short-01":                                            "",
		"00-" + strings.Repeat("ä", 16) + "-00f067aa0ba902b7-01":            "",
		"00-" + id + "-00f067aa0ba902b7-01, 00-" + id + "-00f067aa0ba902b7": id,
	} {
		if got := httpapi.TraceID(header); got != want {
			t.Errorf("%q: %q, want %q", header, got, want)
		}
	}
	c := apptest.Open(t)
	c.Do(apptest.User{}, "GET", "/health/live", nil, "Traceparent", "00-"+id+"-00f067aa0ba902b7-01").Want(200)
	if !strings.Contains(c.Log.String(), `"traceId":"`+id+`"`) {
		t.Error("the log has no trace id")
	}
}
