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
	if n := c.Count("SELECT count(DISTINCT doctor_id) FROM reviews"); n != 3 {
		t.Errorf("%d doctors have reviews, want 3", n)
	}
	if n := c.Count(`SELECT coalesce(max(n), 0) FROM (
		SELECT count(*) AS n FROM reviews WHERE text IS NOT NULL GROUP BY text) AS texts`); n != 1 {
		t.Errorf("a review stands there %d times", n)
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

// TestDemoDataHasToday tests that each doctor's day in India has something to look at, on every day of the week and at
// any hour: what is past is over, some is to come while there is time, and none of it is the first patient's.
func TestDemoDataHasToday(t *testing.T) {
	t.Parallel()
	india, err := time.LoadLocation("Asia/Kolkata")
	if err != nil {
		t.Fatal(err)
	}
	for weekday, clock := range []time.Duration{
		30 * time.Minute, 8 * time.Hour, 9*time.Hour + 35*time.Minute, 12*time.Hour + 50*time.Minute,
		15*time.Hour + 20*time.Minute, 18*time.Hour + 5*time.Minute, 23*time.Hour + 50*time.Minute,
	} {
		t.Run(time.Weekday(weekday).String(), func(t *testing.T) {
			t.Parallel()
			c := apptest.Open(t)
			year, month, day := c.Clock.Now().In(india).Date()
			at := time.Date(year, month, day+1, 0, 0, 0, 0, india).Add(clock)
			for int(at.Weekday()) != weekday {
				at = at.AddDate(0, 0, 1)
			}
			c.Clock.Advance(at.Sub(c.Clock.Now()))
			if _, err := c.App.CreateDemoData(t.Context()); err != nil {
				t.Fatal(err)
			}
			checkToday(t, c, at)
			c.CheckInvariants()
		})
	}
}

func checkToday(t *testing.T, c *apptest.Clinic, at time.Time) {
	t.Helper()
	year, month, day := at.Date()
	begin := time.Date(year, month, day, 0, 0, 0, 0, at.Location())
	end := begin.AddDate(0, 0, 1)
	const ofToday = ` FROM consultations c JOIN users u ON u.id = c.doctor_id
		WHERE c.scheduled_start >= $1 AND c.scheduled_start < $2 AND c.status <> 'CANCELLED'`
	if n := c.Count("SELECT count(DISTINCT u.id)"+ofToday, begin, end); n != 3 {
		t.Errorf("%d doctors have visits at %s, want 3", n, at)
	}
	if n := c.Count("SELECT count(*)"+ofToday+" AND (c.scheduled_end <= $3) <> (c.status IN ('COMPLETED', 'NO_SHOW'))",
		begin, end, at); n > 0 {
		t.Errorf("%d visits are not where they should be at %s", n, at)
	}
	if n := c.Count("SELECT count(*)"+ofToday+" AND c.status = 'CONFIRMED'", begin, end); n == 0 && at.Hour() < 18 {
		t.Errorf("nothing is to come at %s", at)
	}
	if n := c.Count(`SELECT count(*) FROM consultations c JOIN users u ON u.id = c.patient_id
		WHERE u.email = 'patient@amrutam.example' AND c.scheduled_start BETWEEN $1 AND $1 + interval '2 days'`,
		at); n > 0 {
		t.Errorf("the first patient has %d visits in the next two days", n)
	}
	if n := c.Count("SELECT count(*) FROM reviews WHERE created_at > $1", at); n > 0 {
		t.Errorf("%d reviews are of the future", n)
	}
}
