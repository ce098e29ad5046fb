package httpapi

import (
	"sync"
	"time"

	"amrutam/internal/problem"
)

// UnderWay bounds how many requests of a caller are under way at a time, those included whose body hasn't arrived.
// Each server counts for itself.
type UnderWay struct {
	most int
	mu   sync.Mutex
	now  map[string]int
}

// NewUnderWay lets a caller have so many.
func NewUnderWay(most int) *UnderWay { return &UnderWay{most: most, now: map[string]int{}} }

// enter counts one more until leave is called. Error: problem.TooManyRequests. A nil bound is none.
func (u *UnderWay) enter(caller string) (leave func(), err error) {
	if u == nil {
		return func() {}, nil
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.now[caller] >= u.most {
		return nil, problem.TooManyRequests.WithDetail("As many of your requests are under way as may be at a time.").
			WithRetryAfter(time.Second)
	}
	u.now[caller]++
	return func() { u.leave(caller) }, nil
}

func (u *UnderWay) leave(caller string) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.now[caller]--; u.now[caller] == 0 {
		delete(u.now, caller)
	}
}
