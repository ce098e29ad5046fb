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

// remembered callers of a server. Who comes back after so many others begins anew.
const remembered = 50_000

// Rate allows each caller so many requests a minute, all at once or spread. Each server counts for itself: what must
// be exact is counted in PostgreSQL, by package limit.
type Rate struct {
	policy  string
	perMin  int
	callers *lru.Cache[string, *rate.Limiter]
}

// NewRate makes a policy; its name is told in the headers.
func NewRate(policy string, perMinute int) *Rate {
	callers, err := lru.New[string, *rate.Limiter](remembered)
	if err != nil {
		panic(err) // the size is a constant
	}
	return &Rate{policy: policy, perMin: perMinute, callers: callers}
}

// take one request of the caller's, and tell them what is left (draft-ietf-httpapi-ratelimit-headers-10). Error:
// problem.TooManyRequests.
func (l *Rate) take(h http.Header, caller string, now time.Time) error {
	if l == nil {
		return nil
	}
	bucket := l.bucket(caller)
	allowed := bucket.AllowN(now, 1)
	left := max(bucket.TokensAt(now), 0)
	full := int(math.Ceil((float64(l.perMin) - left) * 60 / float64(l.perMin)))
	h.Set("RateLimit-Policy", `"`+l.policy+`";q=`+strconv.Itoa(l.perMin)+`;w=60`)
	h.Set("RateLimit", `"`+l.policy+`";r=`+strconv.Itoa(int(left))+`;t=`+strconv.Itoa(full))
	if allowed {
		return nil
	}
	return l.tooMany(left)
}

func (l *Rate) bucket(caller string) *rate.Limiter {
	bucket, known := l.callers.Get(caller)
	if known {
		return bucket
	}
	bucket = rate.NewLimiter(rate.Limit(float64(l.perMin)/60), l.perMin)
	if earlier, there, _ := l.callers.PeekOrAdd(caller, bucket); there {
		return earlier
	}
	return bucket
}

func (l *Rate) tooMany(left float64) error {
	return problem.TooManyRequests.WithRetryAfter(
		time.Duration((1 - left) * 60 / float64(l.perMin) * float64(time.Second)))
}

// failing does what only counts when it fails, and not at all once the caller failed too often: tries made at once
// can't fail more often than that. Errors: problem.TooManyRequests, or do's.
func (l *Rate) failing(caller string, now time.Time, do func() error) error {
	if l == nil {
		return do()
	}
	bucket := l.bucket(caller)
	if left := bucket.TokensAt(now); left < 1 {
		return l.tooMany(max(left, 0))
	}
	try := bucket.ReserveN(now, 1)
	if try.DelayFrom(now) > 0 { // another one took the last
		try.CancelAt(now)
		return l.tooMany(0)
	}
	err := do()
	if err == nil {
		try.CancelAt(now)
	}
	return err
}

// Network is what counts as one address: a subscriber has the whole /64 of an IPv6 one.
func Network(ip string) string {
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
