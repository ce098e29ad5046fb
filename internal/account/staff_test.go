package account_test

import (
	"testing"
	"time"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
)

// TestNewFactorEndsOtherSessions checks that a new second factor ends all other sessions of the user, also those that
// are refreshed or begin with the password at the same time.
func TestNewFactorEndsOtherSessions(t *testing.T) {
	t.Parallel()
	c := open(t)
	mailKinds := map[string]string{"authenticator": "second-factor-enabled", "passkey": "passkey-added"}
	for _, kind := range []string{"authenticator", "passkey"} {
		email := signUp(t, c)
		s := signIn(t, c, email, password)
		others := make([]session, 4)
		for i := range others {
			others[i] = signIn(t, c, email, password)
		}
		var addFactor func() *apptest.Answer
		if kind == "passkey" {
			credential := c.NewPasskey().Create(c.Do(s.user, "POST", "auth/passkeys/options", nil).Want(200))
			addFactor = func() *apptest.Answer {
				return c.Post(s.user, "auth/passkeys", object{"credential": credential}).Want(201)
			}
		} else {
			a := authenticator{c: c, secret: c.Post(s.user, "auth/enable-mfa", nil).Want(200).Text("secret")}
			addFactor = func() *apptest.Answer {
				return c.Post(s.user, "auth/confirm-mfa", object{"otp": a.code(t, 0)}).Want(200)
			}
		}
		answers := apptest.Concurrently(9, func(i int) *apptest.Answer {
			switch {
			case i == 0:
				return addFactor()
			case i%2 == 0:
				return refresh(c, others[i/2-1].refresh)
			}
			return login(c, email, password)
		})
		for _, answer := range answers[1:] {
			if answer.Status == 200 && answer.Text("accessToken") != "" {
				wantEnded(t, c, sessionOf(t, answer))
			}
		}
		for _, other := range others {
			wantEnded(t, c, other)
		}
		wantEqual(t, "sessions", len(c.Get(s.user, "auth/sessions").Want(200).Items()), 1)
		awaitMail(t, c, email, mailKinds[kind], 1)
	}
}

func TestChangeRole(t *testing.T) {
	t.Parallel()
	c := open(t)
	admin, support, patient := c.Admin(), c.Support(), c.Patient()
	changeRole := func(user apptest.User, role access.Role) *apptest.Answer {
		return c.Patch(admin, "users/"+user.ID.String()+"/role", object{"role": role})
	}
	changeRole(admin, "SUPPORT").Want(409, "own-account")
	changeRole(patient, "SUPPORT").Want(409, "role-fixed")
	changeRole(support, "PATIENT").Want(422)
	wantEqual(t, "role", changeRole(support, "ADMIN").Want(200).Text("role"), "ADMIN")
	c.Get(support, "users").Want(401)
	awaitMail(t, c, support.Email, "role-changed", 1)
	c.Do(admin, "PATCH", "users/"+support.ID.String()+"/role", object{"role": "SUPPORT"}, "If-Match", `"older"`).
		Want(412)
	changeRole(support, "SUPPORT").Want(200)
	c.ClearSecondFactor(admin)
	changeRole(support, "ADMIN").Want(403, "mfa-required")
}

// TestLastAdministratorStays checks that at least one administrator is left when all of them take each other's role
// away or disable each other at the same time.
func TestLastAdministratorStays(t *testing.T) {
	t.Parallel()
	c := open(t)
	admins := make([]apptest.User, 8)
	for i := range admins {
		admins[i] = c.Admin()
	}
	for range 3 {
		apptest.Concurrently(len(admins), func(i int) int {
			path := "users/" + admins[(i+1)%len(admins)].ID.String()
			if i%2 == 0 {
				return c.Patch(admins[i], path+"/role", object{"role": "SUPPORT"}).Status
			}
			return c.Patch(admins[i], path+"/disable", object{"disabled": true}).Status
		})
	}
	countAdmins := func() int {
		return c.Count("SELECT count(*) FROM users WHERE role = 'ADMIN' AND disabled_at IS NULL")
	}
	if countAdmins() < 1 {
		t.Error("no administrator is left")
	}
	for _, a := range admins { // one after another they can't do it either
		for _, b := range admins {
			c.Patch(a, "users/"+b.ID.String()+"/disable", object{"disabled": true})
		}
	}
	wantEqual(t, "administrators", countAdmins(), 1)
}

