package doctor

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/postgres"
)

// AddRating adds ratings with so many stars together to a doctor's; both are negative for ratings that don't count any
// more. It locks the doctor until the transaction ends.
func AddRating(ctx context.Context, tx *postgres.Tx, id uuid.UUID, ratings, stars int) error {
	//nolint:gosec // both are small
	if err := addRating(ctx, tx, int32(ratings), int32(stars), id); err != nil {
		return fmt.Errorf("add to the ratings of a doctor: %w", err)
	}
	return nil
}
