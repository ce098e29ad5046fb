package fault_test

import (
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

const (
	clients = 6
	kills   = 3
	// bookingsBetweenKills is how many bookings at least are acknowledged between two kills.
	bookingsBetweenKills = 25
)

// booking is a booking that the server acknowledged.
type booking struct{ id, key, slot string }

// TestKillLosesNoBooking kills the server three times while six patients book. A patient whose response is lost sends
// the request again with the same key, as an app does. No acknowledged booking may be lost or duplicated, and the
// invariants must hold.
func TestKillLosesNoBooking(t *testing.T) {
	t.Parallel()
	variables := []string{
		"AMRUTAM_DATA_DIR=" + filepath.Join(t.TempDir(), "data"),
		"AMRUTAM_LISTEN=127.0.0.1:0",
		"AMRUTAM_MAX_BOOKINGS=1000",
		"AMRUTAM_MAX_BOOKINGS_WITH_DOCTOR=1000",
	}
	s := startServer(t, variables)
	createAdmin(t, variables)
	slots := s.openSlots(200)
	var patients []string
	for i := range clients {
		patients = append(patients, s.signUpAndSignIn(fmt.Sprintf("patient%d@example.org", i), "PATIENT"))
	}
	variables[1] = "AMRUTAM_LISTEN=" + s.addr // restarted servers listen at the same address

	var (
		wg           sync.WaitGroup
		count        atomic.Int64
		stop         = make(chan struct{})
		acknowledged = make([][]booking, clients)
	)
	for i, token := range patients {
		wg.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				b := booking{key: fmt.Sprintf("key-%d-%d", i, n), slot: slots[rand.IntN(len(slots))]}
				if b.id = s.bookUntilAnswered(token, b, stop); b.id != "" {
					acknowledged[i] = append(acknowledged[i], b)
					count.Add(1)
				}
			}
		})
	}
	for range kills {
		target := count.Load() + bookingsBetweenKills
		s.waitFor("enough bookings", func() bool { return count.Load() >= target })
		s.kill()
		restarted := startServer(t, variables)
		s.cmd, s.done, s.log = restarted.cmd, restarted.done, restarted.log
	}
	target := count.Load() + bookingsBetweenKills
	s.waitFor("bookings after the last kill", func() bool { return count.Load() >= target })
	close(stop)
	wg.Wait()

	for i, token := range patients {
		s.checkAcknowledged(token, acknowledged[i])
	}
	out, err := runCommand(t, variables, "", "check")
	if err != nil {
		t.Fatalf("check beside the server: %v\n%s", err, out)
	}
	s.stop()
	if out, err = runCommand(t, variables, "", "check"); err != nil { // starts the private PostgreSQL itself
		t.Fatalf("check alone: %v\n%s", err, out)
	}
}

// bookUntilAnswered sends the request until it gets a response. It returns the id of the consultation, or "" if the
// booking is refused.
func (s *server) bookUntilAnswered(token string, b booking, stop <-chan struct{}) string {
	for {
		a, err := s.request("POST", "/api/v1/consultations", token, b.key,
			object{"slotId": b.slot, "reason": "Cough since Monday"})
		switch {
		case err == nil && a.status == 201:
			return a.text("id")
		case err == nil && a.status == 409 && a.text("type") != "/problems/idempotency-in-flight":
			return ""
		case err == nil && a.status < 500 && a.status != 409:
			s.t.Errorf("booking: status %d: %v", a.status, a.body)
			return ""
		}
		select { // the server is down or busy; with the same key it is safe to send the request again
		case <-stop:
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// checkAcknowledged checks that the patient has exactly the acknowledged bookings, and that their keys still return
// them.
func (s *server) checkAcknowledged(token string, acknowledged []booking) {
	s.t.Helper()
	existing := map[string]string{}
	for cursor := ""; ; {
		page := s.expect(200, "GET", "/api/v1/consultations/me?limit=100&cursor="+cursor, token, "", nil)
		items, _ := page.body["items"].([]any)
		for _, item := range items {
			c, _ := item.(object)
			existing[fmt.Sprint(c["id"])] = fmt.Sprint(c["slotId"], c["status"])
		}
		if cursor = page.text("nextCursor"); cursor == "" {
			break
		}
	}
	for _, b := range acknowledged {
		if existing[b.id] != b.slot+"CONFIRMED" {
			s.t.Errorf("booking %s was acknowledged, but is %q", b.id, existing[b.id])
		}
		again := s.expect(201, "POST", "/api/v1/consultations", token, b.key,
			object{"slotId": b.slot, "reason": "Cough since Monday"})
		if again.text("id") != b.id || again.header.Get("Idempotency-Replayed") != "true" {
			s.t.Errorf("the key of booking %s returns the booking %s", b.id, again.text("id"))
		}
	}
	if len(existing) != len(acknowledged) {
		s.t.Errorf("%d bookings were acknowledged, %d exist", len(acknowledged), len(existing))
	}
}

// openSlots signs up an approved doctor without a fee and opens n slots of two seats each.
func (s *server) openSlots(n int) (ids []string) {
	s.t.Helper()
	doctor := s.createApprovedDoctor(s.enableMFA(s.signIn("admin@example.org")))
	begin := time.Now().Add(24 * time.Hour).UTC().Truncate(time.Hour)
	for i := range n {
		start := begin.Add(time.Duration(i) * 30 * time.Minute)
		slot := s.expect(201, "POST", "/api/v1/availability", doctor, "", object{
			"startTime":   start.Format(time.RFC3339),
			"endTime":     start.Add(30 * time.Minute).Format(time.RFC3339),
			"maxPatients": 2,
		})
		ids = append(ids, slot.text("id"))
	}
	return ids
}
