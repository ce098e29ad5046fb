package events

import (
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/httpapi"
)

// cursor is how much of a user's events a client has: all that Seen sees. In the middle of what was new at a time, it
// is also what Until sees up to the id After. Both are snapshots (pg_current_snapshot), because neither ids nor the
// numbers of transactions are in the order of their commits.
type cursor struct {
	Seen  string    `json:"s"`
	Until string    `json:"u,omitempty"`
	After int64     `json:"a,omitempty"`
	At    time.Time `json:"t"` // of Seen
}

// maxSnapshot is how long a snapshot in a cursor may be: it names each transaction that was under way.
const maxSnapshot = 300

func scope(user uuid.UUID) string { return "events of " + user.String() }

// encode makes the id of an event. It is signed, because a forged one would be read by the database.
func (c cursor) encode(cursors httpapi.Cursors, user uuid.UUID) string {
	c.Seen, c.Until = shorten(c.Seen), shorten(c.Until)
	return cursors.Encode(scope(user), c)
}

// decode returns the cursor of an id, and whether it can be gone on from at a time.
func decode(cursors httpapi.Cursors, user uuid.UUID, id string, now time.Time) (c cursor, isUsable bool) {
	ok, err := cursors.Decode(scope(user), id, &c)
	return c, ok && err == nil && now.Sub(c.At) < resumeWithin
}

// shorten returns a snapshot that sees less when there are many transactions in it: then something is sent twice.
func shorten(snapshot string) string {
	if len(snapshot) <= maxSnapshot {
		return snapshot
	}
	oldest, _, _ := strings.Cut(snapshot, ":")
	return oldest + ":" + oldest + ":"
}

// isAhead reports whether a snapshot is from later than another one. Then it was taken in another database, from which
// this one was restored.
func isAhead(snapshot, of string) bool { return next(snapshot) > next(of) }

// next returns the first transaction that had not begun, the second part of a snapshot.
func next(snapshot string) uint64 {
	parts := strings.SplitN(snapshot, ":", 3)
	if len(parts) != 3 {
		return 0
	}
	xid, err := strconv.ParseUint(parts[1], 10, 64)
	if err != nil {
		return 0
	}
	return xid
}
