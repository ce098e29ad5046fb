package events

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
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
	// tellAfter is from a commit to the message that tells the servers to look for events: it tells of all commits
	// until then.
	tellAfter = 10 * time.Millisecond
	// lookEvery is how often a server with streams looks for events without a message: one that was killed after its
	// commit didn't send it, and a statement that a person types has none.
	lookEvery = 500 * time.Millisecond
)

// hub knows the open streams of this server, and wakes those of a user for whom there may be something to read. It
// listens on one connection, from the first stream on.
type hub struct {
	db         *postgres.DB
	log        *slog.Logger
	maxStreams int
	reads      chan struct{}

	mu      sync.Mutex
	users   map[uuid.UUID]map[*subscription]struct{}
	open    int
	closed  bool
	started bool // with the first stream
	// look tells to look for events. It has room for one signal.
	look chan struct{}
	// isTelling is set while a message waits to be sent.
	isTelling atomic.Bool
	// ctx ends with the hub, and running are what ends then.
	ctx     context.Context //nolint:containedctx // of goroutines that outlive the calls that start them
	stop    context.CancelFunc
	running sync.WaitGroup
}

// subscription is an open stream. wake has room for one signal, because one reading finds everything.
type subscription struct {
	user uuid.UUID
	wake chan struct{}
}

func newHub(db *postgres.DB, log *slog.Logger, maxStreams int) *hub {
	ctx, stop := context.WithCancel(context.Background())
	h := &hub{
		db: db, log: log, maxStreams: maxStreams, reads: make(chan struct{}, maxReads),
		users: map[uuid.UUID]map[*subscription]struct{}{}, look: make(chan struct{}, 1), ctx: ctx, stop: stop,
	}
	db.OnCommit(h.tell)
	return h
}

// add opens a stream of a user. Errors: ErrTooManyStreams, problem.Busy.
func (h *hub) add(user uuid.UUID) (*subscription, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.closed || h.open >= h.maxStreams:
		return nil, problem.Busy.WithDetail(detailTooManyStreams)
	case len(h.users[user]) >= maxPerUser:
		return nil, ErrTooManyStreams
	}
	if !h.started {
		h.started = true
		h.running.Go(h.listen)
		h.running.Go(h.watch)
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

// tell has all servers look for events soon, because a transaction has committed.
func (h *hub) tell() {
	if h.isTelling.Swap(true) {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return
	}
	h.running.Go(func() {
		select {
		case <-time.After(tellAfter):
		case <-h.ctx.Done():
		}
		h.isTelling.Store(false)
		ctx, cancel := context.WithTimeout(context.WithoutCancel(h.ctx), readTimeout)
		defer cancel()
		_ = h.db.Notify(ctx, channel) // the servers look without it too, a moment later
	})
}

// receive wakes the streams of the users whose ids a message has, separated by commas. Without any, it has the watch
// look for them.
func (h *hub) receive(message string) {
	if message == "" {
		signal(h.look)
		return
	}
	var users []uuid.UUID
	for text := range strings.SplitSeq(message, ",") {
		if user, err := uuid.Parse(text); err == nil { // else it isn't from our triggers
			users = append(users, user)
		}
	}
	h.wakeUsers(users)
}

// wakeAll wakes all streams, because messages may have been missed.
func (h *hub) wakeAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, subs := range h.users {
		for sub := range subs {
			signal(sub.wake)
		}
	}
}

// signal sends to a channel that has room for one signal, unless there is one.
func signal(to chan<- struct{}) {
	select {
	case to <- struct{}{}:
	default:
	}
}

// watch looks for events when it is told to and from time to time, and wakes the streams of their users.
func (h *hub) watch() {
	ticks := time.NewTicker(lookEvery)
	defer ticks.Stop()
	seen := "" // the snapshot of the last look
	for {
		select {
		case <-h.look:
		case <-ticks.C:
		case <-h.ctx.Done():
			return
		}
		if h.count() == 0 {
			seen = "" // streams that open read from where they are
			continue
		}
		if snapshot, err := h.wakeNew(seen); err == nil { // the next tick tries again
			seen = snapshot
		}
	}
}

// wakeNew wakes the streams of the users who have events that a snapshot doesn't see, and returns a new snapshot. If
// the old one is empty, or of a database that was restored since, it wakes all streams.
func (h *hub) wakeNew(seen string) (snapshot string, err error) {
	ctx, cancel := context.WithTimeout(h.ctx, readTimeout)
	defer cancel()
	var found findNewEventsRow
	err = h.db.Read(ctx, func(r *postgres.Read) (err error) {
		found, err = findNewEvents(ctx, r, seen)
		return err
	})
	switch {
	case err != nil:
		return "", err
	case seen == "" || isAhead(seen, found.Snapshot):
		h.wakeAll()
	default:
		h.wakeUsers(found.Users)
	}
	return found.Snapshot, nil
}

func (h *hub) wakeUsers(users []uuid.UUID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, user := range users {
		for sub := range h.users[user] {
			signal(sub.wake)
		}
	}
}

// listen receives messages. When the connection breaks it tries again, sooner at first.
func (h *hub) listen() {
	ctx := h.ctx
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

// close ends all streams, and waits until nothing of the hub runs any more.
func (h *hub) close() {
	h.mu.Lock()
	h.closed = true
	h.stop()
	h.mu.Unlock()
	h.running.Wait()
}
