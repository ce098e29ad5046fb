package notification_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"io"
	"log"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

const (
	smtpUser     = "mailer@clinic.example"
	smtpPassword = "open sesame, said the mailer"
)

// mailServer is an SMTP server on this machine.
type mailServer struct {
	t    testing.TB
	addr string
	// refuse, when set, answers a step ("auth", "mail", "rcpt", "data", "taken") the n-th time it is reached, n from
	// 1. "taken" is after the message was read and stored.
	refuse func(step string, n int) error
	// withoutTLS offers no STARTTLS; implicitTLS speaks TLS from the first byte; hangsUp cuts the line after a mail's
	// 250.
	withoutTLS, implicitTLS, hangsUp bool
	// withoutUTF8 offers no SMTPUTF8.
	withoutUTF8 bool

	mu       sync.Mutex
	server   *smtp.Server
	listen   net.Listener
	steps    map[string]int
	received []delivery
	roots    *x509.CertPool
	cert     tls.Certificate
}

// delivery is a mail as the server received it.
type delivery struct {
	from, to, user  string
	encrypted, utf8 bool
	raw             []byte
}

func startMailServer(t testing.TB, configure ...func(*mailServer)) *mailServer {
	t.Helper()
	p := &mailServer{t: t, addr: "127.0.0.1:0", steps: map[string]int{}}
	for _, change := range configure {
		change(p)
	}
	p.cert, p.roots = certificate(t)
	p.start()
	t.Cleanup(p.stop)
	return p
}

// start listens; after a stop, on the same port as before.
func (p *mailServer) start() {
	p.t.Helper()
	server := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &session{peer: p, conn: c}, nil
	}))
	server.Domain, server.EnableSMTPUTF8, server.AllowInsecureAuth = "mx.example", !p.withoutUTF8, true
	server.ErrorLog = log.New(io.Discard, "", 0)
	server.ReadTimeout, server.WriteTimeout = 20*time.Second, 20*time.Second
	settings := &tls.Config{Certificates: []tls.Certificate{p.cert}, MinVersion: tls.VersionTLS12}
	listener, err := new(net.ListenConfig).Listen(p.t.Context(), "tcp", p.addr)
	must(p.t, err)
	p.addr = listener.Addr().String()
	switch {
	case p.implicitTLS:
		listener = tls.NewListener(listener, settings)
	case !p.withoutTLS:
		server.TLSConfig = settings
	}
	p.mu.Lock()
	p.server, p.listen = server, listener
	p.mu.Unlock()
	go func() { _ = server.Serve(listener) }()
}

func (p *mailServer) stop() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.server != nil {
		_ = p.server.Close()
		_ = p.listen.Close() // the server doesn't know it yet when it is stopped at once
		p.server = nil
	}
}

func (p *mailServer) mails() []delivery {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]delivery(nil), p.received...)
}

func (p *mailServer) reached(step string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.steps[step]
}

func (p *mailServer) step(name string) error {
	p.mu.Lock()
	p.steps[name]++
	n := p.steps[name]
	p.mu.Unlock()
	if p.refuse != nil {
		return p.refuse(name, n)
	}
	return nil
}

type session struct {
	peer *mailServer
	conn *smtp.Conn
	delivery
}

func (s *session) Reset() {
	if s.raw != nil && s.peer.hangsUp {
		_ = s.conn.Conn().Close()
	}
	s.delivery = delivery{user: s.user}
}

func (s *session) Logout() error { return nil }

// AuthMechanisms offers CRAM-MD5 without TLS, as an attacker in between would: the answer to it lets the attacker
// check guesses of the password.
func (s *session) AuthMechanisms() []string {
	if _, encrypted := s.conn.TLSConnectionState(); encrypted {
		return []string{sasl.Plain}
	}
	return []string{sasl.Plain, "CRAM-MD5"}
}

func (s *session) Auth(mechanism string) (sasl.Server, error) {
	if mechanism != sasl.Plain {
		return nil, errors.Join(s.peer.step("auth"), smtp.ErrAuthUnknownMechanism)
	}
	return sasl.NewPlainServer(func(_, user, password string) error {
		if err := s.peer.step("auth"); err != nil {
			return err
		}
		if user != smtpUser || password != smtpPassword {
			return smtp.ErrAuthFailed
		}
		s.user = user
		return nil
	}), nil
}

func (s *session) Mail(from string, o *smtp.MailOptions) error {
	s.from, s.utf8 = from, o.UTF8
	return s.peer.step("mail")
}

func (s *session) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.to = to
	return s.peer.step("rcpt")
}

func (s *session) Data(r io.Reader) error {
	if err := s.peer.step("data"); err != nil {
		return err
	}
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	s.raw = raw
	_, s.encrypted = s.conn.TLSConnectionState()
	s.peer.mu.Lock()
	s.peer.received = append(s.peer.received, s.delivery)
	s.peer.mu.Unlock()
	return s.peer.step("taken")
}

// certificate returns a self-signed certificate for 127.0.0.1.
func certificate(t testing.TB) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "127.0.0.1"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
		KeyUsage:    x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	must(t, err)
	parsed, err := x509.ParseCertificate(der)
	must(t, err)
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, roots
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
