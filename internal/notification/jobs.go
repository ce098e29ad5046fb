package notification

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/jobs"
	"amrutam/internal/postgres"
	"amrutam/internal/retention"
)

// Retention says how long mails are kept. The content of a mail is emptied when it was sent or given up.
var Retention = []retention.Rule{
	{
		Name:   "mail-contents",
		What:   "Contents of mails that were never sent",
		After:  "the mail was written",
		Why:    "a delivery is given up after 5 days; this is for mails whose job was lost",
		Table:  "mails",
		Since:  "created_at",
		Keep:   7 * retention.Day,
		Where:  "content IS NOT NULL",
		Remove: giveUpUnsent,
	},
	{
		Name:  "mails",
		What:  "What was mailed to whom and when, without the content",
		After: "the mail was written",
		Why:   "answers who did not get a mail, and is in the person's own export",
		Table: "mails",
		Since: "created_at",
		Keep:  90 * retention.Day,
	},
	{
		Name:  "mailbox",
		What:  "Mails in the mailbox of a development server",
		After: "the mail was written",
		Why:   "a developer reads them within days; production has none",
		Table: "mailbox_messages",
		Since: "created_at",
		Keep:  7 * retention.Day,
	},
}

// registerJobs registers the jobs that send mails, outside a transaction because they use the network.
func (s *Service) registerJobs() {
	jobs.Handle(s.queue, s.send)
	jobs.Handle(s.queue, s.sendDigest)
}

// giveUpUnsent gives up mails that were written before a time and never sent.
func giveUpUnsent(ctx context.Context, tx *postgres.Tx, before time.Time, most int) (int64, error) {
	mails, err := lockUnsentMails(ctx, tx, before, int32(min(most, math.MaxInt32))) //nolint:gosec // it fits
	if err != nil {
		return 0, fmt.Errorf("lock mails that were never sent: %w", err)
	}
	ids := make([]uuid.UUID, len(mails))
	for i, m := range mails {
		ids[i] = m.ID
		audit.Write(tx, access.System(retention.Purge{}.Kind()), "mail.give-up", m.ID,
			audit.Meta{"kind": m.Kind, "reason": string(TooLate)})
	}
	if len(ids) > 0 {
		queueMarkMails(tx, string(TooLate), tx.Now, ids)
	}
	return int64(len(ids)), nil
}
