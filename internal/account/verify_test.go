package account_test

import (
	"strings"
	"testing"
	"time"

	"amrutam/internal/apptest"
)

func verifyEmail(c *apptest.Clinic, token string) *apptest.Answer {
	return c.Post(anonymous, "auth/verify-email", object{"token": token})
}

func TestVerifyEmail(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := newEmail()
	id := c.Post(anonymous, "auth/signup", registration(email)).Want(201).Text("id")
	token := awaitMail(t, c, email, "verify-email", 1)
	wantEqual(t, "length of the token", len(token), 43)
	wantEqual(t, "stored token",
		apptest.QueryOne[[]byte](t, c, "SELECT email_verification_token FROM users"), hashOf(token))

	for _, wrong := range []string{"x", token[:42], token + "A", strings.ToLower(token), string(hashOf(token)[:1])} {
		if a := verifyEmail(c, wrong); a.Status != 422 {
			t.Errorf("a wrong token: %d %s", a.Status, a.Body)
		}
	}
	verifyEmail(c, token[:42]).Want(422, "invalid-token")
	verifyEmail(c, "").Want(422, "validation-failed")
	verifyEmail(c, strings.Repeat("x", 201)).Want(422, "validation-failed")
	resetPassword(c, token, newPassword).Want(422, "invalid-token")
	wantEqual(t, "length of the body", len(verifyEmail(c, token).Want(204).Body), 0)
	verifyEmail(c, token).Want(422, "invalid-token")
	wantEqual(t, "audit rows", countAudits(t, c, "user.verify-email", id), 1)
	wantEqual(t, "verified users without a token", c.Count("SELECT count(*) FROM users WHERE "+
		"email_verification_token IS NULL AND email_verification_expiry IS NULL AND is_email_verified"), 1)
	signIn(t, c, email, password)
}

func TestVerificationExpiresAfterADay(t *testing.T) {
	t.Parallel()
	c := open(t)
	first, second := newEmail(), newEmail()
	c.Post(anonymous, "auth/signup", registration(first)).Want(201)
	expired := awaitMail(t, c, first, "verify-email", 1)
	c.Clock.Advance(time.Minute)
	c.Post(anonymous, "auth/signup", registration(second)).Want(201)
	valid := awaitMail(t, c, second, "verify-email", 1)
	c.Clock.Advance(24*time.Hour - time.Minute)
	verifyEmail(c, expired).Want(422, "invalid-token")
	verifyEmail(c, valid).Want(204)

	c.Post(anonymous, "auth/resend-verification", object{"email": first}).Want(202)
	renewed := awaitMail(t, c, first, "verify-email", 2)
	verifyEmail(c, renewed).Want(204)
}

func TestResendVerification(t *testing.T) {
	t.Parallel()
	c := open(t)
	unverified, verified := newEmail(), signUp(t, c)
	c.Post(anonymous, "auth/signup", registration(unverified)).Want(201)
	first := awaitMail(t, c, unverified, "verify-email", 1)
	for _, path := range []string{"auth/resend-verification", "auth/request-password-reset"} {
		unknown := c.Post(anonymous, path, object{"email": newEmail()}).Want(202)
		for _, email := range []string{strings.ToUpper(unverified), verified, "nobody at all"} {
			a := c.Post(anonymous, path, object{"email": email}).Want(202)
			wantEqual(t, path+": body", a.Body, unknown.Body)
			wantEqual(t, path+": number of headers", len(a.Header), len(unknown.Header))
		}
	}
	awaitJobs(t, c)
	wantEqual(t, "mails to the verified address", len(mails(t, c, verified, "verify-email")), 1)
	// One for each sign-up, one that was sent again, and two reset mails.
	wantEqual(t, "mails", c.Count("SELECT count(*) FROM mails"), 5)
	second := awaitMail(t, c, unverified, "verify-email", 2)
	verifyEmail(c, first).Want(422, "invalid-token")
	verifyEmail(c, second).Want(204)
	wantEqual(t, "audit rows about unknown addresses", countAudits(t, c, "user.request-verification", "unknown"), 2)
}
