package privacy_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
)

func TestWhoMayBeErased(t *testing.T) {
	t.Parallel()
	c := open(t)
	patient := c.Patient()
	code := c.Authenticator(patient, true)
	ask(c, patient).Want(403, "reauthentication-required")
	c.Post(patient, "auth/step-up", object{"otp": code()}).Want(204)
	ask(c, patient).Want(202)
	c.ClearSecondFactor(patient)
	stop(c, patient).Want(204) // stopping is no danger

	admin := c.Admin()
	ask(c, admin).Want(409, "last-admin")
	other := c.Admin()
	ask(c, admin).Want(202)
	ask(c, other).Want(202)
	c.Clock.Advance(48 * time.Hour)
	sweep(t, c)
	same(t, "administrators that are left",
		count(t, c, "SELECT count(*) FROM users WHERE role = 'ADMIN' AND deleted_at IS NULL"), 1)
	got := []string{status(t, c, admin), status(t, c, other)}
	slices.Sort(got)
	same(t, "of two who ask", got, []string{"DONE", "PENDING"})
	support := c.Support()
	ask(c, support).Want(202)
	c.Clock.Advance(48 * time.Hour)
	sweep(t, c)
	same(t, "support", status(t, c, support), "DONE")
}

// TestAnAdministratorErases people who can't ask any more: disabled ones and deleted ones.
func TestAnAdministratorErases(t *testing.T) {
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
	for _, who := range []apptest.User{disabled, deleted, waiting} {
		c.Post(admin, path(who), nil).Want(202)
		c.Post(admin, path(who), nil).Want(200)
		same(t, "mails", len(mails(t, c, who.Email, "erasure-requested")), 1)
	}
	booked := c.Patient()
	c.Book(booked, c.Slot(c.Doctor("0.00"), 90*time.Hour, 1))
	c.Post(admin, path(booked), nil).Want(409, "has-consultations")
	c.Post(admin, path(booked), object{"cancelConsultations": true}).Want(202)
	c.Post(admin, path(booked), nil).Want(200) // it stands: nothing more to confirm
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
