package analytics_test

import (
	"bytes"
	"context"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
)

type object = map[string]any

const path = "admin/analytics/summary"

// advanceTo advances the clock to an instant.
func advanceTo(c *apptest.Clinic, to time.Time) { c.Clock.Advance(to.Sub(c.Clock.Now())) }

// nextMorning advances the clock to 10:00 UTC of a later day, and returns that day's midnight.
func nextMorning(c *apptest.Clinic) time.Time {
	day := c.Clock.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, 2)
	advanceTo(c, day.Add(10*time.Hour))
	return day
}

func date(at time.Time) string { return at.Format(time.DateOnly) }

func readSummary(c *apptest.Clinic, admin apptest.User, from, to, zone string) *apptest.Answer {
	return c.Get(admin, path+"?"+url.Values{"from": {from}, "to": {to}, "timezone": {zone}}.Encode()).Want(200)
}

// wantAt compares one field of a response. Numbers are float64, as in decoded JSON.
func wantAt(t *testing.T, a *apptest.Answer, expected any, at ...string) {
	t.Helper()
	if got := a.At(at...); !reflect.DeepEqual(got, expected) {
		t.Errorf("%s is %v, want %v", strings.Join(at, "."), got, expected)
	}
}

// createSlot creates a slot of 30 minutes through the API.
func createSlot(c *apptest.Clinic, doctor apptest.User, at time.Time, seats int) string {
	return c.Post(doctor, "availability", object{"startTime": at, "endTime": at.Add(30 * time.Minute),
		"maxPatients": seats}).Want(201).Text("id")
}

func book(c *apptest.Clinic, patient apptest.User, slot string) string {
	return c.Post(patient, "consultations", object{"slotId": slot, "reason": "Back pain for two weeks"}).Want(201).
		Text("id")
}

func pay(t *testing.T, c *apptest.Clinic, patient apptest.User, consultation string) {
	t.Helper()
	started := c.Post(patient, "payments/initiate", object{"consultationId": consultation}).Want(201)
	page, err := url.Parse(started.Text("attempt", "checkout", "url"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(context.Background(), http.MethodPost, c.URL+page.Path,
		strings.NewReader("outcome=pay"))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := c.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("checkout: status %d", response.StatusCode)
	}
}

// waitFor repeats a request until its response has the text.
func waitFor(t *testing.T, what string, send func() *apptest.Answer, text string) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; {
		a := send()
		if bytes.Contains(a.Want(200).Body, []byte(text)) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s never came: %s", what, a.Body)
		}
	}
}

func waitForRefund(t *testing.T, c *apptest.Clinic, patient apptest.User, consultation string) {
	t.Helper()
	read := func() *apptest.Answer { return c.Get(patient, "payments/consultation/"+consultation) }
	waitFor(t, "the refund", read, `"SUCCEEDED"`)
}

func TestFiguresOfEmptyClinic(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	admin := c.Admin()
	got := readSummary(c, admin, "2026-11-01", "2026-11-30", "Asia/Kolkata")
	want := object{
		"from": "2026-11-01", "to": "2026-11-30", "timezone": "Asia/Kolkata",
		"consultations": object{"booked": 0.0,
			"byStatus": object{"REQUESTED": 0.0, "CONFIRMED": 0.0, "IN_PROGRESS": 0.0, "COMPLETED": 0.0,
				"CANCELLED": 0.0, "NO_SHOW": 0.0}, "completed": 0.0, "cancelled": 0.0,
			"cancelledBy": object{"PATIENT": 0.0, "DOCTOR": 0.0, "SUPPORT": 0.0, "ADMIN": 0.0, "SYSTEM": 0.0},
			"noShows":     0.0, "completionRate": nil, "averageSecondsToStart": nil},
		"people":        object{"newPatients": 0.0, "newDoctors": 0.0, "approvedDoctors": 0.0},
		"revenue":       []any{},
		"slots":         object{"offered": 0.0, "seatsOffered": 0.0, "seatsTaken": 0.0, "utilization": nil},
		"users":         object{"PATIENT": 0.0, "DOCTOR": 0.0, "SUPPORT": 0.0, "ADMIN": 1.0},
		"doctors":       object{"approved": 0.0, "waiting": 0.0, "averageRating": nil, "ratings": 0.0},
		"completeUntil": got.At("completeUntil"),
	}
	if !reflect.DeepEqual(got.Map(), want) {
		t.Errorf("figures %s", got.Body)
	}
}

