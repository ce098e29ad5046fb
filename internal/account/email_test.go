package account_test

import (
	"bytes"
	"fmt"
	"net/url"
	"testing"
	"time"

	"amrutam/internal/apptest"
)

func askNewAddress(c *apptest.Clinic, who apptest.User, email string) *apptest.Answer {
	return c.Post(who, "auth/change-email", object{"currentPassword": password, "newEmail": email})
}

func TestChangeEmail(t *testing.T) {
	t.Parallel()
	c := open(t)
	old, email := verified(t, c), fresh()
	s := signIn(t, c, old, password)
	c.Post(nobody, "auth/request-password-reset", object{"email": old}).Want(202)
	reset := mailed(t, c, old, "reset-password", 1)

	c.Post(s.user, "auth/change-email", object{"currentPassword": "another password entirely", "newEmail": email}).
		Want(401, "invalid-credentials")
	askNewAddress(c, s.user, old).Want(422, "validation-failed")
	if a := askNewAddress(c, s.user, "not an address").Want(422); bytes.Contains(a.Body, []byte("not an address")) {
		t.Errorf("the answer repeats the value: %s", a.Body)
	}
	askNewAddress(c, s.user, fresh()).Want(202)
	askNewAddress(c, s.user, " "+email).Want(202)
	token := mailed(t, c, email, "confirm-new-address", 1)
	page(t, c.Get(nobody, "/confirm-email?token="+token), 200)
	signIn(t, c, old, password) // neither asking nor opening the link changes anything

	c.Post(nobody, "auth/confirm-email", object{"token": token + "x"}).Want(422, "invalid-token")
	c.Post(nobody, "auth/confirm-email", object{"token": token}).Want(204)
	c.Post(nobody, "auth/confirm-email", object{"token": token}).Want(422, "invalid-token")
	mailed(t, c, old, "address-changed", 1)
	signIn(t, c, email, password)
	c.Post(nobody, "auth/login", credentials(old, password)).Want(401, "invalid-credentials")
	same(t, "address", c.Get(s.user, "users/me").Want(200).Text("email"), email)
	c.Post(nobody, "auth/reset-password", object{"token": reset, "newPassword": "nine boats cross the quiet lake"}).
		Want(422, "invalid-token")
	c.Post(nobody, "auth/signup", registration(old)).Want(201)
	mailed(t, c, old, "verify-email", 2) // the old address is free
}

func TestNewAddressPage(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := fresh()
	s := signIn(t, c, verified(t, c), password)
	askNewAddress(c, s.user, email).Want(202)
	token := mailed(t, c, email, "confirm-new-address", 1)
	page(t, press(c, "/confirm-email", url.Values{"token": {token}}), 200)
	page(t, press(c, "/confirm-email", url.Values{"token": {token}}), 422)
	page(t, press(c, "/confirm-email", nil), 422)
	same(t, "address", c.Get(s.user, "users/me").Want(200).Text("email"), email)
}

// TestEmailChangeIsCancelled: each of these leaves the token worth nothing.
func TestEmailChangeIsCancelled(t *testing.T) {
	t.Parallel()
	c := open(t)
	for name, end := range map[string]func(s session){
		"time":            func(session) { c.Clock.Advance(25 * time.Hour) },
		"a newer request": func(s session) { askNewAddress(c, s.user, fresh()).Want(202) },
		"another password": func(s session) {
			c.Post(s.user, "auth/change-password",
				object{"currentPassword": password, "newPassword": "nine boats cross the quiet lake"}).Want(204)
		},
		"a sign-out": func(s session) { c.Post(s.user, "auth/logout", nil).Want(204) },
		"its session's end": func(s session) {
			owner := signIn(t, c, s.user.Email, password)
			for _, one := range c.Get(owner.user, "auth/sessions").Want(200).Items() {
				if one["current"] == false {
					c.Do(owner.user, "DELETE", fmt.Sprint("auth/sessions/", one["id"]), nil).Want(204)
				}
			}
		},
		"the end of others": func(s session) {
			c.Do(signIn(t, c, s.user.Email, password).user, "DELETE", "auth/sessions", nil).Want(204)
		},
		"an authenticator of its own": func(s session) { enrol(t, c, s.user) },
		"an authenticator":            func(s session) { enrol(t, c, signIn(t, c, s.user.Email, password).user) },
		"a passkey": func(s session) {
			c.NewPasskey().Register(signIn(t, c, s.user.Email, password).user)
		},
		"leaving": func(s session) { leave(c, s.user).Want(204) },
		"an administrator": func(s session) {
			c.Patch(c.Admin(), "users/"+c.Get(s.user, "users/me").Text("id")+"/disable", object{"disabled": true}).
				Want(200)
		},
	} {
		email := fresh()
		s := signIn(t, c, verified(t, c), password)
		askNewAddress(c, s.user, email).Want(202)
		token := mailed(t, c, email, "confirm-new-address", 1)
		end(s)
		if a := c.Post(nobody, "auth/confirm-email", object{"token": token}); a.Status != 422 {
			t.Errorf("after %s: %d %s", name, a.Status, a.Body)
		}
		same(t, "users of the address after "+name, c.Count("SELECT count(*) FROM users WHERE email = $1", email),
			0)
	}
}

