package audit

import (
	"context"
	"fmt"

	"amrutam/internal/access"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// RecordDenial records that an actor was refused access to an object, at most once a minute for the same two. It opens
// its own transaction, because that of the refused request was rolled back.
func RecordDenial(ctx context.Context, db *postgres.DB, actor access.Actor, object problem.Object,
	operation string) error {
	return db.Write(ctx, func(tx *postgres.Tx) error {
		// With the lock only one request at a time looks for the row of this pair and inserts it.
		if err := lockDenial(ctx, tx, "deny:"+actor.ID.String()+object.ID); err != nil {
			return fmt.Errorf("lock a denial: %w", err)
		}
		recorded, err := hasRecentDenial(ctx, tx, hasRecentDenialParams{
			EntityType: object.Type,
			EntityID:   object.ID,
			ActorID:    &actor.ID,
			Now:        tx.Now,
		})
		if err != nil {
			return fmt.Errorf("look for a denial: %w", err)
		}
		if recorded {
			return nil
		}
		WriteFor(tx, actor, "access.deny", object.Type, object.ID, Meta{"operation": operation})
		return nil
	})
}
