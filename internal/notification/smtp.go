package notification

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"time"

	"github.com/wneessen/go-mail"

	"amrutam/internal/config"
)

// smtpTimeout bounds one delivery.
const smtpTimeout = 20 * time.Second

type smtpSender struct {
	client *mail.Client
	from   string
}

func newSMTP(cfg *config.Config) (*smtpSender, error) {
	u, err := url.Parse(cfg.SMTPURL)
	if err != nil || u.Hostname() == "" || (u.Scheme != "smtp" && u.Scheme != "smtps") {
		return nil, errors.New("AMRUTAM_SMTP_URL must be smtp://user:password@host:port or smtps://")
	}
	options := []mail.Option{mail.WithTimeout(smtpTimeout), mail.WithTLSPolicy(mail.TLSOpportunistic)}
	if cfg.Production() {
		options = append(options, mail.WithTLSPolicy(mail.TLSMandatory))
	}
	if u.Scheme == "smtps" {
		options = append(options, mail.WithSSL())
	}
	if port, err := strconv.Atoi(u.Port()); err == nil {
		options = append(options, mail.WithPort(port))
	}
	if u.User != nil {
		password, _ := u.User.Password()
		options = append(options, mail.WithSMTPAuth(mail.SMTPAuthAutoDiscover), mail.WithUsername(u.User.Username()), mail.WithPassword(password))
	}
	client, err := mail.NewClient(u.Hostname(), options...)
	if err != nil {
		return nil, errors.New("AMRUTAM_SMTP_URL can't be used: its host, port or user is not right")
	}
	return &smtpSender{client: client, from: cfg.MailFrom}, nil
}

var errDelivery = errors.New("the mail server did not take the mail")

// Send delivers over one connection. Errors name no address: the server's own words often repeat it.
func (s *smtpSender) Send(ctx context.Context, m Message) error {
	message := mail.NewMsg()
	if message.From(s.from) != nil || message.To(m.To) != nil {
		return errors.New("the sender's or the recipient's address is not one")
	}
	message.Subject(m.Subject)
	message.SetMessageIDWithValue(m.MessageID)
	message.SetDateWithValue(m.At)
	message.SetBodyString(mail.TypeTextPlain, m.Text)
	message.AddAlternativeString(mail.TypeTextHTML, m.HTML)
	if s.client.DialAndSendWithContext(ctx, message) != nil {
		return errDelivery
	}
	return nil
}
