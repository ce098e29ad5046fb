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

// SendDigest sends what was held for a mailbox, all of a kind in one mail. MailID is the first that was held.
type SendDigest struct {
	ID     uuid.UUID `json:"id"`
	MailID uuid.UUID `json:"mailId"`
}

// Kind names the job.
func (SendDigest) Kind() string { return "mail.send-digest" }

// maxListed mails of a digest; the rest is counted.
const maxListed = 100

// budgetKey is what mails of a kind to a mailbox are counted under: its address stays unreadable.
func (s *Service) budgetKey(m *Message) []byte {
	return s.sealer.BlindIndex("mails.budget", m.Kind+" "+canonicalMailbox(m.To))
}

// admit tells whether a mail goes out by itself. One beyond the budget is held until the hour ends, and sent with the
// others.
func (s *Service) admit(ctx context.Context, id uuid.UUID, m *Message) (alone bool, err error) {
	if s.limits.Off {
		return true, nil
	}
	budget := s.budgetKey(m)
	err = s.db.Write(ctx, func(tx *postgres.Tx) error {
		until, err := s.limits.CountUse(ctx, tx, limit.MailsPerHour, string(budget))
		if alone = err == nil; !errors.Is(err, limit.ErrTooMany) {
			return err
		}
		var waiting bool
		err = tx.QueryRow(ctx, "SELECT EXISTS (SELECT FROM mails WHERE budget = $1 AND content IS NOT NULL AND "+
			"digest_id IS NULL)", budget).Scan(&waiting)
		if err != nil {
			return fmt.Errorf("look for held mails: %w", err)
		}
		queueHoldMail(tx, budget, id)
		if waiting {
			return nil
		}
		return s.queue.InsertAfter(ctx, tx, SendDigest{ID: uuid.Must(uuid.NewV7()), MailID: id}, until.Sub(tx.Now))
	})
	return alone, err
}

// sendDigest bears running twice: the digest's mails are chosen once, and its Message-ID stays.
func (s *Service) sendDigest(ctx context.Context, args SendDigest) error {
	held, err := s.claimMails(ctx, args)
	if err != nil {
		return err
	}
	var last *Message
	var letters []layoutData
	var sent []uuid.UUID
	for _, id := range held {
		message, l, err := s.loadMail(ctx, id)
		var refusal Refusal
		switch {
		case errors.As(err, &refusal):
			if err := s.markMails(ctx, []uuid.UUID{id}, message.Kind, refusal); err != nil {
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
		all = s.combine(letters)
	}
	if err := all.render(&message); err != nil {
		return err
	}
	err = s.sender.Send(ctx, message)
	var refusal Refusal
	if err != nil && !errors.As(err, &refusal) {
		s.metrics.Mails.WithLabelValues(message.Kind, "delayed").Inc()
		return err
	}
	return s.markMails(ctx, sent, message.Kind, refusal)
}

// claimMails chooses the mails of a digest. What is held from then on waits for the next one, of which this one is the
// first mail.
func (s *Service) claimMails(ctx context.Context, args SendDigest) (held []uuid.UUID, err error) {
	err = s.db.Write(ctx, func(tx *postgres.Tx) error {
		var budget []byte
		var claimed bool
		err := tx.QueryRow(ctx, "SELECT budget, EXISTS (SELECT FROM mails WHERE digest_id = $1) FROM mails WHERE "+
			"id = $2", args.ID, args.MailID).Scan(&budget, &claimed)
		if postgres.NoRows(err) { // its user was erased, and with them what was held
			return nil
		}
		if err != nil {
			return fmt.Errorf("read a held mail: %w", err)
		}
		if !claimed {
			if err := s.limits.RestartWindow(ctx, tx, limit.MailsPerHour, string(budget)); err != nil {
				return fmt.Errorf("begin a window: %w", err)
			}
			_, err = tx.Exec(ctx, "UPDATE mails SET digest_id = $1 WHERE budget = $2 AND content IS NOT NULL AND "+
				"digest_id IS NULL", args.ID, budget)
			if err != nil {
				return fmt.Errorf("claim held mails: %w", err)
			}
		}
		rows, err := tx.Query(ctx, "SELECT id FROM mails WHERE digest_id = $1 AND content IS NOT NULL ORDER BY id",
			args.ID)
		if err != nil {
			return fmt.Errorf("list held mails: %w", err)
		}
		held, err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID])
		return err
	})
	return held, err
}

// combine is one letter of many: what each says first, and the links that only it has.
func (s *Service) combine(letters []layoutData) layoutData {
	newest := letters[len(letters)-1]
	out := layoutData{Subject: fmt.Sprintf("%d more: %s", len(letters), newest.Subject), Greeting: "Hello,",
		Why: newest.Why, Home: newest.Home, Support: newest.Support}
	add := func(text, link string) { out.Parts = append(out.Parts, paragraph{text, link}) }
	add(fmt.Sprintf("So many mails of one kind came within an hour that we put these %d together, the oldest first.",
		len(letters)), "")
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
		add(fmt.Sprintf("And %d more.", more), "")
	}
	add("See them all at Amrutam", s.cfg.PublicURL+"/")
	return out
}
