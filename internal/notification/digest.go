package notification

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"amrutam/internal/limit"
	"amrutam/internal/postgres"
)

// SendDigest is the job that sends the deferred mails of one kind to a mailbox in one mail. MailID is the first of
// them.
type SendDigest struct {
	ID     uuid.UUID `json:"id"`
	MailID uuid.UUID `json:"mailId"`
}

// Kind names the job.
func (SendDigest) Kind() string { return "mail.send-digest" }

// maxListed limits the mails that a digest lists; it gives the number of the others.
const maxListed = 100

// budgetKey returns the key under which the mails of a kind to a mailbox are counted. The address can't be read from
// it.
func (s *Service) budgetKey(m *Message) []byte {
	return s.sealer.BlindIndex("mails.budget", m.Kind+" "+canonicalMailbox(m.To))
}

// countOrDefer counts a mail, and reports whether it is deferred. A mail over the mailbox's budget is deferred until
// the hour ends, and then sent in a digest.
func (s *Service) countOrDefer(ctx context.Context, id uuid.UUID, m *Message) (isDeferred bool, err error) {
	if s.limits.Off || m.isTimely {
		return false, nil
	}
	budget := s.budgetKey(m)
	err = s.db.Write(ctx, func(tx *postgres.Tx) error {
		until, err := s.limits.CountUse(ctx, tx, limit.MailsPerHour, string(budget))
		isDeferred = errors.Is(err, limit.ErrTooMany)
		if !isDeferred {
			return err
		}
		var hasDigest bool
		err = tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM mails WHERE budget = $1 AND content IS NOT NULL AND "+
			"digest_id IS NULL)", budget).Scan(&hasDigest)
		if err != nil {
			return fmt.Errorf("look for deferred mails: %w", err)
		}
		queueDeferMail(tx, budget, id)
		if hasDigest {
			return nil
		}
		return s.queue.InsertAfter(ctx, tx, SendDigest{ID: uuid.Must(uuid.NewV7()), MailID: id}, until.Sub(tx.Now))
	})
	return isDeferred, err
}

// sendDigest can run twice: the digest has the same mails and the same Message-ID in each run.
func (s *Service) sendDigest(ctx context.Context, args SendDigest) error {
	if isDelivered, err := s.noteAgain(ctx, args.ID); isDelivered {
		return err
	}
	deferred, err := s.claimMails(ctx, args)
	if err != nil {
		return err
	}
	var last *Message
	var letters []layoutData
	var sent []uuid.UUID
	for _, id := range deferred {
		message, l, err := s.loadMail(ctx, id)
		var failure Failure
		switch {
		case errors.As(err, &failure):
			refused := delivery{[]uuid.UUID{id}, message.Kind, failure, message.loadedAt}
			if err := s.markMails(ctx, refused); err != nil {
				return err
			}
			continue
		case err != nil:
			return err
		case message == nil:
			continue
		}
		last, letters, sent = message, append(letters, l), append(sent, id)
	}
	if len(sent) == 0 {
		return nil
	}
	message := *last
	message.MessageID = args.ID.String() + "@" + s.host
	all := letters[0]
	if len(letters) > 1 {
		all, message.Calendar = s.combine(letters), nil
	}
	failure, err := s.deliver(ctx, all, &message)
	if err != nil {
		return err
	}
	return s.note(ctx, args.ID, delivery{sent, message.Kind, failure, last.loadedAt})
}

// claimMails selects the mails of a digest. Mails that are deferred later belong to the next one. The digest itself
// counts as the first mail of a new hour.
func (s *Service) claimMails(ctx context.Context, args SendDigest) (deferred []uuid.UUID, err error) {
	err = s.db.Write(ctx, func(tx *postgres.Tx) error {
		var budget []byte
		var claimed bool
		err := tx.QueryRow(ctx, "SELECT budget, EXISTS (SELECT FROM mails WHERE digest_id = $1) FROM mails WHERE "+
			"id = $2", args.ID, args.MailID).Scan(&budget, &claimed)
		if postgres.NoRows(err) { // the user and their mails were erased
			return nil
		}
		if err != nil {
			return fmt.Errorf("read a deferred mail: %w", err)
		}
		if !claimed {
			if err := s.limits.RestartWindow(ctx, tx, limit.MailsPerHour, string(budget)); err != nil {
				return fmt.Errorf("begin a window: %w", err)
			}
			_, err = tx.Exec(ctx, "UPDATE mails SET digest_id = $1 WHERE budget = $2 AND content IS NOT NULL AND "+
				"digest_id IS NULL", args.ID, budget)
			if err != nil {
				return fmt.Errorf("claim deferred mails: %w", err)
			}
		}
		rows, err := tx.Query(ctx, "SELECT id FROM mails WHERE digest_id = $1 AND content IS NOT NULL ORDER BY id",
			args.ID)
		if err != nil {
			return fmt.Errorf("list deferred mails: %w", err)
		}
		deferred, err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		return err
	})
	return deferred, err
}

// combine makes one mail of many: the subject and the first paragraph of each, and its links with tokens.
func (s *Service) combine(letters []layoutData) layoutData {
	newest := letters[len(letters)-1]
	w := words[newest.Language]
	out := newest
	out.Subject, out.Greeting, out.Parts = fmt.Sprintf(w.DigestSubject, len(letters), newest.Subject), w.Hello, nil
	add := func(text, link string) { out.Parts = append(out.Parts, paragraph{text, link}) }
	add(fmt.Sprintf(w.DigestIntro, len(letters)), "")
	for _, l := range letters[:min(len(letters), maxListed)] {
		text := l.Subject
		for _, p := range l.Parts {
			if p.Link == "" {
				text += ": " + p.Text
				break
			}
		}
		add(text, "")
		for _, p := range l.Parts {
			if strings.Contains(p.Link, "?") { // a token of its own
				add(p.Text, p.Link)
			}
		}
	}
	if more := len(letters) - maxListed; more > 0 {
		add(fmt.Sprintf(w.DigestMore, more), "")
	}
	add(w.DigestAll, newest.All)
	return out
}
