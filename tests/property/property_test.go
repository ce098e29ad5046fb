// Package property fires random commands at a clinic and compares every answer with a model of the domain's rules.
package property_test

import (
	"context"
	"flag"
	"os"
	"testing"

	"pgregory.net/rapid"
)

// isLongRun searches for minutes where the short form takes seconds.
func isLongRun() bool { return os.Getenv("AMRUTAM_TEST_LONG") != "" }

func TestMain(m *testing.M) {
	flag.Parse()
	given := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { given[f.Name] = true })
	set := map[string]string{"rapid.checks": "20", "rapid.steps": "80", "rapid.nofailfile": "true"}
	if isLongRun() {
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
const maxRunsPerClinic = 60

func TestServerFollowsModel(t *testing.T) {
	t.Parallel()
	met := map[string]int{}
	c := openClinic(t, met)
	rapid.Check(t, func(rt *rapid.T) {
		if c.runs++; c.runs > maxRunsPerClinic {
			c = openClinic(t, met)
		}
		done := false
		defer func() {
			if !done { // what a failure left behind would fail every smaller run too
				c.runs = maxRunsPerClinic
			}
		}()
		m := newModel(c)
		rt.Repeat(map[string]func(*rapid.T){"step": m.step})
		m.checkEverything(rt)
		done = true
	})
	for _, answer := range expectedAnswers {
		t.Logf("%6d %s", met[answer], answer)
		if isLongRun() && met[answer] == 0 {
			t.Errorf("the search never met %q", answer)
		}
	}
}

// What a command acts on; without it the command is left out.
const (
	needsNothing = iota
	needsSlot
	needsBooking
	needsAttempt
)

// commands of the model; a weight makes the everyday ones more often.
var commands = []struct {
	name   string
	weight int
	needs  int
	do     func(*model, *rapid.T)
}{
	{"open", 3, needsNothing, (*model).openSlot}, {"change", 1, needsSlot, (*model).changeSlot},
	{"delete", 1, needsSlot, (*model).deleteSlot},
	{"approve", 1, needsNothing, (*model).approve}, {"fee", 1, needsNothing, (*model).changeFee},
	{"book", 6, needsSlot, (*model).book}, {"initiate", 3, needsBooking, (*model).initiate},
	{"webhook", 5, needsAttempt, (*model).webhook}, {"cancel", 1, needsBooking, (*model).cancel},
	{"move", 4, needsBooking, (*model).changeStatus}, {"prescribe", 3, needsBooking, (*model).prescribe},
	{"look", 1, needsBooking, (*model).readAsAnyone}, {"sweep", 1, needsNothing, (*model).sweep},
	{"advance", 1, needsNothing, (*model).advance}, {"meet", 2, needsBooking, (*model).advanceToDeadline},
}

func (m *model) step(t *rapid.T) {
	has := needsNothing
	if len(m.slots) > 0 {
		has = needsSlot
	}
	for _, b := range m.bookings {
		has = max(has, needsBooking)
		if len(b.attempts) > 0 {
			has = needsAttempt
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
	c.do(m, t)
}

// checkEverything compares everything that the run made with the model, and asks for the invariants.
func (m *model) checkEverything(t *rapid.T) {
	m.sweep(t)
	for _, b := range m.bookings {
		m.read(t, b, b.patient, "")
	}
	for _, s := range m.slots {
		var status string
		var taken, there int
		err := m.DB.Pool.QueryRow(context.Background(), "SELECT coalesce(max(status::text), ''), "+
			"coalesce(max(seats_taken), 0), count(*) FROM availability_slots WHERE id = $1", s.id).
			Scan(&status, &taken, &there)
		if err != nil {
			t.Fatalf("%v", err)
		}
		if (there == 0) != s.deleted || (there == 1 && (status != s.status() || taken != s.taken)) {
			t.Fatalf("slot %s is %s with %d taken, want %+v", s.id, status, taken, *s)
		}
	}
	checkInvariants(t, m.Clinic)
}

// expectedAnswers that a long search has to meet: one that doesn't reaches too little.
var expectedAnswers = []string{
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
