package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// Credentials are what a sign-in takes.
type Credentials struct {
	Body struct {
		Email    string `json:"email" text:"opaque" minLength:"3" maxLength:"320" doc:"The address signed up with" example:"asha@example.org"`
		Password string `json:"password" text:"opaque" minLength:"1" maxLength:"1024" doc:"The password" example:"seven lamps light the well"`
		SessionTransport
	}
}

// SessionTransport is how the client keeps its session.
type SessionTransport struct {
	Session string `json:"session,omitempty" enum:"TOKENS,COOKIE" default:"TOKENS" doc:"TOKENS in the answer; or a COOKIE, for pages of this server: no script sees it, and it lives on while it is used" example:"TOKENS"`
}

func (h SessionTransport) cookie() bool { return h.Session == "COOKIE" }

// check: only a page of this server gets a cookie. Error: problem.CrossSite.
func (h SessionTransport) check(actor access.Actor) error {
	if h.cookie() && actor.CrossSite {
		return problem.CrossSite
	}
	return nil
}

// Tokens are a session, as its client holds it.
type Tokens struct {
	AccessToken  string `json:"accessToken,omitempty" doc:"Opaque; send it as Authorization: Bearer" example:"at_c2V2ZW4gbGFtcHMgbGlnaHQgdGhlIHdlbGwgYXQgbmlnaHQ"`
	RefreshToken string `json:"refreshToken,omitempty" doc:"Good for one use at /auth/refresh-token; keep it secret" example:"rt_dGhlIHdlbGwgaXMgbGl0IGJ5IHNldmVuIGxhbXBzIG5vdw"`
	TokenType    string `json:"tokenType,omitempty" enum:"Bearer" doc:"How to send the access token" example:"Bearer"`
	ExpiresIn    int    `json:"expiresIn" doc:"Seconds until the access token expires, or the cookie when it isn't used" example:"900"`
	User         User   `json:"user" doc:"Who is signed in"`

	cookie string
}

// SessionCookie is the token of a session that a cookie holds, or "".
func (t Tokens) SessionCookie() string { return t.cookie }

// SignedIn answers a right password: a session, or a ticket for the second factor.
type SignedIn struct {
	MFARequired  bool     `json:"mfaRequired" doc:"true: this is no session yet; go on with mfaToken at /auth/verify-mfa" example:"false"`
	MFAToken     string   `json:"mfaToken,omitempty" doc:"The ticket for /auth/verify-mfa: 5 minutes, 5 tries, once" example:"mt_dGhlIHdlbGwgaXMgbGl0IGJ5IHNldmVuIGxhbXBzIG5vdw"`
	Methods      []string `json:"methods,omitempty" nullable:"false" enum:"passkey,totp,recovery-code" doc:"What can be the second factor, the best first" example:"[\"totp\",\"recovery-code\"]"`
	AccessToken  string   `json:"accessToken,omitempty" doc:"Opaque; send it as Authorization: Bearer" example:"at_c2V2ZW4gbGFtcHMgbGlnaHQgdGhlIHdlbGwgYXQgbmlnaHQ"`
	RefreshToken string   `json:"refreshToken,omitempty" doc:"Good for one use at /auth/refresh-token; keep it secret" example:"rt_dGhlIHdlbGwgaXMgbGl0IGJ5IHNldmVuIGxhbXBzIG5vdw"`
	TokenType    string   `json:"tokenType,omitempty" enum:"Bearer" doc:"How to send the access token" example:"Bearer"`
	ExpiresIn    int      `json:"expiresIn,omitempty" doc:"Seconds until the access token expires, or the cookie when it isn't used" example:"900"`
	User         *User    `json:"user,omitempty" doc:"Who is signed in"`
	// Staff without a second factor.
	MFAEnrollmentRequired bool `json:"mfaEnrollmentRequired" doc:"true: this session reaches nothing but setting up a second factor" example:"false"`

	cookie string
}

// SessionCookie is the token of a session that a cookie holds, or "".
func (s SignedIn) SessionCookie() string { return s.cookie }

// SignIn checks the password and starts a session. An unknown address takes as long as a wrong password and gets the
// same answer. Errors: ErrInvalidCredentials, ErrEmailNotVerified, problem.CrossSite.
func (s *Service) SignIn(ctx context.Context, actor access.Actor, in Credentials) (out SignedIn, err error) {
	if err := in.Body.check(actor); err != nil {
		return SignedIn{}, err
	}
	err = retryOnPasswordChange(func() (err error) {
		out, err = s.signIn(ctx, actor, in)
		return err
	})
	return out, err
}

