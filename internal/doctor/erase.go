package doctor

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/postgres"
)

// EraseProfile erases the texts in a doctor's profile: the clinic, the bio and the reason of the approval.
func (s *Service) EraseProfile(ctx context.Context, tx *postgres.Tx, id uuid.UUID) error {
	if err := eraseProfile(ctx, tx, tx.Now, id); err != nil {
		return fmt.Errorf("erase a doctor's profile: %w", err)
	}
	return nil
}

// EraseRegistration erases a doctor's number in the medical register.
func (s *Service) EraseRegistration(ctx context.Context, tx *postgres.Tx, id uuid.UUID) error {
	if err := eraseRegistration(ctx, tx, tx.Now, id); err != nil {
		return fmt.Errorf("erase a registration number: %w", err)
	}
	return nil
}

// FreeRegistration frees the registration number of a doctor whose account ends, so that another doctor can use it.
func FreeRegistration(ctx context.Context, tx *postgres.Tx, id uuid.UUID) error {
	if err := freeRegistration(ctx, tx, id); err != nil {
		return fmt.Errorf("free a registration number: %w", err)
	}
	return nil
}
