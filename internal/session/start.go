package session

import (
	"context"
	"fmt"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// Transport is where a session's token is held.
type Transport string

// The transports.
const (
	TransportTokens Transport = "TOKENS"
	TransportCookie Transport = "COOKIE"
)

// Schema lists the transports.
func (Transport) Schema(r huma.Registry) *huma.Schema {
	return httpapi.Enum(r, "SessionTransport", "Whether the client holds tokens, or a browser a cookie",
		TransportTokens, TransportCookie)
}

// TransportChoice is how the client holds its session.
type TransportChoice struct {
	Session Transport `json:"session,omitempty" default:"TOKENS" doc:"TOKENS in the answer; or a COOKIE, for pages of this server: no script sees it, and it lives on while it is used" example:"TOKENS"`
}

func (t TransportChoice) cookie() bool { return t.Session == TransportCookie }

// Check returns problem.CrossSite if a page of another server asks for a cookie.
func (t TransportChoice) Check(actor access.Actor) error {
	if t.cookie() && actor.CrossSite {
		return problem.CrossSite
	}
	return nil
}

// userAgentLength in characters is how much of a User-Agent is stored.
const userAgentLength = 300

// Start signs a user in, whose row the caller has locked against a change of the password. secondFactorAt is when they
// proved a second factor, or nil.
func (s *Service) Start(ctx context.Context, tx *postgres.Tx, actor access.Actor, user User,
	secondFactorAt *time.Time, transport TransportChoice) (Tokens, error) {
	agent := httpapi.CleanText(actor.UserAgent, userAgentLength)
	if err := s.mailNewDevice(ctx, tx, actor, agent); err != nil {
		return Tokens{}, err
	}
	id := uuid.Must(uuid.NewV7())
	life := s.Config.SessionLife
	if transport.cookie() {
		life = s.Config.BrowserLife
	}
	err := insertSession(ctx, tx, insertSessionParams{ID: id, UserID: user.ID, UserAgent: agent,
		IPAddress: actor.IP, Now: tx.Now, ExpiresAt: tx.Now.Add(life), SecondFactorAt: secondFactorAt})
	if err != nil {
		return Tokens{}, fmt.Errorf("insert a session: %w", err)
	}
	audit.Write(tx, actor, "session.start", id, nil)
	if transport.cookie() {
		return s.issueCookie(ctx, tx, id, user)
	}
	return s.issuePair(ctx, tx, id, user, newTokenPair())
}

// issueCookie gives the session the one token that a browser holds.
func (s *Service) issueCookie(ctx context.Context, tx *postgres.Tx, session uuid.UUID, user User) (Tokens, error) {
	token, hash := NewToken(cookiePrefix)
	err := insertCookie(ctx, tx, insertCookieParams{Hash: hash, SessionID: session, Now: tx.Now,
		ExpiresAt: tx.Now.Add(s.Config.BrowserIdle)})
	if err != nil {
		return Tokens{}, fmt.Errorf("insert a cookie: %w", err)
	}
	return Tokens{ExpiresIn: int(s.Config.BrowserIdle / time.Second), User: user, cookie: token}, nil
}

// issuePair gives the session a pair of tokens.
func (s *Service) issuePair(ctx context.Context, tx *postgres.Tx, session uuid.UUID, user User,
	p tokenPair) (Tokens, error) {
	err := insertTokens(ctx, tx, insertTokensParams{SessionID: session, Now: tx.Now,
		AccessHash: HashToken(p.access), AccessExpiry: tx.Now.Add(s.Config.AccessTokenLife),
		RefreshHash: HashToken(p.refresh), RefreshExpiry: tx.Now.Add(s.Config.SessionLife)})
	if err != nil {
		return Tokens{}, fmt.Errorf("insert tokens: %w", err)
	}
	return p.tokens(user, s.Config.AccessTokenLife), nil
}
