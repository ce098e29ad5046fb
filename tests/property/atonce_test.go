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
	slots    []place
	bookings []place
	attempts []string
	answers  map[int]int
}

// place is a slot or a consultation, with whose it is.
type place struct {
	id              string
	doctor, patient apptest.User
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
			w.slots = append(w.slots, place{id: c.Slot(d, 10*time.Minute+time.Duration(i)*3*time.Hour, 2).String(),
				doctor: d})
		}
	}
	for range 4 {
		w.patients = append(w.patients, c.Patient())
	}
	return w
}

// one of those there are: mostly of the newest three, so that several goroutines are at the same one.
func one[T any](w *crowd, r *rand.Rand, from *[]T) (v T) {
	w.mu.Lock()
	defer w.mu.Unlock()
	few := *from
	if r.IntN(4) > 0 {
		few = few[max(0, len(few)-3):]
	}
	if len(few) > 0 {
		v = few[r.IntN(len(few))]
	}
	return v
}

func add[T any](w *crowd, to *[]T, v T) {
	w.mu.Lock()
	defer w.mu.Unlock()
	*to = append(*to, v)
}

// do is one random command; who may not do it is refused like anybody.
func (w *crowd) do(r *rand.Rand) *apptest.Answer {
	slot, b := one(w, r, &w.slots), one(w, r, &w.bookings)
	patient, doctor := w.patients[r.IntN(len(w.patients))], w.doctors[r.IntN(len(w.doctors))]
	switch r.IntN(18) {
	case 0, 1, 2, 3, 4:
		a := w.Do(patient, "POST", "consultations", object{"slotId": slot.id, "reason": "Cough"}, "Idempotency-Key",
			[]string{uuid.NewString(), "one"}[r.IntN(2)])
		if a.Status == 201 {
			add(w, &w.bookings, place{id: a.Text("id"), doctor: slot.doctor, patient: patient})
		}
		return a
	case 5, 6:
		a := w.Post(b.patient, "payments/initiate", object{"consultationId": b.id})
		if a.Status == 201 {
			add(w, &w.attempts, a.Text("attempt", "transactionReference"))
		}
		return a
	case 7, 8, 9:
		event := []string{"payment.succeeded", "payment.succeeded", "payment.failed", "refund.succeeded",
			"refund.failed"}[r.IntN(5)]
		return w.Webhook([]string{uuid.NewString(), "evt-" + string(rune('a'+r.IntN(8)))}[r.IntN(2)],
			apptest.Event(event, one(w, r, &w.attempts), "500.00", "INR"))
	case 10, 11:
		actor := []apptest.User{b.patient, b.doctor, w.staff[r.IntN(2)]}[r.IntN(3)]
		return w.Do(actor, "POST", "consultations/"+b.id+"/cancel", object{"reason": "travelling"})
	case 12, 13:
		return w.Patch(b.doctor, "consultations/"+b.id+"/status",
			object{"status": []string{"IN_PROGRESS", "COMPLETED", "NO_SHOW"}[r.IntN(3)]})
	case 14:
		return w.Patch(slot.doctor, "availability/"+slot.id,
			[]object{{"status": "BLOCKED"}, {"status": "AVAILABLE"}, {"maxPatients": 1 + r.IntN(3)}}[r.IntN(3)])
	case 15:
		start := w.DB.Now().Truncate(time.Hour).Add(time.Duration(1+r.IntN(6)) * 30 * time.Minute)
		a := w.Post(doctor, "availability", object{"startTime": start, "endTime": start.Add(time.Hour)})
		if a.Status == 201 {
			add(w, &w.slots, place{id: a.Text("id"), doctor: doctor})
		}
		return a
	case 16:
		return w.Do(slot.doctor, "DELETE", "availability/"+slot.id, nil)
	default:
		return w.Patch(w.admin, "doctors/"+doctor.ID.String()+"/approve", object{"approved": r.IntN(12) > 0,
			"reason": "The register was asked.", "cancelConsultations": r.IntN(4) > 0})
	}
}

// Everybody at once on the same few slots, while the sweep runs and the clock jumps: whatever the order was, no server
// error is met and the invariants hold.
func TestEverybodyAtOnce(t *testing.T) {
	t.Parallel()
	rounds, commands := 4, 40
	if long() {
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
		w.Prove(w.admin)
		for _, d := range w.doctors {
			add(w, &w.slots, place{id: w.Slot(d, 24*time.Hour*time.Duration(round+1)+time.Duration(round)*time.Hour,
				2).String(), doctor: d})
		}
	}
	t.Logf("answers: %v", w.answers)
}
