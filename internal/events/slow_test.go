package events_test

import (
	"bytes"
	"net"
	"net/url"
	"runtime"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
)

// ofHub is how many goroutines a hub has after its first stream: one listens, one looks for events.
const ofHub = 2

// serving counts the goroutines that send events or wait for them. Tests that use it don't run beside others.
func serving(t *testing.T) (n int) {
	t.Helper()
	var stacks bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&stacks, 2); err != nil {
		t.Fatal(err)
	}
	for stack := range strings.SplitSeq(stacks.String(), "\n\n") {
		if strings.Contains(stack, "amrutam/internal/events.") || strings.Contains(stack, ").sendStream(") {
			n++
		}
	}
	return n
}

// openDeaf opens a stream of a user who never reads it.
func openDeaf(t *testing.T, c *apptest.Clinic, user apptest.User) {
	t.Helper()
	address, err := url.Parse(c.URL)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", address.Host)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if tcp, ok := conn.(*net.TCPConn); !ok || tcp.SetReadBuffer(4096) != nil {
		t.Fatal("the client's buffer can't be made small")
	}
	_, err = conn.Write([]byte("GET /api/v1/events HTTP/1.1\r\nHost: " + address.Host + "\r\nAuthorization: Bearer " +
		user.Token + "\r\n\r\n"))
	if err != nil {
		t.Fatal(err)
	}
}

// flood stores many large events of a user in one transaction.
func flood(t *testing.T, c *apptest.Clinic, user uuid.UUID, events int) {
	t.Helper()
	tx := begin(t, c)
	_, err := tx.Exec(t.Context(), `INSERT INTO events (user_id, type, payload, created_at)
		SELECT $1, 'offer.changed', jsonb_build_object('status', repeat('x', 2000)), now()
		FROM generate_series(1, $2)`,
		user, events)
	if err != nil {
		t.Fatal(err)
	}
	publish(t, tx, user, "last")
	commit(t, tx)
}

// Clients that never read are ended when a write takes too long. Until then they take the memory of a batch each, hold
// up nobody else, and leave nothing behind.
func TestDeafClientsAreDropped(t *testing.T) { //nolint:paralleltest // it looks at the goroutines and the memory
	const deaf, events = 5, 4000 // twice what the kernel keeps of a connection
	c := apptest.Open(t)
	user, other := c.Patient(), c.Patient()
	s := open(t, c, other, "")
	<-s.opened
	for range deaf {
		openDeaf(t, c, user)
	}
	c.Await("open", func() bool { return openStreams(t, c) == deaf+1 })
	before := heap()
	flood(t, c, user.ID, events)
	for _, status := range []string{"one", "two", "three"} {
		tx := begin(t, c)
		publish(t, tx, other.ID, status)
		commit(t, tx)
		s.want("offer.changed", status)
	}
	// The memory is measured when the clients' buffers are full: what passes through isn't held.
	var sent float64
	c.Await("stuck", func() bool {
		before := sent
		<-time.After(500 * time.Millisecond)
		sent = streamEvents(t, c)
		return sent > deaf*100 && sent == before
	})
	if grown := (heap() - before) >> 20; grown > 16 {
		t.Errorf("%d MB are held for %d clients that don't read", grown, deaf)
	}
	c.Await("dropped", func() bool { return openStreams(t, c) == 1 })
	if sent = streamEvents(t, c); sent >= deaf*events {
		t.Errorf("%v events count as sent", sent)
	}
	tx := begin(t, c)
	publish(t, tx, other.ID, "four")
	commit(t, tx)
	s.want("offer.changed", "four")
	s.close()
	c.Await("ended", func() bool { return serving(t) == ofHub })
}

// Whatever ends streams, their goroutines end.
func TestEndedStreamsLeaveNoGoroutines(t *testing.T) { //nolint:paralleltest // it looks at the goroutines
	const streams = 20
	c := apptest.Open(t)
	openAll := func() (users []apptest.User, all []*client) {
		for range streams {
			user := c.Patient()
			s := open(t, c, user, "")
			<-s.opened
			users, all = append(users, user), append(all, s)
		}
		return users, all
	}
	wantServing := func(what string, want int) {
		t.Helper()
		c.Await(what, func() bool { return serving(t) == want && openStreams(t, c) == 0 })
	}
	_, all := openAll()
	if n := serving(t); n < streams+ofHub {
		t.Fatalf("%d goroutines serve %d streams", n, streams)
	}
	for _, s := range all {
		s.close()
	}
	wantServing("the clients are gone", ofHub)

	users, all := openAll()
	for i, user := range users {
		c.Post(user, "auth/logout", nil).Want(204)
		all[i].wantEnd()
	}
	wantServing("the sessions are over", ofHub)

	_, all = openAll()
	c.App.Streams.Close()
	for _, s := range all {
		s.wantEnd()
	}
	wantServing("the server stops", 0)
}

// heap returns how much memory is in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// streamEvents reads the counter of events that were sent.
func streamEvents(t *testing.T, c *apptest.Clinic) float64 {
	t.Helper()
	families, err := c.App.Metrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "amrutam_stream_events_total" {
			return f.GetMetric()[0].GetCounter().GetValue()
		}
	}
	t.Fatal("no counter")
	return 0
}
