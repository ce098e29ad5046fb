package audit

import (
	"context"
	"fmt"

	"amrutam/internal/access"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// RecordDenial notes that an actor was refused an object, at most once a minute for the two of them. It is the caller's own
// transaction: the refused one was rolled back.
func RecordDenial(ctx context.Context, db *postgres.DB, actor access.Actor, object problem.Object, operation string) error {
	return db.Write(ctx, func(tx *postgres.Tx) error {
		// The lock makes the look-up and the insert one step for this pair.
		if err := lockDenial(ctx, tx, "deny:"+actor.ID.String()+object.ID); err != nil {
			return fmt.Errorf("lock a denial: %w", err)
		}
		noted, err := wasDenied(ctx, tx, wasDeniedParams{EntityType: object.Type, EntityID: object.ID,
			ActorID: &actor.ID, Now: tx.Now})
		if err != nil {
			return fmt.Errorf("look for a denial: %w", err)
		}
		if noted {
			return nil
		}
		WriteFor(tx, actor, "access.deny", object.Type, object.ID, Meta{"operation": operation})
		return nil
	})
}
