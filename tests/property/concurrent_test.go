package property_test

import (
	"context"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
)

// concurrentClinic is a clinic with few people and slots, on which many goroutines act at the same time.
type concurrentClinic struct {
	*apptest.Clinic
	sweep    func(context.Context) error
	doctors  []apptest.User
	patients []apptest.User
	staff    []apptest.User
	admin    apptest.User

	mu       sync.Mutex
	slots    []target
	bookings []target
	attempts []string
	statuses map[int]int
}

// target is a slot or a consultation, with its doctor and patient.
type target struct {
	id              string
	doctor, patient apptest.User
}

func newConcurrentClinic(t *testing.T) *concurrentClinic {
	t.Helper()
	opened := apptest.Open(t)
	c := &concurrentClinic{
		Clinic:   opened,
		sweep:    newSweeper(t, opened).Sweep,
		admin:    opened.Admin(),
		statuses: map[int]int{},
	}
	c.staff = []apptest.User{c.admin, c.Support()}
	for _, fee := range []string{"500.00", "0.00"} {
		d := c.Doctor(fee)
		c.doctors = append(c.doctors, d)
		for i := range 3 {
			slot := c.Slot(d, 10*time.Minute+time.Duration(i)*3*time.Hour, 2)
			c.slots = append(c.slots, target{id: slot.String(), doctor: d})
		}
	}
	for range 4 {
		c.patients = append(c.patients, c.Patient())
	}
	return c
}

// pickRecent returns a random element, mostly one of the newest three, so that several goroutines use the same one. It
// returns the zero value if there is none.
func pickRecent[T any](c *concurrentClinic, r *rand.Rand, from *[]T) (v T) {
	c.mu.Lock()
	defer c.mu.Unlock()
	candidates := *from
	if r.IntN(4) > 0 {
		candidates = candidates[max(0, len(candidates)-3):]
	}
	if len(candidates) > 0 {
		v = candidates[r.IntN(len(candidates))]
	}
	return v
}

// pickOne returns one of the values at random.
func pickOne[T any](r *rand.Rand, from ...T) T { return from[r.IntN(len(from))] }

func appendTo[T any](c *concurrentClinic, to *[]T, v T) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*to = append(*to, v)
}

// sendRandomCommand sends a random command, which may be one that the server refuses.
func (c *concurrentClinic) sendRandomCommand(r *rand.Rand) *apptest.Answer {
	slot, b := pickRecent(c, r, &c.slots), pickRecent(c, r, &c.bookings)
	patient, doctor := pickOne(r, c.patients...), pickOne(r, c.doctors...)
	switch r.IntN(18) {
	case 0, 1, 2, 3, 4:
		key := pickOne(r, uuid.NewString(), "one")
		a := c.Do(patient, "POST", "consultations", object{"slotId": slot.id, "reason": "Cough"},
			"Idempotency-Key", key)
		if a.Status == 201 {
			appendTo(c, &c.bookings, target{id: a.Text("id"), doctor: slot.doctor, patient: patient})
		}
		return a
	case 5, 6:
		a := c.Post(b.patient, "payments/initiate", object{"consultationId": b.id})
		if a.Status == 201 {
			appendTo(c, &c.attempts, a.Text("attempt", "transactionReference"))
		}
		return a
	case 7, 8, 9:
		id := pickOne(r, uuid.NewString(), "evt-"+string(rune('a'+r.IntN(8))))
		event := pickOne(r, "payment.succeeded", "payment.succeeded", "payment.failed", "refund.succeeded",
			"refund.failed")
		return c.Webhook(id, apptest.Event(event, pickRecent(c, r, &c.attempts), "500.00", "INR"))
	case 10, 11:
		actor := pickOne(r, b.patient, b.doctor, pickOne(r, c.staff...))
		return c.Do(actor, "POST", "consultations/"+b.id+"/cancel", object{"reason": "travelling"})
	case 12, 13:
		status := pickOne(r, "IN_PROGRESS", "COMPLETED", "NO_SHOW")
		return c.Patch(b.doctor, "consultations/"+b.id+"/status", object{"status": status})
	case 14:
		change := pickOne(r, object{"status": "BLOCKED"}, object{"status": "AVAILABLE"},
			object{"maxPatients": 1 + r.IntN(3)})
		return c.Patch(slot.doctor, "availability/"+slot.id, change)
	case 15:
		start := c.DB.Now().Truncate(time.Hour).Add(time.Duration(1+r.IntN(6)) * 30 * time.Minute)
		a := c.Post(doctor, "availability", object{"startTime": start, "endTime": start.Add(time.Hour)})
		if a.Status == 201 {
			appendTo(c, &c.slots, target{id: a.Text("id"), doctor: doctor})
		}
		return a
	case 16:
		return c.Do(slot.doctor, "DELETE", "availability/"+slot.id, nil)
	default:
		return c.Patch(c.admin, "doctors/"+doctor.ID.String()+"/approve", object{
			"approved":            r.IntN(12) > 0,
			"reason":              "The register was asked.",
			"cancelConsultations": r.IntN(4) > 0,
		})
	}
}

// TestConcurrentCommandsKeepInvariants sends random commands for the same few slots from many goroutines, while the
// sweep runs and the clock jumps. In whatever order they run, there must be no server error, and the invariants must
// hold.
func TestConcurrentCommandsKeepInvariants(t *testing.T) {
	t.Parallel()
	rounds, commands := 4, 40
	if isLongRun() {
		rounds, commands = 40, 100
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	c := newConcurrentClinic(t)
	for round := range rounds {
		var wg sync.WaitGroup
		for g := range 8 {
			wg.Go(func() {
				r := rand.New(rand.NewPCG(seed, uint64(round*8+g)))
				for range commands {
					a := c.sendRandomCommand(r)
					c.mu.Lock()
					c.statuses[a.Status]++
					c.mu.Unlock()
					if a.Status >= 500 && (a.Status != 503 || a.Text("type") != "/problems/busy") {
						t.Errorf("status %d: %s", a.Status, a.Body)
					}
				}
			})
		}
		wg.Go(func() {
			for range commands / 10 {
				if err := c.sweep(context.Background()); err != nil {
					t.Error(err)
				}
			}
		})
		wg.Wait()
		checkInvariants(t, c.Clinic)
		c.Clock.Advance([]time.Duration{6 * time.Minute, 16 * time.Minute, time.Hour}[round%3])
		c.Prove(c.admin)
		for _, d := range c.doctors {
			ahead := 24*time.Hour*time.Duration(round+1) + time.Duration(round)*time.Hour
			appendTo(c, &c.slots, target{id: c.Slot(d, ahead, 2).String(), doctor: d})
		}
	}
	t.Logf("answers: %v", c.statuses)
}
