package account_test

import (
	"strings"
	"testing"
	"time"

	"amrutam/internal/apptest"
)

func TestVerifyEmail(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := fresh()
	id := c.Post(nobody, "auth/signup", registration(email)).Want(201).Text("id")
	token := mailed(t, c, email, "verify-email", 1)
	same(t, "length of the token", len(token), 43)
	same(t, "column", apptest.QueryOne[[]byte](t, c, "SELECT email_verification_token FROM users"), sha(token))
	verify := func(token string) *apptest.Answer {
		return c.Post(nobody, "auth/verify-email", object{"token": token})
	}

	for _, wrong := range []string{"x", token[:42], token + "A", strings.ToLower(token), string(sha(token)[:1])} {
		if a := verify(wrong); a.Status != 422 {
			t.Errorf("a wrong token: %d %s", a.Status, a.Body)
		}
	}
	verify(token[:42]).Want(422, "invalid-token")
	verify("").Want(422, "validation-failed")
	verify(strings.Repeat("x", 201)).Want(422, "validation-failed")
	c.Post(nobody, "auth/reset-password", object{"token": token, "newPassword": newPassword}).Want(422,
		"invalid-token")
	same(t, "body", len(verify(token).Want(204).Body), 0)
	verify(token).Want(422, "invalid-token")
	same(t, "audit rows", audited(t, c, "user.verify-email", id), 1)
	same(t, "cleared", c.Count("SELECT count(*) FROM users WHERE email_verification_token IS NULL AND "+
		"email_verification_expiry IS NULL AND is_email_verified"), 1)
	signIn(t, c, email, password)
}

func TestVerificationExpiresAfterADay(t *testing.T) {
	t.Parallel()
	c := open(t)
	late, early := fresh(), fresh()
	c.Post(nobody, "auth/signup", registration(late)).Want(201)
	token := mailed(t, c, late, "verify-email", 1)
	c.Clock.Advance(time.Minute)
	c.Post(nobody, "auth/signup", registration(early)).Want(201)
	still := mailed(t, c, early, "verify-email", 1)
	c.Clock.Advance(24*time.Hour - time.Minute)
	c.Post(nobody, "auth/verify-email", object{"token": token}).Want(422, "invalid-token")
	c.Post(nobody, "auth/verify-email", object{"token": still}).Want(204)

	c.Post(nobody, "auth/resend-verification", object{"email": late}).Want(202)
	c.Post(nobody, "auth/verify-email", object{"token": mailed(t, c, late, "verify-email", 2)}).Want(204)
}

func TestResendVerification(t *testing.T) {
	t.Parallel()
	c := open(t)
	waiting, done := fresh(), verified(t, c)
	c.Post(nobody, "auth/signup", registration(waiting)).Want(201)
	first := mailed(t, c, waiting, "verify-email", 1)
	for _, path := range []string{"auth/resend-verification", "auth/request-password-reset"} {
		unknown := c.Post(nobody, path, object{"email": fresh()}).Want(202)
		for _, email := range []string{strings.ToUpper(waiting), done, "nobody at all"} {
			a := c.Post(nobody, path, object{"email": email}).Want(202)
			same(t, path+": body", a.Body, unknown.Body)
			same(t, path+": headers", len(a.Header), len(unknown.Header))
		}
	}
	quiet(t, c)
	same(t, "mails to the verified address", len(mails(t, c, done, "verify-email")), 1)
	same(t, "mails", c.Count("SELECT count(*) FROM mails"), 5) // two of the sign-ups, one again, two to reset
	second := mailed(t, c, waiting, "verify-email", 2)
	c.Post(nobody, "auth/verify-email", object{"token": first}).Want(422, "invalid-token")
	c.Post(nobody, "auth/verify-email", object{"token": second}).Want(204)
	same(t, "audit rows of unknown addresses", audited(t, c, "user.request-verification", "unknown"), 2)
}
