package account

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// erasedName is what stands where a name was.
const erasedName = "Erased"

// Held is a user in any state, locked.
type Held struct {
	ID        uuid.UUID
	Role      access.Role
	Email     string
	DeletedAt *time.Time
}

// Hold locks a user, deleted and disabled ones too. Error: problem.NotFound.
func (s *Service) Hold(ctx context.Context, tx *postgres.Tx, id uuid.UUID) (Held, error) {
	row, err := lockUserEvenDeleted(ctx, tx, id)
	switch {
	case postgres.NoRows(err):
		return Held{}, problem.NotFound
	case err != nil:
		return Held{}, fmt.Errorf("hold a user: %w", err)
	}
	return Held(row), nil
}

// LockOther is Hold for an administrator who is about to decide on somebody else. Errors: problem.NotFound,
// ErrOwnAccount.
func (s *Service) LockOther(ctx context.Context, tx *postgres.Tx, actor access.Actor, id uuid.UUID) (Held, error) {
	admins, err := lockAdmins(ctx, tx)
	if err != nil {
		return Held{}, fmt.Errorf("lock administrators: %w", err)
	}
	if !slices.Contains(admins, actor.ID) { // another one was quicker
		return Held{}, problem.Unauthenticated
	}
	if id == actor.ID {
		return Held{}, ErrOwnAccount
	}
	return s.Hold(ctx, tx, id)
}

// forgotten is what is deleted with an erased account. Another table of the account's gets its line here.
var forgotten = []struct{ table, sql string }{
	{"session_tokens", "DELETE FROM session_tokens t USING sessions s WHERE s.id = t.session_id AND s.user_id = $1"},
	{"sessions", "DELETE FROM sessions WHERE user_id = $1"},
	{"passkeys", "DELETE FROM passkeys WHERE user_id = $1"},
	{"recovery_codes", "DELETE FROM recovery_codes WHERE user_id = $1"},
	{"tickets", "DELETE FROM tickets WHERE user_id = $1"},
}

// Forget takes out of an ended account all that only signing in and being reached needed, and tells how many rows of
// which table went. Name, gender and date of birth stay: they say whose record of care it is.
func (s *Service) Forget(ctx context.Context, tx *postgres.Tx, id uuid.UUID) (map[string]int64, error) {
	removed := map[string]int64{}
	for _, f := range forgotten {
		tag, err := tx.Exec(ctx, f.sql, id)
		if err != nil {
			return nil, fmt.Errorf("forget %s: %w", f.table, err)
		}
		removed[f.table] = tag.RowsAffected()
	}
	if err := forgetUser(ctx, tx, noPassword, tx.Now, id); err != nil {
		return nil, fmt.Errorf("forget a user: %w", err)
	}
	if err := forgetContact(ctx, tx, DefaultTimezone, tx.Now, id); err != nil {
		return nil, fmt.Errorf("forget a profile: %w", err)
	}
	return removed, nil
}

// ForgetName takes out of a forgotten account who it was.
func (s *Service) ForgetName(ctx context.Context, tx *postgres.Tx, id uuid.UUID) error {
	if err := forgetName(ctx, tx, erasedName, tx.Now, id); err != nil {
		return fmt.Errorf("forget a name: %w", err)
	}
	return nil
}
