package account_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"image/png"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"amrutam/internal/apptest"
	"amrutam/internal/config"
)

// authenticator makes a user's codes, as an authenticator app does.
type authenticator struct {
	c      *apptest.Clinic
	secret string
	// enrolled is the code that the enrolment used.
	enrolled string
}

// code returns the code of a time step, counted from the current one. A step is 30 s.
func (a authenticator) code(t *testing.T, steps int) string {
	t.Helper()
	code, err := totp.GenerateCode(a.secret, a.c.Clock.Now().Add(time.Duration(steps)*30*time.Second))
	must(t, err)
	return code
}

// enrolAuthenticator sets up an authenticator for a user, and returns the recovery codes too.
func enrolAuthenticator(t *testing.T, c *apptest.Clinic, u apptest.User) (a authenticator, recoveryCodes []string) {
	t.Helper()
	a = authenticator{c: c, secret: c.Post(u, "auth/enable-mfa", nil).Want(200).Text("secret")}
	a.enrolled = a.code(t, 0)
	confirmed := c.Post(u, "auth/confirm-mfa", object{"otp": a.enrolled}).Want(200)
	for _, code := range confirmed.At("recoveryCodes").([]any) {
		recoveryCodes = append(recoveryCodes, code.(string))
	}
	wantEqual(t, "number of recovery codes", len(recoveryCodes), 10)
	return a, recoveryCodes
}

func TestEnrolMFA(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := signUp(t, c)
	s := signIn(t, c, email, password)
	c.Post(s.user, "auth/confirm-mfa", object{"otp": "123456"}).Want(409, "mfa-not-enabled")
	first := c.Post(s.user, "auth/enable-mfa", nil).Want(200).Text("secret")
	setup := c.Post(s.user, "auth/enable-mfa", nil).Want(200)
	if setup.Text("secret") == first {
		t.Error("a second call returns the same secret")
	}
	key, err := otp.NewKeyFromURL(setup.Text("otpauthUrl"))
	must(t, err)
	if key.Secret() != setup.Text("secret") || key.Issuer() != "Amrutam" || key.AccountName() != email ||
		key.Period() != 30 || key.Digits() != otp.DigitsSix {
		t.Errorf("otpauthUrl is %s", key)
	}
	picture, err := base64.StdEncoding.DecodeString(setup.Text("qrCodePng"))
	must(t, err)
	if _, err := png.Decode(bytes.NewReader(picture)); err != nil {
		t.Error(err)
	}
	if lines := strings.Split(setup.Text("qrCodeText"), "\n"); len(lines) < 20 {
		t.Errorf("qrCodeText has %d lines", len(lines))
	}
	a := authenticator{c: c, secret: setup.Text("secret")}
	replaced := authenticator{c: c, secret: first}
	c.Post(s.user, "auth/confirm-mfa", object{"otp": replaced.code(t, 0)}).Want(401, "invalid-code")
	wantEqual(t, "mfaRequired before", login(c, email, password).Want(200).At("mfaRequired"), any(false))
	c.Post(s.user, "auth/confirm-mfa", object{"otp": a.code(t, 0)}).Want(200)
	c.Post(s.user, "auth/confirm-mfa", object{"otp": a.code(t, 1)}).Want(409, "mfa-enabled")
	c.Post(s.user, "auth/enable-mfa", nil).Want(409, "mfa-enabled")
	wantEqual(t, "mfaEnabled", c.Get(s.user, "users/me").Want(200).At("mfaEnabled"), any(true))
	stored := apptest.QueryOne[[]byte](t, c, "SELECT mfa_secret FROM users WHERE id = $1", s.user.ID)
	if bytes.Contains(stored, []byte(a.secret)) {
		t.Error("the secret is not sealed")
	}
	awaitMail(t, c, email, "second-factor-enabled", 1)
}

func TestSecondFactor(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := signUp(t, c)
	a, recovery := enrolAuthenticator(t, c, signIn(t, c, email, password).user)
	newTicket := func() string {
		t.Helper()
		first := login(c, email, password).Want(200)
		if first.At("mfaRequired") != true || bytes.Contains(first.Body, []byte("accessToken")) ||
			first.At("user") != nil {
			t.Fatalf("the password alone is answered with %s", first.Body)
		}
		return first.Text("mfaToken")
	}
	verify := func(token string, factor object) *apptest.Answer {
		factor["mfaToken"] = token
		return c.Post(anonymous, "auth/verify-mfa", factor)
	}

	ticket := newTicket()
	c.Get(apptest.User{Token: ticket}, "users/me").Want(401)
	verify(ticket, object{"otp": a.enrolled}).Want(401, "invalid-code") // used
	verify(ticket, object{}).Want(422)
	verify(ticket, object{"otp": a.code(t, 1), "recoveryCode": recovery[0]}).Want(422)
	s := sessionOf(t, verify(ticket, object{"otp": a.code(t, 1)}).Want(200))
	c.Get(s.user, "users/me").Want(200)
	verify(ticket, object{"otp": a.code(t, 1)}).Want(401, "invalid-ticket")
	verify(newTicket(), object{"otp": a.code(t, 1)}).Want(401, "invalid-code")
	sessionOf(t, refresh(c, s.refresh).Want(200))

	c.Clock.Advance(3 * time.Minute)
	ticket = newTicket()
	for _, steps := range []int{-2, 2, 3} {
		verify(ticket, object{"otp": a.code(t, steps)}).Want(401, "invalid-code")
	}
	verify(ticket, object{"otp": a.code(t, -1)}).Want(200)
	verify(newTicket(), object{"otp": a.code(t, 0)}).Want(200)

	for _, code := range []string{recovery[0], strings.ToLower(strings.ReplaceAll(recovery[1], "-", ""))} {
		verify(newTicket(), object{"recoveryCode": code}).Want(200)
		verify(newTicket(), object{"recoveryCode": code}).Want(401, "invalid-code")
	}
	awaitMail(t, c, email, "recovery-code-used", 2)

	ticket = newTicket()
	c.Clock.Advance(5*time.Minute + time.Second)
	verify(ticket, object{"otp": a.code(t, 0)}).Want(401, "invalid-ticket")
}

