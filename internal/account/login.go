package account

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
	"amrutam/internal/session"
)

// SignInRequest has the credentials of a sign-in.
type SignInRequest struct {
	Body struct {
		_ struct{} `doc:"What signs in: the e-mail address and the password"`

		Email    string `json:"email" text:"opaque" minLength:"3" maxLength:"320" doc:"The address signed up with" example:"asha@example.org"`
		Password string `json:"password" text:"opaque" minLength:"1" maxLength:"1024" doc:"The password" example:"seven lamps light the well"`
		session.TransportChoice
	}
}

// SecondFactorMethod is a way to prove a second factor.
type SecondFactorMethod string

const (
	methodPasskey      SecondFactorMethod = "passkey"
	methodTOTP         SecondFactorMethod = "totp"
	methodRecoveryCode SecondFactorMethod = "recovery-code"
)

// Schema lists the methods.
func (SecondFactorMethod) Schema(r huma.Registry) *huma.Schema {
	return httpapi.Enum(r, "SecondFactorMethod", "A way to prove a second factor", methodPasskey, methodTOTP,
		methodRecoveryCode)
}

// SignInResult is the answer to a right password: a session, or a ticket for the second factor.
type SignInResult struct {
	_ struct{} `doc:"The new session or, for users with a second factor, the mfaToken to finish with"`

	MFARequired  bool                 `json:"mfaRequired" doc:"true: this is no session yet; go on with mfaToken at /auth/verify-mfa" example:"false"`
	MFAToken     string               `json:"mfaToken,omitempty" doc:"Send it to /auth/verify-mfa with a second factor: good once, for a few minutes and tries"`
	Methods      []SecondFactorMethod `json:"methods,omitempty" doc:"What can be the second factor, the best first"`
	AccessToken  string               `json:"accessToken,omitempty" doc:"Opaque; send it as Authorization: Bearer" example:"at_c2V2ZW4gbGFtcHMgbGlnaHQgdGhlIHdlbGwgYXQgbmlnaHQ"`
	RefreshToken string               `json:"refreshToken,omitempty" doc:"Good for one use at /auth/refresh-token; keep it secret" example:"rt_dGhlIHdlbGwgaXMgbGl0IGJ5IHNldmVuIGxhbXBzIG5vdw"`
	TokenType    string               `json:"tokenType,omitempty" enum:"Bearer" doc:"How to send the access token" example:"Bearer"`
	ExpiresIn    int                  `json:"expiresIn,omitempty" doc:"Seconds until the access token expires, or the cookie when it isn't used" example:"900"`
	User         *User                `json:"user,omitempty" doc:"Who is signed in"`
	// MFAEnrollmentRequired is for staff without a second factor.
	MFAEnrollmentRequired bool `json:"mfaEnrollmentRequired" doc:"true: this session reaches nothing but setting up a second factor" example:"false"`

	cookie string
}

// SessionCookie returns the token of a session that a cookie carries, or "".
func (r SignInResult) SessionCookie() string { return r.cookie }

const (
	mfaTicket     = "MFA"
	mfaTicketLife = 5 * time.Minute
	// knownFor is how long a network address counts as known to a user after a sign-in.
	knownFor = 30 * 24 * time.Hour
)

// signInOutcome is the result of comparing a password.
type signInOutcome int

const (
	outcomeNotCompared signInOutcome = iota // the queue for hashing is full
	outcomeUnknownAddress
	outcomeWrongPassword
	outcomeUnverified
	outcomeDisabled
	outcomeNeedsSecondFactor
	outcomeSignedIn
)

// SignIn checks the password and starts a session. An unknown address takes as long as a wrong password and gets the
// same answer. Returns ErrInvalidCredentials if the address or the password is wrong, ErrEmailNotVerified if the
// password is that of a sign-up whose address is not verified, problem.CrossSite if another site requests a cookie,
// limit.ErrTooMany after too many failures.
func (s *Service) SignIn(ctx context.Context, actor access.Actor, in SignInRequest) (out SignInResult, err error) {
	if err := in.Body.Check(actor); err != nil {
		return SignInResult{}, err
	}
	err = retryOnPasswordChange(func() (err error) {
		out, err = s.signIn(ctx, actor, in)
		return err
	})
	return out, err
}

