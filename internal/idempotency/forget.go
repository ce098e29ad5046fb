package idempotency

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/postgres"
)

// Forget deletes a user's keys with their answers, and tells how many.
func Forget(ctx context.Context, tx *postgres.Tx, user uuid.UUID) (int64, error) {
	tag, err := tx.Exec(ctx, "DELETE FROM idempotency_keys WHERE user_id = $1", user)
	if err != nil {
		return 0, fmt.Errorf("forget keys: %w", err)
	}
	return tag.RowsAffected(), nil
}
