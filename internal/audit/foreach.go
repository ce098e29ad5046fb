package audit

import (
	"context"

	"github.com/google/uuid"

	"amrutam/internal/postgres"
)

// ForEachEntry hands on every entry of what a person did, the oldest first and one at a time: for the copy of all that is
// held about them.
func ForEachEntry(ctx context.Context, r *postgres.Read, actor uuid.UUID, fn func(Entry) error) error {
	return postgres.ForEach(ctx, r, scanEntry, fn,
		selectEntry+" WHERE actor_id = $1 AND created_at >= made_at($1) ORDER BY created_at, id", actor)
}

// ForEachReading hands on every reading of a patient's record, the newest first and one at a time.
func ForEachReading(ctx context.Context, r *postgres.Read, patient uuid.UUID, fn func(Reading) error) error {
	// clocks of other nodes may be ahead; a limit of null is none
	return postgres.ForEach(ctx, r, scanReading, fn, selectReadings, patient.String(), false, r.Now.AddDate(1, 0, 0),
		uuid.Max, nil)
}
