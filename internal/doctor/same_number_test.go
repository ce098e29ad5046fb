package doctor_test

import (
	"fmt"
	"testing"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
)

// Administrators alone see who else gave a registration number, however it is written, also when a refusal has freed
// it or the account is deleted.
func TestSameNumber(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	admin := c.Admin()
	apply := func(number string) apptest.User {
		doctor := c.User(access.RoleDoctor)
		body := application()
		body["registrationNumber"] = number
		c.Post(doctor, "doctors", body).Want(201)
		return doctor
	}
	refuse := func(doctor apptest.User) {
		c.Prove(admin)
		c.Patch(admin, "doctors/"+doctor.ID.String()+"/approve",
			map[string]any{"approved": false, "reason": "Not in the register."}).Want(200)
	}
	same := func(seen map[string]any) (all []string) {
		list, _ := seen["sameNumber"].([]any)
		for _, one := range list {
			of, _ := one.(map[string]any)
			all = append(all, fmt.Sprint(of["id"], of["state"], of["fullName"] != nil, of["registrationNumber"]))
		}
		return all
	}
	check := func(of apptest.User, others ...string) {
		t.Helper()
		path := "doctors/" + of.ID.String()
		want(t, "same number", fmt.Sprint(same(c.Get(admin, path).Want(200).Map())), fmt.Sprint(others))
		want(t, "same number for the doctor", c.Get(of, path).Want(200).Map()["sameNumber"], nil)
		for _, seen := range c.Get(admin, "doctors?isApproved=false").Want(200).Items() {
			if seen["id"] == of.ID.String() {
				want(t, "same number in the list", fmt.Sprint(same(seen)), fmt.Sprint(others))
			}
		}
	}
	first := apply("MH-77 १")
	check(first)
	refuse(first)
	second := apply("mh 771")
	apply("MH-772")
	check(second, fmt.Sprint(first.ID.String(), "DECLINED", true, "MH-77 १"))
	check(first, fmt.Sprint(second.ID.String(), "WAITING", true, "mh 771"))
	c.Patch(first, "doctors/"+first.ID.String(), map[string]any{"registrationNumber": "MH-778"}).Want(200)
	check(second)
	c.Patch(first, "doctors/"+first.ID.String(), map[string]any{"registrationNumber": "MH-771"}).Want(200)
	c.Exec("UPDATE users SET deleted_at = now() WHERE id = $1", first.ID)
	check(second, fmt.Sprint(first.ID.String(), "DECLINED", false, "MH-771"))
	for _, other := range []apptest.User{anonymous, c.Patient(), c.Support()} {
		c.Get(other, "doctors/"+second.ID.String()).Want(404)
	}
}
