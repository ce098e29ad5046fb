// Package property fires random commands at a clinic and compares every answer with a model of the domain's rules.
package property_test

import (
	"context"
	"flag"
	"os"
	"testing"

	"pgregory.net/rapid"
)

// long searches for minutes where the short form takes seconds.
func long() bool { return os.Getenv("AMRUTAM_TEST_LONG") != "" }

func TestMain(m *testing.M) {
	flag.Parse()
	given := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { given[f.Name] = true })
	set := map[string]string{"rapid.checks": "20", "rapid.steps": "80", "rapid.nofailfile": "true"}
	if long() {
		set["rapid.checks"], set["rapid.steps"] = "600", "120"
	}
	for name, value := range set {
		if !given[name] {
			_ = flag.Set(name, value)
		}
	}
	os.Exit(m.Run())
}

// A database that has seen so many runs is left for a new one: the clock of a clinic only goes ahead, and its sessions
// end.
const runsOfAHouse = 60

func TestEveryCommandFollowsTheModel(t *testing.T) {
	t.Parallel()
	met := map[string]int{}
	h := openClinic(t, met)
	rapid.Check(t, func(rt *rapid.T) {
		if h.runs++; h.runs > runsOfAHouse {
			h = openClinic(t, met)
		}
		done := false
		defer func() {
			if !done { // what a failure left behind would fail every smaller run too
				h.runs = runsOfAHouse
			}
		}()
		w := newWorld(h)
		rt.Repeat(map[string]func(*rapid.T){"step": w.step})
		w.finale(rt)
		done = true
	})
	for _, answer := range answers {
		t.Logf("%6d %s", met[answer], answer)
		if long() && met[answer] == 0 {
			t.Errorf("the search never met %q", answer)
		}
	}
}

// What a command acts on; without it the command is left out.
const (
	nothing = iota
	aSlot
	aBooking
	anAttempt
)

// commands of the model; a weight makes the everyday ones more often.
var commands = []struct {
	name   string
	weight int
	needs  int
	do     func(*world, *rapid.T)
}{
	{"open", 3, nothing, (*world).openSlot}, {"change", 1, aSlot, (*world).changeSlot},
	{"delete", 1, aSlot, (*world).deleteSlot},
	{"approve", 1, nothing, (*world).approve}, {"fee", 1, nothing, (*world).changeFee},
	{"book", 6, aSlot, (*world).book}, {"initiate", 3, aBooking, (*world).initiate},
	{"webhook", 5, anAttempt, (*world).webhook}, {"cancel", 1, aBooking, (*world).cancel},
	{"move", 4, aBooking, (*world).move}, {"prescribe", 3, aBooking, (*world).prescribe},
	{"look", 1, aBooking, (*world).look}, {"sweep", 1, nothing, (*world).sweep},
	{"advance", 1, nothing, (*world).advance}, {"meet", 2, aBooking, (*world).meet},
}

func (w *world) step(t *rapid.T) {
	has := nothing
	if len(w.slots) > 0 {
		has = aSlot
	}
	for _, b := range w.bookings {
		has = max(has, aBooking)
		if len(b.attempts) > 0 {
			has = anAttempt
		}
	}
	var possible []int
	for i, c := range commands {
		for range c.weight {
			if c.needs <= has {
				possible = append(possible, i)
			}
		}
	}
	c := commands[pick(t, "command", possible)]
	t.Log(c.name)
	c.do(w, t)
}

// finale compares everything that the run made with the model, and asks for the invariants.
func (w *world) finale(t *rapid.T) {
	w.sweep(t)
	for _, b := range w.bookings {
		w.read(t, b, b.patient, "")
	}
	for _, s := range w.slots {
		var status string
		var taken, there int
		err := w.DB.Pool.QueryRow(context.Background(), "SELECT coalesce(max(status::text), ''), "+
			"coalesce(max(seats_taken), 0), count(*) FROM availability_slots WHERE id = $1", s.id).
			Scan(&status, &taken, &there)
		if err != nil {
			t.Fatalf("%v", err)
		}
		if (there == 0) != s.deleted || (there == 1 && (status != s.status() || taken != s.taken)) {
			t.Fatalf("slot %s is %s with %d taken, want %+v", s.id, status, taken, *s)
		}
	}
	for _, step := range w.seen() {
		if !w.drawn[step] {
			t.Fatalf("docs/architecture.md doesn't draw %+v", step)
		}
	}
	invariants(t, w.Clinic)
}

// answers that a long search has to meet: one that doesn't reaches too little.
var answers = []string{
	"approve 200", "approve 403 forbidden", "approve 409 has-consultations", "book 201", "book 201 replayed",
	"book 400 idempotency-key-required", "book 403 forbidden",
	"book 404 not-found", "book 409 seat-overlap", "book 409 slot-not-bookable", "book 409 slot-taken",
	"book 409 too-many-abandoned", "book 409 too-many-bookings", "book 409 too-many-unpaid",
	"book 409 too-many-with-doctor", "book 422 idempotency-key-reused", "book 422 validation-failed", "cancel 200",
	"cancel 404 not-found", "cancel 409 illegal-transition", "cancel 409 too-late", "cancel 422 validation-failed",
	"change 200", "change 403 doctor-not-approved", "change 403 forbidden", "change 404 not-found",
	"change 409 illegal-transition", "change 409 slot-begun", "change 409 slot-exists",
	"change 409 slot-has-consultations", "change 409 slot-overlap", "change 422 validation-failed", "delete 204",
	"delete 403 forbidden", "delete 404 not-found", "delete 409 slot-has-consultations", "delete 409 slot-has-history",
	"fee 200", "initiate 201", "initiate 201 replayed", "initiate 400 idempotency-key-required",
	"initiate 403 forbidden", "initiate 404 not-found", "initiate 409 already-paid", "initiate 409 illegal-transition",
	"initiate 422 idempotency-key-reused", "move 200", "move 403 forbidden", "move 404 not-found",
	"move 409 consultation-in-progress", "move 409 illegal-transition", "move 409 too-early", "move 409 too-late",
	"open 201", "open 403 doctor-not-approved", "open 403 forbidden", "open 409 slot-exists", "open 409 slot-overlap",
	"open 422 validation-failed", "payment 200", "payment 404 not-found", "prescribe 201",
	"prescribe 403 doctor-not-approved", "prescribe 403 forbidden", "prescribe 404 not-found",
	"prescribe 409 already-superseded", "prescribe 409 prescription-not-possible", "prescribe 422 validation-failed",
	"prescriptions 200", "prescriptions 403 forbidden", "prescriptions 404 not-found", "read 200",
	"read 404 not-found", "webhook amount-mismatch", "webhook captured", "webhook duplicate", "webhook failed",
	"webhook refund-failed", "webhook refunded", "webhook surplus", "webhook unchanged", "webhook unknown-reference",
	"webhook unknown-type",
}
