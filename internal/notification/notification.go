// Package notification mails people: a mail is kept, sealed, in the transaction of what it tells of, and sent by a job.
package notification

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/config"
	"amrutam/internal/jobs"
	"amrutam/internal/postgres"
	"amrutam/internal/seal"
	"amrutam/internal/telemetry"
)

// Mail is one to write: to a user, at Address only when that isn't the user's present one. Kind names its template,
// Data fills it; never health data.
type Mail struct {
	To      uuid.UUID         `json:"to"`
	Address string            `json:"address"`
	Kind    string            `json:"kind"`
	Data    map[string]string `json:"data"`
}

// Message is a rendered mail.
type Message struct {
	MessageID string
	To        string
	Subject   string
	Text      string
	HTML      string
	Kind      string
	At        time.Time
}

// Sender hands a message over. Handing the same MessageID over twice is allowed.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// Service keeps mails and sends them.
type Service struct {
	db      *postgres.DB
	queue   *jobs.Queue
	sealer  *seal.Sealer
	cfg     *config.Config
	log     *slog.Logger
	metrics *telemetry.Metrics
	sender  Sender
	host    string
}

// New makes the service with the sender the settings ask for, and registers its job.
func New(db *postgres.DB, queue *jobs.Queue, sealer *seal.Sealer, cfg *config.Config, log *slog.Logger, metrics *telemetry.Metrics) (*Service, error) {
	public, err := url.Parse(cfg.PublicURL)
	if err != nil {
		return nil, err
	}
	s := &Service{db: db, queue: queue, sealer: sealer, cfg: cfg, log: log, metrics: metrics, host: public.Hostname()}
	s.sender = &mailbox{db: db, sealer: sealer}
	if cfg.SMTPURL != "" {
		if s.sender, err = newSMTP(cfg); err != nil {
			return nil, err
		}
	}
	// The network is asked outside a transaction.
	jobs.Handle(queue, s.send)
	return s, nil
}

// SendMail sends one kept mail.
type SendMail struct {
	MailID uuid.UUID `json:"mailId"`
}

// Kind names the job.
func (SendMail) Kind() string { return "mail.send" }

const column = "mails.content"

// Enqueue keeps the mail in the caller's transaction. Its content is sealed: it can hold tokens.
func (s *Service) Enqueue(ctx context.Context, tx *postgres.Tx, m Mail) error {
	if _, known := templates[m.Kind]; !known {
		return fmt.Errorf("notification: no template for %q", m.Kind)
	}
	id := uuid.Must(uuid.NewV7())
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	content, err := s.sealer.System().Seal(column, id, string(text))
	if err != nil {
		return err
	}
	var to *uuid.UUID
	if m.To != uuid.Nil {
		to = &m.To
	}
	tx.Queue(`INSERT INTO mails (id, user_id, kind, message_id, content, created_at) VALUES ($1, $2, $3, $4, $5, $6)`,
		id, to, m.Kind, id.String()+"@"+s.host, content, tx.Now)
	return s.queue.Insert(ctx, tx, SendMail{id})
}

// send bears running twice: a mail that was sent is left alone, and a crash between the sending and the mark sends the
// same Message-ID once more.
func (s *Service) send(ctx context.Context, args SendMail) error {
	var kind string
	message, err := s.load(ctx, args.MailID, &kind)
	if err != nil || message == nil {
		return err
	}
	if err := s.sender.Send(ctx, *message); err != nil {
		s.metrics.Mails.WithLabelValues(kind, "failed").Inc()
		return err
	}
	s.metrics.Mails.WithLabelValues(kind, "sent").Inc()
	return s.db.Write(ctx, func(tx *postgres.Tx) error {
		tx.Queue("UPDATE mails SET sent_at = $2, content = NULL WHERE id = $1", args.MailID, tx.Now)
		return nil
	})
}

// load renders the mail, or gives nil when it was sent, or its user is gone.
func (s *Service) load(ctx context.Context, id uuid.UUID, kind *string) (*Message, error) {
	var (
		content        []byte
		email, name    *string
		zone, deletion *string
		message        Message
	)
	err := s.db.Read(ctx, func(r *postgres.Read) error {
		return r.QueryRow(ctx, `SELECT m.kind, m.message_id, m.content, m.created_at, u.email, p.full_name, p.timezone, u.deleted_at::text
			FROM mails m LEFT JOIN users u ON u.id = m.user_id LEFT JOIN profiles p ON p.user_id = m.user_id
			WHERE m.id = $1 AND m.sent_at IS NULL`, id).
			Scan(&message.Kind, &message.MessageID, &content, &message.At, &email, &name, &zone, &deletion)
	})
	*kind = message.Kind
	if postgres.NoRows(err) || (err == nil && content == nil) {
		return nil, nil //nolint:nilnil // nothing to send
	}
	if err != nil {
		return nil, err
	}
	text, err := s.sealer.System().Open(column, id, content)
	if err != nil {
		return nil, err
	}
	var m Mail
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return nil, err
	}
	switch {
	case m.Address != "":
		message.To = m.Address
	case email == nil || deletion != nil:
		return nil, nil //nolint:nilnil // nobody to tell
	default:
		message.To = *email
	}
	return &message, s.render(&message, m, name, zone)
}
