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
	// between two kills so many bookings are acknowledged at least
	between = 25
)

// booked is one booking a patient was told of.
type booked struct{ id, key, slot string }

// TestKilledAmidBookings kills the server three times while six patients book. A patient whose answer is lost asks
// again with the same key, as an app does. No acknowledged booking is lost, none is there twice, and the invariants
// hold.
func TestKilledAmidBookings(t *testing.T) {
	t.Parallel()
	variables := []string{"AMRUTAM_DATA_DIR=" + filepath.Join(t.TempDir(), "data"), "AMRUTAM_LISTEN=127.0.0.1:0",
		"AMRUTAM_MAX_BOOKINGS=1000", "AMRUTAM_MAX_BOOKINGS_WITH_DOCTOR=1000"}
	s := serve(t, variables)
	_, err := run(t, variables, password+"\n", "admin", "create", "--email", "admin@example.org", "--name", "Ad Min")
	must(t, err)
	slots := s.openSlots(200)
	var patients []string
	for i := range clients {
		patients = append(patients, s.join(fmt.Sprintf("patient%d@example.org", i), "PATIENT"))
	}
	variables[1] = "AMRUTAM_LISTEN=" + s.addr // the restarted server is found where it was

	var (
		all    sync.WaitGroup
		count  atomic.Int64
		stop   = make(chan struct{})
		ledger = make([][]booked, clients)
	)
	for i, token := range patients {
		all.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				b := booked{key: fmt.Sprintf("key-%d-%d", i, n), slot: slots[rand.IntN(len(slots))]}
				if b.id = s.book(token, b, stop); b.id != "" {
					ledger[i] = append(ledger[i], b)
					count.Add(1)
				}
			}
		})
	}
	for range kills {
		enough := count.Load() + between
		s.await("enough bookings", func() bool { return count.Load() >= enough })
		s.kill()
		again := serve(t, variables)
		s.cmd, s.done, s.log = again.cmd, again.done, again.log
	}
	enough := count.Load() + between
	s.await("bookings after the last kill", func() bool { return count.Load() >= enough })
	close(stop)
	all.Wait()

	for i, token := range patients {
		s.checkLedger(token, ledger[i])
	}
	out, err := run(t, variables, "", "check")
	if err != nil {
		t.Fatalf("check beside the server: %v\n%s", err, out)
	}
	s.stop()
	if out, err = run(t, variables, "", "check"); err != nil { // starts the private PostgreSQL itself
		t.Fatalf("check alone: %v\n%s", err, out)
	}
}

// book asks until the answer is known; "" when it is a refusal.
func (s *server) book(token string, b booked, stop <-chan struct{}) string {
	for {
		a, err := s.ask("POST", "/api/v1/consultations", token, b.key,
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
		select { // the server is away, or busy: with the key it is safe to ask again
		case <-stop:
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// checkLedger compares what the patient was told with what there is.
func (s *server) checkLedger(token string, told []booked) {
	s.t.Helper()
	there := map[string]string{}
	for cursor := ""; ; {
		page := s.want(200, "GET", "/api/v1/consultations/me?limit=100&cursor="+cursor, token, "", nil)
		items, _ := page.body["items"].([]any)
		for _, item := range items {
			c, _ := item.(object)
			there[fmt.Sprint(c["id"])] = fmt.Sprint(c["slotId"], c["status"])
		}
		if cursor = page.text("nextCursor"); cursor == "" {
			break
		}
	}
	for _, b := range told {
		if there[b.id] != b.slot+"CONFIRMED" {
			s.t.Errorf("booking %s was acknowledged, but is %q", b.id, there[b.id])
		}
		again := s.want(201, "POST", "/api/v1/consultations", token, b.key,
			object{"slotId": b.slot, "reason": "Cough since Monday"})
		if again.text("id") != b.id || again.header.Get("Idempotency-Replayed") != "true" {
			s.t.Errorf("the key of booking %s now answers %s", b.id, again.text("id"))
		}
	}
	if len(there) != len(told) {
		s.t.Errorf("%d bookings were acknowledged, %d are there", len(told), len(there))
	}
}

// openSlots makes an approved doctor, free of charge, with slots of two seats each.
func (s *server) openSlots(n int) (ids []string) {
	s.t.Helper()
	doctor, admin := s.join("doctor@example.org", "DOCTOR"), s.enrol(s.signIn("admin@example.org"))
	made := s.want(201, "POST", "/api/v1/doctors", doctor, "",
		object{"specialization": "Kayachikitsa", "yearsOfExperience": 3, "registrationNumber": "FAULT-1",
			"consultationFee": "0.00", "languagesSpoken": []string{"en"}})
	s.want(200, "PATCH", "/api/v1/doctors/"+made.text("id")+"/approve", admin, "", object{"approved": true})
	begin := time.Now().Add(24 * time.Hour).UTC().Truncate(time.Hour)
	for i := range n {
		start := begin.Add(time.Duration(i) * 30 * time.Minute)
		slot := s.want(201, "POST", "/api/v1/availability", doctor, "", object{"startTime": start.Format(time.RFC3339),
			"endTime": start.Add(30 * time.Minute).Format(time.RFC3339), "maxPatients": 2})
		ids = append(ids, slot.text("id"))
	}
	return ids
}
