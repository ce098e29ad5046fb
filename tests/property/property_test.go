// Package property sends random commands to a clinic and compares every response with a model of the domain's rules.
package property_test

import (
	"context"
	"flag"
	"os"
	"testing"

	"pgregory.net/rapid"
)

// isLongRun reports whether the search may take minutes instead of seconds.
func isLongRun() bool { return os.Getenv("AMRUTAM_TEST_LONG") != "" }

func TestMain(m *testing.M) {
	flag.Parse()
	isSet := map[string]bool{}
	flag.Visit(func(f *flag.Flag) { isSet[f.Name] = true })
	defaults := map[string]string{"rapid.checks": "20", "rapid.steps": "80", "rapid.nofailfile": "true"}
	if isLongRun() {
		defaults["rapid.checks"] = "600"
		defaults["rapid.steps"] = "120"
	}
	for name, value := range defaults {
		if !isSet[name] {
			_ = flag.Set(name, value)
		}
	}
	os.Exit(m.Run())
}

// maxRunsPerClinic is how many runs use the same clinic: its clock only moves forward, and in the end its sessions
// expire.
const maxRunsPerClinic = 60

func TestServerFollowsModel(t *testing.T) {
	t.Parallel()
	counts := map[string]int{}
	c := openClinic(t, counts)
	rapid.Check(t, func(rt *rapid.T) {
		c.runs++
		if c.runs > maxRunsPerClinic {
			c = openClinic(t, counts)
		}
		done := false
		defer func() {
			if !done { // use a new clinic after a failure, or its data would fail the shorter runs that rapid tries
				c.runs = maxRunsPerClinic
			}
		}()
		m := newModel(c)
		rt.Repeat(map[string]func(*rapid.T){"step": m.step})
		m.checkEverything(rt)
		done = true
	})
	for _, answer := range expectedAnswers {
		t.Logf("%6d %s", counts[answer], answer)
		if isLongRun() && counts[answer] == 0 {
			t.Errorf("no command had the result %q", answer)
		}
	}
}

// What a command needs. If it doesn't exist, the command isn't chosen.
const (
	needsNothing = iota
	needsSlot
	needsBooking
	needsAttempt
)

// commands are chosen at random. A higher weight makes a command more frequent.
var commands = []struct {
	name   string
	weight int
	needs  int
	do     func(*model, *rapid.T)
}{
	{"open", 3, needsNothing, (*model).openSlot}, {"change", 1, needsSlot, (*model).changeSlot},
	{"delete", 1, needsSlot, (*model).deleteSlot},
	{"approve", 1, needsNothing, (*model).setApproval}, {"fee", 1, needsNothing, (*model).changeFee},
	{"book", 6, needsSlot, (*model).book}, {"initiate", 3, needsBooking, (*model).initiate},
	{"webhook", 5, needsAttempt, (*model).webhook}, {"cancel", 1, needsBooking, (*model).cancel},
	{"move", 4, needsBooking, (*model).changeStatus}, {"prescribe", 3, needsBooking, (*model).prescribe},
	{"look", 1, needsBooking, (*model).readAsAnyone}, {"sweep", 1, needsNothing, (*model).sweep},
	{"advance", 1, needsNothing, (*model).advance}, {"meet", 2, needsBooking, (*model).advanceToDeadline},
}

// step sends one random command.
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

// checkEverything compares all data of the run with the model, and checks the invariants.
func (m *model) checkEverything(t *rapid.T) {
	m.sweep(t)
	for _, b := range m.bookings {
		m.read(t, b, b.patient, "")
	}
	for _, s := range m.slots {
		var status string
		var taken, rows int
		err := m.DB.Pool.QueryRow(context.Background(),
			`SELECT coalesce(max(status::text), ''), coalesce(max(seats_taken), 0), count(*)
				FROM availability_slots WHERE id = $1`, s.id).Scan(&status, &taken, &rows)
		if err != nil {
			t.Fatalf("%v", err)
		}
		if (rows == 0) != s.deleted || (rows == 1 && (status != s.status() || taken != s.taken)) {
			t.Fatalf("slot %s is %s with %d taken, want %+v", s.id, status, taken, *s)
		}
	}
	for _, step := range m.seen() {
		if !m.drawn[step] {
			t.Fatalf("docs/architecture.md doesn't have the transition %+v", step)
		}
	}
	checkInvariants(t, m.Clinic)
}

// expectedAnswers are the results that a long search must have had. A search without one of them covers too little.
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
