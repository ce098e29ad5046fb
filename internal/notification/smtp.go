package notification

import (
	"context"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/textproto"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"amrutam/internal/config"
)

// smtpTimeout limits each stage of a delivery (connect, greet, send, quit); all of them end before the job counts as
// stuck.
const smtpTimeout = 15 * time.Second

type smtpSender struct {
	client *mail.Client
	from   *netmail.Address
	// replyTo is the address for replies, or nil if they are not read.
	replyTo *netmail.Address
	// server and tls describe the connection for people.
	server, tls string
	// unicode is whether the server offered SMTPUTF8 on the last connection, or nil before the first.
	unicode atomic.Pointer[bool]
}

func newSMTPSender(cfg *config.Config) (*smtpSender, error) {
	u, err := cfg.SMTPServer()
	if err != nil {
		return nil, err
	}
	from, err := netmail.ParseAddress(cfg.MailFrom)
	if err == nil {
		from.Address, err = ASCII(from.Address)
	}
	if err != nil {
		return nil, errors.New("AMRUTAM_MAIL_FROM must be an address like Amrutam <no-reply@example.org>")
	}
	replyTo, err := replyAddress(cfg)
	if err != nil {
		return nil, err
	}
	options := []mail.Option{mail.WithTimeout(smtpTimeout)}
	tls, port := "STARTTLS when the server offers it", 587 // RFC 6409; smtps: RFC 8314
	// An attacker in between could hide STARTTLS and read the password: with a password TLS is required.
	secure := cfg.Production() || (u.User != nil && !isLoopback(u.Hostname()))
	switch {
	case u.Scheme == "smtps":
		options, tls, port, secure = append(options, mail.WithSSL()), "from the first byte", 465, true
	case secure:
		options, tls = append(options, mail.WithTLSPolicy(mail.TLSMandatory)),
			"STARTTLS, without which nothing is sent: the server must offer it, with a certificate of its name"
	default:
		options = append(options, mail.WithTLSPolicy(mail.TLSOpportunistic))
	}
	if given, err := strconv.Atoi(u.Port()); err == nil {
		port = given
	}
	if u.User != nil {
		auth := mail.SMTPAuthAutoDiscover
		if !secure {
			auth = mail.SMTPAuthPlain // go-mail allows it without TLS on this very machine only
		}
		password, _ := u.User.Password()
		options = append(options, mail.WithSMTPAuth(auth), mail.WithUsername(u.User.Username()),
			mail.WithPassword(password))
	}
	client, err := mail.NewClient(u.Hostname(), append(options, mail.WithPort(port))...)
	if err != nil {
		return nil, errors.New("AMRUTAM_SMTP_URL can't be used: its host, port or user is not right")
	}
	return &smtpSender{client: client, from: from, replyTo: replyTo,
		server: net.JoinHostPort(u.Hostname(), strconv.Itoa(port)), tls: tls}, nil
}

// replyAddress parses AMRUTAM_MAIL_REPLY_TO. Returns nil if it is unset.
func replyAddress(cfg *config.Config) (*netmail.Address, error) {
	if cfg.MailReplyTo == "" {
		return nil, nil
	}
	address, err := netmail.ParseAddress(cfg.MailReplyTo)
	if err == nil {
		address.Address, err = ASCII(address.Address)
	}
	if err != nil {
		return nil, errors.New("AMRUTAM_MAIL_REPLY_TO must be an address like Support <support@example.org>")
	}
	return address, nil
}

func isLoopback(host string) bool { return host == "localhost" || net.ParseIP(host).IsLoopback() }

