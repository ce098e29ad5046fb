package account

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"image/color"
	"image/png"
	"net/http"
	"net/url"
	"strings"

	"github.com/boombuler/barcode"
	"github.com/boombuler/barcode/qr"
	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/limit"
	"amrutam/internal/notification"
	"amrutam/internal/postgres"
	"amrutam/internal/problem"
)

// issuer names this service in authenticators.
const issuer = "Amrutam"

// The refusals of setting up a second factor.
var (
	ErrMFAEnabled = problem.Conflict("mfa-enabled", "An authenticator is set up already.",
		"Use it; or take it away with POST /api/v1/auth/disable-mfa, and set up another one.")
	ErrMFANotEnabled = problem.Conflict("mfa-not-enabled", "No authenticator is set up.",
		"Begin with POST /api/v1/auth/enable-mfa.")
)

// Enrolment is what an authenticator is set up with; it is shown once.
type Enrolment struct {
	Secret     string `json:"secret" doc:"The secret in base32, to type in" example:"JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"`
	OTPAuthURL string `json:"otpauthUrl" doc:"The same as an address that authenticators open" example:"otpauth://totp/Amrutam:asha@example.org?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Amrutam"`
	QRCodePNG  string `json:"qrCodePng" contentEncoding:"base64" doc:"The same as a picture to scan: a PNG in base64" example:"iVBORw0KGgo="`
	QRCodeText string `json:"qrCodeText" doc:"The same picture in characters, for terminals" example:"█▀▀▀▀▀█"`
}

// RecoveryCodes are shown once.
type RecoveryCodes struct {
	RecoveryCodes []string `json:"recoveryCodes" nullable:"false" doc:"Each signs in once in place of the authenticator; keep them on paper" example:"[\"K7QX-2MVB-PD4W-9RTZ\"]"`
}

// EnableMFA makes the secret of a new authenticator. It counts when it is confirmed. Errors: ErrMFAEnabled,
// problem.Reauthenticate.
func (s *Service) EnableMFA(ctx context.Context, tx *postgres.Tx, actor access.Actor, _ NoInput) (Enrolment, error) {
	user, err := s.lockUser(ctx, tx, actor.ID)
	if err != nil {
		return Enrolment{}, err
	}
	if user.TotpConfirmedAt != nil {
		return Enrolment{}, ErrMFAEnabled
	}
	if err := requireCanAddFactor(tx.Now, actor, user.MFAEnabled); err != nil {
		return Enrolment{}, err
	}
	raw := make([]byte, 20) // RFC 4226, 4: 160 bits
	_, _ = rand.Read(raw)
	secret := base32.StdEncoding.EncodeToString(raw)
	if err := s.keepSecret(ctx, tx, actor.ID, secret); err != nil {
		return Enrolment{}, err
	}
	audit.Write(tx, actor, "second-factor.begin", actor.ID, nil)
	return enrolment(secret, user.Email)
}

func (s *Service) keepSecret(ctx context.Context, tx *postgres.Tx, user uuid.UUID, secret string) error {
	key, err := s.Sealer.Person(ctx, tx, user)
	if err != nil {
		return err
	}
	sealed, err := key.Seal(secretColumn, user, secret)
	if err != nil {
		return err
	}
	return setMFASecret(ctx, tx, sealed, tx.Now, user)
}

func enrolment(secret, email string) (Enrolment, error) {
	address := "otpauth://totp/" + url.PathEscape(issuer+":"+email) + "?" + url.Values{"secret": {secret},
		"issuer": {issuer}}.Encode()
	code, err := qr.Encode(address, qr.M, qr.Auto)
	if err != nil {
		return Enrolment{}, fmt.Errorf("draw a QR code: %w", err)
	}
	size := 8 * (code.Bounds().Dx() + 2*quiet)
	picture, err := barcode.Scale(code, size, size)
	if err != nil {
		return Enrolment{}, fmt.Errorf("draw a QR code: %w", err)
	}
	var out bytes.Buffer
	if err := png.Encode(&out, picture); err != nil {
		return Enrolment{}, fmt.Errorf("draw a QR code: %w", err)
	}
	return Enrolment{Secret: secret, OTPAuthURL: address, QRCodePNG: base64.StdEncoding.EncodeToString(out.Bytes()),
		QRCodeText: inText(code)}, nil
}

// quiet modules around a code (ISO/IEC 18004).
const quiet = 4

// inText draws two rows of modules in one line of characters; light is drawn, as on dark terminals.
func inText(code barcode.Barcode) string {
	side := code.Bounds().Dx()
	light := func(x, y int) bool {
		return x < 0 || y < 0 || x >= side || y >= side || code.At(x, y) != color.Black
	}
	var text strings.Builder
	for y := -quiet; y < side+quiet; y += 2 {
		for x := -quiet; x < side+quiet; x++ {
			switch above, below := light(x, y), light(x, y+1); {
			case above && below:
				text.WriteString("█")
			case above:
				text.WriteString("▀")
			case below:
				text.WriteString("▄")
			default:
				text.WriteString(" ")
			}
		}
		text.WriteString("\n")
	}
	return text.String()
}