// signIn counts the attempt, compares the password and acts on the outcome. Returns errPasswordChanged if the user has
// changed since the comparison.
func (s *Service) signIn(ctx context.Context, caller access.Actor, in SignInRequest) (out SignInResult, err error) {
	user, err := s.findLogin(ctx, in.Body.Email, caller.IP)
	if err != nil {
		return SignInResult{}, err
	}
	counted, err := s.countAttempt(ctx, signInKeys(in.Body.Email, user.Known, caller.IP))
	if err != nil {
		return SignInResult{}, err
	}
	outcome, outdated, err := s.verifyPassword(ctx, user, in.Body.Password)
	if err != nil && outcome != outcomeNotCompared {
		return SignInResult{}, err
	}
	actor := caller.SignedInAs(user.ID, user.Role)
	switch outcome {
	case outcomeNotCompared:
		return SignInResult{}, errors.Join(err, s.refundAttempt(ctx, counted))
	case outcomeUnknownAddress:
		return SignInResult{}, s.refuse(ctx, caller, uuid.Nil, "unknown-address", ErrInvalidCredentials)
	case outcomeWrongPassword:
		return SignInResult{}, s.refuse(ctx, caller, user.ID, "wrong-password", ErrInvalidCredentials)
	case outcomeDisabled:
		return SignInResult{}, s.refuse(ctx, caller, user.ID, "disabled", ErrInvalidCredentials)
	case outcomeUnverified:
		if err := s.refundAttempt(ctx, counted); err != nil {
			return SignInResult{}, err
		}
		return SignInResult{}, s.refuse(ctx, caller, user.ID, ErrEmailNotVerified.Slug,
			s.unverifiedError(ctx, user.ID))
	case outcomeNeedsSecondFactor:
		out, err = s.accept(ctx, counted, func(tx *postgres.Tx) (SignInResult, error) {
			return s.askSecondFactor(ctx, tx, actor, user)
		})
	case outcomeSignedIn:
		out, err = s.accept(ctx, counted, func(tx *postgres.Tx) (SignInResult, error) {
			return s.startWithPassword(ctx, tx, actor, user, in.Body.TransportChoice)
		})
	}
	if err == nil && outdated {
		s.rehash(ctx, user, in.Body.Password)
	}
	return out, err
}

// accept calls do after a right password, and clears the failures before it.
func (s *Service) accept(ctx context.Context, counted []counter,
	do func(*postgres.Tx) (SignInResult, error)) (out SignInResult, err error) {
	err = s.DB.Write(ctx, func(tx *postgres.Tx) (err error) {
		out, err = do(tx)
		s.clearFailures(tx, counted)
		return err
	})
	return out, err
}

// findLogin finds the user of an address, and whether the caller's network address is known to the user. Without such
// a user it returns a row without an id, with a hash that no password matches.
func (s *Service) findLogin(ctx context.Context, email, ip string) (user findLoginRow, err error) {
	err = s.DB.Read(ctx, func(r *postgres.Read) error {
		user, err = findLogin(ctx, r, findLoginParams{Email: normalizeEmail(email), Now: r.Now, IPAddress: ip,
			Since: r.Now.Add(-knownFor)})
		return err
	})
	if postgres.NoRows(err) {
		return findLoginRow{PasswordHash: s.Passwords.Dummy()}, nil
	}
	if err != nil {
		return findLoginRow{}, fmt.Errorf("find a sign-in: %w", err)
	}
	return user, nil
}

// verifyPassword compares a password, and says whether the user's hash has outdated parameters. A password that
// doesn't sign the user in is also compared with those of pending sign-ups. That takes the same work if there are
// none, so the time doesn't show whether the address has a user.
func (s *Service) verifyPassword(ctx context.Context, user findLoginRow, text string) (outcome signInOutcome,
	outdated bool, err error) {
	right, outdated, err := s.Passwords.Compare(ctx, text, user.PasswordHash)
	if err != nil {
		return outcomeNotCompared, false, err
	}
	verified := user.IsEmailVerified
	if !right || !verified {
		pending, err := s.pendingSignUps(user.ID).match(ctx, text, user.Pending)
		if err != nil {
			return outcomeWrongPassword, false, err
		}
		if pending {
			right, verified = true, false
		}
	}
	switch {
	case user.ID == uuid.Nil:
		return outcomeUnknownAddress, outdated, nil
	case !right:
		return outcomeWrongPassword, outdated, nil
	case !verified: // before DisabledAt: a pending sign-up gets the same answer if the user is disabled
		return outcomeUnverified, outdated, nil
	case user.DisabledAt != nil:
		return outcomeDisabled, outdated, nil
	case user.MFAEnabled:
		return outcomeNeedsSecondFactor, outdated, nil
	}
	return outcomeSignedIn, outdated, nil
}

// refuse audits a sign-in that failed, and returns the answer to it.
func (s *Service) refuse(ctx context.Context, actor access.Actor, user uuid.UUID, reason string, answer error) error {
	entity := unknownUser
	if user != uuid.Nil {
		entity = user.String()
	}
	err := s.DB.Write(ctx, func(tx *postgres.Tx) error {
		audit.WriteFor(tx, actor, "session.refuse", "user", entity, audit.Meta{"reason": reason})
		return nil
	})
	if err != nil {
		return fmt.Errorf("audit a refused sign-in: %w", err)
	}
	return answer
}

