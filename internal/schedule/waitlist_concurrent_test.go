package schedule_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
	"amrutam/internal/jobs"
	"amrutam/internal/notification"
	"amrutam/internal/schedule"
	"amrutam/internal/telemetry"
)

// crowd is a doctor with a few slots that many patients want.
type crowd struct {
	*apptest.Clinic
	doctor   apptest.User
	patients []apptest.User
	children map[apptest.User]uuid.UUID // of every other patient
	slots    []string
	start    time.Time

	server *schedule.Service

	mu       sync.Mutex
	bookings map[apptest.User][]string
	statuses map[int]int
}

// Whatever patients and the doctor do at once, no seat is taken twice, no hold is lost, and the server has no error.
func TestCrowdedWaitlist(t *testing.T) {
	t.Parallel()
	c := &crowd{Clinic: apptest.Open(t), bookings: map[apptest.User][]string{}, statuses: map[int]int{},
		children: map[apptest.User]uuid.UUID{}}
	c.server = newWaitlistSweeper(t, c.Clinic)
	c.doctor = c.Doctor("0.00")
	setRules(c.Clinic, c.doctor, map[string]any{"dailyMaximum": 5}).Want(200)
	for i, seats := range []int{1, 1, 2, 3} {
		c.slots = append(c.slots, c.Slot(c.doctor, noon(c.Clinic)+time.Duration(i)*time.Hour, seats).String())
	}
	c.start = c.DB.Now().Add(noon(c.Clinic))
	for i := range 12 {
		c.patients = append(c.patients, c.Patient())
		if i%2 == 0 {
			c.children[c.patients[i]] = c.Dependant(c.patients[i], 9*365*24*time.Hour)
		}
	}
	const seed = 15
	for round := range 8 {
		apptest.Concurrently(len(c.patients)+2, func(i int) bool {
			r := rand.New(rand.NewPCG(seed, uint64(round*100+i)))
			for range 8 {
				switch {
				case i < len(c.patients):
					c.actAsPatient(r, c.patients[i])
				case i == len(c.patients):
					c.actAsDoctor(r)
				default:
					if err := c.server.SweepWaitlist(context.Background()); err != nil {
						t.Error(err)
					}
				}
			}
			return true
		})
		c.CheckInvariants()
		c.Clock.Advance(16 * time.Minute)
	}
	if err := c.server.SweepWaitlist(context.Background()); err != nil {
		t.Error(err)
	}
	c.CheckInvariants()
	for status := range c.statuses {
		if status >= 500 {
			t.Errorf("%d answers have the status %d", c.statuses[status], status)
		}
	}
	accepted := c.Count("SELECT count(*) FROM waitlist_entries WHERE status = 'ACCEPTED'")
	t.Logf("statuses %v, %d offers were accepted, %d expired or were taken back", c.statuses, accepted,
		c.Count("SELECT count(*) FROM waitlist_offers WHERE ended_at IS NOT NULL")-accepted)
	if accepted == 0 {
		t.Error("no offer was accepted")
	}
}

// newWaitlistSweeper returns the service of another server, with a queue that only inserts jobs and runs none.
func newWaitlistSweeper(t *testing.T, c *apptest.Clinic) *schedule.Service {
	t.Helper()
	log, metrics := slog.New(slog.NewTextHandler(io.Discard, nil)), telemetry.NewMetrics()
	queue, err := jobs.New(c.App.DB, log, metrics)
	if err != nil {
		t.Fatal(err)
	}
	mails, err := notification.New(c.App.DB, queue, c.App.Sealer, c.App.Config, log, metrics)
	if err != nil {
		t.Fatal(err)
	}
	return &schedule.Service{DB: c.App.DB, Mails: mails, Metrics: c.App.Metrics}
}

// note counts an answer, and keeps the consultation that it made, if any.
func (c *crowd) note(patient apptest.User, a *apptest.Answer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.statuses[a.Status]++
	if a.Status == 201 && a.At("slotId") != nil {
		c.bookings[patient] = append(c.bookings[patient], a.Text("id"))
	}
}

// booking returns the last consultation of a patient that is not cancelled yet, or "".
func (c *crowd) booking(patient apptest.User) string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if all := c.bookings[patient]; len(all) > 0 {
		return all[len(all)-1]
	}
	return ""
}

func (c *crowd) slot(r *rand.Rand) string { return c.slots[r.IntN(len(c.slots))] }

func (c *crowd) actAsPatient(r *rand.Rand, p apptest.User) {
	day := func(n int) string { return dayOf(c.DB.Now().AddDate(0, 0, n)) }
	key := []string{"Idempotency-Key", uuid.NewString()}
	// seen returns the body of a request for the patient or for their child.
	seen := func(body map[string]any) map[string]any {
		if child, ok := c.children[p]; ok && r.IntN(2) == 0 {
			body["dependantId"] = child
		}
		return body
	}
	switch choice := r.IntN(10); {
	case choice < 3:
		body := seen(map[string]any{"slotId": c.slot(r), "reason": "Back pain"})
		c.note(p, c.Do(p, "POST", "consultations", body, key...))
	case choice < 5:
		if id := c.booking(p); id != "" {
			c.note(p, c.Post(p, "consultations/"+id+"/cancel", nil))
		}
	case choice < 6:
		if id := c.booking(p); id != "" {
			c.note(p, c.Post(p, "consultations/"+id+"/reschedule", map[string]any{"slotId": c.slot(r)}))
		}
	case choice < 7:
		c.note(p, c.Post(p, "waitlist", seen(map[string]any{"doctorId": c.doctor.ID, "from": day(0), "to": day(9)})))
	default:
		for _, e := range c.Get(p, "waitlist?limit=2").Items() {
			if id := fmt.Sprint("waitlist/", e["id"]); choice == 7 {
				c.note(p, c.Do(p, "DELETE", id, nil))
			} else {
				c.note(p, c.Do(p, "POST", id+"/accept", map[string]any{"reason": "Back pain"}, key...))
			}
		}
	}
}

// actAsDoctor closes and opens slots.
func (c *crowd) actAsDoctor(r *rand.Rand) {
	switch r.IntN(3) {
	case 0:
		id := c.slot(r)
		c.note(c.doctor, c.Patch(c.doctor, "availability/"+id, map[string]any{"status": "BLOCKED"}))
		c.note(c.doctor, c.Patch(c.doctor, "availability/"+id, map[string]any{"status": "AVAILABLE"}))
	case 1:
		body := map[string]any{"maxPatients": 1 + r.IntN(3)}
		c.note(c.doctor, c.Patch(c.doctor, "availability/"+c.slot(r), body))
	default:
		from := c.start.Add(time.Duration(r.IntN(4)) * time.Hour)
		leave := c.Post(c.doctor, "availability/exceptions", map[string]any{"kind": "LEAVE", "from": from,
			"to": from.Add(time.Hour)})
		if c.note(c.doctor, leave); leave.Status == 201 {
			c.note(c.doctor, c.Do(c.doctor, "DELETE", "availability/exceptions/"+leave.Text("id"), nil))
		}
	}
}
