package apptest

import (
	"bytes"
	"io"
	"log"
	"net"
	"net/mail"
	"strings"
	"sync"
	"testing"

	"github.com/emersion/go-smtp"
)

// MailServer is an SMTP server on this machine, which can be away for a while.
type MailServer struct {
	t    testing.TB
	addr string
	// Taken, when set, is called after a mail was stored and before the client is told so.
	Taken func(Delivery)

	mu       sync.Mutex
	server   *smtp.Server
	listener net.Listener
	received []Delivery
}

// Delivery is a mail that the server took.
type Delivery struct {
	To        string
	MessageID string
	// Text is the mail without the line breaks of its quoted-printable encoding.
	Text string
}

// NewMailServer returns a server with an address that nothing listens at before Start.
func NewMailServer(t testing.TB) *MailServer {
	t.Helper()
	s := &MailServer{t: t, addr: "127.0.0.1:0"}
	s.Start()
	s.Stop()
	t.Cleanup(s.Stop)
	return s
}

// URL is the value of AMRUTAM_SMTP_URL.
func (s *MailServer) URL() string { return "smtp://" + s.addr }

// Start listens, always at the same address.
func (s *MailServer) Start() {
	s.t.Helper()
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) {
		return &mailSession{server: s}, nil
	}))
	server.ErrorLog = log.New(io.Discard, "", 0)
	listener, err := new(net.ListenConfig).Listen(s.t.Context(), "tcp", s.addr)
	must(s.t, err)
	s.mu.Lock()
	s.server, s.listener, s.addr = server, listener, listener.Addr().String()
	s.mu.Unlock()
	go func() { _ = server.Serve(listener) }()
}

// Stop ends all connections.
func (s *MailServer) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.server != nil {
		_ = s.server.Close()
		_ = s.listener.Close() // the server doesn't know it yet when it is stopped at once
		s.server = nil
	}
}

// Received returns the mails that the server took, in their order.
func (s *MailServer) Received() []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]Delivery(nil), s.received...)
}

// mailSession accepts every mail.
type mailSession struct {
	server *MailServer
	to     string
}

func (*mailSession) Mail(string, *smtp.MailOptions) error { return nil }
func (*mailSession) Reset()                               {}
func (*mailSession) Logout() error                        { return nil }

func (m *mailSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	m.to = to
	return nil
}

func (m *mailSession) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	message, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return err
	}
	d := Delivery{To: m.to, MessageID: strings.Trim(message.Header.Get("Message-ID"), "<>"),
		Text: strings.ReplaceAll(string(raw), "=\r\n", "")}
	m.server.mu.Lock()
	m.server.received = append(m.server.received, d)
	m.server.mu.Unlock()
	if m.server.Taken != nil {
		m.server.Taken(d)
	}
	return nil
}