// Send delivers a message over one connection. Its errors leave out what the server said, because that often repeats
// the address.
func (s *smtpSender) Send(ctx context.Context, m Message) error {
	message := mail.NewMsg(mail.WithNoDefaultUserAgent())
	message.FromMailAddress(s.from)
	to, err := ASCII(m.To)
	if err != nil || message.To(to) != nil {
		return RecipientRefused
	}
	if s.replyTo != nil {
		message.ReplyToMailAddress(s.replyTo)
	}
	message.Subject(m.Subject)
	message.SetMessageIDWithValue(m.MessageID)
	message.SetDateWithValue(m.CreatedAt)
	message.SetGenHeader("Auto-Submitted", "auto-generated")      // RFC 3834
	message.SetGenHeader(mail.HeaderXAutoResponseSuppress, "All") // the same for Exchange
	message.SetBodyString(mail.TypeTextPlain, m.Text)
	message.AddAlternativeString(mail.TypeTextHTML, m.HTML)
	if m.Calendar != nil {
		// Gmail and Outlook show the alternative, Apple Mail and others the file (RFC 6047).
		kind := mail.ContentType("text/calendar; method=" + string(m.Calendar.Method))
		message.AddAlternativeString(kind, m.Calendar.Text)
		err := message.AttachReader("consultation.ics", strings.NewReader(m.Calendar.Text),
			mail.WithFileContentType("application/ics"))
		if err != nil {
			return fmt.Errorf("attach the calendar: %w", err)
		}
	}
	connection, err := s.client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return classify(err)
	}
	defer func() { _ = s.client.CloseWithSMTPClient(connection) }()
	if err := s.negotiateUTF8(connection, to); err != nil {
		return err
	}
	err = s.client.SendWithSMTPClient(connection, message)
	if err == nil || message.IsDelivered() { // the server accepted it, even if the connection broke afterwards
		return nil
	}
	return classify(err)
}

// negotiateUTF8 requests SMTPUTF8 only for an address that needs it: a message with it can't be forwarded to servers
// without it (RFC 6531, 3.4). It stores whether this server offers it. Returns Unsupported if the address needs it and
// the server doesn't.
func (s *smtpSender) negotiateUTF8(connection *smtp.Client, to string) error {
	offered, _ := connection.Extension("SMTPUTF8")
	s.unicode.Store(&offered)
	ascii := isASCII(to) && isASCII(s.from.Address)
	connection.SkipSMTPUTF8(ascii)
	if !ascii && !offered {
		return Unsupported
	}
	return nil
}

// probeTimeout limits how long a sign-up waits for the mail server's list of extensions.
const probeTimeout = 5 * time.Second

// CanReach reports whether the mail server can deliver to an address: without SMTPUTF8 it takes no letters beyond
// ASCII before the @. It connects to the server if it doesn't know yet.
func (s *Service) CanReach(ctx context.Context, address string) bool {
	if sender := s.unicodeServer(address); sender != nil && sender.unicode.Load() == nil {
		ctx, cancel := context.WithTimeout(ctx, probeTimeout)
		defer cancel()
		if connection, err := sender.client.DialToSMTPClientWithContext(ctx); err == nil {
			_ = sender.negotiateUTF8(connection, address)
			_ = sender.client.CloseWithSMTPClient(connection)
		}
	}
	return s.MayReach(address)
}

// MayReach is CanReach without a connection: it reports true if it doesn't know yet.
func (s *Service) MayReach(address string) bool {
	sender := s.unicodeServer(address)
	if sender == nil {
		return true
	}
	offered := sender.unicode.Load()
	return offered == nil || *offered
}

// unicodeServer returns the mail server if it needs SMTPUTF8 for the address, else nil.
func (s *Service) unicodeServer(address string) *smtpSender {
	sender, ok := s.sender.(*smtpSender)
	if to, err := ASCII(address); !ok || err != nil || isASCII(to) {
		return nil
	}
	return sender
}

// classify turns an error of go-mail into a Refusal or a temporary error, without what the server said. A 530 (sign in
// first) and a refusal of the sender are faults of our settings, not of the mail: they are temporary.
func classify(err error) error {
	var failed *mail.SendError
	if errors.As(err, &failed) {
		code := failed.ErrorCode()
		switch final := code >= 500 && code != 530; {
		case final && failed.Reason == mail.ErrSMTPRcptTo:
			return fmt.Errorf("%w (%d)", RecipientRefused, code)
		case final && (failed.Reason == mail.ErrSMTPData || failed.Reason == mail.ErrSMTPDataClose):
			return fmt.Errorf("%w (%d)", MessageRefused, code)
		}
		return fmt.Errorf("the mail server did not take the mail: %s (%d)", failed.Reason, code)
	}
	var answer *textproto.Error
	if errors.As(err, &answer) {
		return fmt.Errorf("the mail server refused the connection or the sign-in (%d)", answer.Code)
	}
	var garbled textproto.ProtocolError
	if errors.As(err, &garbled) {
		return errors.New("the mail server's answer can't be read")
	}
	return fmt.Errorf("the mail server can't be used: %w", err)
}
