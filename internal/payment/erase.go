package payment

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/postgres"
)

// Erase overwrites what staff wrote about a patient's refunds and unmatched money, and the addresses of apps that
// their checkouts led back to. Returns the number of refunds.
func (s *Service) Erase(ctx context.Context, tx *postgres.Tx, patient uuid.UUID) (int64, error) {
	erased, err := eraseRefundReasons(ctx, tx, patient)
	if err != nil {
		return 0, fmt.Errorf("erase the reasons of refunds: %w", err)
	}
	if err := eraseResolutions(ctx, tx, patient); err != nil {
		return 0, fmt.Errorf("erase the resolutions of unmatched money: %w", err)
	}
	if err := eraseReturnURLs(ctx, tx, patient); err != nil {
		return 0, fmt.Errorf("erase the return addresses of checkouts: %w", err)
	}
	return erased, nil
}
