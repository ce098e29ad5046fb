package account

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/postgres"
	"amrutam/internal/session"
)

// erasedName replaces a name that was erased.
const erasedName = "Erased"

// Erase removes from a deleted account everything that was needed only to sign in and to contact the user, and returns
// the number of removed rows by table. Name, gender and date of birth stay, because they identify the patient of a
// care record.
func Erase(ctx context.Context, tx *postgres.Tx, id uuid.UUID) (removed map[string]int64, err error) {
	if removed, err = session.Erase(ctx, tx, id); err != nil {
		return nil, err
	}
	if removed["passkeys"], err = deletePasskeys(ctx, tx, id); err != nil {
		return nil, fmt.Errorf("delete passkeys: %w", err)
	}
	if removed["recovery_codes"], err = deleteRecoveryCodes(ctx, tx, id); err != nil {
		return nil, fmt.Errorf("delete recovery codes: %w", err)
	}
	if removed["tickets"], err = deleteTickets(ctx, tx, &id); err != nil {
		return nil, fmt.Errorf("delete tickets: %w", err)
	}
	if err := eraseUser(ctx, tx, noPassword, tx.Now, id); err != nil {
		return nil, fmt.Errorf("erase a user: %w", err)
	}
	if err := eraseContact(ctx, tx, DefaultTimezone, tx.Now, id); err != nil {
		return nil, fmt.Errorf("erase a profile: %w", err)
	}
	return removed, nil
}

// EraseName removes the name of an erased account.
func EraseName(ctx context.Context, tx *postgres.Tx, id uuid.UUID) error {
	if err := eraseName(ctx, tx, erasedName, tx.Now, id); err != nil {
		return fmt.Errorf("erase a name: %w", err)
	}
	return nil
}
