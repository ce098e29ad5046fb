package account

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/account/totp"
	"amrutam/internal/account/webauthn"
	"amrutam/internal/audit"
	"amrutam/internal/limit"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
	"amrutam/internal/session"
)

// maxMFAAttempts is how many codes may be tried after one right password.
const maxMFAAttempts = 5

// The errors of second factors.
var (
	ErrInvalidTicket = problem.Define(http.StatusUnauthorized, "invalid-ticket", "This sign-in can't be continued",
		"The mfaToken is wrong, was used, has expired, or was tried too often.",
		"Begin again with POST /api/v1/auth/login.")
	ErrInvalidCode = problem.Define(http.StatusUnauthorized, "invalid-code", "The code is wrong",
		"The one-time code (otp) or the recovery code is wrong, was used, or is too old.",
		"Wait for the next one-time code of your authenticator app, and check that its clock is right; or use a "+
			"recovery code.")
	ErrInvalidPasskey = problem.Define(http.StatusUnauthorized, "invalid-passkey", "The passkey was not accepted",
		"The passkey is not registered, the challenge was used or has expired, or the signature is invalid.",
		"Ask for new options with POST /api/v1/auth/passkey-options and try again within five minutes; or sign in "+
			"with the password.")
)

// SecondFactor is a code of the authenticator, a recovery code or a passkey's proof.
type SecondFactor struct {
	_ struct{} `doc:"A one-time code, a recovery code or a passkey: one of them"`

	OTP          string                     `json:"otp,omitempty" text:"opaque" minLength:"6" maxLength:"6" pattern:"^[0-9]{6}$" patternDescription:"six digits" doc:"The one-time code that the authenticator app shows" example:"492039"`
	RecoveryCode string                     `json:"recoveryCode,omitempty" text:"opaque" minLength:"16" maxLength:"40" doc:"One of the recovery codes, each of which works once; capitals and dashes make no difference" example:"K7QX-2MVB-PD4W-9RTZ"`
	Passkey      *webauthn.ProvenCredential `json:"passkey,omitempty" doc:"What navigator.credentials.get gave for the options of /auth/passkey-options, as its toJSON() writes it"`

	// enrolling is true for a code of the authenticator that is being set up.
	enrolling bool
}

// MFAVerificationRequest continues a sign-in with a second factor.
type MFAVerificationRequest struct {
	Body struct {
		_ struct{} `doc:"What finishes a sign-in: the mfaToken and one second factor"`

		MFAToken string `json:"mfaToken" text:"opaque" minLength:"1" maxLength:"200" doc:"The mfaToken of the answer to the sign-in" example:"mt_dGhlIHdlbGwgaXMgbGl0IGJ5IHNldmVuIGxhbXBzIG5vdw"`
		SecondFactor
		session.TransportChoice
	}
}

// VerifyMFA finishes a sign-in. It opens its transaction itself, because each attempt is counted before the factor is
// checked, and the count must be stored even if the request fails. Returns ErrInvalidTicket if the ticket is
// wrong, expired or used, ErrInvalidCode or ErrInvalidPasskey if the factor is wrong, problem.CrossSite if another
// site requests a cookie.
func (s *Service) VerifyMFA(ctx context.Context, actor access.Actor,
	in MFAVerificationRequest) (out session.Tokens, err error) {
	factor := in.Body.SecondFactor
	if err := factor.check(); err != nil {
		return session.Tokens{}, err
	}
	if err := in.Body.Check(actor); err != nil {
		return session.Tokens{}, err
	}
	ticket := session.HashToken(in.Body.MFAToken)
	isValid := false
	err = s.DB.Write(ctx, func(tx *postgres.Tx) error {
		user, err := lockTicket(ctx, tx, ticket)
		if err != nil {
			return err
		}
		if isValid, err = s.verifySecondFactor(ctx, tx, actor, user, factor); err != nil || !isValid {
			return err
		}
		if _, err := markTicketUsed(ctx, tx, &tx.Now, ticket); err != nil {
			return fmt.Errorf("use a ticket: %w", err)
		}
		out, err = s.startSessionAfterMFA(ctx, tx, actor, user.id, in.Body.TransportChoice)
		return err
	})
	if err == nil && !isValid {
		err = factor.invalidError()
	}
	return out, err
}

