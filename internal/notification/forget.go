package notification

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/postgres"
)

// Forget deletes the mails of a user, those too that this transaction adds, and what the development mailbox has
// caught of them. It tells how many of each. What was written to the address alone is still sent.
func (s *Service) Forget(ctx context.Context, tx *postgres.Tx, user uuid.UUID,
	address string) (removed map[string]int64, err error) {
	const ofUser = "DELETE FROM mails WHERE user_id = $1"
	// A deleted user's address may be somebody's again.
	const ofAddress = `DELETE FROM mailbox_messages WHERE recipient_index = $1
		AND NOT EXISTS (SELECT FROM users WHERE lower(email) = lower($2) AND id <> $3 AND deleted_at IS NULL)`
	mails, err := tx.Exec(ctx, ofUser, user)
	if err != nil {
		return nil, fmt.Errorf("forget mails: %w", err)
	}
	caught, err := tx.Exec(ctx, ofAddress, (&mailbox{sealer: s.sealer}).index(address), address, user)
	if err != nil {
		return nil, fmt.Errorf("forget the mailbox: %w", err)
	}
	tx.Queue(ofUser, user)
	return map[string]int64{"mails": mails.RowsAffected(), "mailbox_messages": caught.RowsAffected()}, nil
}
