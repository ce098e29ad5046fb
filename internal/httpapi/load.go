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
	// queueFrom and queueMost are how many may wait, as multiples of those who are in: beyond the first some are
	// turned away, beyond the second all. A crowd that comes at one moment waits; one that keeps coming is bounded by
	// waitAtMost.
	queueFrom, queueMost = 5, 10
	// waitAtMost for a place: whoever waits longer is answered sooner by coming back.
	waitAtMost = 500 * time.Millisecond
	// staffPlaces and healthPlaces are kept beside everybody's.
	staffPlaces, healthPlaces = 8, 16
	// staffKnown is for how long a session is known as staff's after it was authenticated, at most staffSessions of
	// them.
	staffKnown, staffSessions = 15 * time.Minute, 1000
)

// lane says whose places a request may take.
type lane int

const (
	everybody lane = iota
	staff
	health
)

func (l lane) String() string { return [...]string{"everybody", "staff", "health"}[l] }

// errOverdue is why a request ended that took too long.
var errOverdue = errors.New("httpapi: the request took too long")

// Load bounds the requests that are worked on at once: as many as the machine does without getting slower, by an
// adaptive limit. A place is held while an answer is made, not while the body arrives or the answer leaves: slow
// clients hold none.
type Load struct {
	limiter adaptivelimiter.AdaptiveLimiter[any]
	places  map[lane]chan struct{}
	// staffs are the sessions of staff that were authenticated a while ago, by a hash that nobody else can make. A
	// client can't claim to be staff, and who isn't any more is known so until the next request.
	staffs *lru.Cache[uint64, time.Time]
	seed   maphash.Seed
	// within is how long the work on a request may take; its statements end with it.
	within time.Duration
}

// NewLoad lets in most requests at once at the most, half of them at the least, each for so long.
func NewLoad(most int, within time.Duration) *Load {
	staffs, err := lru.New[uint64, time.Time](staffSessions)
	if err != nil {
		panic(err) // the size is a constant
	}
	most = max(most, 1)
	least := uint(max(most/2, 1))
	return &Load{
		// The library would lower the limit while little goes on, and then turn a crowd away that comes at one moment.
		limiter: adaptivelimiter.NewBuilder[any]().WithLimits(least, uint(most), uint(most)).
			WithMaxLimitFunc(func(int) float64 { return float64(most) }).WithQueueing(queueFrom, queueMost).Build(),
		places: map[lane]chan struct{}{staff: make(chan struct{}, staffPlaces),
			health: make(chan struct{}, healthPlaces)}, staffs: staffs, seed: maphash.MakeSeed(), within: within,
	}
}

// Limit is how many are let in now, Waiting how many wait.
func (l *Load) Limit() int { return l.limiter.Limit() }

// Waiting is how many wait for a place.
func (l *Load) Waiting() int { return l.limiter.Queued() }

// lane of a request, before anything of it is believed.
func (l *Load) lane(r *http.Request, now time.Time) lane {
	if asksHealth(r) {
		return health
	}
	if at, known := l.staffs.Get(l.session(r)); known && now.Sub(at) < staffKnown {
		return staff
	}
	return everybody
}

func asksHealth(r *http.Request) bool {
	return r.URL.Path == "/health" || strings.HasPrefix(r.URL.Path, "/health/")
}

// session names what a request authenticates itself with.
func (l *Load) session(r *http.Request) uint64 {
	token := r.Header.Get("Authorization")
	if token == "" {
		if held := r.CookiesNamed(cookieName); len(held) > 0 {
			token = held[0].Value
		}
	}
	return maphash.String(l.seed, token)
}

// remember whether a session is staff's.
func (l *Load) remember(r *http.Request, isStaff bool, now time.Time) {
	if isStaff {
		l.staffs.Add(l.session(r), now)
	} else {
		l.staffs.Remove(l.session(r))
	}
}

// full tells whether there is no place, not even to wait for one.
func (l *Load) full(of lane) bool {
	if own := l.places[of]; own != nil && len(own) < cap(own) {
		return false
	}
	return of == health || !l.limiter.CanAcquirePermit()
}

// take a place. leave gives it back; counts says that how long it took tells something of the machine. Errors:
// problem.Busy, ctx's.
func (l *Load) take(ctx context.Context, of lane) (leave func(counts bool), err error) {
	if of != health {
		if permit, ok := l.limiter.TryAcquirePermit(); ok {
			return giveBack(permit), nil
		}
	}
	if own := l.places[of]; own != nil {
		select {
		case own <- struct{}{}:
			return func(bool) { <-own }, nil
		default:
		}
	}
	if of == health {
		return nil, problem.Busy
	}
	permit, err := l.limiter.AcquirePermitWithMaxWait(ctx, waitAtMost)
	switch {
	case errors.Is(err, adaptivelimiter.ErrExceeded):
		return nil, problem.Busy
	case err != nil:
		return nil, err
	}
	return giveBack(permit), nil
}

func giveBack(permit adaptivelimiter.Permit) func(bool) {
	return func(counts bool) {
		if counts {
			permit.Record()
		} else {
			permit.Drop()
		}
	}
}

// enter takes a place for the work on a request, and bounds the time of it. It is left when the answer begins, or with
// the request. Errors: problem.Busy, the context's.
func (a *API) enter(r *http.Request) error {
	req := requestOf(r.Context())
	if a.Load == nil || req.leave != nil {
		return nil
	}
	leave, err := a.Load.take(r.Context(), req.lane)
	if err != nil {
		return a.shed(req, err)
	}
	overdue := time.AfterFunc(a.Load.within, func() { req.cancel(errOverdue) })
	req.leave = func(status int) {
		overdue.Stop()
		// What was refused at once, or given up by the client, doesn't tell how long work takes.
		leave(status < http.StatusBadRequest || errors.Is(context.Cause(r.Context()), errOverdue))
		req.leave = func(int) {}
	}
	return nil
}

// shed counts a request that is turned away, and has it not logged: what is too much must not cost more. Clients come
// back at different times.
func (a *API) shed(req *request, err error) error {
	var busy *problem.Error
	if !errors.As(err, &busy) || !busy.Is(problem.Busy) {
		return err
	}
	a.Metrics.Shed.WithLabelValues(req.lane.String()).Inc()
	req.shed = true
	return busy.WithRetryAfter(time.Second + rand.N(2*time.Second)) //nolint:gosec // no secret: it spreads clients
}
