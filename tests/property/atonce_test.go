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

// concurrentClinic is a few people at a few slots, whom many goroutines move at once.
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

// target is a slot or a consultation, with whose it is.
type target struct {
	id              string
	doctor, patient apptest.User
}

func newConcurrentClinic(t *testing.T) *concurrentClinic {
	t.Helper()
	c := apptest.Open(t)
	w := &concurrentClinic{Clinic: c, sweep: newSweeper(t, c).Sweep, admin: c.Admin(), statuses: map[int]int{}}
	w.staff = []apptest.User{w.admin, c.Support()}
	for _, fee := range []string{"500.00", "0.00"} {
		d := c.Doctor(fee)
		w.doctors = append(w.doctors, d)
		for i := range 3 {
			w.slots = append(w.slots, target{id: c.Slot(d, 10*time.Minute+time.Duration(i)*3*time.Hour, 2).String(),
				doctor: d})
		}
	}
	for range 4 {
		w.patients = append(w.patients, c.Patient())
	}
	return w
}

// pickRecent of those there are: mostly of the newest three, so that several goroutines are at the same one.
func pickRecent[T any](c *concurrentClinic, r *rand.Rand, from *[]T) (v T) {
	c.mu.Lock()
	defer c.mu.Unlock()
	few := *from
	if r.IntN(4) > 0 {
		few = few[max(0, len(few)-3):]
	}
	if len(few) > 0 {
		v = few[r.IntN(len(few))]
	}
	return v
}

func appendTo[T any](c *concurrentClinic, to *[]T, v T) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*to = append(*to, v)
}

// sendRandomCommand is one random command; who may not do it is refused like anybody.
func (c *concurrentClinic) sendRandomCommand(r *rand.Rand) *apptest.Answer {
	slot, b := pickRecent(c, r, &c.slots), pickRecent(c, r, &c.bookings)
	patient, doctor := c.patients[r.IntN(len(c.patients))], c.doctors[r.IntN(len(c.doctors))]
	switch r.IntN(18) {
	case 0, 1, 2, 3, 4:
		a := c.Do(patient, "POST", "consultations", object{"slotId": slot.id, "reason": "Cough"}, "Idempotency-Key",
			[]string{uuid.NewString(), "one"}[r.IntN(2)])
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
		event := []string{"payment.succeeded", "payment.succeeded", "payment.failed", "refund.succeeded",
			"refund.failed"}[r.IntN(5)]
		return c.Webhook([]string{uuid.NewString(), "evt-" + string(rune('a'+r.IntN(8)))}[r.IntN(2)],
			apptest.Event(event, pickRecent(c, r, &c.attempts), "500.00", "INR"))
	case 10, 11:
		actor := []apptest.User{b.patient, b.doctor, c.staff[r.IntN(2)]}[r.IntN(3)]
		return c.Do(actor, "POST", "consultations/"+b.id+"/cancel", object{"reason": "travelling"})
	case 12, 13:
		return c.Patch(b.doctor, "consultations/"+b.id+"/status",
			object{"status": []string{"IN_PROGRESS", "COMPLETED", "NO_SHOW"}[r.IntN(3)]})
	case 14:
		return c.Patch(slot.doctor, "availability/"+slot.id,
			[]object{{"status": "BLOCKED"}, {"status": "AVAILABLE"}, {"maxPatients": 1 + r.IntN(3)}}[r.IntN(3)])
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
		return c.Patch(c.admin, "doctors/"+doctor.ID.String()+"/approve", object{"approved": r.IntN(12) > 0,
			"reason": "The register was asked.", "cancelConsultations": r.IntN(4) > 0})
	}
}

// Everybody at once on the same few slots, while the sweep runs and the clock jumps: whatever the order was, no server
// error is met and the invariants hold.
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
			appendTo(c, &c.slots, target{id: c.Slot(d, 24*time.Hour*time.Duration(round+1)+time.Duration(round)*time.Hour,
				2).String(), doctor: d})
		}
	}
	t.Logf("answers: %v", c.statuses)
}
