package httpapi

import (
	"math"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/time/rate"

	"amrutam/internal/problem"
)

// maxCallers is how many callers a server counts at once. The one that was away longest is dropped first, and begins
// again with all its requests.
const maxCallers = 50_000

// RateLimit allows each caller a number of requests a minute, all at once or spread. Each server counts for itself:
// package limit counts in PostgreSQL what must be exact.
type RateLimit struct {
	name      string
	perMinute int
	callers   *lru.Cache[string, *rate.Limiter]
}

// NewRateLimit returns a limit. Its name appears in the RateLimit headers.
func NewRateLimit(name string, perMinute int) *RateLimit {
	callers, err := lru.New[string, *rate.Limiter](maxCallers)
	if err != nil {
		panic(err) // the size is a constant
	}
	return &RateLimit{name: name, perMinute: perMinute, callers: callers}
}

// allow counts one request of the caller, and sets the headers that say how many are left
// (draft-ietf-httpapi-ratelimit-headers-10). Error: problem.TooManyRequests. A nil limit allows everything.
func (l *RateLimit) allow(h http.Header, caller string, now time.Time) error {
	if l == nil {
		return nil
	}
	bucket := l.bucket(caller)
	allowed := bucket.AllowN(now, 1)
	left := max(bucket.TokensAt(now), 0)
	secondsToFull := int(math.Ceil((float64(l.perMinute) - left) * 60 / float64(l.perMinute)))
	h.Set("RateLimit-Policy", `"`+l.name+`";q=`+strconv.Itoa(l.perMinute)+`;w=60`)
	h.Set("RateLimit", `"`+l.name+`";r=`+strconv.Itoa(int(left))+`;t=`+strconv.Itoa(secondsToFull))
	if allowed {
		return nil
	}
	return l.refusal(left)
}

// bucket returns the caller's bucket, a full one for a new caller.
func (l *RateLimit) bucket(caller string) *rate.Limiter {
	if bucket, ok := l.callers.Get(caller); ok {
		return bucket
	}
	bucket := rate.NewLimiter(rate.Limit(float64(l.perMinute)/60), l.perMinute)
	if earlier, ok, _ := l.callers.PeekOrAdd(caller, bucket); ok {
		return earlier
	}
	return bucket
}

// refusal asks the caller to wait until one token is there. left is a fraction of a token.
func (l *RateLimit) refusal(left float64) error {
	seconds := (1 - left) * 60 / float64(l.perMinute)
	return problem.TooManyRequests.WithRetryAfter(time.Duration(seconds * float64(time.Second)))
}

// limitFailures runs do, and counts it only if it fails. Once the caller has failed too often, do is not run. It
// reserves a token first, so concurrent calls can't fail more often than allowed.
// Errors: problem.TooManyRequests, or what do returns.
func (l *RateLimit) limitFailures(caller string, now time.Time, do func() error) error {
	if l == nil {
		return do()
	}
	bucket := l.bucket(caller)
	if left := bucket.TokensAt(now); left < 1 {
		return l.refusal(max(left, 0))
	}
	reservation := bucket.ReserveN(now, 1)
	if reservation.DelayFrom(now) > 0 { // a concurrent call took the last token
		reservation.CancelAt(now)
		return l.refusal(0)
	}
	err := do()
	if err == nil {
		reservation.CancelAt(now)
	}
	return err
}

// SubscriberNetwork returns what counts as one address: an IPv6 address counts with its whole /64, which one
// subscriber has.
func SubscriberNetwork(ip string) string {
	addr, err := netip.ParseAddr(ip)
	if err != nil || addr.Unmap().Is4() {
		return ip
	}
	prefix, err := addr.Prefix(64)
	if err != nil {
		return ip
	}
	return prefix.String()
}