// OTPOnly confirms an authenticator.
type OTPOnly struct {
	Body struct {
		OTP string `json:"otp" text:"opaque" minLength:"6" maxLength:"6" pattern:"^[0-9]{6}$" patternDescription:"six digits" doc:"The authenticator's code of this moment" example:"492039"`
	}
}

// ConfirmMFA proves that the authenticator works: from now on signing in asks for it. Errors: ErrMFAEnabled,
// ErrMFANotEnabled, ErrInvalidCode, problem.Reauthenticate.
func (s *Service) ConfirmMFA(ctx context.Context, actor access.Actor, in OTPOnly) (out RecoveryCodes, err error) {
	err = s.withCode(ctx, actor, actor.ID, SecondFactor{OTP: in.Body.OTP, enrolling: true},
		func(tx *postgres.Tx, user lockedUser) error {
			if user.TotpConfirmedAt != nil {
				return ErrMFAEnabled
			}
			if user.MFASecret == nil {
				return ErrMFANotEnabled
			}
			return requireCanAddFactor(tx.Now, actor, user.MFAEnabled)
		}, func(tx *postgres.Tx, _ lockedUser) (err error) {
			if err := confirmTOTP(ctx, tx, &tx.Now, actor.ID); err != nil {
				return fmt.Errorf("enable a second factor: %w", err)
			}
			if err := proveSession(ctx, tx, &tx.Now, actor.SessionID); err != nil {
				return err
			}
			if out.RecoveryCodes, err = s.renewRecoveryCodes(ctx, tx, actor.ID); err != nil {
				return err
			}
			audit.Write(tx, actor, "second-factor.enable", actor.ID, nil)
			if err := s.revokeUnproven(ctx, tx, actor); err != nil {
				return err
			}
			return s.Mails.Enqueue(ctx, tx, notification.Mail{To: actor.ID, Kind: "second-factor-enabled"})
		})
	return out, err
}

// FactorInput is a second factor.
type FactorInput struct{ Body SecondFactor }

// DisableMFA takes the authenticator away, and without a passkey the recovery codes too. Errors: ErrMFANotEnabled,
// ErrInvalidCode, ErrInvalidPasskey.
func (s *Service) DisableMFA(ctx context.Context, actor access.Actor, in FactorInput) (httpapi.None, error) {
	return httpapi.None{}, s.withCode(ctx, actor, actor.ID, in.Body, func(_ *postgres.Tx, user lockedUser) error {
		if user.TotpConfirmedAt == nil {
			return ErrMFANotEnabled
		}
		return nil
	}, func(tx *postgres.Tx, _ lockedUser) error {
		if err := removeTOTP(ctx, tx, actor.ID); err != nil {
			return fmt.Errorf("remove an authenticator: %w", err)
		}
		audit.Write(tx, actor, "second-factor.disable", actor.ID, nil)
		return s.afterRemoving(ctx, tx, actor, "authenticator-removed")
	})
}

// RenewRecoveryCodes makes new ones in place of all old ones. Errors: ErrMFANotEnabled, ErrInvalidCode,
// ErrInvalidPasskey.
func (s *Service) RenewRecoveryCodes(ctx context.Context, actor access.Actor, in FactorInput) (out RecoveryCodes,
	err error) {
	err = s.withCode(ctx, actor, actor.ID, in.Body, enabled, func(tx *postgres.Tx, _ lockedUser) (err error) {
		audit.Write(tx, actor, "second-factor.renew-recovery-codes", actor.ID, nil)
		if out.RecoveryCodes, err = s.renewRecoveryCodes(ctx, tx, actor.ID); err != nil {
			return err
		}
		return s.Mails.Enqueue(ctx, tx, notification.Mail{To: actor.ID, Kind: "recovery-codes-renewed"})
	})
	return out, err
}

// StepUpInput is a second factor or, for what asks for a recent sign-in, the password.
type StepUpInput struct {
	Body struct {
		SecondFactor
		CurrentPassword string `json:"currentPassword,omitempty" text:"opaque" minLength:"1" maxLength:"1024" doc:"In place of a second factor: counts as a new sign-in, not as a second factor" example:"seven lamps light the well"`
	}
}

// StepUp proves the second factor anew, for what is dangerous, or the password, for what asks for a recent sign-in.
// Errors: ErrMFANotEnabled, ErrInvalidCode, ErrInvalidPasskey, ErrInvalidCredentials.
func (s *Service) StepUp(ctx context.Context, actor access.Actor, in StepUpInput) (httpapi.None, error) {
	if in.Body.CurrentPassword != "" && in.Body.given() == 0 {
		return httpapi.None{}, s.stepUpByPassword(ctx, actor, in.Body.CurrentPassword)
	}
	return httpapi.None{}, s.withCode(ctx, actor, actor.ID, in.Body.SecondFactor, enabled,
		func(tx *postgres.Tx, _ lockedUser) error {
			audit.Write(tx, actor, "second-factor.prove", actor.ID, nil)
			return proveSession(ctx, tx, &tx.Now, actor.SessionID)
		})
}

