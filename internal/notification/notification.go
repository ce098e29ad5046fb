// Package notification sends mails. A mail is stored sealed in the transaction that causes it, and sent by a job after
// the commit.
package notification

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/mail"
	"net/url"
	"strings"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/calendar"
	"amrutam/internal/config"
	"amrutam/internal/jobs"
	"amrutam/internal/language"
	"amrutam/internal/limit"
	"amrutam/internal/postgres"
	"amrutam/internal/seal"
	"amrutam/internal/telemetry"
)

// Mail is a mail to send to a user. Address overrides the user's current address. Kind names the template, and Data
// fills it: times in RFC 3339 ("start", "end", "previous", "due", "until", "expires"), a person's name ("with") and
// other texts, but never health data. A mail isn't sent after it "expires". The profile of To says in which language
// and time zone it is.
type Mail struct {
	To      uuid.UUID         `json:"to"`
	Address string            `json:"address"`
	Kind    string            `json:"kind"`
	Data    map[string]string `json:"data"`
	// Reader is who reads a mail without To: their profile is used. It may be gone when the mail is sent, so it is
	// read when the mail is stored.
	Reader uuid.UUID `json:"-"`
	// Language and Timezone override those of the profile.
	Language language.Tag `json:"language,omitempty"`
	Timezone string       `json:"timezone,omitempty"`
	// ID is the mail's own id; a new one is made if it is zero.
	ID uuid.UUID `json:"-"`
	// Timely mails are of no use after they expire: they are never put into a digest, and tried again soon.
	Timely bool `json:"timely,omitempty"`
	// Appointment makes the mail an entry of the recipient's calendar.
	Appointment *Appointment `json:"appointment,omitempty"`
}

// Message is a mail for a Sender. Subject, Text and HTML are rendered right before it is sent.
type Message struct {
	MessageID string
	To        string
	Subject   string
	Text      string
	HTML      string
	Kind      string
	CreatedAt time.Time
	// Calendar is the part for calendars (RFC 6047), or nil.
	Calendar *CalendarPart
	isTimely bool
	loadedAt time.Time // when it was still to be sent
}

// Sender delivers a message, and may be given the same MessageID twice. Returns a Refusal if another attempt is
// useless; other errors are temporary. No error holds an address.
type Sender interface {
	Send(ctx context.Context, m Message) error
}

// Service stores mails and sends them.
type Service struct {
	db      *postgres.DB
	queue   *jobs.Queue
	sealer  *seal.Sealer
	cfg     *config.Config
	log     *slog.Logger
	metrics *telemetry.Metrics
	sender  Sender
	limits  limit.Limiter
	host    string
	// support is the address of AMRUTAM_MAIL_REPLY_TO without the name, as the mails show it.
	support string
	// organizer of the appointments is who sends the mails.
	organizer calendar.Person
	// conditions have, by the kind of mail, what must be true right before it is sent.
	conditions map[string]Condition
	unnoted    unnoted
}

// Condition reports whether a mail is still true.
type Condition func(ctx context.Context, r *postgres.Read, data map[string]string) (bool, error)

// SendOnlyIf sets what must be true when a mail of a kind is sent. One that isn't true any more is given up.
func (s *Service) SendOnlyIf(kind string, isTrue Condition) { s.conditions[kind] = isTrue }

// New returns the service with the sender of the settings, and registers its jobs.
func New(db *postgres.DB, queue *jobs.Queue, sealer *seal.Sealer, cfg *config.Config, log *slog.Logger,
	metrics *telemetry.Metrics) (*Service, error) {
	public, err := url.Parse(cfg.PublicURL)
	if err != nil {
		return nil, err
	}
	s := &Service{db: db, queue: queue, sealer: sealer, cfg: cfg, log: log, metrics: metrics, host: public.Hostname(),
		limits: limit.Limiter{Off: cfg.LoginLimit == "off"}, conditions: map[string]Condition{},
		unnoted: unnoted{all: map[uuid.UUID]delivery{}}}
	if strings.Contains(s.host, ":") {
		s.host = "[" + s.host + "]" // RFC 5322: an IPv6 address in a Message-ID is a literal
	}
	if reply, err := mail.ParseAddress(cfg.MailReplyTo); err == nil {
		s.support = reply.Address
	}
	if from, err := mail.ParseAddress(cfg.MailFrom); err == nil {
		s.organizer = calendar.Person{Name: from.Name, Address: from.Address}
	}
	s.sender = &mailbox{db: db, sealer: sealer, log: log}
	if cfg.SMTPURL != "" {
		if s.sender, err = newSMTPSender(cfg); err != nil {
			return nil, err
		}
	}
	s.registerJobs()
	return s, nil
}