func (s *Service) signIn(ctx context.Context, actor access.Actor, in Credentials) (SignedIn, error) {
	user, err := s.findLogin(ctx, in.Body.Email, actor.IP)
	if err != nil {
		return SignedIn{}, err
	}
	counted, err := s.tryPassword(ctx, attemptKeys(in.Body.Email, user.Known, actor.IP))
	if err != nil {
		return SignedIn{}, err
	}
	right, outdated, err := comparePassword(ctx, in.Body.Password, user.PasswordHash)
	if err != nil { // it was not looked at
		return SignedIn{}, errors.Join(err, s.refundAttempt(ctx, counted))
	}
	if !right || !user.IsEmailVerified {
		right, user.IsEmailVerified, err = s.orPending(ctx, in.Body.Password, right, user)
	}
	switch {
	case err != nil:
		return SignedIn{}, err
	case user.ID == uuid.Nil:
		return SignedIn{}, s.refuse(ctx, actor, user.ID, "unknown-address", ErrInvalidCredentials)
	case !right:
		return SignedIn{}, s.refuse(ctx, actor, user.ID, "wrong-password", ErrInvalidCredentials)
	// before the next: a sign-up that waits beside a disabled user is answered like any other
	case !user.IsEmailVerified:
		if err := s.refundAttempt(ctx, counted); err != nil {
			return SignedIn{}, err
		}
		return SignedIn{}, s.refuse(ctx, actor, user.ID, ErrEmailNotVerified.Slug, s.notVerified(ctx, user.ID))
	case user.DisabledAt != nil:
		return SignedIn{}, s.refuse(ctx, actor, user.ID, "disabled", ErrInvalidCredentials)
	}
	var out SignedIn
	err = s.DB.Write(ctx, func(tx *postgres.Tx) (err error) {
		out, err = s.afterPassword(ctx, tx, acting(actor, user.ID, user.Role), user, in.Body.SessionTransport)
		s.rightPassword(tx, counted)
		return err
	})
	if err == nil && outdated {
		s.rehash(ctx, user, in.Body.Password)
	}
	return out, err
}

// notVerified tells whoever knows the password that the newest mail with the link could not be delivered, when it was
// given up.
func (s *Service) notVerified(ctx context.Context, user uuid.UUID) error {
	refused := false
	err := s.DB.Read(ctx, func(r *postgres.Read) (err error) {
		refused, err = verificationRefused(ctx, r, &user)
		return err
	})
	switch {
	case err != nil && !postgres.NoRows(err):
		return fmt.Errorf("look for a mail that was given up: %w", err)
	case refused:
		return ErrEmailNotVerified.WithDetail("The password is that of a sign-up whose e-mail address is not " +
			"verified: the mail server of the address refused our mail. " +
			"Check the address, and sign up with one that takes mail.")
	}
	return ErrEmailNotVerified
}

// knownFor is how long an address counts as a user's own after a sign-in.
const knownFor = 30 * 24 * time.Hour

func (s *Service) findLogin(ctx context.Context, email, ip string) (user findLoginRow, err error) {
	err = s.DB.Read(ctx, func(r *postgres.Read) error {
		user, err = findLogin(ctx, r, findLoginParams{Email: canonicalEmail(email), Now: r.Now, IPAddress: ip,
			Since: r.Now.Add(-knownFor)})
		return err
	})
	if postgres.NoRows(err) {
		return findLoginRow{PasswordHash: dummyHash()}, nil
	}
	if err != nil {
		return findLoginRow{}, fmt.Errorf("find a sign-in: %w", err)
	}
	return user, nil
}

// afterPassword asks for the second factor of who has one, and lets the others in.
func (s *Service) afterPassword(ctx context.Context, tx *postgres.Tx, actor access.Actor, user findLoginRow,
	how SessionTransport) (SignedIn, error) {
	if user.MFAEnabled {
		return s.askSecondFactor(ctx, tx, actor, user)
	}
	t, err := s.startSession(ctx, tx, actor, user, nil, how)
	return SignedIn{AccessToken: t.AccessToken, RefreshToken: t.RefreshToken, TokenType: t.TokenType,
		ExpiresIn: t.ExpiresIn, User: &t.User, cookie: t.cookie, MFAEnrollmentRequired: s.Config.RequireAdminMFA &&
			actor.Staff()}, err
}

// unchanged holds a user whose password is still the one that was looked at, and who has a second factor if they had
// one then. Error: errReplaced.
func unchanged(ctx context.Context, tx *postgres.Tx, user findLoginRow) error {
	held, err := lockForSignIn(ctx, tx, user.ID, user.PasswordHash, user.MFAEnabled)
	switch {
	case err != nil:
		return fmt.Errorf("hold a user: %w", err)
	case held == 0:
		return errReplaced
	}
	return nil
}

