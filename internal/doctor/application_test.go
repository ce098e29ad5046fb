package doctor_test

import (
	"testing"
	"time"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
)

// The doctor and administrators see what was decided about an application, and why; nobody else does.
func TestApplicationTellsWhatWasDecided(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	c.Clock.Freeze()
	doctor, admin := c.User(access.RoleDoctor), c.Admin()
	path := "doctors/" + doctor.ID.String()
	check := func(a *apptest.Answer, state string, reason, decidedAt any) {
		t.Helper()
		for _, a := range []*apptest.Answer{a, c.Get(doctor, path).Want(200), c.Get(admin, path).Want(200)} {
			want(t, "state", a.Text("application", "state"), state)
			want(t, "reason", a.At("application", "reason"), reason)
			want(t, "decidedAt", a.At("application", "decidedAt"), decidedAt)
		}
		for _, stranger := range []apptest.User{anonymous, c.Patient(), c.Support()} {
			if a := c.Get(stranger, path); a.Status == 200 {
				want(t, "application that a stranger sees", a.Map()["application"], nil)
			}
		}
		for _, seen := range c.Get(admin, "doctors?isApproved=true").Want(200).Items() {
			want(t, "application in a search that patients make too", seen["application"], nil)
		}
		if state == "APPROVED" {
			return
		}
		listed, _ := c.Get(admin, "doctors?isApproved=false").Want(200).Items()[0]["application"].(map[string]any)
		want(t, "state in the list", listed["state"], any(state))
	}
	decide := func(approved bool, reason any) *apptest.Answer {
		t.Helper()
		c.Clock.Advance(time.Minute)
		c.Prove(admin)
		body := map[string]any{"approved": approved}
		if reason != nil {
			body["reason"] = reason
		}
		return c.Patch(admin, path+"/approve", body).Want(200)
	}
	now := func() any { return c.Clock.Now().UTC().Truncate(time.Microsecond).Format(time.RFC3339Nano) }

	check(c.Post(doctor, "doctors", application()).Want(201), "WAITING", nil, nil)
	declined := decide(false, "The number isn't in the register.")
	declinedAt := now()
	check(declined, "DECLINED", "The number isn't in the register.", declinedAt)
	check(c.Patch(doctor, path, map[string]any{"bio": "Ten years."}).Want(200), "DECLINED",
		"The number isn't in the register.", declinedAt)
	check(c.Post(doctor, "doctors", application()).Want(201), "WAITING", nil, nil)
	check(decide(true, nil), "APPROVED", nil, now())
	check(decide(false, "The registration lapsed."), "WITHDRAWN", "The registration lapsed.", now())
	check(decide(true, "It was renewed."), "APPROVED", "It was renewed.", now())
}
