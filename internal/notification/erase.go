package notification

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"amrutam/internal/postgres"
)

// Erase deletes the mails of a user, also those that the transaction has queued, and those in the development mailbox.
// Returns how many rows of which table. Mails to an address without a user are still sent.
func (s *Service) Erase(ctx context.Context, tx *postgres.Tx, user uuid.UUID,
	address string) (removed map[string]int64, err error) {
	mails, err := deleteMails(ctx, tx, user)
	if err != nil {
		return nil, fmt.Errorf("delete mails: %w", err)
	}
	recipient := (&mailbox{sealer: s.sealer}).recipientIndex(address)
	messages, err := deleteMailboxMessages(ctx, tx, recipient, address, user)
	if err != nil {
		return nil, fmt.Errorf("delete the mailbox's messages: %w", err)
	}
	queueDeleteMails(tx, user)
	return map[string]int64{"mails": mails, "mailbox_messages": messages}, nil
}
