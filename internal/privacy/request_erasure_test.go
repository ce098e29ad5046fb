package privacy_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
)

func TestRequestErasure(t *testing.T) {
	t.Parallel()
	c := open(t)
	patient := c.Patient()
	code := c.Authenticator(patient, true)
	requestErasure(c, patient).Want(403, "reauthentication-required")
	c.Post(patient, "auth/step-up", object{"otp": code()}).Want(204)
	requestErasure(c, patient).Want(202)
	c.ClearSecondFactor(patient)
	stopErasure(c, patient).Want(204) // needs no recent proof

	admin := c.Admin()
	requestErasure(c, admin).Want(409, "last-admin")
	other := c.Admin()
	requestErasure(c, admin).Want(202)
	requestErasure(c, other).Want(202)
	c.Clock.Advance(48 * time.Hour)
	sweep(t, c)
	same(t, "administrators left",
		c.Count("SELECT count(*) FROM users WHERE role = 'ADMIN' AND deleted_at IS NULL"), 1)
	got := []string{status(t, c, admin), status(t, c, other)}
	slices.Sort(got)
	same(t, "of two administrators", got, []string{"DONE", "PENDING"})
	support := c.Support()
	requestErasure(c, support).Want(202)
	c.Clock.Advance(48 * time.Hour)
	sweep(t, c)
	same(t, "support", status(t, c, support), "DONE")
}

// Administrators request the erasure of people who can't sign in: disabled and deleted ones.
func TestRequestErasureOfOthers(t *testing.T) {
	t.Parallel()
	c := open(t)
	admin, disabled, deleted, waiting := c.Admin(), c.Patient(), c.Patient(), c.Patient()
	path := func(u apptest.User) string { return "users/" + u.ID.String() + "/erasure" }
	c.Patch(admin, "users/"+disabled.ID.String()+"/disable", object{"disabled": true}).Want(200)
	c.Do(deleted, "DELETE", "users/me", nil).Want(204)
	c.Post(admin, path(admin), nil).Want(409, "own-account")
	c.Post(admin, "users/"+uuid.NewString()+"/erasure", nil).Want(404, "not-found")
	c.Do(admin, "DELETE", "users/"+uuid.NewString()+"/erasure", nil).Want(404, "not-found")
	c.Do(admin, "DELETE", path(waiting), nil).Want(404, "not-found")
	for _, user := range []apptest.User{disabled, deleted, waiting} {
		c.Post(admin, path(user), nil).Want(202)
		c.Post(admin, path(user), nil).Want(200)
		same(t, "mails", len(mails(t, c, user.Email, "erasure-requested")), 1)
	}
	booked := c.Patient()
	c.Book(booked, c.Slot(c.Doctor("0.00"), 90*time.Hour, 1))
	c.Post(admin, path(booked), nil).Want(409, "has-consultations")
	c.Post(admin, path(booked), object{"cancelConsultations": true}).Want(202)
	c.Post(admin, path(booked), nil).Want(200) // it is requested already: nothing to confirm
	c.Get(waiting, "users/me/erasure").Want(200)
	c.Do(admin, "DELETE", path(waiting), nil).Want(204)
	same(t, "mails", len(mails(t, c, waiting.Email, "erasure-stopped")), 1)
	c.Clock.Advance(49 * time.Hour)
	sweep(t, c)
	same(t, "status", []string{status(t, c, disabled), status(t, c, deleted), status(t, c, waiting)},
		[]string{"DONE", "DONE", "STOPPED"})
	c.Prove(admin)
	same(t, "once more", c.Post(admin, path(deleted), nil).Want(200).Text("status"), "DONE")
	c.Do(admin, "DELETE", path(deleted), nil).Want(404)
	c.Get(waiting, "users/me").Want(200)
	c.CheckInvariants()
}
