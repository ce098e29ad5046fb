package account_test

import (
	"encoding/json"
	"testing"
	"time"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
)

// TestNewFactorEndsOtherSessions, whatever they are doing at the moment: none is left that began without it.
func TestNewFactorEndsOtherSessions(t *testing.T) {
	t.Parallel()
	c := open(t)
	for _, kind := range []string{"authenticator", "passkey"} {
		email := verified(t, c)
		s := signIn(t, c, email, password)
		others := make([]session, 4)
		for i := range others {
			others[i] = signIn(t, c, email, password)
		}
		k := c.NewPasskey()
		a := authenticator{c, ""}
		var made []byte
		if kind == "passkey" {
			made = k.Create(c.Do(s.user, "POST", "auth/passkeys/options", nil).Want(200))
		} else {
			a.secret = c.Post(s.user, "auth/enable-mfa", nil).Want(200).Text("secret")
		}
		crowds.Lock()
		answers := atOnce(9, func(i int) *apptest.Answer {
			switch {
			case i == 0 && kind == "passkey":
				return c.Post(s.user, "auth/passkeys", object{"credential": json.RawMessage(made)}).Want(201)
			case i == 0:
				return c.Post(s.user, "auth/confirm-mfa", object{"otp": a.code(t, 0)}).Want(200)
			case i%2 == 0:
				return refresh(c, others[i/2-1].refresh)
			}
			return c.Post(nobody, "auth/login", credentials(email, password))
		})
		crowds.Unlock()
		for _, answer := range answers[1:] {
			if answer.Status == 200 && answer.Text("accessToken") != "" {
				dead(t, c, held(t, answer))
			}
		}
		for _, other := range others {
			dead(t, c, other)
		}
		same(t, "sessions", len(c.Get(s.user, "auth/sessions").Want(200).Items()), 1)
		mailed(t, c, email, map[string]string{"authenticator": "second-factor-enabled",
			"passkey": "passkey-added"}[kind], 1)
	}
}

func TestChangeRole(t *testing.T) {
	t.Parallel()
	c := open(t)
	admin, support, patient := c.Admin(), c.Support(), c.Patient()
	role := func(who, of apptest.User, role access.Role) *apptest.Answer {
		return c.Patch(who, "users/"+of.ID.String()+"/role", object{"role": role})
	}
	role(admin, admin, "SUPPORT").Want(409, "own-account")
	role(admin, patient, "SUPPORT").Want(409, "role-fixed")
	role(admin, support, "PATIENT").Want(422)
	made := role(admin, support, "ADMIN").Want(200)
	same(t, "role", made.Text("role"), "ADMIN")
	c.Get(support, "users").Want(401)
	mailed(t, c, support.Email, "role-changed", 1)
	c.Do(admin, "PATCH", "users/"+support.ID.String()+"/role", object{"role": "SUPPORT"}, "If-Match", `"older"`).
		Want(412)
	role(admin, support, "SUPPORT").Want(200)
	c.ClearSecondFactor(admin)
	role(admin, support, "ADMIN").Want(403, "mfa-required")
}

// TestLastAdministratorStays: of many who take each other's role away or shut each other out at once, one is left.
func TestLastAdministratorStays(t *testing.T) {
	t.Parallel()
	c := open(t)
	admins := make([]apptest.User, 8)
	for i := range admins {
		admins[i] = c.Admin()
	}
	crowds.Lock()
	for range 3 {
		atOnce(len(admins), func(i int) int {
			path := "users/" + admins[(i+1)%len(admins)].ID.String()
			if i%2 == 0 {
				return c.Patch(admins[i], path+"/role", object{"role": "SUPPORT"}).Status
			}
			return c.Patch(admins[i], path+"/disable", object{"disabled": true}).Status
		})
	}
	crowds.Unlock()
	if n := c.Count("SELECT count(*) FROM users WHERE role = 'ADMIN' AND disabled_at IS NULL"); n < 1 {
		t.Error("nobody administers any more")
	}
	for _, a := range admins { // those who are left find no way either
		for _, b := range admins {
			c.Patch(a, "users/"+b.ID.String()+"/disable", object{"disabled": true})
		}
	}
	same(t, "administrators", c.Count("SELECT count(*) FROM users WHERE role = 'ADMIN' AND disabled_at IS NULL"),
		1)
}

