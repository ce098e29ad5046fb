package plans_test

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// planRecorder records the plan of every statement that the server's connections run, also of those within functions
// and triggers.
type planRecorder struct {
	mu    sync.Mutex
	plans []plan
	err   error
}

// plan is the plan of a statement, with counts if the statement was run.
type plan struct {
	Text string `json:"Query Text"`
	Root node   `json:"Plan"`
	// onlyPlanned means that the statement was not run.
	onlyPlanned bool
}

// node is a node of a plan.
type node struct {
	Type     string  `json:"Node Type"`
	Relation string  `json:"Relation Name"`
	Rows     float64 `json:"Actual Rows"` // of one loop
	Loops    float64 `json:"Actual Loops"`
	Filtered float64 `json:"Rows Removed by Filter"`
	Joined   float64 `json:"Rows Removed by Join Filter"`
	Checked  float64 `json:"Rows Removed by Index Recheck"`
	Plans    []node  `json:"Plans"`
}

// explainSettings make PostgreSQL send each plan as a notice:
// https://www.postgresql.org/docs/current/auto-explain.html
var explainSettings = map[string]string{
	"session_preload_libraries":          "auto_explain",
	"auto_explain.log_min_duration":      "0",
	"auto_explain.log_analyze":           "on",
	"auto_explain.log_timing":            "off",
	"auto_explain.log_nested_statements": "on",
	"auto_explain.log_format":            "json",
	"auto_explain.log_level":             "notice",
}

// configure makes a connection record the plans. It is passed to apptest.OpenTuned.
func (r *planRecorder) configure(c *pgx.ConnConfig) {
	c.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		_, text, explained := strings.Cut(n.Message, "plan:\n")
		if !explained {
			return
		}
		var p plan
		err := json.Unmarshal([]byte(text), &p)
		r.mu.Lock()
		defer r.mu.Unlock()
		r.plans = append(r.plans, p)
		if err != nil {
			r.err = err
		}
	}
}

// drain returns the plans recorded so far and removes them.
func (r *planRecorder) drain(t *testing.T) []plan {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		t.Fatalf("read a plan: %v", r.err)
	}
	plans := r.plans
	r.plans = nil
	return plans
}

// name returns the statement's name in queries.sql, or its first 160 characters.
func (p plan) name() string {
	if _, rest, named := strings.Cut(p.Text, "-- name: "); named {
		name, _, _ := strings.Cut(rest, " ")
		return name
	}
	text := strings.Join(strings.Fields(p.Text), " ")
	return text[:min(len(text), 160)]
}

// forEachScan calls fn for each node that reads a table. Unless all is set, it skips nodes that did not run.
func (n node) forEachScan(all bool, fn func(node)) {
	if n.Relation != "" && (all || n.Loops > 0) && strings.HasSuffix(n.Type, "Scan") {
		fn(n)
	}
	for _, below := range n.Plans {
		below.forEachScan(all, fn)
	}
}

// rowsTouched returns how many rows a scan has read.
func (n node) rowsTouched() float64 { return (n.Rows + n.Filtered + n.Joined + n.Checked) * n.Loops }
