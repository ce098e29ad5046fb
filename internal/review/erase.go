package review

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/postgres"
)

// Erase erases what a user wrote: the texts of reviews, replies and reports. The ratings stay. It returns the number
// of erased texts by column.
func (s *Service) Erase(ctx context.Context, tx *postgres.Tx, user uuid.UUID) (map[string]int64, error) {
	erased := map[string]int64{}
	for column, erase := range map[string]func(context.Context, *postgres.Tx, uuid.UUID) (int64, error){
		"reviews.text": eraseReviews, "reviews.reply": eraseReplies, "review_reports.reason": eraseReports,
	} {
		n, err := erase(ctx, tx, user)
		if err != nil {
			return nil, fmt.Errorf("erase %s: %w", column, err)
		}
		erased[column] = n
	}
	return erased, nil
}
