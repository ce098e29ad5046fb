package httpapi

import (
	"sync"
	"time"

	"amrutam/internal/problem"
)

// ConcurrencyLimit limits how many requests of a caller run at the same time, including those whose body has not
// arrived yet. Each server counts for itself.
type ConcurrencyLimit struct {
	max     int
	mu      sync.Mutex
	running map[string]int
}

// NewConcurrencyLimit returns a limit of maximum requests for each caller.
func NewConcurrencyLimit(maximum int) *ConcurrencyLimit {
	return &ConcurrencyLimit{max: maximum, running: map[string]int{}}
}

// acquire counts one more request of the caller, until release is called. Error: problem.TooManyRequests.
// A nil limit allows everything.
func (l *ConcurrencyLimit) acquire(caller string) (release func(), err error) {
	if l == nil {
		return func() {}, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running[caller] >= l.max {
		return nil, problem.TooManyRequests.WithDetail(detailConcurrent).
			WithRetryAfter(time.Second)
	}
	l.running[caller]++
	return func() { l.release(caller) }, nil
}

func (l *ConcurrencyLimit) release(caller string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.running[caller]--; l.running[caller] == 0 {
		delete(l.running, caller)
	}
}
