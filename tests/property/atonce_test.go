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

// crowd is a few people at a few slots, whom many goroutines move at once.
type crowd struct {
	*apptest.Clinic
	sweep    func(context.Context) error
	doctors  []apptest.User
	patients []apptest.User
	staff    []apptest.User
	admin    apptest.User

	mu       sync.Mutex
	slots    []string
	bookings []string
	attempts []string
	answers  map[int]int
}

func openCrowd(t *testing.T) *crowd {
	t.Helper()
	c := apptest.Open(t)
	w := &crowd{Clinic: c, sweep: sweeper(t, c).Sweep, admin: c.Admin(), answers: map[int]int{}}
	w.staff = []apptest.User{w.admin, c.Support()}
	for _, fee := range []string{"500.00", "0.00"} {
		d := c.Doctor(fee)
		w.doctors = append(w.doctors, d)
		for i := range 3 {
			w.slots = append(w.slots, c.Slot(d, 10*time.Minute+time.Duration(i)*3*time.Hour, 2).String())
		}
	}
	for range 4 {
		w.patients = append(w.patients, c.Patient())
	}
	return w
}

func one[T any](w *crowd, r *rand.Rand, from *[]T) (v T) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(*from) > 0 {
		v = (*from)[r.IntN(len(*from))]
	}
	return v
}

func (w *crowd) add(to *[]string, id string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	*to = append(*to, id)
}

// do is one random command; who may not do it is refused like anybody.
func (w *crowd) do(r *rand.Rand) *apptest.Answer {
	patient, doctor, slot, booking := one(w, r, &w.patients), one(w, r, &w.doctors), one(w, r, &w.slots), one(w, r, &w.bookings)
	switch r.IntN(16) {
	case 0, 1, 2, 3:
		a := w.Do(patient, "POST", "consultations", object{"slotId": slot, "reason": "Cough"}, "Idempotency-Key", []string{uuid.NewString(), "one"}[r.IntN(2)])
		if a.Status == 201 {
			w.add(&w.bookings, a.Text("id"))
		}
		return a
	case 4, 5:
		a := w.Post(patient, "payments/initiate", object{"consultationId": booking})
		if a.Status == 201 {
			w.add(&w.attempts, a.Text("attempt", "transactionReference"))
		}
		return a
	case 6, 7, 8:
		event := []string{"payment.succeeded", "payment.succeeded", "payment.failed", "refund.succeeded", "refund.failed"}[r.IntN(5)]
		return w.Webhook([]string{uuid.NewString(), "evt-" + string(rune('a'+r.IntN(8)))}[r.IntN(2)], apptest.Event(event, one(w, r, &w.attempts), "500.00", "INR"))
	case 9:
		who := []apptest.User{patient, doctor, one(w, r, &w.staff)}[r.IntN(3)]
		return w.Do(who, "POST", "consultations/"+booking+"/cancel", object{"reason": "travelling"})
	case 10, 11:
		return w.Patch(doctor, "consultations/"+booking+"/status", object{"status": []string{"IN_PROGRESS", "COMPLETED", "NO_SHOW"}[r.IntN(3)]})
	case 12:
		return w.Patch(doctor, "availability/"+slot, []object{{"status": "BLOCKED"}, {"status": "AVAILABLE"}, {"maxPatients": 1 + r.IntN(3)}}[r.IntN(3)])
	case 13:
		start := w.DB.Now().Truncate(time.Hour).Add(time.Duration(1+r.IntN(6)) * 30 * time.Minute)
		a := w.Post(doctor, "availability", object{"startTime": start, "endTime": start.Add(time.Hour)})
		if a.Status == 201 {
			w.add(&w.slots, a.Text("id"))
		}
		return a
	case 14:
		return w.Do(doctor, "DELETE", "availability/"+slot, nil)
	default:
		return w.Patch(w.admin, "doctors/"+doctor.ID.String()+"/approve", object{"approved": r.IntN(4) > 0, "reason": "The register was asked."})
	}
}

// Everybody at once on the same few slots, while the sweep runs and the clock jumps: whatever the order was, no server
// error is met and the nine invariants hold.
func TestEverybodyAtOnce(t *testing.T) {
	t.Parallel()
	rounds, commands := 3, 20
	if long {
		rounds, commands = 40, 100
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	w := openCrowd(t)
	for round := range rounds {
		var all sync.WaitGroup
		for g := range 8 {
			all.Go(func() {
				r := rand.New(rand.NewPCG(seed, uint64(round*8+g)))
				for range commands {
					a := w.do(r)
					w.mu.Lock()
					w.answers[a.Status]++
					w.mu.Unlock()
					if a.Status >= 500 && (a.Status != 503 || a.Text("type") != "/problems/busy") {
						t.Errorf("status %d: %s", a.Status, a.Body)
					}
				}
			})
		}
		all.Go(func() {
			for range commands / 10 {
				if err := w.sweep(context.Background()); err != nil {
					t.Error(err)
				}
			}
		})
		all.Wait()
		invariants(t, w.Clinic)
		w.Clock.Advance([]time.Duration{6 * time.Minute, 16 * time.Minute, time.Hour}[round%3])
		for _, d := range w.doctors {
			w.add(&w.slots, w.Slot(d, 24*time.Hour*time.Duration(round+1)+time.Duration(round)*time.Hour, 2).String())
		}
	}
	t.Logf("answers: %v", w.answers)
}
