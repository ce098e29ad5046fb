package notification

import (
	"context"
	"fmt"
	"time"

	"amrutam/internal/jobs"
	"amrutam/internal/postgres"
)

const (
	// mailRetention is how long the rows of mails are stored, without the content of those that were sent.
	mailRetention = 90 * 24 * time.Hour
	// mailboxRetention is how long the development mailbox stores mails.
	mailboxRetention = 7 * 24 * time.Hour
)

// registerJobs registers the jobs that send mails, outside a transaction because they use the network, and the
// maintenance of mails.
func (s *Service) registerJobs() {
	jobs.Handle(s.queue, s.send)
	jobs.Handle(s.queue, s.sendDigest)
	s.queue.AddMaintenance(deleteOldMails)
}

// deleteOldMails deletes the mails whose retention has ended.
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
