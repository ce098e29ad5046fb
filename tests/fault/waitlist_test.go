package fault_test

import (
	"fmt"
	"testing"
	"time"
)

// TestWaitlistSurvivesKills kills the server after each step of a seat on its way along the waitlist: the cancellation
// that offers it, the end of the offer, and the acceptance. The offers and the order stay.
func TestWaitlistSurvivesKills(t *testing.T) {
	t.Parallel()
	dsn := newDatabase(t)
	variables := []string{
		"DATABASE_URL=" + dsn,
		masterKeyVariable,
		"AMRUTAM_DATA_DIR=" + t.TempDir(),
		"AMRUTAM_LISTEN=127.0.0.1:0",
		"AMRUTAM_RATE_LIMIT=off", // the test asks often
	}
	s := startServer(t, variables)
	restart := func() {
		s.kill()
		s = startServer(t, variables)
	}
	createAdmin(t, variables)
	doctor := s.createApprovedDoctor(s.enableMFA(s.signIn("admin@example.org")))
	start := time.Now().Add(48 * time.Hour).UTC().Truncate(time.Hour)
	slot := s.expect(201, "POST", "/api/v1/availability", doctor, "",
		object{"startTime": start.Format(time.RFC3339), "endTime": start.Add(30 * time.Minute).Format(time.RFC3339)})
	book := object{"slotId": slot.text("id"), "reason": "Cough since Monday"}
	holder := s.signUpAndSignIn("holder@example.org", "PATIENT")
	booked := s.expect(201, "POST", "/api/v1/consultations", holder, "holder", book).text("id")
	var patients, entries []string
	for i := range 3 {
		patient := s.signUpAndSignIn(fmt.Sprintf("patient%d@example.org", i), "PATIENT")
		patients = append(patients, patient)
		entries = append(entries, s.expect(201, "POST", "/api/v1/waitlist", patient, "", object{
			"doctorId": slot.text("doctorId"), "from": start.Format(time.DateOnly),
			"to": start.AddDate(0, 0, 2).Format(time.DateOnly)}).text("id"))
	}
	statuses := func() (all [3]any) {
		for i, patient := range patients {
			items, _ := s.expect(200, "GET", "/api/v1/waitlist", patient, "", nil).body["items"].([]any)
			entry, _ := items[0].(map[string]any)
			all[i] = entry["status"]
		}
		return all
	}
	want := func(first, second, third string) {
		t.Helper()
		s.waitFor("the offer", func() bool { return statuses() == [3]any{first, second, third} })
		s.expect(409, "POST", "/api/v1/consultations", holder, "again", book)
	}

	s.expect(200, "POST", "/api/v1/consultations/"+booked+"/cancel", holder, "", object{})
	restart()
	want("OFFERED", "WAITING", "WAITING")
	s.kill()
	execute(t, dsn, `UPDATE waitlist_offers
		SET created_at = created_at - interval '16 minutes', expires_at = expires_at - interval '16 minutes'`)
	s = startServer(t, variables)
	want("WAITING", "OFFERED", "WAITING")
	restart()
	want("WAITING", "OFFERED", "WAITING")
	accept := "/api/v1/waitlist/" + entries[1] + "/accept"
	made := s.expect(201, "POST", accept, patients[1], "accept", object{"reason": "Cough"})
	restart()
	want("WAITING", "ACCEPTED", "WAITING")
	if again := s.expect(201, "POST", accept, patients[1], "accept", object{"reason": "Cough"}); again.text("id") !=
		made.text("id") {
		t.Errorf("the repeated acceptance made %s, the first one %s", again.text("id"), made.text("id"))
	}
	out, err := runCommand(t, variables, "", "check")
	if err != nil {
		t.Errorf("check: %v\n%s", err, out)
	}
	s.stop()
}
