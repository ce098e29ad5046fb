package app_test

import (
	"testing"
	"time"

	"amrutam/internal/apptest"
)

// The demo doctors have free slots by a rule, which is made once; one whose rule is deleted gets no other one while
// there are slots to come.
func TestDemoDoctorsHaveHours(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	create := func() {
		t.Helper()
		if _, err := c.App.CreateDemoData(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	rules := func() int { return c.Count("SELECT count(*) FROM availability_rules") }
	create()
	create()
	if n := rules(); n != 3 {
		t.Errorf("%d rules, want 3", n)
	}
	for _, item := range c.Get(apptest.User{}, "doctors?sort=earliest").Want(200).Items() {
		id, _ := item["id"].(string)
		free := c.Get(apptest.User{}, "availability/doctor/"+id+"?limit=100&from="+c.Clock.Now().Format(time.RFC3339)+
			"&to="+c.Clock.Now().AddDate(0, 0, 14).Format(time.RFC3339)).Want(200).Items()
		if len(free) < 40 {
			t.Errorf("%v has %d free slots within two weeks", item["fullName"], len(free))
		}
	}
	c.Exec("DELETE FROM availability_rules WHERE doctor_id = (SELECT min(id::text)::uuid FROM doctors)")
	create()
	if n := rules(); n != 2 {
		t.Errorf("%d rules after one was deleted", n)
	}
	c.CheckInvariants()
}