func TestDisableUser(t *testing.T) {
	t.Parallel()
	c := open(t)
	admin, doctor, patient := c.Admin(), c.Doctor("500.00"), c.Patient()
	slot := c.Slot(doctor, 3*time.Hour, 1)
	email := signUp(t, c)
	s := signIn(t, c, email, password)
	disable := func(user apptest.User, disabled bool) *apptest.Answer {
		return c.Patch(admin, "users/"+user.ID.String()+"/disable",
			object{"disabled": disabled, "reason": "The registration was not renewed."})
	}
	disable(admin, true).Want(409, "own-account")
	if disable(s.user, true).Want(200).At("disabledAt") == nil {
		t.Error("disabledAt is null")
	}
	c.Get(s.user, "users/me").Want(401)
	refresh(c, s.refresh).Want(401)
	login(c, email, password).Want(401, "invalid-credentials")
	c.Post(anonymous, "auth/request-password-reset", object{"email": email}).Want(202)
	awaitMail(t, c, email, "account-disabled", 1)
	disable(s.user, false).Want(200)
	awaitMail(t, c, email, "account-enabled", 1)
	signIn(t, c, email, password)
	wantEqual(t, "audit rows", c.Count(
		"SELECT count(*) FROM audit_logs WHERE action IN ('user.disable', 'user.enable') AND entity_id = $1",
		s.user.ID.String()), 2)

	wantEqual(t, "doctors before", len(c.Get(patient, "doctors").Want(200).Items()), 1)
	disable(doctor, true).Want(200)
	wantEqual(t, "doctors after", len(c.Get(patient, "doctors").Want(200).Items()), 0)
	c.Get(patient, "doctors/"+doctor.ID.String()).Want(404)
	c.Get(patient, "availability/doctor/"+doctor.ID.String()).Want(404)
	c.Post(patient, "consultations", object{"slotId": slot, "reason": "Cough"}).Want(409, "slot-not-bookable")
	disable(doctor, false).Want(200)
	// Disabling has blocked the slot.
	c.Post(patient, "consultations", object{"slotId": slot, "reason": "Cough"}).Want(409, "slot-not-bookable")
	c.Post(patient, "consultations", object{"slotId": c.Slot(doctor, 5*time.Hour, 1), "reason": "Cough"}).Want(201)
}

func TestInvitations(t *testing.T) {
	t.Parallel()
	c := open(t)
	admin, email := c.Admin(), newEmail()
	invite := func(email, key string) *apptest.Answer {
		return c.Do(admin, "POST", "users", object{"email": email, "fullName": "Meera Nair", "role": "SUPPORT"},
			"Idempotency-Key", key)
	}
	id := invite(email, "one").Want(201).Text("id")
	wantEqual(t, "id in a replay", invite(email, "one").Want(201).Text("id"), id)
	wantEqual(t, "id in another invitation", invite(email, "two").Want(201).Text("id"), id)
	first := awaitMail(t, c, email, "invitation", 2)
	c.Post(anonymous, "auth/request-password-reset", object{"email": email}).Want(202) // it renews the invitation
	invite("no address", "three").Want(422)
	login(c, email, "none").Want(401)
	token := awaitMail(t, c, email, "invitation", 3)
	resetPassword(c, first, newPassword).Want(422, "invalid-token")
	c.Clock.Advance(6 * 24 * time.Hour)
	resetPassword(c, token, newPassword).Want(204)
	c.Prove(admin)
	invite(email, "five").Want(409, "address-taken")
	resetPassword(c, token, password).Want(422, "invalid-token")
	mustEnrol := login(c, email, newPassword).Want(200).At("mfaEnrollmentRequired")
	wantEqual(t, "mfaEnrollmentRequired", mustEnrol, any(true))
	// An invitation becomes invalid when its sender is no longer an administrator.
	sender, invited := c.Admin(), newEmail()
	c.Post(sender, "users", object{"email": invited, "fullName": "Meera Nair", "role": "ADMIN"}).Want(201)
	token = awaitMail(t, c, invited, "invitation", 1)
	c.Patch(admin, "users/"+sender.ID.String()+"/role", object{"role": "SUPPORT"}).Want(200)
	resetPassword(c, token, newPassword).Want(422, "invalid-token")
	c.Do(admin, "POST", "users", object{"email": invited, "fullName": "Meera Nair", "role": "SUPPORT"}).Want(201)
	resetPassword(c, awaitMail(t, c, invited, "invitation", 2), newPassword).Want(204)
	expiring := newEmail()
	invite(expiring, "four").Want(201)
	c.CheckInvariants()
	token = awaitMail(t, c, expiring, "invitation", 1)
	c.Clock.Advance(8 * 24 * time.Hour)
	resetPassword(c, token, newPassword).Want(422, "invalid-token")
}
