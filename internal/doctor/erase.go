package doctor

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/postgres"
)

// EraseProfile takes out of the profile of a doctor who has left what they told about themselves.
func (s *Service) EraseProfile(ctx context.Context, tx *postgres.Tx, id uuid.UUID) error {
	if err := forgetProfile(ctx, tx, tx.Now, id); err != nil {
		return fmt.Errorf("forget a doctor's profile: %w", err)
	}
	return nil
}

// EraseRegistration takes out of it who the doctor was in the medical register.
func (s *Service) EraseRegistration(ctx context.Context, tx *postgres.Tx, id uuid.UUID) error {
	if err := forgetRegistration(ctx, tx, tx.Now, id); err != nil {
		return fmt.Errorf("forget a registration: %w", err)
	}
	return nil
}

// FreeRegistration lets somebody else have the registration number of a doctor whose account ends.
func FreeRegistration(ctx context.Context, tx *postgres.Tx, id uuid.UUID) error {
	if err := freeRegistration(ctx, tx, id); err != nil {
		return fmt.Errorf("free a registration number: %w", err)
	}
	return nil
}
