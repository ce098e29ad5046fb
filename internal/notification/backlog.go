package notification

import (
	"context"
	"time"

	"amrutam/internal/postgres"
)

const (
	// MostCounted is where ReadBacklog ends to count: a table that is full must not make it slow.
	MostCounted = 10_000
	// givenUpWithin is how long ago the mails were given up that it counts.
	givenUpWithin = 24 * time.Hour
)

// Backlog is what was not delivered.
type Backlog struct {
	// Waiting is how many mails wait, and Oldest since when the oldest of them does; nil if none waits.
	Waiting int64
	Oldest  *time.Time
	// GivenUp counts the mails that were given up within a day, by why.
	GivenUp map[Failure]int64
}

// ReadBacklog returns what was not delivered. It counts at most MostCounted mails.
func ReadBacklog(ctx context.Context, r *postgres.Read) (Backlog, error) {
	out := Backlog{GivenUp: map[Failure]int64{}}
	waiting, err := countWaitingMails(ctx, r, MostCounted)
	if err != nil {
		return out, err
	}
	if out.Waiting = waiting.Waiting; out.Waiting > 0 {
		out.Oldest = &waiting.Oldest
	}
	rows, err := countGivenUpMails(ctx, r, r.Now.Add(-givenUpWithin), MostCounted)
	for _, row := range rows {
		out.GivenUp[Failure(row.Reason)] = row.N
	}
	return out, err
}
