package plans_test

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// planRecorder keeps the plan of every statement that the server's connections run, those within functions and triggers too.
type planRecorder struct {
	mu    sync.Mutex
	plans []plan
	err   error
}

// plan of one run of a statement.
type plan struct {
	Text string `json:"Query Text"`
	Root node   `json:"Plan"`
	// planned and not run.
	onlyPlanned bool
}

// node of a plan, with what it did.
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

// explainSettings has PostgreSQL send each plan as a notice: https://www.postgresql.org/docs/current/auto-explain.html
var explainSettings = map[string]string{
	"session_preload_libraries":          "auto_explain",
	"auto_explain.log_min_duration":      "0",
	"auto_explain.log_analyze":           "on",
	"auto_explain.log_timing":            "off",
	"auto_explain.log_nested_statements": "on",
	"auto_explain.log_format":            "json",
	"auto_explain.log_level":             "notice",
}

// configure is for postgres.Options.
func (w *planRecorder) configure(c *pgx.ConnConfig) {
	c.OnNotice = func(_ *pgconn.PgConn, n *pgconn.Notice) {
		_, text, explained := strings.Cut(n.Message, "plan:\n")
		if !explained {
			return
		}
		var p plan
		err := json.Unmarshal([]byte(text), &p)
		w.mu.Lock()
		defer w.mu.Unlock()
		w.plans = append(w.plans, p)
		if err != nil {
			w.err = err
		}
	}
}

// drain empties the watch.
func (w *planRecorder) drain(t *testing.T) []plan {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		t.Fatalf("read a plan: %v", w.err)
	}
	all := w.plans
	w.plans = nil
	return all
}

// name of a statement: what queries.sql calls it, or its beginning.
func (p plan) name() string {
	if _, rest, named := strings.Cut(p.Text, "-- name: "); named {
		name, _, _ := strings.Cut(rest, " ")
		return name
	}
	text := strings.Join(strings.Fields(p.Text), " ")
	return text[:min(len(text), 160)]
}

// forEachScan calls fn for each node that reads a table, of those that ran unless all shall be seen.
func (n node) forEachScan(all bool, fn func(node)) {
	if n.Relation != "" && (all || n.Loops > 0) && strings.HasSuffix(n.Type, "Scan") {
		fn(n)
	}
	for _, below := range n.Plans {
		below.forEachScan(all, fn)
	}
}

// rowsTouched are the rows that a scan looked at.
func (n node) rowsTouched() float64 { return (n.Rows + n.Filtered + n.Joined + n.Checked) * n.Loops }