// TestCodeGuessesAreLimited checks that exactly five of many concurrent codes are compared for one ticket.
func TestCodeGuessesAreLimited(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := signUp(t, c)
	a, _ := enrolAuthenticator(t, c, signIn(t, c, email, password).user)
	c.Clock.Advance(time.Hour)
	ticket := login(c, email, password).Want(200).Text("mfaToken")
	wrong := a.code(t, 40)
	answers := apptest.Concurrently(burstSize(), func(int) string {
		return c.Post(anonymous, "auth/verify-mfa", object{"mfaToken": ticket, "otp": wrong}).Want(401).Text("type")
	})
	checked := 0
	for _, problem := range answers {
		if problem == "/problems/invalid-code" {
			checked++
		}
	}
	wantEqual(t, "codes that were compared", checked, 5)
	c.Post(anonymous, "auth/verify-mfa", object{"mfaToken": ticket, "otp": a.code(t, 0)}).Want(401, "invalid-ticket")
	wantEqual(t, "audit rows", c.Count("SELECT count(*) FROM audit_logs WHERE action = 'second-factor.refuse'"), 5)
}

// TestCodeWorksOnce checks that one of many concurrent sign-ins with the same code succeeds.
func TestCodeWorksOnce(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := signUp(t, c)
	a, recovery := enrolAuthenticator(t, c, signIn(t, c, email, password).user)
	c.Clock.Advance(time.Hour)
	for _, factor := range []object{{"otp": a.code(t, 0)}, {"recoveryCode": recovery[0]}} {
		tickets := make([]string, burstSize())
		for i := range tickets {
			tickets[i] = login(c, email, password).Want(200).Text("mfaToken")
		}
		statuses := apptest.Concurrently(len(tickets), func(i int) int {
			body := maps.Clone(factor)
			body["mfaToken"] = tickets[i]
			return c.Post(anonymous, "auth/verify-mfa", body).Status
		})
		succeeded := 0
		for _, status := range statuses {
			if status == 200 {
				succeeded++
			}
		}
		wantEqual(t, "successful sign-ins", succeeded, 1)
	}
}

func TestPasswordChangeEndsTickets(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := signUp(t, c)
	s := signIn(t, c, email, password)
	a, _ := enrolAuthenticator(t, c, s.user)
	ticket := login(c, email, password).Want(200).Text("mfaToken")
	changePassword(c, s.user, password, newPassword).Want(204)
	c.Post(anonymous, "auth/verify-mfa", object{"mfaToken": ticket, "otp": a.code(t, 1)}).Want(401, "invalid-ticket")
}

func TestDisableMFAAndRenewRecoveryCodes(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := signUp(t, c)
	s := signIn(t, c, email, password)
	factor := object{"otp": "123456"}
	c.Post(s.user, "auth/disable-mfa", factor).Want(409, "mfa-not-enabled")
	c.Post(s.user, "auth/step-up", factor).Want(409, "mfa-not-enabled")
	c.Post(s.user, "auth/recovery-codes", factor).Want(409, "mfa-not-enabled")
	a, recovery := enrolAuthenticator(t, c, s.user)
	c.Post(s.user, "auth/recovery-codes", object{"otp": a.code(t, 0)}).Want(401, "invalid-code")
	c.Clock.Advance(time.Minute)
	renewed := c.Post(s.user, "auth/recovery-codes", object{"otp": a.code(t, 0)}).Want(200).At("recoveryCodes").([]any)
	c.Post(s.user, "auth/step-up", object{"recoveryCode": recovery[0]}).Want(401, "invalid-code")
	c.Post(s.user, "auth/step-up", object{"recoveryCode": renewed[0]}).Want(204)
	c.Post(s.user, "auth/disable-mfa", object{"recoveryCode": recovery[1]}).Want(401, "invalid-code")
	c.Post(s.user, "auth/disable-mfa", object{"recoveryCode": renewed[1]}).Want(204)
	awaitMail(t, c, email, "second-factor-disabled", 1)
	wantEqual(t, "recovery codes, secrets and proofs that are left", c.Count(`SELECT
		(SELECT count(*) FROM recovery_codes)
		+ (SELECT count(*) FROM users WHERE mfa_secret IS NOT NULL)
		+ (SELECT count(*) FROM sessions WHERE second_factor_at IS NOT NULL)`), 0)
	signIn(t, c, email, password)
}

