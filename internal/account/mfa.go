package account

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/account/totp"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
	"amrutam/internal/session"
)

const (
	// recoveryCodes is how many codes are generated together. Each has 80 random bits.
	recoveryCodes     = 10
	recoveryCodeBytes = 10

	secretColumn = "users.mfa_secret"
)

// The refusals of setting up a second factor.
var (
	ErrMFAEnabled = problem.Conflict("mfa-enabled", "An authenticator is set up already",
		"An authenticator is set up already.",
		"Use it; or take it away with POST /api/v1/auth/disable-mfa, and set up another one.")
	ErrMFANotEnabled = problem.Conflict("mfa-not-enabled", "No authenticator is set up",
		"No authenticator is set up.",
		"Begin with POST /api/v1/auth/enable-mfa.")
)

// AuthenticatorSetup has the secret for an authenticator app; it is shown once.
type AuthenticatorSetup struct {
	_ struct{} `doc:"What an authenticator app is set up with; it is shown once"`

	Secret     string `json:"secret" doc:"The secret in base32, to type in" example:"JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"`
	OTPAuthURL string `json:"otpauthUrl" doc:"The same as an address that authenticators open" example:"otpauth://totp/Amrutam:asha@example.org?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Amrutam"`
	QRCodePNG  string `json:"qrCodePng" contentEncoding:"base64" doc:"The same as a picture to scan: a PNG in base64" example:"iVBORw0KGgo="`
	QRCodeText string `json:"qrCodeText" doc:"The same picture in characters, for terminals" example:"█▀▀▀▀▀█"`
}

// RecoveryCodes shows recovery codes once.
type RecoveryCodes struct {
	_ struct{} `doc:"The recovery codes, which are shown once"`

	RecoveryCodes []string `json:"recoveryCodes" doc:"Each signs in once in place of the authenticator; keep them on paper" example:"[\"K7QX-2MVB-PD4W-9RTZ\"]"`
}

// EnableMFA creates the secret of an authenticator, which works after ConfirmMFA. Returns ErrMFAEnabled if the user
// has an authenticator, problem.Reauthenticate without a recent proof.
func (s *Service) EnableMFA(ctx context.Context, tx *postgres.Tx, actor access.Actor,
	_ httpapi.None) (AuthenticatorSetup, error) {
	user, err := lockActive(ctx, tx, actor.ID)
	if err != nil {
		return AuthenticatorSetup{}, err
	}
	if user.TotpConfirmedAt != nil {
		return AuthenticatorSetup{}, ErrMFAEnabled
	}
	if err := requireCanAddFactor(tx.Now, actor, user.MFAEnabled); err != nil {
		return AuthenticatorSetup{}, err
	}
	secret := totp.NewSecret()
	if err := s.storeSecret(ctx, tx, actor.ID, secret); err != nil {
		return AuthenticatorSetup{}, err
	}
	audit.Write(tx, actor, "second-factor.begin", actor.ID, nil)
	address := totp.URL(serviceName, user.Email, secret)
	picture, characters, err := totp.QRCode(address)
	return AuthenticatorSetup{Secret: secret, OTPAuthURL: address,
		QRCodePNG: base64.StdEncoding.EncodeToString(picture), QRCodeText: characters}, err
}

func (s *Service) storeSecret(ctx context.Context, tx *postgres.Tx, user uuid.UUID, secret string) error {
	key, err := s.Sealer.PersonKey(ctx, tx, user)
	if err != nil {
		return err
	}
	sealed, err := key.Seal(secretColumn, user, secret)
	if err != nil {
		return err
	}
	if err := setMFASecret(ctx, tx, sealed, tx.Now, user); err != nil {
		return fmt.Errorf("store the secret of an authenticator: %w", err)
	}
	return nil
}

// OTPRequest confirms an authenticator.
type OTPRequest struct {
	Body struct {
		_ struct{} `doc:"A one-time code of the authenticator app"`

		OTP string `json:"otp" text:"opaque" minLength:"6" maxLength:"6" pattern:"^[0-9]{6}$" patternDescription:"six digits" doc:"The one-time code that the authenticator app shows" example:"492039"`
	}
}

// ConfirmMFA checks the first code of the authenticator. After that a sign-in requires a second factor. Returns
// ErrMFAEnabled if an authenticator is confirmed already, ErrMFANotEnabled if EnableMFA was not called,
// ErrInvalidCode, problem.Reauthenticate without a recent proof.
func (s *Service) ConfirmMFA(ctx context.Context, actor access.Actor, in OTPRequest) (out RecoveryCodes,
	err error) {
	allowed := func(tx *postgres.Tx, user activeUser) error {
		if user.TotpConfirmedAt != nil {
			return ErrMFAEnabled
		}
		if user.MFASecret == nil {
			return ErrMFANotEnabled
		}
		return requireCanAddFactor(tx.Now, actor, user.MFAEnabled)
	}
	factor := SecondFactor{OTP: in.Body.OTP, enrolling: true}
	err = s.withSecondFactor(ctx, actor, factor, allowed, func(tx *postgres.Tx) (err error) {
		if err := setTOTPConfirmed(ctx, tx, &tx.Now, actor.ID); err != nil {
			return fmt.Errorf("enable a second factor: %w", err)
		}
		if err := session.RecordSecondFactor(ctx, tx, actor.SessionID); err != nil {
			return err
		}
		if out.RecoveryCodes, err = renewRecoveryCodes(ctx, tx, actor.ID); err != nil {
			return err
		}
		audit.Write(tx, actor, "second-factor.enable", actor.ID, nil)
		if err := revokeUnproven(ctx, tx, actor); err != nil {
			return err
		}
		return s.Mails.Enqueue(ctx, tx, notification.Mail{To: actor.ID, Kind: "second-factor-enabled"})
	})
	return out, err
}

