package account_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"image/png"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"amrutam/internal/apptest"
	"amrutam/internal/config"
)

// authenticator is what a person holds.
type authenticator struct {
	c      *apptest.Clinic
	secret string
}

// code of the step that is so many steps from now.
func (a authenticator) code(t *testing.T, steps int) string {
	t.Helper()
	code, err := totp.GenerateCode(a.secret, a.c.Clock.Now().Add(time.Duration(steps)*30*time.Second))
	must(t, err)
	return code
}

// enrol sets an authenticator up through the API, and gives the recovery codes too.
func enrol(t *testing.T, c *apptest.Clinic, u apptest.User) (authenticator, []string) {
	t.Helper()
	begun := c.Post(u, "auth/enable-mfa", nil).Want(200)
	a := authenticator{c, begun.Text("secret")}
	var codes []string
	confirmed := c.Post(u, "auth/confirm-mfa", object{"otp": a.code(t, 0)}).Want(200)
	for _, code := range confirmed.At("recoveryCodes").([]any) {
		codes = append(codes, code.(string))
	}
	same(t, "recovery codes", len(codes), 10)
	return a, codes
}

func TestEnrolMFA(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := verified(t, c)
	s := signIn(t, c, email, password)
	c.Post(s.user, "auth/confirm-mfa", object{"otp": "123456"}).Want(409, "mfa-not-enabled")
	first := c.Post(s.user, "auth/enable-mfa", nil).Want(200).Text("secret")
	begun := c.Post(s.user, "auth/enable-mfa", nil).Want(200)
	if begun.Text("secret") == first {
		t.Error("a second call gives the same secret")
	}
	key, err := otp.NewKeyFromURL(begun.Text("otpauthUrl"))
	must(t, err)
	if key.Secret() != begun.Text("secret") || key.Issuer() != "Amrutam" || key.AccountName() != email ||
		key.Period() != 30 || key.Digits() != otp.DigitsSix {
		t.Errorf("the address says otherwise: %s", key)
	}
	picture, err := base64.StdEncoding.DecodeString(begun.Text("qrCodePng"))
	must(t, err)
	if _, err := png.Decode(bytes.NewReader(picture)); err != nil {
		t.Error(err)
	}
	if lines := strings.Split(begun.Text("qrCodeText"), "\n"); len(lines) < 20 {
		t.Errorf("the picture in characters has %d lines", len(lines))
	}
	a := authenticator{c, begun.Text("secret")}
	c.Post(s.user, "auth/confirm-mfa", object{"otp": authenticator{c, first}.code(t, 0)}).Want(401, "invalid-code")
	same(t, "mfaRequired before", c.Post(nobody, "auth/login", credentials(email, password)).Want(200).
		At("mfaRequired"), any(false))
	c.Post(s.user, "auth/confirm-mfa", object{"otp": a.code(t, 0)}).Want(200)
	c.Post(s.user, "auth/confirm-mfa", object{"otp": a.code(t, 1)}).Want(409, "mfa-enabled")
	c.Post(s.user, "auth/enable-mfa", nil).Want(409, "mfa-enabled")
	same(t, "mfaEnabled", c.Get(s.user, "users/me").Want(200).At("mfaEnabled"), any(true))
	if kept := apptest.QueryOne[[]byte](t, c,
		"SELECT mfa_secret FROM users WHERE id = $1", s.user.ID); bytes.Contains(kept,
		[]byte(a.secret)) {
		t.Error("the secret is not sealed")
	}
	mailed(t, c, email, "second-factor-enabled", 1)
}

func TestSecondFactor(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := verified(t, c)
	a, recovery := enrol(t, c, signIn(t, c, email, password).user)
	login := func() string {
		t.Helper()
		begun := c.Post(nobody, "auth/login", credentials(email, password)).Want(200)
		if begun.At("mfaRequired") != true || bytes.Contains(begun.Body, []byte("accessToken")) ||
			begun.At("user") != nil {
			t.Fatalf("the password alone gives %s", begun.Body)
		}
		return begun.Text("mfaToken")
	}
	verify := func(token string, factor object) *apptest.Answer {
		factor["mfaToken"] = token
		return c.Post(nobody, "auth/verify-mfa", factor)
	}

	ticket := login()
	c.Get(apptest.User{Token: ticket}, "users/me").Want(401)
	verify(ticket, object{"otp": a.code(t, 0)}).Want(401, "invalid-code") // it confirmed the enrolment
	verify(ticket, object{}).Want(422)
	verify(ticket, object{"otp": a.code(t, 1), "recoveryCode": recovery[0]}).Want(422)
	s := held(t, verify(ticket, object{"otp": a.code(t, 1)}).Want(200))
	c.Get(s.user, "users/me").Want(200)
	verify(ticket, object{"otp": a.code(t, 1)}).Want(401, "invalid-ticket")
	verify(login(), object{"otp": a.code(t, 1)}).Want(401, "invalid-code")
	held(t, refresh(c, s.refresh).Want(200))

	c.Clock.Advance(3 * time.Minute)
	ticket = login()
	for _, steps := range []int{-2, 2, 3} {
		verify(ticket, object{"otp": a.code(t, steps)}).Want(401, "invalid-code")
	}
	verify(ticket, object{"otp": a.code(t, -1)}).Want(200)
	verify(login(), object{"otp": a.code(t, 0)}).Want(200)

	for _, code := range []string{recovery[0], strings.ToLower(strings.ReplaceAll(recovery[1], "-", ""))} {
		verify(login(), object{"recoveryCode": code}).Want(200)
		verify(login(), object{"recoveryCode": code}).Want(401, "invalid-code")
	}
	mailed(t, c, email, "recovery-code-used", 2)

	ticket = login()
	c.Clock.Advance(5*time.Minute + time.Second)
	verify(ticket, object{"otp": a.code(t, 0)}).Want(401, "invalid-ticket")
}

