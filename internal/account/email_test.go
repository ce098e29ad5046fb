package account_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"amrutam/internal/apptest"
)

func confirmEmail(c *apptest.Clinic, token string) *apptest.Answer {
	return c.Post(anonymous, "auth/confirm-email", object{"token": token})
}

func requestEmailChange(c *apptest.Clinic, actor apptest.User, email string) *apptest.Answer {
	return c.Post(actor, "auth/change-email", object{"currentPassword": password, "newEmail": email})
}

func TestChangeEmail(t *testing.T) {
	t.Parallel()
	c := open(t)
	old, email := signUp(t, c), newEmail()
	s := signIn(t, c, old, password)
	c.Post(anonymous, "auth/request-password-reset", object{"email": old}).Want(202)
	resetToken := awaitMail(t, c, old, "reset-password", 1)

	c.Post(s.user, "auth/change-email", object{"currentPassword": "another password entirely", "newEmail": email}).
		Want(401, "invalid-credentials")
	requestEmailChange(c, s.user, old).Want(422, "validation-failed")
	a := requestEmailChange(c, s.user, "not an address").Want(422)
	if bytes.Contains(a.Body, []byte("not an address")) {
		t.Errorf("the answer repeats the value: %s", a.Body)
	}
	requestEmailChange(c, s.user, newEmail()).Want(202)
	requestEmailChange(c, s.user, " "+email).Want(202)
	token := awaitMail(t, c, email, "confirm-new-address", 1)
	signIn(t, c, old, password) // the request hasn't changed the address

	confirmEmail(c, token+"x").Want(422, "invalid-token")
	confirmEmail(c, token).Want(204)
	confirmEmail(c, token).Want(422, "invalid-token")
	awaitMail(t, c, old, "address-changed", 1)
	signIn(t, c, email, password)
	login(c, old, password).Want(401, "invalid-credentials")
	wantEqual(t, "address", c.Get(s.user, "users/me").Want(200).Text("email"), email)
	resetPassword(c, resetToken, newPassword).Want(422, "invalid-token")
	c.Post(anonymous, "auth/signup", registration(old)).Want(201)
	awaitMail(t, c, old, "verify-email", 2) // the old address is free
}

// TestEmailChangeIsCancelled checks that the token of an email change is invalid after each of these events.
func TestEmailChangeIsCancelled(t *testing.T) {
	t.Parallel()
	c := open(t)
	for name, cancel := range map[string]func(s session){
		"25 hours":          func(session) { c.Clock.Advance(25 * time.Hour) },
		"a newer request":   func(s session) { requestEmailChange(c, s.user, newEmail()).Want(202) },
		"a password change": func(s session) { changePassword(c, s.user, password, newPassword).Want(204) },
		"a sign-out":        func(s session) { c.Post(s.user, "auth/logout", nil).Want(204) },
		"the end of its session": func(s session) {
			other := signIn(t, c, s.user.Email, password)
			for _, item := range c.Get(other.user, "auth/sessions").Want(200).Items() {
				if item["current"] == false {
					c.Do(other.user, "DELETE", fmt.Sprint("auth/sessions/", item["id"]), nil).Want(204)
				}
			}
		},
		"the end of all other sessions": func(s session) {
			c.Do(signIn(t, c, s.user.Email, password).user, "DELETE", "auth/sessions", nil).Want(204)
		},
		"an authenticator": func(s session) { enrolAuthenticator(t, c, s.user) },
		"an authenticator of another session": func(s session) {
			enrolAuthenticator(t, c, signIn(t, c, s.user.Email, password).user)
		},
		"a passkey of another session": func(s session) {
			c.NewPasskey().Register(signIn(t, c, s.user.Email, password).user)
		},
		"the account's deletion": func(s session) { deleteAccount(c, s.user).Want(204) },
		"the user's disabling": func(s session) {
			path := "users/" + c.Get(s.user, "users/me").Text("id") + "/disable"
			c.Patch(c.Admin(), path, object{"disabled": true}).Want(200)
		},
	} {
		email := newEmail()
		s := signIn(t, c, signUp(t, c), password)
		requestEmailChange(c, s.user, email).Want(202)
		token := awaitMail(t, c, email, "confirm-new-address", 1)
		cancel(s)
		if a := confirmEmail(c, token); a.Status != 422 {
			t.Errorf("after %s: %d %s", name, a.Status, a.Body)
		}
		wantEqual(t, "users of the address after "+name,
			c.Count("SELECT count(*) FROM users WHERE email = $1", email), 0)
	}
}

