package events

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"amrutam/internal/access"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

const (
	// beatEvery is how often a comment is sent. Proxies close what is silent for a minute.
	beatEvery = 20 * time.Second
	// retryAfter is how long a client waits before it connects again.
	retryAfter = 2 * time.Second
	// maxBatch is how many events are read at a time, within readTimeout.
	maxBatch    = 100
	readTimeout = 5 * time.Second
)

// StreamRequest says where a stream goes on.
type StreamRequest struct {
	LastEventID string `header:"Last-Event-ID" text:"opaque" maxLength:"2000" doc:"The id of the last event that you have: the stream goes on after it. Browsers send it by themselves" example:"eyJzIjoiNzQwOjc0MDoiLCJ0IjoiMjAyNi0xMS0yM1QwNDo0NTowMFoifWxpa2UgdGhpcw"`
}

// Open opens a stream of the actor's events, from now on or from where an earlier one ended. If that is too long ago,
// or unknown, its first event is a Reset. Errors: ErrTooManyStreams, problem.Busy, problem.Unauthenticated.
func (s *Service) Open(ctx context.Context, actor access.Actor, in StreamRequest) (func(*httpapi.EventStream),
	error) {
	sub, err := s.hub.add(actor.ID)
	if err != nil {
		return nil, err
	}
	st := &stream{Service: s, actor: actor, subscription: sub}
	first, err := st.begin(ctx, in.LastEventID)
	if err != nil {
		s.hub.remove(sub)
		return nil, err
	}
	return func(out *httpapi.EventStream) {
		defer s.hub.remove(sub)
		st.send(ctx, out, first)
	}, nil
}

// stream is one client's stream. Between two messages for its user it asks the database nothing.
type stream struct {
	*Service
	*subscription
	actor access.Actor
	// cursor is behind the last event that was read. hasMore is set if there were more than fit into a batch.
	cursor  cursor
	hasMore bool
}

// begin reads the first events.
func (st *stream) begin(ctx context.Context, lastID string) ([]httpapi.ServerEvent, error) {
	from, isUsable := decode(st.Cursors, st.actor.ID, lastID, st.DB.Now())
	if isUsable {
		st.cursor = from
	}
	events, err := st.read(ctx)
	if err != nil {
		return nil, err
	}
	if lastID == "" || (isUsable && !isAhead(from.Seen, st.cursor.Seen)) {
		return events, nil
	}
	now := st.DB.Now()
	st.cursor = cursor{Seen: st.cursor.Seen, At: now}
	st.hasMore = false
	return []httpapi.ServerEvent{{ID: st.id(), Type: string(Reset), Data: Event{Type: Reset, At: now}}}, nil
}

// id is where the stream goes on, for the client.
func (st *stream) id() string { return st.cursor.encode(st.Cursors, st.actor.ID) }

// send sends the first events, and then what comes, until the stream ends: the client or the server is gone, the token
// expires, or the session may no longer do this.
func (st *stream) send(ctx context.Context, out *httpapi.EventStream, first []httpapi.ServerEvent) {
	id := st.id()
	if len(first) > 0 { // they aren't sent yet
		id = ""
	}
	if out.Open(retryAfter, id) != nil || st.write(out, first) != nil {
		return
	}
	beat := time.NewTicker(beatEvery)
	defer beat.Stop()
	expiry := time.NewTimer(st.actor.TokenExpiresAt.Sub(st.DB.Now()))
	defer expiry.Stop()
	again := time.NewTimer(0)
	defer again.Stop()
	if !st.hasMore {
		again.Stop()
	}
	for {
		select {
		case <-st.wake:
		case <-again.C:
		case <-beat.C:
			if !st.DB.Now().Before(st.actor.TokenExpiresAt) || out.Beat() != nil {
				return
			}
			continue
		case <-expiry.C:
			return
		case <-st.hub.ctx.Done():
			return
		case <-ctx.Done():
			return
		}
		events, err := st.read(ctx)
		switch {
		case errors.Is(err, problem.Unauthenticated) || ctx.Err() != nil:
			return
		case err != nil: // the hub wakes all when the database is back; this is for the rest
			again.Reset(time.Second + rand.N(time.Second)) //nolint:gosec // not a secret
			continue
		}
		if st.write(out, events) != nil {
			return
		}
		if st.hasMore {
			again.Reset(0)
		}
	}
}

func (st *stream) write(out *httpapi.EventStream, events []httpapi.ServerEvent) error {
	if len(events) == 0 {
		return nil
	}
	if err := out.Send(events); err != nil {
		return err
	}
	st.Metrics.StreamEvents.Add(float64(len(events)))
	return nil
}

// read reads what is new, and moves the cursor behind it. Errors: problem.Unauthenticated if the token has expired or
// its session may no longer do this.
func (st *stream) read(ctx context.Context) ([]httpapi.ServerEvent, error) {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	select {
	case st.hub.reads <- struct{}{}:
		defer func() { <-st.hub.reads }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	var rows []readStreamRow
	var now time.Time
	err := st.DB.Read(ctx, func(r *postgres.Read) (err error) {
		now = r.Now
		rows, err = readStream(ctx, r, readStreamParams{
			SessionID: st.actor.SessionID, UserID: st.actor.ID, Role: st.actor.Role, Now: now,
			Proven: !st.actor.SecondFactorAt.IsZero(), HadFactor: st.actor.HasFactor,
			Seen: st.cursor.Seen, Until: st.cursor.Until, After: st.cursor.After, Most: maxBatch,
		})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read a stream: %w", err)
	}
	if !rows[0].Live || !st.DB.Now().Before(st.actor.TokenExpiresAt) {
		return nil, problem.Unauthenticated
	}
	return st.take(rows, now), nil
}

// take returns the events of rows, and moves the cursor behind them.
func (st *stream) take(rows []readStreamRow, now time.Time) []httpapi.ServerEvent {
	// What was new when until was taken is sent first; only after that there can be something newer.
	until, at := st.cursor.Until, st.cursor.At
	st.hasMore = until != ""
	if until == "" {
		until, at = rows[0].Snapshot, now
	}
	if rows[0].ID == 0 {
		st.cursor = cursor{Seen: until, At: at}
		return nil
	}
	events := make([]httpapi.ServerEvent, len(rows))
	for i, row := range rows {
		var e Event
		_ = json.Unmarshal(row.Payload, &e) // what can't be read is left out: the client reads anew what is there
		e.Type, e.At = Type(row.Type), row.CreatedAt
		st.cursor.Until, st.cursor.After = until, row.ID
		if i == len(rows)-1 {
			if len(rows) < maxBatch {
				st.cursor = cursor{Seen: until, At: at}
			} else {
				st.hasMore = true
			}
		}
		events[i] = httpapi.ServerEvent{ID: st.id(), Type: row.Type, Data: e}
	}
	return events
}
