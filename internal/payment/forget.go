package payment

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/postgres"
)

// Forget takes out of a patient's refunds what staff wrote when it asked for them or declined them, and tells how many
// there are.
func (s *Service) Forget(ctx context.Context, tx *postgres.Tx, patient uuid.UUID) (int64, error) {
	forgotten, err := forgetRefundReasons(ctx, tx, patient)
	if err != nil {
		return 0, fmt.Errorf("forget the reasons of refunds: %w", err)
	}
	if err := forgetResolutions(ctx, tx, patient); err != nil {
		return 0, fmt.Errorf("forget the resolutions of unmatched money: %w", err)
	}
	if err := forgetReturnURLs(ctx, tx, patient); err != nil {
		return 0, fmt.Errorf("forget where checkouts lead back to: %w", err)
	}
	return forgotten, nil
}