// TestStaffMustEnrol checks that an administrator made by the command line can only set up a second factor, that the
// administrator's operations work after that, and that those on health data need a recent proof.
func TestStaffMustEnrol(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := newEmail()
	_, err := commandLineService(c).CreateAdmin(context.Background(), email, "Meera Nair", password)
	must(t, err)
	a := login(c, email, password).Want(200)
	wantEqual(t, "mfaEnrollmentRequired", a.At("mfaEnrollmentRequired"), any(true))
	s := sessionOf(t, a)
	c.Get(s.user, "users").Want(403, "mfa-required")
	c.Get(s.user, "users/me").Want(403, "mfa-required")
	renewed := sessionOf(t, refresh(c, s.refresh).Want(200)) // a refresh is no proof of a second factor
	c.Get(renewed.user, "users").Want(403, "mfa-required")
	authenticator, _ := enrolAuthenticator(t, c, renewed.user)
	c.Get(renewed.user, "users").Want(200)
	c.Clock.Advance(6 * time.Minute)
	readConsultation(c, renewed.user).Want(403, "mfa-required")
	c.Post(renewed.user, "auth/step-up", object{"otp": authenticator.code(t, 0)}).Want(204)
	readConsultation(c, renewed.user).Want(404)
	c.Post(renewed.user, "auth/disable-mfa", object{"otp": authenticator.code(t, 1)}).Want(204)
	c.Get(renewed.user, "users").Want(403, "mfa-required")
}

// readConsultation reads a consultation that doesn't exist, which asks an administrator for a recent second factor.
func readConsultation(c *apptest.Clinic, admin apptest.User) *apptest.Answer {
	path := "consultations/0199f3a2-7c1e-7a10-8b20-3c4d5e6f7081"
	return c.Do(admin, "GET", path, nil, "X-Purpose", "complaint 17")
}

func TestStaffWithoutMFARequirement(t *testing.T) {
	t.Parallel()
	c := open(t, func(cfg *config.Config) { cfg.RequireAdminMFA = false })
	email := newEmail()
	_, err := commandLineService(c).CreateAdmin(context.Background(), email, "Meera Nair", password)
	must(t, err)
	a := login(c, email, password).Want(200)
	wantEqual(t, "mfaEnrollmentRequired", a.At("mfaEnrollmentRequired"), any(false))
	s := sessionOf(t, a)
	c.Get(s.user, "users").Want(200)
	enrolAuthenticator(t, c, s.user)
	c.Clock.Advance(6 * time.Minute)
	readConsultation(c, s.user).Want(403, "mfa-required")
}

// TestResetFactors checks that an administrator can remove a user's second factors: the user is signed out, and then
// signs in with the password alone.
func TestResetFactors(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := signUp(t, c)
	s := signIn(t, c, email, password)
	k := c.NewPasskey()
	k.Register(s.user)
	enrolAuthenticator(t, c, s.user)
	admin := c.Admin()
	path := "users/" + s.user.ID.String() + "/reset-mfa"
	c.Post(admin, "users/"+admin.ID.String()+"/reset-mfa", nil).Want(409, "own-account")
	c.Post(admin, path, nil).Want(204)
	c.Post(admin, path, nil).Want(409, "mfa-not-enabled")
	wantEnded(t, c, s)
	awaitMail(t, c, email, "second-factors-reset", 1)
	passkeyLogin(c, k.Prove()).Want(401)
	signIn(t, c, email, password)
	wantEqual(t, "passkeys and recovery codes that are left", c.Count(`SELECT
		(SELECT count(*) FROM passkeys WHERE user_id = $1)
		+ (SELECT count(*) FROM recovery_codes WHERE user_id = $1)`, s.user.ID), 0)
	wantEqual(t, "audit rows", countAudits(t, c, "user.reset-second-factors", s.user.ID.String()), 1)
}

// TestConcurrentPasswordChangeEndsTickets checks that tickets of sign-ins with the old password are deleted, even if
// the sign-ins run at the same time as the change.
func TestConcurrentPasswordChangeEndsTickets(t *testing.T) {
	t.Parallel()
	c := open(t)
	for range 6 {
		email := signUp(t, c)
		s := signIn(t, c, email, password)
		enrolAuthenticator(t, c, s.user)
		apptest.Concurrently(8, func(i int) int {
			if i == 0 {
				return changePassword(c, s.user, password, newPassword).Want(204).Status
			}
			return login(c, email, password).Status
		})
		wantEqual(t, "tickets",
			c.Count("SELECT count(*) FROM tickets WHERE user_id = $1 AND kind = 'MFA'", s.user.ID), 0)
	}
}