// Transport returns the mail server, and how the connection to it is encrypted; server is "" for the development
// mailbox.
func (s *Service) Transport() (server, tls string) {
	if smtp, ok := s.sender.(*smtpSender); ok {
		return smtp.server, smtp.tls
	}
	return "", ""
}

// SendMail is the job that sends one stored mail.
type SendMail struct {
	MailID uuid.UUID `json:"mailId"`
	Timely bool      `json:"timely,omitempty"`
}

// Kind returns the kind of the job.
func (SendMail) Kind() string { return "mail.send" }

// MaxWait lets a timely mail be tried again soon after the mail server is back.
func (a SendMail) MaxWait() time.Duration {
	if a.Timely {
		return 2 * time.Minute
	}
	return 0
}

const contentColumn = "mails.content"

// Enqueue stores the mail in the caller's transaction, and inserts the job that sends it. The content is sealed,
// because it can hold tokens. Returns an error if Data lacks a value that the template needs.
func (s *Service) Enqueue(ctx context.Context, tx *postgres.Tx, m Mail) error {
	// A mail that can't be rendered must fail now, and not in its job.
	for _, l := range language.All {
		if _, err := s.fillTemplate(m.Kind, m.Data, tx.Now, recipient{zone: time.UTC, language: l}); err != nil {
			return err
		}
	}
	if m.Reader != uuid.Nil {
		reader, err := readReader(ctx, tx, m.Reader)
		if err != nil {
			return fmt.Errorf("read the reader of a mail: %w", err)
		}
		m.Language, m.Timezone = language.Tag(reader.Language), reader.Timezone
	}
	id := m.ID
	if id == uuid.Nil {
		id = uuid.Must(uuid.NewV7())
	}
	encoded, err := json.Marshal(m)
	if err != nil {
		return err
	}
	content, err := s.sealer.System().Seal(contentColumn, id, string(encoded))
	if err != nil {
		return err
	}
	var userID *uuid.UUID
	if m.To != uuid.Nil {
		userID = &m.To
	}
	queueInsertMail(tx, queueInsertMailParams{
		ID:         id,
		UserID:     userID,
		Kind:       m.Kind,
		MessageID:  id.String() + "@" + s.host,
		Content:    content,
		CreatedAt:  tx.Now,
		HasAddress: m.Address != "",
	})
	return s.queue.Insert(ctx, tx, SendMail{id, m.Timely})
}

// giveUpAfter is how long the delivery is tried (RFC 5321, 4.5.4.1: at least 4 to 5 days).
const giveUpAfter = 5 * 24 * time.Hour

// Failure is the reason why a mail will never be sent. It names neither the address nor what the server said.
type Failure string

// The reasons, as mails.failure holds them.
const (
	NoRecipient      Failure = "no-recipient"        // the user was deleted
	TooLate          Failure = "too-late"            // its link has expired, or the delivery failed for days
	RecipientRefused Failure = "recipient-refused"   // the server doesn't deliver to the address
	Unsupported      Failure = "address-unsupported" // the mail server takes only ASCII before the @
	MessageRefused   Failure = "message-refused"     // the content was refused
	Overtaken        Failure = "overtaken"           // what it says isn't true any more
)

func (r Failure) Error() string { return "the mail can't be delivered: " + string(r) }

// send sends one stored mail, if it isn't deferred to a digest. It can run twice: a mail that is marked as sent isn't
// sent again, and after a crash between sending and marking the same Message-ID is sent once more.
func (s *Service) send(ctx context.Context, args SendMail) error {
	if isDelivered, err := s.noteAgain(ctx, args.MailID); isDelivered {
		return err
	}
	message, l, err := s.loadMail(ctx, args.MailID)
	var failure Failure
	switch {
	case errors.As(err, &failure):
		return s.markMails(ctx, delivery{[]uuid.UUID{args.MailID}, message.Kind, failure, message.loadedAt})
	case message == nil || err != nil:
		return err
	}
	isDeferred, err := s.countOrDefer(ctx, args.MailID, message)
	switch {
	case err != nil:
		return err
	case isDeferred:
		s.metrics.Mails.WithLabelValues(message.Kind, "held").Inc()
		return nil
	}
	if failure, err = s.deliver(ctx, l, message); err != nil {
		return errors.Join(err, s.returnBudget(ctx, message))
	}
	return s.note(ctx, args.MailID, delivery{[]uuid.UUID{args.MailID}, message.Kind, failure, message.loadedAt})
}

// returnBudget gives the mailbox's budget back what a mail used whose delivery will be tried again.
func (s *Service) returnBudget(ctx context.Context, m *Message) error {
	if s.limits.Off || m.isTimely {
		return nil
	}
	return s.db.Write(context.WithoutCancel(ctx), func(tx *postgres.Tx) error {
		s.limits.UndoUse(tx, limit.MailsPerHour, string(s.budgetKey(m)))
		return nil
	})
}