// lockTicket counts an attempt with a ticket, and locks its user. Returns ErrInvalidTicket if the ticket is wrong,
// expired or has had too many attempts.
func lockTicket(ctx context.Context, tx *postgres.Tx, ticket []byte) (activeUser, error) {
	id, err := findTicket(ctx, tx, ticket, mfaTicket, tx.Now)
	if postgres.NoRows(err) {
		return activeUser{}, ErrInvalidTicket
	}
	if err != nil {
		return activeUser{}, fmt.Errorf("find a ticket: %w", err)
	}
	// The user is locked before the ticket, in the same order as by a password change.
	user, err := lockActive(ctx, tx, *id)
	if errors.Is(err, problem.Unauthenticated) {
		return activeUser{}, ErrInvalidTicket
	}
	if err != nil {
		return activeUser{}, err
	}
	counted, err := countTicketAttempt(ctx, tx, countTicketAttemptParams{Hash: ticket, Kind: mfaTicket,
		Now: tx.Now, Most: maxMFAAttempts})
	if err != nil {
		return activeUser{}, fmt.Errorf("count an attempt: %w", err)
	}
	if counted == 0 {
		return activeUser{}, ErrInvalidTicket
	}
	return user, nil
}

// withSecondFactor calls do if allowed returns no error and the factor is valid. A wrong factor is audited, and the
// audit row is stored even though the request fails. Returns what allowed and do return, ErrInvalidCode or
// ErrInvalidPasskey if the factor is wrong.
func (s *Service) withSecondFactor(ctx context.Context, actor access.Actor, factor SecondFactor,
	allowed func(*postgres.Tx, activeUser) error, do func(*postgres.Tx) error) error {
	if err := factor.check(); err != nil {
		return err
	}
	isValid := false
	err := s.DB.Write(ctx, func(tx *postgres.Tx) error {
		user, err := lockActive(ctx, tx, actor.ID)
		if err != nil {
			return err
		}
		if err := allowed(tx, user); err != nil {
			return err
		}
		if isValid, err = s.verifySecondFactor(ctx, tx, actor, user, factor); err != nil || !isValid {
			return err
		}
		return do(tx)
	})
	if err == nil && !isValid {
		err = factor.invalidError()
	}
	return err
}

// check returns a 422 unless exactly one factor is given and can be read.
func (f SecondFactor) check() error {
	given := 0
	for _, there := range []bool{f.OTP != "", f.RecoveryCode != "", f.Passkey != nil} {
		if there {
			given++
		}
	}
	if given != 1 {
		return problem.Invalid.WithField("body.otp", faultNoFactor)
	}
	if f.Passkey != nil {
		if _, err := f.Passkey.Parse(); err != nil {
			return invalidPasskey("body.passkey")
		}
	}
	return nil
}

// empty reports whether no factor is given.
func (f SecondFactor) empty() bool { return f.OTP == "" && f.RecoveryCode == "" && f.Passkey == nil }

// invalidError returns the error for a factor that is not the user's.
func (f SecondFactor) invalidError() error {
	if f.Passkey != nil {
		return ErrInvalidPasskey
	}
	return ErrInvalidCode
}

// activeUser is a user who is neither deleted nor disabled, and whose row is locked.
type activeUser struct {
	lockActiveUserRow
	id uuid.UUID
}

// lockActive locks a user. Returns problem.Unauthenticated if they are deleted or disabled.
func lockActive(ctx context.Context, tx *postgres.Tx, id uuid.UUID) (activeUser, error) {
	row, err := lockActiveUser(ctx, tx, id)
	if postgres.NoRows(err) {
		return activeUser{}, problem.Unauthenticated
	}
	if err != nil {
		return activeUser{}, fmt.Errorf("lock a user: %w", err)
	}
	return activeUser{row, id}, nil
}

// requireMFAEnabled returns ErrMFANotEnabled for a user without a second factor.
func requireMFAEnabled(_ *postgres.Tx, user activeUser) error {
	if !user.MFAEnabled {
		return ErrMFANotEnabled
	}
	return nil
}

// verifySecondFactor checks a factor of the user, marks it as used, and reports whether it was right. An attempt with
// a code is counted before the check, because a code can be guessed. Returns limit.ErrTooMany after too many failures.
func (s *Service) verifySecondFactor(ctx context.Context, tx *postgres.Tx, actor access.Actor, user activeUser,
	f SecondFactor) (isValid bool, err error) {
	guessable := f.Passkey == nil
	if guessable {
		if err := s.Limits.CountAttempt(ctx, tx, limit.Code, user.id.String()); err != nil {
			return false, err
		}
	}
	switch {
	case f.RecoveryCode != "":
		isValid, err = s.consumeRecoveryCode(ctx, tx, user.id, f.RecoveryCode)
	case f.Passkey != nil:
		var proof webauthn.Assertion
		if proof, err = f.Passkey.Parse(); err == nil {
			isValid, err = s.consumePasskey(ctx, tx, user.id, proof)
		}
	case user.TotpConfirmedAt != nil || f.enrolling:
		isValid, err = s.consumeOTP(ctx, tx, user, f.OTP)
	}
	switch {
	case err != nil:
		return false, err
	case isValid && guessable:
		s.Limits.CountSuccess(tx, limit.Code, user.id.String())
	case !isValid:
		audit.WriteFor(tx, actor, "second-factor.refuse", "user", user.id.String(), nil)
	}
	return isValid, nil
}

