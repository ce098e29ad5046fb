package notification

import (
	"context"
	"errors"
	"fmt"
	"net"
	netmail "net/mail"
	"net/textproto"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/wneessen/go-mail"
	"github.com/wneessen/go-mail/smtp"

	"amrutam/internal/config"
)

// smtpTimeout bounds each stage of a delivery (dial, greet, hand over, take leave); all of them end before a job
// counts as stuck.
const smtpTimeout = 15 * time.Second

type smtpSender struct {
	client *mail.Client
	from   *netmail.Address
	// replyTo is where answers go; nil: they are not read.
	replyTo *netmail.Address
	// server and tls are for people: where the mails go, and how.
	server, tls string
	// unicode tells whether the server offered SMTPUTF8 when it was last asked; nil before.
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
	// Whoever sits between could hide STARTTLS and read the password: with one, TLS is not a matter of what is
	// offered.
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
		server: net.JoinHostPort(u.Hostname(), strconv.Itoa(port)),
		tls:    tls}, nil
}

// replyAddress reads AMRUTAM_MAIL_REPLY_TO; nil when it is unset.
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

// Send delivers over one connection. Errors name no address: the server's own words often repeat it.
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
	message.SetDateWithValue(m.At)
	message.SetGenHeader("Auto-Submitted", "auto-generated")      // RFC 3834
	message.SetGenHeader(mail.HeaderXAutoResponseSuppress, "All") // the same for Exchange
	message.SetBodyString(mail.TypeTextPlain, m.Text)
	message.AddAlternativeString(mail.TypeTextHTML, m.HTML)
	connection, err := s.client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return classify(err)
	}
	defer func() { _ = s.client.CloseWithSMTPClient(connection) }()
	if err := s.negotiateUTF8(connection, to); err != nil {
		return err
	}
	err = s.client.SendWithSMTPClient(connection, message)
	if err == nil || message.IsDelivered() { // it is the server's, even if it hung up afterwards
		return nil
	}
	return classify(err)
}

// negotiateUTF8 asks for SMTPUTF8 only where an address needs it: a message that claims it can't be passed on to
// servers without it (RFC 6531, 3.4). It remembers whether this server has it.
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

// probeTimeout bounds how long a sign-up waits to learn what the mail server can.
const probeTimeout = 5 * time.Second

// CanReach tells whether the mail server can take an address: one without SMTPUTF8 takes no letters beyond ASCII before
// the @. It asks the server once.
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

// MayReach is Reaches without asking: what isn't known yet counts as possible.
func (s *Service) MayReach(address string) bool {
	sender := s.unicodeServer(address)
	if sender == nil {
		return true
	}
	offered := sender.unicode.Load()
	return offered == nil || *offered
}

// unicodeServer is the mail server, when an address can reach it with SMTPUTF8 alone; else nil.
func (s *Service) unicodeServer(address string) *smtpSender {
	sender, ok := s.sender.(*smtpSender)
	if to, err := ASCII(address); !ok || err != nil || isASCII(to) {
		return nil
	}
	return sender
}

// classify classes an error of go-mail. 530 asks for a sign-in: that is a setting of ours and not the mail's fault,
// and so is a refusal of the sender.
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
