package events

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

const (
	// firstPause and longestPause are between attempts to listen, while the database is away.
	firstPause, longestPause = 100 * time.Millisecond, 3 * time.Second
	// maxReads is how many streams read at a time. After the database was away all of them want to.
	maxReads = 4
)

// hub knows the open streams of this server, and wakes those of a user for whom there may be something to read. It
// listens on one connection, from the first stream on.
type hub struct {
	db         *postgres.DB
	log        *slog.Logger
	maxStreams int
	reads      chan struct{}

	mu    sync.Mutex
	users map[uuid.UUID]map[*subscription]struct{}
	open  int
	// stop ends the listener; nil before the first stream.
	stop   context.CancelFunc
	closed bool
	// ended is closed with the hub, stopped when the listener has ended.
	ended, stopped chan struct{}
}

// subscription is an open stream. wake has room for one signal, because one reading finds everything.
type subscription struct {
	user uuid.UUID
	wake chan struct{}
}

func newHub(db *postgres.DB, log *slog.Logger, maxStreams int) *hub {
	return &hub{
		db: db, log: log, maxStreams: maxStreams, reads: make(chan struct{}, maxReads),
		users: map[uuid.UUID]map[*subscription]struct{}{},
		ended: make(chan struct{}), stopped: make(chan struct{}),
	}
}

// add opens a stream of a user. Errors: ErrTooManyStreams, problem.Busy.
func (h *hub) add(user uuid.UUID) (*subscription, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.closed || h.open >= h.maxStreams:
		return nil, problem.Busy.WithDetail("The server has as many streams open as it can.")
	case len(h.users[user]) >= maxPerUser:
		return nil, ErrTooManyStreams
	}
	if h.stop == nil {
		ctx, cancel := context.WithCancel(context.Background())
		h.stop = cancel
		go h.listen(ctx)
	}
	if h.users[user] == nil {
		h.users[user] = map[*subscription]struct{}{}
	}
	sub := &subscription{user: user, wake: make(chan struct{}, 1)}
	h.users[user][sub] = struct{}{}
	h.open++
	return sub, nil
}

func (h *hub) remove(sub *subscription) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.users[sub.user], sub)
	if len(h.users[sub.user]) == 0 {
		delete(h.users, sub.user)
	}
	h.open--
}

func (h *hub) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.open
}

// receive wakes the streams of the users whose ids a message has, separated by commas.
func (h *hub) receive(message string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for text := range strings.SplitSeq(message, ",") {
		user, err := uuid.Parse(text)
		if err != nil {
			continue // not from our triggers
		}
		for sub := range h.users[user] {
			sub.signal()
		}
	}
}

// wakeAll wakes all streams, because messages may have been missed.
func (h *hub) wakeAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, subs := range h.users {
		for sub := range subs {
			sub.signal()
		}
	}
}

func (s *subscription) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// listen receives messages until ctx ends. When the connection breaks it tries again, sooner at first.
func (h *hub) listen(ctx context.Context) {
	defer close(h.stopped)
	for wait := firstPause; ; wait = min(2*wait, longestPause) {
		err := h.db.Listen(ctx, channel, func() {
			wait = firstPause
			h.wakeAll()
		}, h.receive)
		if ctx.Err() != nil {
			return
		}
		h.log.WarnContext(ctx, "streams of events wait for the database", "error", postgres.Describe(err))
		select {
		case <-time.After(wait/2 + rand.N(wait/2)): //nolint:gosec // not a secret
		case <-ctx.Done():
			return
		}
	}
}

// close ends all streams and the listener.
func (h *hub) close() {
	h.mu.Lock()
	if !h.closed {
		h.closed = true
		close(h.ended)
		if h.stop == nil {
			close(h.stopped)
		} else {
			h.stop()
		}
	}
	h.mu.Unlock()
	<-h.stopped
}