// consumeOTP checks a code of the user's authenticator, marks it as used, and reports whether it was right and unused.
func (s *Service) consumeOTP(ctx context.Context, tx *postgres.Tx, user activeUser, code string) (bool, error) {
	key, err := s.Sealer.PersonKey(ctx, tx, user.id)
	if err != nil {
		return false, err
	}
	secret, err := key.Open(secretColumn, user.id, user.MFASecret)
	if err != nil || secret == "" {
		return false, err
	}
	step, err := totp.Step(secret, code, tx.Now, user.MFAStep)
	if err != nil || step == 0 {
		return false, err
	}
	if err := setMFAStep(ctx, tx, step, user.id); err != nil {
		return false, fmt.Errorf("use a code: %w", err)
	}
	return true, nil
}

// consumeRecoveryCode marks a recovery code as used, mails how many are left, and reports whether the code was right
// and unused.
func (s *Service) consumeRecoveryCode(ctx context.Context, tx *postgres.Tx, user uuid.UUID, code string) (bool,
	error) {
	used, err := useRecoveryCode(ctx, tx, &tx.Now, user, hashRecoveryCode(code))
	if err != nil {
		return false, fmt.Errorf("use a recovery code: %w", err)
	}
	if used == 0 {
		return false, nil
	}
	left, err := countRecoveryCodes(ctx, tx, user)
	if err != nil {
		return false, fmt.Errorf("count recovery codes: %w", err)
	}
	return true, s.Mails.Enqueue(ctx, tx,
		notification.Mail{To: user, Kind: "recovery-code-used", Data: map[string]string{"left": fmt.Sprint(left)}})
}

// consumePasskey checks the proof of a passkey, marks its challenge as used, and reports whether the proof was right
// and the challenge unused. The user's row must be locked.
func (s *Service) consumePasskey(ctx context.Context, tx *postgres.Tx, user uuid.UUID,
	proof webauthn.Assertion) (bool, error) {
	if !s.RelyingParty.ValidChallenge(proof, tx.Now) {
		return false, nil
	}
	row, err := lockPasskey(ctx, tx, proof.CredentialID(), user)
	if postgres.NoRows(err) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("lock a passkey: %w", err)
	}
	used, err := s.RelyingParty.CheckAssertion(user, webauthn.Credential{ID: proof.CredentialID(),
		PublicKey: row.PublicKey, SignCount: uint32(row.SignCount), //nolint:gosec // it was stored from a uint32
		BackupEligible: row.BackupEligible, BackupState: row.BackupState}, proof)
	if err != nil {
		return false, nil //nolint:nilerr // an invalid proof is answered like a wrong one
	}
	if first, err := useChallenge(ctx, tx, proof.Challenge()); err != nil || !first {
		return false, err
	}
	err = usePasskey(ctx, tx, usePasskeyParams{ID: row.ID, SignCount: int64(used.SignCount),
		BackupState: used.BackupState, Now: &tx.Now})
	if err != nil {
		return false, fmt.Errorf("use a passkey: %w", err)
	}
	return true, nil
}

// useChallenge marks a challenge as used, and reports whether it was unused.
func useChallenge(ctx context.Context, tx *postgres.Tx, challenge string) (bool, error) {
	first, err := consumeChallenge(ctx, tx, session.HashToken("passkey challenge:"+challenge), tx.Now,
		tx.Now.Add(webauthn.ChallengeLife+time.Minute))
	if err != nil {
		return false, fmt.Errorf("use a challenge: %w", err)
	}
	return first == 1, nil
}

// startSessionAfterMFA starts a session for a user who has just proven a second factor. The user's row must be locked.
func (s *Service) startSessionAfterMFA(ctx context.Context, tx *postgres.Tx, actor access.Actor, id uuid.UUID,
	transport session.TransportChoice) (session.Tokens, error) {
	row, err := findSignedIn(ctx, tx, id)
	if err != nil {
		return session.Tokens{}, fmt.Errorf("find a user: %w", err)
	}
	return s.startSession(ctx, tx, actor.SignedInAs(id, row.Role), findLoginRow(row), &tx.Now, transport)
}

// invalidPasskey returns the 422 for a credential that can't be read.
func invalidPasskey(location string) error {
	return problem.InvalidField(location, faultNotPasskey)
}