func TestDefaultPeriod(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	admin := c.Admin()
	day := nextMorning(c)
	a := c.Get(admin, path).Want(200)
	wantAt(t, a, date(day.AddDate(0, 0, -29)), "from")
	wantAt(t, a, date(day), "to")
	wantAt(t, a, "UTC", "timezone")
	// At 10:00 UTC it is tomorrow already in Kiritimati.
	wantAt(t, c.Get(admin, path+"?timezone=Pacific/Kiritimati").Want(200), date(day.AddDate(0, 0, 1)), "to")
	wantAt(t, c.Get(admin, path+"?to=2026-03-30").Want(200), "2026-03-01", "from")
	wantAt(t, c.Get(admin, path+"?from="+date(day)).Want(200), date(day), "to")
	c.Get(admin, path+"?from=2024-01-01&to=2024-12-31").Want(200)
	c.Get(admin, path+"?from=2025-01-01&to=2026-01-01").Want(200)
	c.Get(admin, path+"?from=0001-01-01&to=0001-02-01").Want(200)
	c.Get(admin, path+"?from=9999-01-01&to=9999-12-31&timezone=Asia/Kolkata").Want(200)
}

func TestInvalidPeriods(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	admin := c.Admin()
	for query, location := range map[string]string{
		"from=2025-01-01&to=2026-01-02": "query.to",
		"from=2026-01-02&to=2026-01-01": "query.to",
		"from=2999-01-01":               "query.to",
		"from=1999-01-01":               "query.to",
		"from=wrongvalue":               "query.from",
		"from=2026-02-30":               "query.from",
		"to=2026-01-01T00:00:00Z":       "query.to",
		"timezone=wrongvalue":           "query.timezone",
		"timezone=Local":                "query.timezone",
		"timezone=..%2F..%2Fwrongvalue": "query.timezone",
		"period=1":                      "query.period",
	} {
		a := c.Get(admin, path+"?"+query).Want(422, "validation-failed")
		if !bytes.Contains(a.Body, []byte(`"location":"`+location+`"`)) ||
			bytes.Contains(a.Body, []byte("wrongvalue")) || bytes.Contains(a.Body, []byte("02-30")) {
			t.Errorf("%s: %s", query, a.Body)
		}
	}
}

func TestAdministratorsOnly(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	c.Get(apptest.User{}, path).Want(401, "unauthenticated")
	for _, role := range []access.Role{access.RolePatient, access.RoleDoctor, access.RoleSupport} {
		c.Get(c.User(role), path).Want(403, "forbidden")
	}
}

