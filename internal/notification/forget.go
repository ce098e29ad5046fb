package notification

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/postgres"
)

// Forget deletes the mails of a user, those too that this transaction adds, and what the development mailbox has caught of them.
// It tells how many of each. What was written to the address alone is still sent.
func (s *Service) Forget(ctx context.Context, tx *postgres.Tx, user uuid.UUID, address string) (removed map[string]int64, err error) {
	const ofUser = "DELETE FROM mails WHERE user_id = $1"
	index := (&mailbox{sealer: s.sealer}).index(address)
	removed = map[string]int64{}
	for _, f := range []struct {
		table, sql string
		by         any
	}{{"mails", ofUser, user}, {"mailbox_messages", "DELETE FROM mailbox_messages WHERE recipient_index = $1", index}} {
		tag, err := tx.Exec(ctx, f.sql, f.by)
		if err != nil {
			return nil, fmt.Errorf("forget %s: %w", f.table, err)
		}
		removed[f.table] = tag.RowsAffected()
	}
	tx.Queue(ofUser, user)
	return removed, nil
}
