package httpapi

import (
	"context"
	"errors"
	"hash/maphash"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/failsafe-go/failsafe-go/adaptivelimiter"
	lru "github.com/hashicorp/golang-lru/v2"

	"amrutam/internal/problem"
)

const (
	// queueStart and queueEnd are how many requests may wait, as multiples of those that run: above the first some are
	// refused, above the second all. So a burst of requests waits, and a lasting overload is limited by maxWait.
	queueStart, queueEnd = 5, 10
	// maxWait is how long a request waits for a permit. After that, trying again is quicker.
	maxWait = 500 * time.Millisecond
	// staffPermits and healthPermits are reserved, in addition to the permits for everybody.
	staffPermits, healthPermits = 8, 16
	// staffSessionAge is how long a session counts as one of staff after it was authenticated.
	staffSessionAge  = 15 * time.Minute
	maxStaffSessions = 1000
)

// lane says which permits a request may use.
type lane int

const (
	everybody lane = iota
	staff
	health
)

func (l lane) String() string { return [...]string{"everybody", "staff", "health"}[l] }

// errTimeout is the cause when a request's context ends because the work took too long.
var errTimeout = errors.New("httpapi: the request took too long")

// LoadLimit limits how many requests are worked on at once, to as many as the machine can do without getting slower. A
// request has a permit while its answer is made, not while its body arrives or its answer is sent: so slow clients use
// no permits.
type LoadLimit struct {
	limiter  adaptivelimiter.AdaptiveLimiter[any]
	reserved map[lane]chan struct{}
	// staffSessions are sessions that were authenticated as staff's, by a hash with a secret seed: clients can't claim
	// to be staff. The next request of a session that is no longer staff's removes it.
	staffSessions *lru.Cache[uint64, time.Time]
	seed          maphash.Seed
	// timeout of the work on a request; its statements end with it.
	timeout time.Duration
}

// NewLoadLimit returns a limit that adapts between half of maximum and maximum requests, each of which may take
// timeout.
func NewLoadLimit(maximum int, timeout time.Duration) *LoadLimit {
	staffSessions, err := lru.New[uint64, time.Time](maxStaffSessions)
	if err != nil {
		panic(err) // the size is a constant
	}
	maximum = max(maximum, 1)
	minimum := max(maximum/2, 1)
	// By default the library lowers the limit while there is little load, and then refuses a burst.
	keepMaximum := func(int) float64 { return float64(maximum) }
	limiter := adaptivelimiter.NewBuilder[any]().
		WithLimits(uint(minimum), uint(maximum), uint(maximum)).
		WithMaxLimitFunc(keepMaximum).
		WithQueueing(queueStart, queueEnd).
		Build()
	return &LoadLimit{
		limiter: limiter,
		reserved: map[lane]chan struct{}{
			staff:  make(chan struct{}, staffPermits),
			health: make(chan struct{}, healthPermits),
		},
		staffSessions: staffSessions,
		seed:          maphash.MakeSeed(),
		timeout:       timeout,
	}
}

// Limit returns how many requests may run now.
func (l *LoadLimit) Limit() int { return l.limiter.Limit() }

// Queued returns how many requests wait for a permit.
func (l *LoadLimit) Queued() int { return l.limiter.Queued() }

// laneOf returns the lane of a request that is not authenticated yet.
func (l *LoadLimit) laneOf(r *http.Request, now time.Time) lane {
	if isHealthProbe(r) {
		return health
	}
	if at, ok := l.staffSessions.Get(l.sessionHash(r)); ok && now.Sub(at) < staffSessionAge {
		return staff
	}
	return everybody
}

func isHealthProbe(r *http.Request) bool {
	return r.URL.Path == "/health" || strings.HasPrefix(r.URL.Path, "/health/")
}

// sessionHash hashes the credential of a request.
func (l *LoadLimit) sessionHash(r *http.Request) uint64 {
	token := r.Header.Get("Authorization")
	if token == "" {
		if cookies := r.CookiesNamed(cookieName); len(cookies) > 0 {
			token = cookies[0].Value
		}
	}
	return maphash.String(l.seed, token)
}

// recordSession records whether the session of an authenticated request is one of staff.
func (l *LoadLimit) recordSession(r *http.Request, isStaff bool, now time.Time) {
	if isStaff {
		l.staffSessions.Add(l.sessionHash(r), now)
	} else {
		l.staffSessions.Remove(l.sessionHash(r))
	}
}

// isFull tells whether a request of the lane would be refused: no permit is free, and the queue is full.
func (l *LoadLimit) isFull(of lane) bool {
	if reserved := l.reserved[of]; reserved != nil && len(reserved) < cap(reserved) {
		return false
	}
	return of == health || !l.limiter.CanAcquirePermit()
}

// acquire takes a permit. release returns it; isSample says whether the time since then shows how long work takes now,
// from which the limit adapts. Errors: problem.Busy, the context's.
func (l *LoadLimit) acquire(ctx context.Context, of lane) (release func(isSample bool), err error) {
	if of != health {
		if permit, ok := l.limiter.TryAcquirePermit(); ok {
			return releaseOf(permit), nil
		}
	}
	if reserved := l.reserved[of]; reserved != nil {
		select {
		case reserved <- struct{}{}:
			return func(bool) { <-reserved }, nil
		default:
		}
	}
	if of == health {
		return nil, problem.Busy
	}
	permit, err := l.limiter.AcquirePermitWithMaxWait(ctx, maxWait)
	switch {
	case errors.Is(err, adaptivelimiter.ErrExceeded):
		return nil, problem.Busy
	case err != nil:
		return nil, err
	}
	return releaseOf(permit), nil
}

func releaseOf(permit adaptivelimiter.Permit) func(isSample bool) {
	return func(isSample bool) {
		if isSample {
			permit.Record()
		} else {
			permit.Drop()
		}
	}
}

// startWork takes a permit for the work on a request and limits its time. The work ends when the answer begins, or
// with the request. Errors: problem.Busy, the context's.
func (a *API) startWork(r *http.Request) error {
	req := requestOf(r.Context())
	if a.Load == nil || req.endWork != nil {
		return nil
	}
	release, err := a.Load.acquire(r.Context(), req.lane)
	if err != nil {
		return a.shedRequest(req, err)
	}
	timer := time.AfterFunc(a.Load.timeout, func() { req.cancel(errTimeout) })
	req.endWork = func(status int) {
		timer.Stop()
		// Requests that were refused at once or cancelled by the client don't show how long work takes.
		release(status < http.StatusBadRequest || errors.Is(context.Cause(r.Context()), errTimeout))
		req.endWork = func(int) {}
	}
	return nil
}

// shedRequest counts a request that is refused because of the load, and returns problem.Busy for it. Such a request is
// not logged, because refusing must be cheap. Other errors are returned unchanged.
func (a *API) shedRequest(req *request, err error) error {
	var busy *problem.Error
	if !errors.As(err, &busy) || !busy.Is(problem.Busy) {
		return err
	}
	a.Metrics.Shed.WithLabelValues(req.lane.String()).Inc()
	req.isShed = true
	// A random wait, so that clients don't all come back at the same time.
	return busy.WithRetryAfter(time.Second + rand.N(2*time.Second)) //nolint:gosec // not a secret
}
