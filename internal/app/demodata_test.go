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

// TestDemoDataHasAPast tests that the demo accounts have visits of the last month that every page can show, and some
// to come; that nobody is mailed about the past; and that a second start adds nothing.
func TestDemoDataHasAPast(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	for range 2 {
		if _, err := c.App.CreateDemoData(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for what, sql := range map[string]string{
		"completed":      "SELECT count(*) FROM consultations WHERE status = 'COMPLETED' AND scheduled_start < now()",
		"cancelled":      "SELECT count(*) FROM consultations WHERE status = 'CANCELLED'",
		"missed":         "SELECT count(*) FROM consultations WHERE status = 'NO_SHOW'",
		"to come":        "SELECT count(*) FROM consultations WHERE status = 'CONFIRMED' AND scheduled_start > now()",
		"prescriptions":  "SELECT count(*) FROM prescriptions",
		"reviews":        "SELECT count(*) FROM reviews",
		"refunds":        "SELECT count(*) FROM refunds",
		"mails":          "SELECT count(*) FROM mails WHERE content IS NOT NULL OR sent_at > created_at",
		"doctors":        "SELECT count(*) FROM doctors WHERE is_approved",
		"doctors to see": "SELECT count(*) FROM doctors WHERE NOT is_approved",
	} {
		n, least, most := c.Count(sql), 1, 60
		switch what {
		case "completed", "prescriptions":
			least = 30
		case "mails": // about the visits to come and the refunds; the past would make over 150
			least, most = 2, 80
		case "doctors":
			least, most = 3, 3
		}
		if n < least || n > most {
			t.Errorf("%s: %d, want %d to %d", what, n, least, most)
		}
	}
	password, err := c.App.DemoPassword()
	if err != nil {
		t.Fatal(err)
	}
	token := c.Post(apptest.User{}, "auth/login", map[string]any{"email": "patient@amrutam.example",
		"password": password}).Want(200).Text("accessToken")
	if n := len(c.Get(apptest.User{Token: token}, "consultations/me?limit=100").Want(200).Items()); n < 5 {
		t.Errorf("the patient's list has %d visits", n)
	}
	if c.Count(`SELECT count(*) FROM consultations c JOIN users u ON u.id = c.patient_id
		WHERE u.email = 'patient@amrutam.example'
			AND scheduled_start BETWEEN now() AND now() + interval '2 days'`) > 0 {
		t.Error("the first patient's next days aren't free")
	}
	c.CheckInvariants()
}
