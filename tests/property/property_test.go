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
var long = os.Getenv("AMRUTAM_TEST_LONG") != ""

func TestMain(m *testing.M) {
	flag.Parse()
	given := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { given[f.Name] = true })
	set := map[string]string{"rapid.checks": "12", "rapid.steps": "60", "rapid.nofailfile": "true"}
	if long {
		set["rapid.checks"], set["rapid.steps"] = "600", "120"
	}
	for name, value := range set {
		if !given[name] {
			_ = flag.Set(name, value)
		}
	}
	os.Exit(m.Run())
}

// A database that has seen so many runs is left for a new one: the clock of a clinic only goes ahead, and its sessions end.
const runsOfAHouse = 60

func TestEveryCommandFollowsTheModel(t *testing.T) {
	t.Parallel()
	met := map[string]int{}
	h := openHouse(t, met)
	rapid.Check(t, func(rt *rapid.T) {
		if h.runs++; h.runs > runsOfAHouse {
			h = openHouse(t, met)
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
	for k, n := range met {
		t.Log(k, n)
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
	{"open", 3, nothing, (*world).openSlot}, {"change", 1, aSlot, (*world).changeSlot}, {"delete", 1, aSlot, (*world).deleteSlot},
	{"approve", 1, nothing, (*world).approve}, {"fee", 1, nothing, (*world).changeFee}, {"book", 6, aSlot, (*world).book},
	{"initiate", 3, aBooking, (*world).initiate}, {"webhook", 5, anAttempt, (*world).webhook}, {"cancel", 1, aBooking, (*world).cancel},
	{"move", 4, aBooking, (*world).move}, {"prescribe", 3, aBooking, (*world).prescribe}, {"look", 1, aBooking, (*world).look},
	{"sweep", 1, nothing, (*world).sweep}, {"advance", 1, nothing, (*world).advance}, {"meet", 2, aBooking, (*world).meet},
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

// finale compares everything that the run made with the model, and asks for the nine invariants.
func (w *world) finale(t *rapid.T) {
	w.sweep(t)
	for _, b := range w.bookings {
		w.read(t, b, b.patient, "")
	}
	for _, s := range w.slots {
		var status string
		var taken, there int
		err := w.DB.Pool.QueryRow(context.Background(), "SELECT coalesce(max(status::text), ''), coalesce(max(seats_taken), 0), count(*) FROM availability_slots WHERE id = $1", s.id).
			Scan(&status, &taken, &there)
		if err != nil {
			t.Fatalf("%v", err)
		}
		if (there == 0) != s.deleted || (there == 1 && (status != s.status() || taken != s.taken)) {
			t.Fatalf("slot %s is %s with %d taken, want %+v", s.id, status, taken, *s)
		}
	}
	invariants(t, w.Clinic)
}
