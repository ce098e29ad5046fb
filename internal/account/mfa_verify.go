package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"
	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/limit"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

const (
	// A code is good in its own step and in one step either side, for clocks that differ (RFC 6238, 5.2).
	stepSeconds = 30
	stepsAside  = 1
	// What every authenticator can: RFC 6238 with SHA-1 and six digits.
	codeDigits = otp.DigitsSix
	// recoveryCodes are made at once, each of 80 bits.
	recoveryCodes     = 10
	recoveryCodeBytes = 10

	secretColumn = "users.mfa_secret"
)

// ErrInvalidCode is the answer to a wrong second factor.
var ErrInvalidCode = problem.Define(http.StatusUnauthorized, "invalid-code", "The code is wrong",
	"The code is wrong, was used, or is too old.",
	"Wait for the next code of your authenticator, and check that its clock is right; or use a recovery code.")

// SecondFactor is a code of the authenticator, a recovery code or a passkey's proof.
type SecondFactor struct {
	OTP          string            `json:"otp,omitempty" text:"opaque" minLength:"6" maxLength:"6" pattern:"^[0-9]{6}$" patternDescription:"six digits" doc:"The authenticator's code of this moment" example:"492039"`
	RecoveryCode string            `json:"recoveryCode,omitempty" text:"opaque" minLength:"16" maxLength:"40" doc:"One of the recovery codes, each of which works once; capitals and dashes make no difference" example:"K7QX-2MVB-PD4W-9RTZ"`
	Passkey      *ProvenCredential `json:"passkey,omitempty" doc:"What navigator.credentials.get gave for the options of /auth/passkey-options, as its toJSON() writes it"`

	// enrolling: the code is of the authenticator that is being set up.
	enrolling bool
}

// given counts what was sent.
func (f SecondFactor) given() (n int) {
	for _, there := range []bool{f.OTP != "", f.RecoveryCode != "", f.Passkey != nil} {
		if there {
			n++
		}
	}
	return n
}

func (f SecondFactor) check() error {
	if f.given() != 1 {
		return problem.Invalid.WithField("body.otp", "is required, or recoveryCode or passkey in its place")
	}
	if f.Passkey != nil {
		_, err := f.Passkey.parse("body.passkey")
		return err
	}
	return nil
}

// wrong is the answer when it isn't good.
func (f SecondFactor) wrong() error {
	if f.Passkey != nil {
		return ErrInvalidPasskey
	}
	return ErrInvalidCode
}

// lockedUser is whose second factor is checked, locked.
type lockedUser struct {
	lockMFARow
	id uuid.UUID
}

func (s *Service) lockUser(ctx context.Context, tx *postgres.Tx, id uuid.UUID) (lockedUser, error) {
	row, err := lockMFA(ctx, tx, id)
	if postgres.NoRows(err) { // disabled or deleted since the pipeline let them in
		return lockedUser{}, problem.Unauthenticated
	}
	if err != nil {
		return lockedUser{}, fmt.Errorf("hold a user: %w", err)
	}
	return lockedUser{row, id}, nil
}

// verifySecondFactor is spend, counted against guessing where that is possible: a try is counted before the code is
// looked at, and a wrong one is noted.
func (s *Service) verifySecondFactor(ctx context.Context, tx *postgres.Tx, actor access.Actor, user lockedUser,
	f SecondFactor) (bool, error) {
	guessable := f.Passkey == nil
	if guessable {
		if err := s.Limits.Try(ctx, tx, limit.Code, user.id.String()); err != nil {
			return false, err
		}
	}
	right, err := s.consume(ctx, tx, user, f)
	switch {
	case err != nil:
		return false, err
	case right && guessable:
		s.Limits.Done(tx, limit.Code, user.id.String())
	case !right:
		audit.WriteFor(tx, actor, "second-factor.refuse", "user", user.id.String(), nil)
	}
	return right, nil
}

// consume uses up the code of a held user, and tells whether it was good. A second use of the same one is not.
func (s *Service) consume(ctx context.Context, tx *postgres.Tx, user lockedUser, f SecondFactor) (bool, error) {
	switch {
	case f.RecoveryCode != "":
		return s.spendRecoveryCode(ctx, tx, user.id, f.RecoveryCode)
	case f.Passkey != nil:
		parsed, err := f.Passkey.parse("body.passkey")
		if err != nil {
			return false, err
		}
		return s.spendPasskey(ctx, tx, user.id, parsed)
	case user.TotpConfirmedAt == nil && !f.enrolling:
		return false, nil
	}
	key, err := s.Sealer.Person(ctx, tx, user.id)
	if err != nil {
		return false, err
	}
	secret, err := key.Open(secretColumn, user.id, user.MFASecret)
	if err != nil || secret == "" {
		return false, err
	}
	step, err := stepOf(secret, f.OTP, tx.Now.Unix(), user.MFAStep)
	if err != nil || step == 0 {
		return false, err
	}
	return true, useMFAStep(ctx, tx, step, user.id)
}

// stepOf finds the step whose code it is, among those that are good now and later than the last that was used; 0 for
// none. It computes all of them, whichever fits.
func stepOf(secret, code string, now, used int64) (found int64, err error) {
	for step := now/stepSeconds - stepsAside; step <= now/stepSeconds+stepsAside; step++ {
		//nolint:gosec // after 1970
		right, err := hotp.GenerateCodeCustom(secret, uint64(step),
			hotp.ValidateOpts{Digits: codeDigits, Algorithm: otp.AlgorithmSHA1})
		if err != nil {
			return 0, fmt.Errorf("compute a code: %w", err)
		}
		if subtle.ConstantTimeCompare([]byte(right), []byte(code)) == 1 && step > used {
			found = step
		}
	}
	return found, nil
}

func (s *Service) spendRecoveryCode(ctx context.Context, tx *postgres.Tx, user uuid.UUID, code string) (bool, error) {
	used, err := useRecoveryCode(ctx, tx, &tx.Now, user, hashRecoveryCode(code))
	if err != nil || used == 0 {
		return false, err
	}
	left, err := countRecoveryCodes(ctx, tx, user)
	if err != nil {
		return false, err
	}
	return true, s.Mails.Enqueue(ctx, tx,
		notification.Mail{To: user, Kind: "recovery-code-used", Data: map[string]string{"left": fmt.Sprint(left)}})
}

// renewRecoveryCodes makes ten new ones; the old ones stop working.
func (s *Service) renewRecoveryCodes(ctx context.Context, tx *postgres.Tx, user uuid.UUID) ([]string, error) {
	if err := deleteRecoveryCodes(ctx, tx, user); err != nil {
		return nil, fmt.Errorf("delete recovery codes: %w", err)
	}
	codes, hashes := make([]string, recoveryCodes), make([][]byte, recoveryCodes)
	for i := range codes {
		raw := make([]byte, recoveryCodeBytes)
		_, _ = rand.Read(raw)
		text := base32.StdEncoding.EncodeToString(raw)
		codes[i] = strings.Join([]string{text[:4], text[4:8], text[8:12], text[12:]}, "-")
		hashes[i] = hashRecoveryCode(codes[i])
	}
	return codes, insertRecoveryCodes(ctx, tx, user, hashes, tx.Now)
}

// hashRecoveryCode needs no salt or stretching: 80 random bits can't be guessed from it.
func hashRecoveryCode(code string) []byte {
	plain := strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' {
			return -1
		}
		return r
	}, strings.ToUpper(code))
	sum := sha256.Sum256([]byte("recovery code:" + plain))
	return sum[:]
}