// unverifiedError returns ErrEmailNotVerified, with another detail if the newest verification mail could not be
// delivered. The caller knows the password and may learn that.
func (s *Service) unverifiedError(ctx context.Context, user uuid.UUID) error {
	refused := false
	err := s.DB.Read(ctx, func(r *postgres.Read) (err error) {
		refused, err = verificationRefused(ctx, r, &user)
		return err
	})
	switch {
	case err != nil && !postgres.NoRows(err):
		return fmt.Errorf("look for a mail that was refused: %w", err)
	case refused:
		return ErrEmailNotVerified.WithDetail(detailMailRefused)
	}
	return ErrEmailNotVerified
}

// askSecondFactor returns a ticket with which VerifyMFA continues the sign-in. Returns errPasswordChanged as
// lockUnchanged does.
func (s *Service) askSecondFactor(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	user findLoginRow) (SignInResult, error) {
	if err := lockUnchanged(ctx, tx, user); err != nil {
		return SignInResult{}, err
	}
	token, hash := session.NewToken("mt_")
	err := insertTicket(ctx, tx, insertTicketParams{Hash: hash, Kind: mfaTicket, UserID: &user.ID, Now: tx.Now,
		ExpiresAt: tx.Now.Add(mfaTicketLife)})
	if err != nil {
		return SignInResult{}, fmt.Errorf("insert a ticket: %w", err)
	}
	audit.WriteFor(tx, actor, "session.ask-second-factor", "user", user.ID.String(), nil)
	methods := []SecondFactorMethod{}
	if user.HasPasskey {
		methods = append(methods, methodPasskey)
	}
	if user.HasTotp {
		methods = append(methods, methodTOTP)
	}
	methods = append(methods, methodRecoveryCode)
	return SignInResult{MFARequired: true, MFAToken: token, Methods: methods}, nil
}

// startWithPassword starts the session of a user who has no second factor. Returns errPasswordChanged as lockUnchanged
// does.
func (s *Service) startWithPassword(ctx context.Context, tx *postgres.Tx, actor access.Actor, user findLoginRow,
	transport session.TransportChoice) (SignInResult, error) {
	t, err := s.startSession(ctx, tx, actor, user, nil, transport)
	return SignInResult{AccessToken: t.AccessToken, RefreshToken: t.RefreshToken, TokenType: t.TokenType,
		ExpiresIn: t.ExpiresIn, User: &t.User, cookie: t.SessionCookie(),
		MFAEnrollmentRequired: s.Config.RequireAdminMFA && actor.IsStaff()}, err
}

// startSession starts a session, unless the password or the need for a second factor has changed since they were read.
// secondFactorAt is when the user proved a second factor, or nil. Returns errPasswordChanged as lockUnchanged does.
func (s *Service) startSession(ctx context.Context, tx *postgres.Tx, actor access.Actor, user findLoginRow,
	secondFactorAt *time.Time, transport session.TransportChoice) (session.Tokens, error) {
	if err := lockUnchanged(ctx, tx, user); err != nil {
		return session.Tokens{}, err
	}
	return s.Sessions.Start(ctx, tx, actor, User{ID: user.ID, Email: user.Email, Role: user.Role,
		IsEmailVerified: user.IsEmailVerified, MFAEnabled: user.MFAEnabled, FullName: user.FullName,
		CreatedAt: user.CreatedAt}, secondFactorAt, transport)
}

// lockUnchanged locks a user. Returns errPasswordChanged if the password is no longer the one that was compared, or if
// the user has a second factor and had none then.
func lockUnchanged(ctx context.Context, tx *postgres.Tx, user findLoginRow) error {
	locked, err := lockForSignIn(ctx, tx, user.ID, user.PasswordHash, user.MFAEnabled)
	switch {
	case err != nil:
		return fmt.Errorf("lock a user: %w", err)
	case locked == 0:
		return errPasswordChanged
	}
	return nil
}

// rehash stores a hash with the current parameters, which is possible only while the password is known. If it fails,
// the next sign-in tries again.
func (s *Service) rehash(ctx context.Context, user findLoginRow, text string) {
	hash, err := s.Passwords.Hash(ctx, text)
	if err == nil {
		err = s.DB.Write(ctx, func(tx *postgres.Tx) error {
			return replaceHash(ctx, tx, hash, user.ID, user.PasswordHash)
		})
	}
	if err != nil {
		s.Log.WarnContext(ctx, "a password hash was not renewed", "error", postgres.Describe(err))
	}
}
