package notification

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"maps"
	"slices"

	"github.com/google/uuid"
)

// Run runs the job of a mail once.
func (s *Service) Run(ctx context.Context, id uuid.UUID) error { return s.send(ctx, SendMail{id}) }

// RunDigest runs the job of a digest once.
func (s *Service) RunDigest(ctx context.Context, args SendDigest) error {
	return s.sendDigest(ctx, args)
}

// Deliver hands a message to the sender.
func (s *Service) Deliver(ctx context.Context, m Message) error { return s.sender.Send(ctx, m) }

// Trust makes the SMTP sender trust a test's own certificate.
func (s *Service) Trust(roots *x509.CertPool) error {
	sender, ok := s.sender.(*smtpSender)
	if !ok {
		return errors.New("the sender is not SMTP")
	}
	return sender.client.SetTLSConfig(&tls.Config{ServerName: "127.0.0.1", RootCAs: roots,
		MinVersion: tls.VersionTLS12})
}

// Kinds are all kinds of mail.
func Kinds() []string { return slices.Sorted(maps.Keys(kinds)) }

// PlainName is plainName.
var PlainName = plainName