// startSession signs a user in, unless the password or the need for a second factor changed since they were looked at.
// proven is when they proved a second factor, or nil.
func (s *Service) startSession(ctx context.Context, tx *postgres.Tx, actor access.Actor, user findLoginRow,
	proven *time.Time, how SessionTransport) (Tokens, error) {
	if err := unchanged(ctx, tx, user); err != nil {
		return Tokens{}, err
	}
	if err := s.tellOfDevice(ctx, tx, actor, shorten(actor.UserAgent)); err != nil {
		return Tokens{}, err
	}
	id := uuid.Must(uuid.NewV7())
	life := s.Config.SessionLife
	if how.cookie() {
		life = s.Config.BrowserLife
	}
	err := insertSession(ctx, tx,
		insertSessionParams{ID: id, UserID: user.ID, UserAgent: shorten(actor.UserAgent), IPAddress: actor.IP,
			Now: tx.Now, ExpiresAt: tx.Now.Add(life), SecondFactorAt: proven})
	if err != nil {
		return Tokens{}, fmt.Errorf("insert a session: %w", err)
	}
	audit.Write(tx, actor, "session.start", id, nil)
	short := User{ID: user.ID, Email: user.Email, Role: user.Role, IsEmailVerified: user.IsEmailVerified,
		MFAEnabled: user.MFAEnabled, FullName: user.FullName, CreatedAt: user.CreatedAt}
	if how.cookie() {
		return s.issueCookie(ctx, tx, id, short)
	}
	return s.issue(ctx, tx, id, short, newPair())
}

// issueCookie gives the session the one token that a browser holds.
func (s *Service) issueCookie(ctx context.Context, tx *postgres.Tx, session uuid.UUID, user User) (Tokens, error) {
	token, hash := newToken("ct_")
	if err := insertCookie(ctx, tx, insertCookieParams{Hash: hash, SessionID: session, Now: tx.Now,
		ExpiresAt: tx.Now.Add(s.Config.BrowserIdle)}); err != nil {
		return Tokens{}, fmt.Errorf("insert a cookie: %w", err)
	}
	return Tokens{ExpiresIn: int(s.Config.BrowserIdle / time.Second), User: user, cookie: token}, nil
}

// issue gives the session a pair of tokens.
func (s *Service) issue(ctx context.Context, tx *postgres.Tx, session uuid.UUID, user User, p pair) (Tokens, error) {
	err := insertTokens(ctx, tx, insertTokensParams{SessionID: session, Now: tx.Now,
		AccessHash: hashToken(p.access), AccessExpiry: tx.Now.Add(s.Config.AccessTokenLife),
		RefreshHash: hashToken(p.refresh), RefreshExpiry: tx.Now.Add(s.Config.SessionLife)})
	if err != nil {
		return Tokens{}, fmt.Errorf("insert tokens: %w", err)
	}
	return p.tokens(user, s.Config.AccessTokenLife), nil
}

// shorten makes any User-Agent fit to be kept.
func shorten(agent string) string {
	return httpapi.Readable(agent, 300)
}

// refuse notes a sign-in that failed and gives its answer.
func (s *Service) refuse(ctx context.Context, actor access.Actor, user uuid.UUID, reason string, answer error) error {
	entity := unknown
	if user != uuid.Nil {
		entity = user.String()
	}
	err := s.DB.Write(ctx, func(tx *postgres.Tx) error {
		audit.WriteFor(tx, actor, "session.refuse", "user", entity, audit.Meta{"reason": reason})
		return nil
	})
	if err != nil {
		return fmt.Errorf("note a refused sign-in: %w", err)
	}
	return answer
}

// rehash brings the hash to today's parameters while the password is known. Failing costs nothing: the next sign-in
// tries again.
func (s *Service) rehash(ctx context.Context, user findLoginRow, password string) {
	hash, err := HashPassword(ctx, password)
	if err == nil {
		err = s.DB.Write(ctx, func(tx *postgres.Tx) error {
			return renewHash(ctx, tx, hash, user.ID, user.PasswordHash)
		})
	}
	if err != nil {
		s.Log.WarnContext(ctx, "a password hash was not renewed", "error", postgres.Describe(err))
	}
}

// NoInput is the input of an operation that takes none.
type NoInput struct{}

// SignOut ends the session of the token it is called with.
func (s *Service) SignOut(_ context.Context, tx *postgres.Tx, actor access.Actor, _ NoInput) (httpapi.SignedOut,
	error) {
	queueLastEndSession(tx, tx.Now, actor.SessionID)
	audit.Write(tx, actor, "session.end", actor.SessionID, nil)
	return httpapi.SignedOut{}, nil
}
