package apptest

import (
	"context"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
)

// Transition is a transition of a state machine. As in a diagram, the state is "[*]" before the row exists and after
// it is deleted.
type Transition struct{ Machine, From, To string }

// transitionRecorder records each transition that the server stores in a table. Those of the builders, who work as the
// owner, are ignored.
const transitionRecorder = `
CREATE TABLE transitions_seen (machine text, from_state text, to_state text);
CREATE FUNCTION state_of(machine text, r jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
	SELECT CASE WHEN r IS NULL THEN '[*]' WHEN machine = 'Review' THEN CASE
			WHEN (r->>'is_false')::boolean THEN 'false' WHEN (r->>'hidden')::boolean THEN 'hidden' ELSE 'visible' END
		WHEN machine <> 'Doctor' THEN r->>'status'
		WHEN (r->>'is_approved')::boolean THEN 'approved' WHEN r->>'approval_decided_at' IS NULL THEN 'applied'
		WHEN r->>'registration_key' IS NULL THEN 'refused' ELSE 'withdrawn' END $$;
CREATE FUNCTION record_transition() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
	f text := state_of(TG_ARGV[0], CASE WHEN TG_OP <> 'INSERT' THEN to_jsonb(OLD) END);
	t text := state_of(TG_ARGV[0], CASE WHEN TG_OP <> 'DELETE' THEN to_jsonb(NEW) END);
BEGIN
	IF f <> t THEN INSERT INTO transitions_seen VALUES (TG_ARGV[0], f, t); END IF;
	RETURN NULL;
END $$;`

// RecordTransitions makes the database record all transitions from now on. seen returns them without duplicates.
func (c *Clinic) RecordTransitions() (seen func() []Transition) {
	c.t.Helper()
	c.Exec(transitionRecorder)
	for machine, table := range map[string]string{"Consultation": "consultations", "Payment": "payments",
		"Slot": "availability_slots", "Doctor": "doctors", "Review": "reviews"} {
		c.Exec("CREATE TRIGGER record_transition AFTER INSERT OR UPDATE OR DELETE ON " + table + " FOR EACH ROW " +
			"WHEN (current_setting('role') = 'amrutam_app') EXECUTE FUNCTION record_transition('" + machine + "')")
	}
	return func() []Transition {
		c.t.Helper()
		rows, err := c.DB.Pool.Query(context.Background(),
			"SELECT DISTINCT machine, from_state, to_state FROM transitions_seen")
		must(c.t, err)
		all, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Transition])
		must(c.t, err)
		return all
	}
}

var (
	diagramPattern = regexp.MustCompile("(?s)### (\\w+)\n\n```mermaid\nstateDiagram-v2\n(.*?)```")
	arrowPattern   = regexp.MustCompile(`(?m)^\s*(\S+) --> ([^\s:]+)(?:: .*)?$`)
)

// DiagramTransitions reads the state diagrams of a page. Each is below a heading with the name of its state machine.
func DiagramTransitions(t testing.TB, page string) map[Transition]bool {
	t.Helper()
	text, err := os.ReadFile(page)
	must(t, err)
	drawn := map[Transition]bool{}
	for _, diagram := range diagramPattern.FindAllStringSubmatch(string(text), -1) {
		steps := arrowPattern.FindAllStringSubmatch(diagram[2], -1)
		if strings.Count(diagram[2], "-->") != len(steps) {
			t.Fatalf("%s: an arrow of %s can't be read", page, diagram[1])
		}
		for _, step := range steps {
			drawn[Transition{diagram[1], step[1], step[2]}] = true
		}
	}
	return drawn
}