func TestDisableUser(t *testing.T) {
	t.Parallel()
	c := open(t)
	admin, doctor, patient := c.Admin(), c.Doctor("500.00"), c.Patient()
	slot := c.Slot(doctor, 3*time.Hour, 1)
	email := verified(t, c)
	s := signIn(t, c, email, password)
	disable := func(of apptest.User, yes bool) *apptest.Answer {
		return c.Patch(admin, "users/"+of.ID.String()+"/disable",
			object{"disabled": yes, "reason": "The registration was not renewed."})
	}
	disable(admin, true).Want(409, "own-account")
	if disable(s.user, true).Want(200).At("disabledAt") == nil {
		t.Error("disabledAt is null")
	}
	c.Get(s.user, "users/me").Want(401)
	refresh(c, s.refresh).Want(401)
	c.Post(nobody, "auth/login", credentials(email, password)).Want(401, "invalid-credentials")
	c.Post(nobody, "auth/request-password-reset", object{"email": email}).Want(202)
	mailed(t, c, email, "account-disabled", 1)
	disable(s.user, false).Want(200)
	mailed(t, c, email, "account-enabled", 1)
	signIn(t, c, email, password)
	same(t, "audit rows", c.Count(
		"SELECT count(*) FROM audit_logs WHERE action IN ('user.disable', 'user.enable') AND entity_id = $1",
		s.user.ID.String()), 2)

	same(t, "found", len(c.Get(patient, "doctors").Want(200).Items()), 1)
	disable(doctor, true).Want(200)
	same(t, "found", len(c.Get(patient, "doctors").Want(200).Items()), 0)
	c.Get(patient, "doctors/"+doctor.ID.String()).Want(404)
	c.Get(patient, "availability/doctor/"+doctor.ID.String()).Want(404)
	c.Post(patient, "consultations", object{"slotId": slot, "reason": "Cough"}).Want(409, "slot-not-bookable")
	disable(doctor, false).Want(200)
	// it was blocked
	c.Post(patient, "consultations", object{"slotId": slot, "reason": "Cough"}).Want(409, "slot-not-bookable")
	c.Post(patient, "consultations", object{"slotId": c.Slot(doctor, 5*time.Hour, 1), "reason": "Cough"}).Want(201)
}

func TestInvitations(t *testing.T) {
	t.Parallel()
	c := open(t)
	admin, email := c.Admin(), fresh()
	invite := func(email, key string) *apptest.Answer {
		return c.Do(admin, "POST", "users", object{"email": email, "fullName": "Meera Nair", "role": "SUPPORT"},
			"Idempotency-Key", key)
	}
	made := invite(email, "one").Want(201)
	same(t, "replayed", invite(email, "one").Want(201).Text("id"), made.Text("id"))
	again := invite(email, "two").Want(201) // who hasn't come yet is asked anew
	same(t, "the same user", again.Text("id"), made.Text("id"))
	first := mailed(t, c, email, "invitation", 2)
	c.Post(nobody, "auth/request-password-reset", object{"email": email}).Want(202) // whoever does this
	invite("no address", "three").Want(422)
	c.Post(nobody, "auth/login", credentials(email, "none")).Want(401)
	token := mailed(t, c, email, "invitation", 3)
	reset(c, first, newPassword).Want(422, "invalid-token")
	c.Clock.Advance(6 * 24 * time.Hour)
	reset(c, token, newPassword).Want(204)
	c.Prove(admin)
	invite(email, "five").Want(409, "address-taken")
	reset(c, token, password).Want(422, "invalid-token")
	begun := c.Post(nobody, "auth/login", credentials(email, newPassword)).Want(200)
	same(t, "mfaEnrollmentRequired", begun.At("mfaEnrollmentRequired"), any(true))
	// An invitation is worth what its sender is.
	sender, orphan := c.Admin(), fresh()
	c.Post(sender, "users", object{"email": orphan, "fullName": "Meera Nair", "role": "ADMIN"}).Want(201)
	token = mailed(t, c, orphan, "invitation", 1)
	c.Patch(admin, "users/"+sender.ID.String()+"/role", object{"role": "SUPPORT"}).Want(200)
	reset(c, token, newPassword).Want(422, "invalid-token")
	c.Do(admin, "POST", "users", object{"email": orphan, "fullName": "Meera Nair", "role": "SUPPORT"}).Want(201)
	reset(c, mailed(t, c, orphan, "invitation", 2), newPassword).Want(204)
	late := fresh()
	invite(late, "four").Want(201)
	c.CheckInvariants()
	token = mailed(t, c, late, "invitation", 1)
	c.Clock.Advance(8 * 24 * time.Hour)
	reset(c, token, newPassword).Want(422, "invalid-token")
}
