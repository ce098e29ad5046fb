package audit

import (
	"context"

	"amrutam/internal/access"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// Deny notes that an actor was refused an object, at most once a minute for the two of them. It is the caller's own
// transaction: the refused one was rolled back.
func Deny(ctx context.Context, db *postgres.DB, actor access.Actor, object problem.Object, operation string) error {
	return db.Write(ctx, func(tx *postgres.Tx) error {
		// The lock makes the look-up and the insert one step for this pair.
		if _, err := tx.Exec(ctx, "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))",
			"deny:"+actor.ID.String()+object.ID); err != nil {
			return err
		}
		var noted bool
		err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM audit_logs WHERE entity_type = $1 AND entity_id = $2
			AND actor_id = $3 AND action = 'access.deny' AND created_at > $4::timestamptz - interval '1 minute')`,
			object.Type, object.ID, actor.ID, tx.Now).Scan(&noted)
		if err != nil || noted {
			return err
		}
		WriteFor(tx, actor, "access.deny", object.Type, object.ID, Meta{"operation": operation})
		return nil
	})
}