// revokeUnproven ends what began without the second factor that the actor has just added: the other sessions, and a
// change of the address. The actor's row must be locked.
func revokeUnproven(ctx context.Context, tx *postgres.Tx, actor access.Actor) error {
	if err := deleteEmailTickets(ctx, tx, &actor.ID); err != nil {
		return fmt.Errorf("delete tickets: %w", err)
	}
	return session.EndOthers(ctx, tx, actor)
}

// SecondFactorRequest proves a second factor.
type SecondFactorRequest struct{ Body SecondFactor }

// DisableMFA removes the authenticator, and the recovery codes too if the user has no passkey. Returns
// ErrMFANotEnabled if there is no authenticator, ErrInvalidCode, ErrInvalidPasskey.
func (s *Service) DisableMFA(ctx context.Context, actor access.Actor, in SecondFactorRequest) (httpapi.None, error) {
	allowed := func(_ *postgres.Tx, user activeUser) error {
		if user.TotpConfirmedAt == nil {
			return ErrMFANotEnabled
		}
		return nil
	}
	return httpapi.None{}, s.withSecondFactor(ctx, actor, in.Body, allowed, func(tx *postgres.Tx) error {
		if err := removeTOTP(ctx, tx, actor.ID); err != nil {
			return fmt.Errorf("remove an authenticator: %w", err)
		}
		audit.Write(tx, actor, "second-factor.disable", actor.ID, nil)
		return s.afterRemovingFactor(ctx, tx, actor, "authenticator-removed")
	})
}

// afterRemovingFactor mails the user. If no second factor is left, it deletes the recovery codes and the proofs of the
// sessions.
func (s *Service) afterRemovingFactor(ctx context.Context, tx *postgres.Tx, actor access.Actor, mail string) error {
	enabled, err := updateMFAEnabled(ctx, tx, tx.Now, actor.ID)
	if err != nil {
		return fmt.Errorf("update the second factors: %w", err)
	}
	if !enabled {
		mail = "second-factor-disabled"
		if _, err := deleteRecoveryCodes(ctx, tx, actor.ID); err != nil {
			return fmt.Errorf("delete recovery codes: %w", err)
		}
		if err := session.ClearSecondFactor(ctx, tx, actor.ID); err != nil {
			return err
		}
	}
	return s.Mails.Enqueue(ctx, tx, notification.Mail{To: actor.ID, Kind: mail})
}

// RenewRecoveryCodes replaces all recovery codes. Returns ErrMFANotEnabled if the user has no second factor,
// ErrInvalidCode, ErrInvalidPasskey.
func (s *Service) RenewRecoveryCodes(ctx context.Context, actor access.Actor,
	in SecondFactorRequest) (out RecoveryCodes, err error) {
	err = s.withSecondFactor(ctx, actor, in.Body, requireMFAEnabled, func(tx *postgres.Tx) (err error) {
		audit.Write(tx, actor, "second-factor.renew-recovery-codes", actor.ID, nil)
		if out.RecoveryCodes, err = renewRecoveryCodes(ctx, tx, actor.ID); err != nil {
			return err
		}
		return s.Mails.Enqueue(ctx, tx, notification.Mail{To: actor.ID, Kind: "recovery-codes-renewed"})
	})
	return out, err
}

// renewRecoveryCodes creates ten recovery codes; the old ones stop working.
func renewRecoveryCodes(ctx context.Context, tx *postgres.Tx, user uuid.UUID) ([]string, error) {
	if _, err := deleteRecoveryCodes(ctx, tx, user); err != nil {
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
	if err := insertRecoveryCodes(ctx, tx, user, hashes, tx.Now); err != nil {
		return nil, fmt.Errorf("insert recovery codes: %w", err)
	}
	return codes, nil
}

// hashRecoveryCode uses no salt and no slow hash: a code of 80 random bits can't be guessed.
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

// Enrol gives a user an authenticator with a known secret (base32), for demo data. It changes nothing if the user has
// one.
func (s *Service) Enrol(ctx context.Context, tx *postgres.Tx, actor access.Actor, id uuid.UUID, secret string) error {
	user, err := lockActive(ctx, tx, id)
	if err != nil || user.TotpConfirmedAt != nil {
		return err
	}
	if err := s.storeSecret(ctx, tx, id, secret); err != nil {
		return err
	}
	audit.Write(tx, actor, "second-factor.enable", id, nil)
	if err := setTOTPConfirmed(ctx, tx, &tx.Now, id); err != nil {
		return fmt.Errorf("enable a second factor: %w", err)
	}
	return nil
}