// markMails marks mails as sent or, with a failure, as given up, and audits the latter. It ignores the context's
// cancellation: a mail that was sent while the server stops would otherwise be sent again.
func (s *Service) markMails(ctx context.Context, d delivery) error {
	outcome := "sent"
	if d.failure != "" {
		outcome = string(d.failure)
	}
	if d.failure != "" && d.failure != Overtaken {
		s.log.Warn("mail given up", "mailId", d.mails[0], "mails", len(d.mails), "kind", d.kind, "failure", outcome)
	}
	return s.db.Write(context.WithoutCancel(ctx), func(tx *postgres.Tx) error {
		queueMarkMails(tx, string(d.failure), d.at, d.mails)
		tx.AfterCommit(func() { s.metrics.Mails.WithLabelValues(d.kind, outcome).Add(float64(len(d.mails))) })
		if d.failure != "" {
			for _, id := range d.mails {
				audit.Write(tx, access.System(SendMail{}.Kind()), "mail.give-up", id,
					audit.Meta{"kind": d.kind, "reason": outcome})
			}
		}
		return nil
	})
}

// SkipBefore marks the mails that were made before an instant as sent.
func (s *Service) SkipBefore(ctx context.Context, tx *postgres.Tx, actor access.Actor, instant time.Time) error {
	audit.WriteFor(tx, actor, "mail.skip", "mail", tx.NewID().String(), nil)
	return skipMails(ctx, tx, instant)
}

// loadMail returns a stored mail and the data of its layout, or nil if it was sent, given up or erased. Returns a
// Refusal together with the message if the mail must not be sent.
func (s *Service) loadMail(ctx context.Context, id uuid.UUID) (*Message, layoutData, error) {
	var (
		message     Message
		content     []byte
		email, zone string
		to          recipient
	)
	err := s.db.Read(ctx, func(r *postgres.Read) error {
		message.loadedAt = r.Now
		// Until the address is verified, somebody else may have chosen the name.
		return r.QueryRow(ctx, `SELECT m.kind, m.message_id, m.content, m.created_at, coalesce(u.email, ''),
				coalesce(p.timezone, 'UTC'), coalesce(p.language, 'en'),
				CASE WHEN u.is_email_verified THEN coalesce(p.full_name, '') ELSE '' END
			FROM mails m LEFT JOIN users u ON u.id = m.user_id AND u.deleted_at IS NULL
				LEFT JOIN profiles p ON p.user_id = u.id
			WHERE m.id = $1 AND m.content IS NOT NULL`, id).
			Scan(&message.Kind, &message.MessageID, &content, &message.CreatedAt, &email, &zone, &to.language,
				&to.name)
	})
	if postgres.NoRows(err) {
		return nil, layoutData{}, nil // nothing to send
	}
	if err != nil {
		return nil, layoutData{}, err
	}
	text, err := s.sealer.System().Open(contentColumn, id, content)
	if err != nil {
		return nil, layoutData{}, err
	}
	var m Mail
	if err := json.Unmarshal([]byte(text), &m); err != nil {
		return nil, layoutData{}, errors.New("a stored mail can't be decoded") // json's error would quote it
	}
	message.To, message.isTimely = email, m.Timely
	if m.Address != "" {
		message.To, to.name = m.Address, ""
	}
	to.language, zone = cmp.Or(m.Language, to.language), cmp.Or(m.Timezone, zone)
	until := message.CreatedAt.Add(giveUpAfter)
	if expiry, err := time.Parse(time.RFC3339, m.Data["expires"]); err == nil && expiry.Before(until) {
		until = expiry
	}
	switch isTrue, err := s.isTrue(ctx, m); {
	case message.To == "":
		return &message, layoutData{}, NoRecipient
	case message.loadedAt.After(until):
		return &message, layoutData{}, TooLate
	case err != nil:
		return nil, layoutData{}, err
	case !isTrue:
		return &message, layoutData{}, Overtaken
	}
	if to.zone, err = time.LoadLocation(zone); err != nil {
		to.zone = time.UTC
	}
	if m.Appointment != nil {
		message.Calendar = s.calendarPart(m, message, to)
	}
	l, err := s.fillTemplate(m.Kind, m.Data, message.CreatedAt, to)
	return &message, l, err
}

// isTrue reports whether a mail is still true.
func (s *Service) isTrue(ctx context.Context, m Mail) (isTrue bool, err error) {
	condition, has := s.conditions[m.Kind]
	if !has {
		return true, nil
	}
	err = s.db.Read(ctx, func(r *postgres.Read) (err error) {
		isTrue, err = condition(ctx, r, m.Data)
		return err
	})
	return isTrue, err
}
