package audit

import (
	"context"

	"github.com/google/uuid"

	"amrutam/internal/postgres"
)

// ForEachEntry calls fn for every entry of what a user did, the oldest first, for the export of the user's data.
func ForEachEntry(ctx context.Context, r *postgres.Read, actor uuid.UUID, fn func(Entry) error) error {
	return postgres.ForEach(ctx, r, scanEntry, fn,
		selectEntry+" WHERE actor_id = $1 AND created_at >= made_at($1) ORDER BY created_at, id", actor)
}

// ForEachReading calls fn for every reading of a patient's record, the newest first.
func ForEachReading(ctx context.Context, r *postgres.Read, patient uuid.UUID, fn func(Reading) error) error {
	const othersOnly = false
	latest := r.Now.AddDate(1, 0, 0) // the clocks of other servers may be ahead
	var unlimited *int
	return postgres.ForEach(ctx, r, scanReading, fn, selectReadings, patient.String(), othersOnly, latest, uuid.Max,
		unlimited)
}