// A day on which consultations end in every way.
func TestFigures(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	day := nextMorning(c)
	admin, support := c.Admin(), c.Support()
	doctor, foreign, free := c.Doctor("500.00"), c.Doctor("299.99"), c.Doctor("0.00")
	c.Exec("UPDATE doctors SET currency = 'USD' WHERE id = $1", foreign.ID)
	patients := make([]apptest.User, 9)
	for i := range patients {
		patients[i] = c.Patient()
	}
	at := func(hours int, days ...int) time.Time {
		return day.AddDate(0, 0, append(days, 0)[0]).Add(time.Duration(hours) * time.Hour)
	}

	completed := book(c, patients[0], createSlot(c, doctor, at(13), 2))
	missed := book(c, patients[1], createSlot(c, doctor, at(14), 1))
	byPatient := book(c, patients[2], createSlot(c, doctor, at(15), 1))
	byDoctor := book(c, patients[3], createSlot(c, doctor, at(16), 1))
	unpaid := book(c, patients[4], createSlot(c, doctor, at(17), 1))
	later := book(c, patients[5], createSlot(c, doctor, at(9, 3), 4))
	book(c, patients[6], createSlot(c, free, at(10, 3), 1))
	bySupport := book(c, patients[7], createSlot(c, foreign, at(11, 3), 1))
	byAdmin := book(c, patients[8], createSlot(c, foreign, at(12, 3), 1))
	blocked := createSlot(c, doctor, at(20), 7)
	c.Patch(doctor, "availability/"+blocked, object{"status": "BLOCKED"}).Want(200)
	for i, id := range map[int]string{0: completed, 1: missed, 2: byPatient, 5: later, 7: bySupport, 8: byAdmin} {
		pay(t, c, patients[i], id)
	}
	cancel := func(actor apptest.User, id string) {
		c.Post(actor, "consultations/"+id+"/cancel", object{"reason": "travelling"}).Want(200)
	}
	cancel(patients[2], byPatient)
	cancel(doctor, byDoctor)
	cancel(support, bySupport)
	cancel(admin, byAdmin)
	waitForRefund(t, c, patients[2], byPatient)
	waitForRefund(t, c, patients[7], bySupport)
	waitForRefund(t, c, patients[8], byAdmin)

	advanceTo(c, at(11))
	readUnpaid := func() *apptest.Answer { return c.Get(patients[4], "consultations/"+unpaid) }
	waitFor(t, "the cancellation of the unpaid one", readUnpaid, `"CANCELLED"`)
	advanceTo(c, at(13))
	c.Patch(doctor, "consultations/"+completed+"/status", object{"status": "IN_PROGRESS"}).Want(200)
	c.Patch(doctor, "consultations/"+completed+"/status", object{"status": "COMPLETED"}).Want(200)
	advanceTo(c, at(14).Add(11*time.Minute))
	c.Patch(doctor, "consultations/"+missed+"/status", object{"status": "NO_SHOW"}).Want(200)

	today := readSummary(c, admin, date(day), date(day), "UTC")
	wantAt(t, today, 9.0, "consultations", "booked")
	wantAt(t, today, object{"REQUESTED": 0.0, "CONFIRMED": 2.0, "IN_PROGRESS": 0.0, "COMPLETED": 1.0, "CANCELLED": 5.0,
		"NO_SHOW": 1.0}, "consultations", "byStatus")
	wantAt(t, today, 1.0, "consultations", "completed")
	wantAt(t, today, 1.0, "consultations", "noShows")
	wantAt(t, today, 3.0, "consultations", "cancelled")
	wantAt(t, today, object{"PATIENT": 1.0, "DOCTOR": 1.0, "SUPPORT": 0.0, "ADMIN": 0.0, "SYSTEM": 1.0},
		"consultations", "cancelledBy")
	wantAt(t, today, 0.2, "consultations", "completionRate")
	if s, _ := today.At("consultations", "averageSecondsToStart").(float64); s < 3*3600-600 || s > 3*3600+600 {
		t.Errorf("averageSecondsToStart is %v, want three hours", s)
	}
	wantAt(t, today, object{"newPatients": 9.0, "newDoctors": 3.0, "approvedDoctors": 0.0}, "people")
	wantAt(t, today, []any{object{"currency": "INR", "captured": "2000.00", "refunded": "500.00", "net": "1500.00"},
		object{"currency": "USD", "captured": "599.98", "refunded": "599.98", "net": "0.00"}}, "revenue")
	wantAt(t, today, object{"offered": 5.0, "seatsOffered": 6.0, "seatsTaken": 2.0, "utilization": 0.3333}, "slots")

	// Three days later only the slots that start then count.
	then := readSummary(c, admin, date(at(0, 3)), date(at(0, 3)), "UTC")
	wantAt(t, then, 0.0, "consultations", "booked")
	wantAt(t, then, object{"PATIENT": 0.0, "DOCTOR": 0.0, "SUPPORT": 1.0, "ADMIN": 1.0, "SYSTEM": 0.0},
		"consultations", "cancelledBy")
	wantAt(t, then, 0.0, "consultations", "completionRate")
	wantAt(t, then, nil, "consultations", "averageSecondsToStart")
	wantAt(t, then, []any{}, "revenue")
	wantAt(t, then, object{"offered": 4.0, "seatsOffered": 7.0, "seatsTaken": 2.0, "utilization": 0.2857}, "slots")
	both := readSummary(c, admin, date(day), date(at(0, 3)), "UTC")
	wantAt(t, both, 5.0, "consultations", "cancelled")
	wantAt(t, both, 0.1429, "consultations", "completionRate")

	for _, secret := range []string{"Back pain", "travelling", "Test PATIENT", "@example.org", patients[0].ID.String(),
		doctor.ID.String()} {
		if bytes.Contains(both.Body, []byte(secret)) {
			t.Errorf("the figures have %s: %s", secret, both.Body)
		}
	}
}

