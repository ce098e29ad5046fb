package idempotency

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/postgres"
)

// EraseKeys deletes a user's keys with their answers, and returns how many.
func EraseKeys(ctx context.Context, tx *postgres.Tx, user uuid.UUID) (int64, error) {
	deleted, err := deleteKeys(ctx, tx, user)
	if err != nil {
		return 0, fmt.Errorf("delete keys: %w", err)
	}
	return deleted, nil
}
