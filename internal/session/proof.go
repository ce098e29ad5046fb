package session

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/postgres"
)

// Lock keeps a session from ending before the transaction does, and reports whether it has not ended yet.
func Lock(ctx context.Context, tx *postgres.Tx, id uuid.UUID) (active bool, err error) {
	active, err = lockSession(ctx, tx, id)
	if err != nil {
		return false, fmt.Errorf("lock a session: %w", err)
	}
	return active, nil
}

// RecordSecondFactor records that a session has just proven a second factor.
func RecordSecondFactor(ctx context.Context, tx *postgres.Tx, id uuid.UUID) error {
	if err := setSecondFactorProven(ctx, tx, &tx.Now, id); err != nil {
		return fmt.Errorf("record a proven second factor: %w", err)
	}
	return nil
}

// RecordPassword records that a session has just proven the password.
func RecordPassword(tx *postgres.Tx, id uuid.UUID) { queueLastSetPasswordProven(tx, tx.Now, id) }

// ClearSecondFactor clears the proofs of a second factor in all sessions of a user who has no factor left.
func ClearSecondFactor(ctx context.Context, tx *postgres.Tx, user uuid.UUID) error {
	if err := clearSecondFactor(ctx, tx, user); err != nil {
		return fmt.Errorf("clear proven second factors: %w", err)
	}
	return nil
}
