package notification

import (
	"context"
	"fmt"
	"time"

	"amrutam/internal/postgres"
)

const (
	// mailRetention is how long it is remembered that a mail was sent, and mailboxRetention what the development mailbox has
	// caught.
	mailRetention    = 90 * 24 * time.Hour
	mailboxRetention = 7 * 24 * time.Hour
)

// deleteOldMails is the maintenance of mails.
func deleteOldMails(ctx context.Context, tx *postgres.Tx) error {
	_, err := tx.Exec(ctx, "DELETE FROM mails WHERE created_at < $1", tx.Now.Add(-mailRetention))
	if err != nil {
		return fmt.Errorf("delete old mails: %w", err)
	}
	_, err = tx.Exec(ctx, "DELETE FROM mailbox_messages WHERE created_at < $1", tx.Now.Add(-mailboxRetention))
	if err != nil {
		return fmt.Errorf("delete old messages of the mailbox: %w", err)
	}
	return nil
}