func TestChangeEmailToTakenAddress(t *testing.T) {
	t.Parallel()
	c := open(t)
	owner, email := verified(t, c), fresh()
	s := signIn(t, c, verified(t, c), password)
	taken, free := askNewAddress(c, s.user, owner).Want(202), askNewAddress(c, s.user, email).Want(202)
	same(t, "answers", string(taken.Body), string(free.Body))
	mailed(t, c, owner, "address-taken", 1)
	token := mailed(t, c, email, "confirm-new-address", 1)
	c.Post(nobody, "auth/signup", registration(email)).Want(201) // somebody is quicker
	// A sign-up that proves nothing keeps nobody from the link.
	other, waiting := signIn(t, c, verified(t, c), password), fresh()
	c.Post(nobody, "auth/signup", registration(waiting)).Want(201)
	askNewAddress(c, other.user, waiting).Want(202)
	c.Post(nobody, "auth/confirm-email", object{"token": mailed(t, c, waiting, "confirm-new-address", 1)}).Want(204)
	same(t, "address", c.Get(other.user, "users/me").Want(200).Text("email"), waiting)
	c.Post(nobody, "auth/verify-email", object{"token": mailed(t, c, email, "verify-email", 1)}).Want(204)
	c.Post(nobody, "auth/confirm-email", object{"token": token}).Want(409, "address-taken")
	same(t, "users of the address", c.Count("SELECT count(*) FROM users WHERE email = $1", email), 1)
}

// TestConcurrentEmailChanges: of two users who confirm one address at once, one has it.
func TestConcurrentEmailChanges(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := fresh()
	var tokens []string
	for i := range 2 {
		s := signIn(t, c, verified(t, c), password)
		askNewAddress(c, s.user, email).Want(202)
		tokens = append(tokens, mailed(t, c, email, "confirm-new-address", i+1))
	}
	got := atOnce(8, func(i int) int {
		return c.Post(nobody, "auth/confirm-email", object{"token": tokens[i%2]}).
			Status
	})
	won := 0
	for _, status := range got {
		if status == 204 {
			won++
		}
	}
	if won != 1 {
		t.Errorf("%d confirmed it: %v", won, got)
	}
}

func TestChangeEmailRequiresSecondFactor(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := fresh()
	s := signIn(t, c, verified(t, c), password)
	enrolled := c.Get(s.user, "users/me").Want(200).Text("id")
	c.Exec("UPDATE users SET mfa_enabled = true WHERE id = $1", enrolled)
	askNewAddress(c, s.user, email).Want(403, "reauthentication-required")
	c.Exec("UPDATE sessions SET second_factor_at = $2 WHERE user_id = $1", enrolled, c.DB.Now())
	askNewAddress(c, s.user, email).Want(202)
}

func TestChangeEmailLimitsMails(t *testing.T) {
	t.Parallel()
	c := open(t, limited)
	email := verified(t, c)
	s := signIn(t, c, email, password)
	for range 3 {
		askNewAddress(c, s.user, fresh()).Want(202)
	}
	askNewAddress(c, s.user, fresh()).Want(429)
	c.Clock.Advance(61 * time.Minute)
	askNewAddress(c, signIn(t, c, email, password).user, fresh()).Want(202)
}
