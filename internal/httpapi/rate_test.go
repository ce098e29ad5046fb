package httpapi_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"amrutam/internal/apptest"
	"amrutam/internal/config"
)

// TestRateLimits tests the limits of a user and of an address, and the headers that say what is left.
func TestRateLimits(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t, func(cfg *config.Config) {
		cfg.RateLimit, cfg.RatePerUser, cfg.RatePerAddress, cfg.TrustedProxies = "on", 6, 20, []string{"127.0.0.0/8"}
	})
	from := func(u apptest.User, path, address string) *apptest.Answer {
		return c.Do(u, "GET", path, nil, "X-Forwarded-For", address)
	}
	patient, other := c.Patient(), c.Patient()
	for i := range 6 {
		a := from(patient, "users/me", "203.0.113."+strconv.Itoa(i)).Want(200)
		if got := a.Header.Get("RateLimit"); !strings.HasPrefix(got, `"user";r=`+strconv.Itoa(5-i)+";t=") ||
			a.Header.Get("RateLimit-Policy") != `"user";q=6;w=60` {
			t.Errorf("request %d: %s %s", i, got, a.Header.Get("RateLimit-Policy"))
		}
	}
	refused := from(patient, "users/me", "203.0.113.7").Want(429, "too-many-requests")
	if after, err := strconv.Atoi(refused.Header.Get("Retry-After")); err != nil || after < 1 || after > 10 {
		t.Errorf("Retry-After is %s", refused.Header.Get("Retry-After"))
	}
	from(other, "users/me", "203.0.113.7").Want(200)
	c.Clock.Advance(11 * time.Second)
	from(patient, "users/me", "203.0.113.7").Want(200)
	from(patient, "users/me", "203.0.113.7").Want(429)

	for i := range 20 {
		address := "2001:db8:1:2::" + strconv.Itoa(i)
		a := from(apptest.User{}, "doctors", address).Want(200)
		if got := a.Header.Get("RateLimit"); !strings.HasPrefix(got, `"address";r=`+strconv.Itoa(19-i)+";t=") {
			t.Errorf("request %d: %s", i, got)
		}
	}
	from(apptest.User{}, "doctors", "2001:db8:1:2::ffff").Want(429)
	from(apptest.User{Token: "at_guessed"}, "users/me", "2001:db8:1:2::ffff").Want(429)
	from(apptest.User{}, "doctors", "2001:db8:1:3::1").Want(200)
	for range 30 {
		if a := from(apptest.User{}, "/health/live", "2001:db8:1:2::ffff"); a.Status == 429 ||
			a.Header.Get("RateLimit") != "" {
			t.Fatalf("health is limited: %d", a.Status)
		}
	}
}