func TestAverageSecondsToStart(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	day := nextMorning(c)
	admin, doctor := c.Admin(), c.Doctor("0.00")
	slot := createSlot(c, doctor, day.Add(13*time.Hour), 3)
	ids := []string{book(c, c.Patient(), slot)}
	advanceTo(c, day.Add(12*time.Hour))
	ids = append(ids, book(c, c.Patient(), slot))
	book(c, c.Patient(), slot) // is not started
	advanceTo(c, day.Add(13*time.Hour))
	for _, id := range ids {
		c.Patch(doctor, "consultations/"+id+"/status", object{"status": "IN_PROGRESS"}).Want(200)
	}
	a := readSummary(c, admin, date(day), date(day), "UTC")
	if s, _ := a.At("consultations", "averageSecondsToStart").(float64); s < 2*3600-600 || s > 2*3600+600 {
		t.Errorf("averageSecondsToStart is %v, want two hours", s)
	}
	// The sum rounded before the division would give 7,201.
	c.Exec("UPDATE consultations SET started_at = created_at + interval '7200.45 s' WHERE started_at IS NOT NULL")
	a = readSummary(c, admin, date(day), date(day), "UTC")
	wantAt(t, a, 7200.0, "consultations", "averageSecondsToStart")
	wantAt(t, a, object{"offered": 1.0, "seatsOffered": 3.0, "seatsTaken": 3.0, "utilization": 1.0}, "slots")
}

func TestRevenueByTimeOfMovement(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	day := nextMorning(c)
	advanceTo(c, day.Add(23*time.Hour+55*time.Minute))
	admin, patient, doctor := c.Admin(), c.Patient(), c.Doctor("100.10")
	id := book(c, patient, createSlot(c, doctor, day.Add(80*time.Hour), 1))
	c.Post(patient, "payments/initiate", object{"consultationId": id}).Want(201)
	c.Clock.Advance(10 * time.Minute) // initiated on the first day, paid on the second, refunded on the third
	pay(t, c, patient, id)
	advanceTo(c, day.Add(49*time.Hour))
	c.Post(patient, "consultations/"+id+"/cancel", object{}).Want(200)
	waitForRefund(t, c, patient, id)
	c.Exec("UPDATE refunds SET created_at = $1", day) // the provider took days
	for i, expected := range [][]any{
		{},
		{object{"currency": "INR", "captured": "100.10", "refunded": "0.00", "net": "100.10"}},
		{object{"currency": "INR", "captured": "0.00", "refunded": "100.10", "net": "-100.10"}},
	} {
		on := date(day.AddDate(0, 0, i))
		wantAt(t, readSummary(c, admin, on, on, "UTC"), expected, "revenue")
	}
	wantAt(t, readSummary(c, admin, date(day), date(day), "UTC"), 1.0, "consultations", "booked")
}

func TestPeopleByTimeOfSignUp(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	day := nextMorning(c)
	admin := c.Admin()
	c.Patient()
	approved, refused, withdrawn := c.User(access.RoleDoctor), c.User(access.RoleDoctor), c.User(access.RoleDoctor)
	for _, doctor := range []apptest.User{approved, refused, withdrawn} {
		c.Post(doctor, "doctors", object{"specialization": "Rasayana", "yearsOfExperience": 3,
			"registrationNumber": "AYU-" + uuid.NewString(), "consultationFee": "500.00",
			"languagesSpoken": []string{"en"}}).Want(201)
	}
	decide := func(doctor apptest.User, approve bool) {
		c.Prove(admin)
		c.Patch(admin, "doctors/"+doctor.ID.String()+"/approve",
			object{"approved": approve, "reason": "The register was checked."}).Want(200)
	}
	c.Clock.Advance(24 * time.Hour)
	decide(approved, true)
	decide(refused, false)
	decide(withdrawn, true)
	next := date(day.AddDate(0, 0, 1))
	wantAt(t, readSummary(c, admin, date(day), date(day), "UTC"),
		object{"newPatients": 1.0, "newDoctors": 3.0, "approvedDoctors": 0.0}, "people")
	wantAt(t, readSummary(c, admin, next, next, "UTC"),
		object{"newPatients": 0.0, "newDoctors": 0.0, "approvedDoctors": 2.0}, "people")
	decide(withdrawn, false)
	wantAt(t, readSummary(c, admin, date(day), next, "UTC"),
		object{"newPatients": 1.0, "newDoctors": 3.0, "approvedDoctors": 1.0}, "people")
}