// TestCodeGuessesAreLimited: five tries a ticket, exactly, however many come at once.
func TestCodeGuessesAreLimited(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := verified(t, c)
	a, _ := enrol(t, c, signIn(t, c, email, password).user)
	c.Clock.Advance(time.Hour)
	ticket := c.Post(nobody, "auth/login", credentials(email, password)).Want(200).Text("mfaToken")
	wrong := a.code(t, 40)
	answers := atOnce(crowd(), func(int) string {
		return c.Post(nobody, "auth/verify-mfa", object{"mfaToken": ticket, "otp": wrong}).Want(401).Text("type")
	})
	tried := 0
	for _, answer := range answers {
		if answer == "/problems/invalid-code" {
			tried++
		}
	}
	same(t, "tries", tried, 5)
	c.Post(nobody, "auth/verify-mfa", object{"mfaToken": ticket, "otp": a.code(t, 0)}).Want(401, "invalid-ticket")
	same(t, "noted", c.Count("SELECT count(*) FROM audit_logs WHERE action = 'second-factor.refuse'"), 5)
}

// TestCodeWorksOnce: of many sign-ins at once with the same code, one gets in.
func TestCodeWorksOnce(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := verified(t, c)
	a, recovery := enrol(t, c, signIn(t, c, email, password).user)
	c.Clock.Advance(time.Hour)
	for _, factor := range []object{{"otp": a.code(t, 0)}, {"recoveryCode": recovery[0]}} {
		tickets := make([]string, crowd())
		for i := range tickets {
			tickets[i] = c.Post(nobody, "auth/login", credentials(email, password)).Want(200).Text("mfaToken")
		}
		in := 0
		for _, status := range atOnce(len(tickets), func(i int) int {
			body := object{"mfaToken": tickets[i]}
			for name, v := range factor {
				body[name] = v
			}
			return c.Post(nobody, "auth/verify-mfa", body).Status
		}) {
			if status == 200 {
				in++
			}
		}
		same(t, "sign-ins", in, 1)
	}
}

func TestPasswordChangeEndsTickets(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := verified(t, c)
	s := signIn(t, c, email, password)
	a, _ := enrol(t, c, s.user)
	ticket := c.Post(nobody, "auth/login", credentials(email, password)).Want(200).Text("mfaToken")
	c.Post(s.user, "auth/change-password", object{"currentPassword": password, "newPassword": newPassword}).Want(204)
	c.Post(nobody, "auth/verify-mfa", object{"mfaToken": ticket, "otp": a.code(t, 1)}).Want(401, "invalid-ticket")
}

func TestDisableMFAAndRenewRecoveryCodes(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := verified(t, c)
	s := signIn(t, c, email, password)
	factor := object{"otp": "123456"}
	c.Post(s.user, "auth/disable-mfa", factor).Want(409, "mfa-not-enabled")
	c.Post(s.user, "auth/step-up", factor).Want(409, "mfa-not-enabled")
	c.Post(s.user, "auth/recovery-codes", factor).Want(409, "mfa-not-enabled")
	a, recovery := enrol(t, c, s.user)
	c.Post(s.user, "auth/recovery-codes", object{"otp": a.code(t, 0)}).Want(401, "invalid-code")
	c.Clock.Advance(time.Minute)
	renewed := c.Post(s.user, "auth/recovery-codes", object{"otp": a.code(t, 0)}).Want(200).At("recoveryCodes").([]any)
	c.Post(s.user, "auth/step-up", object{"recoveryCode": recovery[0]}).Want(401, "invalid-code")
	c.Post(s.user, "auth/step-up", object{"recoveryCode": renewed[0]}).Want(204)
	c.Post(s.user, "auth/disable-mfa", object{"recoveryCode": recovery[1]}).Want(401, "invalid-code")
	c.Post(s.user, "auth/disable-mfa", object{"recoveryCode": renewed[1]}).Want(204)
	mailed(t, c, email, "second-factor-disabled", 1)
	same(t, "what is kept", c.Count(`SELECT (SELECT count(*) FROM recovery_codes) + (SELECT count(*) FROM users
		WHERE mfa_secret IS NOT NULL)
		+ (SELECT count(*) FROM sessions WHERE second_factor_at IS NOT NULL)`), 0)
	signIn(t, c, email, password)
}