func (s *Service) stepUpByPassword(ctx context.Context, actor access.Actor, password string) error {
	if _, err := s.provePassword(ctx, actor, password); err != nil {
		return err
	}
	return s.DB.Write(ctx, func(tx *postgres.Tx) error {
		audit.Write(tx, actor, "session.prove-password", actor.SessionID, nil)
		queueLastAuthenticateSession(tx, tx.Now, actor.SessionID)
		return nil
	})
}

func enabled(_ *postgres.Tx, user lockedUser) error {
	if !user.MFAEnabled {
		return ErrMFANotEnabled
	}
	return nil
}

// withCode runs do when the code is the user's. A wrong one is noted, and that must be kept although the answer is a
// refusal.
func (s *Service) withCode(ctx context.Context, actor access.Actor, id uuid.UUID, f SecondFactor, may,
	do func(*postgres.Tx, lockedUser) error) error {
	if err := f.check(); err != nil {
		return err
	}
	right := false
	err := s.DB.Write(ctx, func(tx *postgres.Tx) error {
		user, err := s.lockUser(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := may(tx, user); err != nil {
			return err
		}
		if right, err = s.verifySecondFactor(ctx, tx, actor, user, f); err != nil || !right {
			return err
		}
		return do(tx, user)
	})
	if err == nil && !right {
		err = f.wrong()
	}
	return err
}

// Enrol gives a user the authenticator of a known secret (base32), unless they have one: for demo data.
func (s *Service) Enrol(ctx context.Context, tx *postgres.Tx, actor access.Actor, user uuid.UUID,
	secret string) error {
	held, err := s.lockUser(ctx, tx, user)
	if err != nil || held.TotpConfirmedAt != nil {
		return err
	}
	if err := s.keepSecret(ctx, tx, user, secret); err != nil {
		return err
	}
	audit.Write(tx, actor, "second-factor.enable", user, nil)
	return confirmTOTP(ctx, tx, &tx.Now, user)
}

func (s *Service) mfaRoutes(api *httpapi.API) {
	post := func(path, id, summary, doc string, refusals ...*problem.Error) httpapi.Op {
		return httpapi.Op{
			Method: http.MethodPost, Path: "/auth/" + path, ID: id, Tag: "auth",
			Summary:  summary,
			Doc:      doc,
			Roles:    access.SignedIn,
			Refusals: refusals,
		}
	}
	enable := post("enable-mfa", "enable-mfa", "Begin to set up an authenticator", "It counts once it is "+
		"confirmed. Until then each call makes another secret. Whoever has a passkey proves it in the five minutes "+
		"before, others have signed in then.",
		ErrMFAEnabled)
	enable.Enrolment, enable.Recent, enable.Unkeyed = true, true, httpapi.UnkeyedAnswer
	httpapi.Command(api, enable, s.EnableMFA)
	// A wrong code is noted and refused at once: the refusal must not roll the note back. So with all that take one.
	confirm := post("confirm-mfa", "confirm-mfa", "Confirm the authenticator with its first code",
		"From now on signing in asks for it. Your other devices are signed out. The recovery codes are shown here "+
			"and never again.", ErrMFAEnabled, ErrMFANotEnabled, ErrInvalidCode, limit.ErrTooMany)
	confirm.Enrolment, confirm.Recent, confirm.Unkeyed = true, true, httpapi.UnkeyedAnswer
	httpapi.Handle(api, confirm, s.ConfirmMFA)
	disable := post("disable-mfa", "disable-mfa", "Take the authenticator away", "Needs a code of it, a recovery "+
		"code or a passkey. Staff works only with a second factor: without one, only setting one up is left.",
		ErrMFANotEnabled, ErrInvalidCode, ErrInvalidPasskey, limit.ErrTooMany)
	disable.Status, disable.Unkeyed = http.StatusNoContent, httpapi.UnkeyedProof
	httpapi.Handle(api, disable, s.DisableMFA)
	stepUp := post("step-up", "step-up", "Prove your second factor or your password anew",
		"For the next five minutes this session may do what is dangerous; with the password, what needs a recent "+
			"sign-in.", ErrMFANotEnabled, ErrInvalidCode, ErrInvalidPasskey, ErrInvalidCredentials, limit.ErrTooMany)
	stepUp.Status, stepUp.Enrolment, stepUp.Unkeyed = http.StatusNoContent, true, httpapi.UnkeyedProof
	httpapi.Handle(api, stepUp, s.StepUp)
	renew := post("recovery-codes", "renew-recovery-codes", "Get new recovery codes", "The old ones stop working.",
		ErrMFANotEnabled, ErrInvalidCode, ErrInvalidPasskey, limit.ErrTooMany)
	renew.Unkeyed = httpapi.UnkeyedAnswer
	httpapi.Handle(api, renew, s.RenewRecoveryCodes)
	verify := post("verify-mfa", "verify-mfa", "Finish signing in with a second factor", "Five tries per sign-in.",
		ErrInvalidTicket, ErrInvalidCode, ErrInvalidPasskey, problem.CrossSite, limit.ErrTooMany)
	verify.Roles = access.Public
	httpapi.Handle(api, verify, s.VerifyMFA)
}
