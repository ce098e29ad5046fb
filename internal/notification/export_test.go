package notification

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"maps"
	"regexp"
	"slices"
	"text/template"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/config"
	"amrutam/internal/language"
)

// Run runs the job of a mail once.
func (s *Service) Run(ctx context.Context, id uuid.UUID) error {
	return s.send(ctx, SendMail{MailID: id})
}

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

// Kinds are all kinds of mail that a language has.
func Kinds(l language.Tag) []string { return slices.Sorted(maps.Keys(kinds[l])) }

// PlainName is plainName.
var PlainName = plainName

// TemplateKeys returns the names of the values that a template takes, and the paths that it links to.
func TemplateKeys(l language.Tag, kind string) []string {
	keys := map[string]bool{}
	key := regexp.MustCompile(`\.[a-z]\w*|index \. "\w+"|/[a-z-]+\?`)
	read := func(t *template.Template) {
		if t == nil {
			return
		}
		for _, found := range key.FindAllString(t.Root.String(), -1) {
			keys[found] = true
		}
	}
	w := kinds[l][kind]
	read(w.subject)
	read(w.all)
	for _, p := range w.parts {
		read(p.words)
		read(p.path)
	}
	return slices.Sorted(maps.Keys(keys))
}

// Links returns the addresses that a mail links to, and that of a digest of such mails.
func Links(cfg *config.Config, l language.Tag, kind string, data map[string]string) (links []string, all string,
	err error) {
	s := &Service{cfg: cfg}
	filled, err := s.fillTemplate(kind, data, time.Now(), recipient{zone: time.UTC, language: l})
	for _, p := range filled.Parts {
		if p.Link != "" {
			links = append(links, p.Link)
		}
	}
	return links, filled.All, err
}