func TestChangeEmailToTakenAddress(t *testing.T) {
	t.Parallel()
	c := open(t)
	taken, email := signUp(t, c), newEmail()
	s := signIn(t, c, signUp(t, c), password)
	takenAnswer := requestEmailChange(c, s.user, taken).Want(202)
	freeAnswer := requestEmailChange(c, s.user, email).Want(202)
	wantEqual(t, "answer for a taken address", string(takenAnswer.Body), string(freeAnswer.Body))
	awaitMail(t, c, taken, "address-taken", 1)
	token := awaitMail(t, c, email, "confirm-new-address", 1)
	c.Post(anonymous, "auth/signup", registration(email)).Want(201)
	// A sign-up whose address isn't verified doesn't prevent the change.
	other, unverified := signIn(t, c, signUp(t, c), password), newEmail()
	c.Post(anonymous, "auth/signup", registration(unverified)).Want(201)
	requestEmailChange(c, other.user, unverified).Want(202)
	confirmEmail(c, awaitMail(t, c, unverified, "confirm-new-address", 1)).Want(204)
	wantEqual(t, "address", c.Get(other.user, "users/me").Want(200).Text("email"), unverified)
	// One whose address is verified does.
	verifyEmail(c, awaitMail(t, c, email, "verify-email", 1)).Want(204)
	confirmEmail(c, token).Want(409, "address-taken")
	wantEqual(t, "users of the address", c.Count("SELECT count(*) FROM users WHERE email = $1", email), 1)
}

// TestConcurrentEmailChanges checks that one of two users gets an address that both confirm at the same time.
func TestConcurrentEmailChanges(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := newEmail()
	var tokens []string
	for i := range 2 {
		s := signIn(t, c, signUp(t, c), password)
		requestEmailChange(c, s.user, email).Want(202)
		tokens = append(tokens, awaitMail(t, c, email, "confirm-new-address", i+1))
	}
	statuses := apptest.Concurrently(8, func(i int) int { return confirmEmail(c, tokens[i%2]).Status })
	succeeded := 0
	for _, status := range statuses {
		if status == 204 {
			succeeded++
		}
	}
	if succeeded != 1 {
		t.Errorf("%d confirmations succeeded: %v", succeeded, statuses)
	}
}

func TestChangeEmailRequiresSecondFactor(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := newEmail()
	s := signIn(t, c, signUp(t, c), password)
	id := c.Get(s.user, "users/me").Want(200).Text("id")
	c.Exec("UPDATE users SET mfa_enabled = true WHERE id = $1", id)
	requestEmailChange(c, s.user, email).Want(403, "reauthentication-required")
	c.Exec("UPDATE sessions SET second_factor_at = $2 WHERE user_id = $1", id, c.DB.Now())
	requestEmailChange(c, s.user, email).Want(202)
}

func TestChangeEmailLimitsMails(t *testing.T) {
	t.Parallel()
	c := open(t, enableLoginLimit)
	email := signUp(t, c)
	s := signIn(t, c, email, password)
	for range 3 {
		requestEmailChange(c, s.user, newEmail()).Want(202)
	}
	requestEmailChange(c, s.user, newEmail()).Want(429)
	c.Clock.Advance(61 * time.Minute)
	requestEmailChange(c, signIn(t, c, email, password).user, newEmail()).Want(202)
}