// TestStaffMustEnrol: an administrator of the command line reaches nothing before a second factor is set up, and all of
// it after.
func TestStaffMustEnrol(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := fresh()
	_, err := commandLine(c).CreateAdmin(context.Background(), email, "Meera Nair", password)
	must(t, err)
	begun := c.Post(nobody, "auth/login", credentials(email, password)).Want(200)
	same(t, "mfaEnrollmentRequired", begun.At("mfaEnrollmentRequired"), any(true))
	s := held(t, begun)
	c.Get(s.user, "users").Want(403, "mfa-required")
	c.Get(s.user, "users/me").Want(403, "mfa-required")
	renewed := held(t, refresh(c, s.refresh).Want(200)) // which proves nothing
	c.Get(renewed.user, "users").Want(403, "mfa-required")
	a, _ := enrol(t, c, renewed.user)
	c.Get(renewed.user, "users").Want(200)
	c.Clock.Advance(6 * time.Minute)
	c.Do(renewed.user, "GET", "consultations/0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081", nil, "X-Purpose", "complaint 17").
		Want(403, "mfa-required")
	c.Post(renewed.user, "auth/step-up", object{"otp": a.code(t, 0)}).Want(204)
	c.Do(renewed.user, "GET", "consultations/0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081", nil, "X-Purpose", "complaint 17").
		Want(404)
	c.Post(renewed.user, "auth/disable-mfa", object{"otp": a.code(t, 1)}).Want(204)
	c.Get(renewed.user, "users").Want(403, "mfa-required")
}

func TestStaffWithoutMFARequirement(t *testing.T) {
	t.Parallel()
	c := open(t, func(cfg *config.Config) { cfg.RequireAdminMFA = false })
	email := fresh()
	_, err := commandLine(c).CreateAdmin(context.Background(), email, "Meera Nair", password)
	must(t, err)
	begun := c.Post(nobody, "auth/login", credentials(email, password)).Want(200)
	same(t, "mfaEnrollmentRequired", begun.At("mfaEnrollmentRequired"), any(false))
	s := held(t, begun)
	c.Get(s.user, "users").Want(200)
	enrol(t, c, s.user)
	c.Clock.Advance(6 * time.Minute)
	c.Do(s.user, "GET", "consultations/0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081", nil, "X-Purpose", "complaint 17").
		Want(403, "mfa-required")
}

// TestResetFactors: an administrator takes them away, and whoever has the password begins anew.
func TestResetFactors(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := verified(t, c)
	s := signIn(t, c, email, password)
	k := c.NewPasskey()
	k.Register(s.user)
	enrol(t, c, s.user)
	admin := c.Admin()
	path := "users/" + s.user.ID.String() + "/reset-mfa"
	c.Post(admin, "users/"+admin.ID.String()+"/reset-mfa", nil).Want(409, "own-account")
	c.Post(admin, path, nil).Want(204)
	c.Post(admin, path, nil).Want(409, "mfa-not-enabled")
	dead(t, c, s)
	mailed(t, c, email, "second-factors-reset", 1)
	passkeyLogin(c, k.Prove()).Want(401)
	signIn(t, c, email, password)
	same(t, "left", c.Count("SELECT (SELECT count(*) FROM passkeys WHERE user_id = $1) + (SELECT count(*) FROM "+
		"recovery_codes WHERE user_id = $1)", s.user.ID), 0)
	same(t, "entries", audited(t, c, "user.reset-second-factors", s.user.ID.String()), 1)
}

// TestConcurrentPasswordChangeEndsTickets: what the old password opened while it was changed, opens nothing after.
func TestConcurrentPasswordChangeEndsTickets(t *testing.T) {
	t.Parallel()
	c := open(t)
	for range 6 {
		email := verified(t, c)
		s := signIn(t, c, email, password)
		enrol(t, c, s.user)
		crowds.Lock()
		atOnce(8, func(i int) int {
			if i == 0 {
				return c.Post(s.user, "auth/change-password",
					object{"currentPassword": password, "newPassword": newPassword}).Want(204).Status
			}
			return c.Post(nobody, "auth/login", credentials(email, password)).Status
		})
		crowds.Unlock()
		same(t, "tickets", c.Count("SELECT count(*) FROM tickets WHERE user_id = $1 AND kind = 'MFA'", s.user.ID),
			0)
	}
}
