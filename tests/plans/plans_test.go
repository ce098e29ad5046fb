// Package plans_test reads the plans of the server's statements on a database past the size where PostgreSQL changes
// its mind.
package plans_test

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"amrutam/internal/apptest"
	"amrutam/internal/testdb"
	"amrutam/tests/access"
)

const (
	// large is the size of a table from which on it is not read from end to end.
	large = 1000
	// most rows that a page, a look-up or a command looks at in one table.
	most = 5000
	// months are the partitions that a statement opens at most: the callers of these tests have come only now, so that
	// this month's (or day's), the one before, the three that are made ahead and the default one are all they can
	// need.
	months = 6
)

// consultations that the database has.
func consultations() string {
	if os.Getenv("AMRUTAM_TEST_LONG") != "" {
		return "100000"
	}
	return "20000"
}

//go:embed fill.sql
var fill string

// filled is a server on a full database, and a look at its statements.
type filled struct {
	*watch
	c     *apptest.Clinic
	admin *pgx.Conn
	// explained: PostgreSQL's contrib module auto_explain is there. Packages of npm leave it out; then statements are
	// only planned.
	explained bool
	// rows of each table and partition; parents of partitions.
	rows    map[string]float64
	parents map[string]string
}

func open(t *testing.T) *filled {
	t.Helper()
	f := &filled{watch: &watch{}, rows: map[string]float64{}, parents: map[string]string{}}
	f.c = apptest.OpenWatched(t, f.tune)
	ctx := context.Background()
	var err error
	f.admin, err = pgx.Connect(ctx, testdb.Superuser(t, f.c.DB.Pool.Config().ConnString()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.admin.Close(ctx) })
	f.exec(t, "SET plans.consultations = "+consultations())
	f.exec(t, fill)
	_, err = f.admin.Exec(ctx, "LOAD 'auto_explain'")
	if f.explained = err == nil; f.explained {
		for name, value := range explain {
			f.set(t, name, value)
		}
	}
	f.c.App.DB.Pool.Reset()
	var table, parent string
	var n float64
	//nolint:rowserrcheck // ForEachRow checks it
	rows, err := f.admin.Query(ctx, `SELECT c.relname, c.reltuples, coalesce(i.inhparent::regclass::text, '')
		FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
		WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace`)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pgx.ForEachRow(rows, []any{&table, &n, &parent}, func() error {
		f.rows[table] = n
		if parent != "" {
			f.parents[table] = parent
			f.rows[parent] += max(n, 0)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return f
}

// set changes a setting of the database, for the connections to come.
func (f *filled) set(t *testing.T, name, value string) {
	t.Helper()
	f.exec(t, "ALTER DATABASE "+pgx.Identifier{f.admin.Config().Database}.Sanitize()+" SET "+name+" = '"+value+"'")
}

func (f *filled) exec(t *testing.T, sql string) {
	t.Helper()
	if _, err := f.admin.Exec(context.Background(), sql); err != nil {
		t.Fatal(err)
	}
}

// TestPlans asks every operation in every way that tests/access and its parameters know. The statements of queries.sql
// are planned for any values besides: those of jobs and of rare cases don't escape.
func TestPlans(t *testing.T) {
	t.Parallel()
	f := open(t)
	f.everyTableIsLarge(t)
	if f.explained {
		t.Run("ask", f.askEverything)
	}
	all, faults := map[string]bool{}, map[string]int{}
	for _, p := range f.take(t) {
		all[p.name()] = true
		f.judge(p, faults)
	}
	if f.explained && len(all) < 150 {
		t.Errorf("only %d statements were seen", len(all))
	}
	f.planStatements(t, faults)
	for fault, times := range faults {
		if allowed[fault] == "" {
			t.Errorf("%s, %d times", fault, times)
		}
	}
}

// judge notes what is wrong with a plan, as "statement on table: what".
func (f *filled) judge(p plan, faults map[string]int) {
	opened, touched := map[string]map[string]bool{}, map[string]float64{}
	p.Root.scans(p.planned, func(n node) {
		table := n.Relation
		if isSmall(table) {
			return
		}
		if parent := f.parents[table]; parent != "" {
			if table = parent; opened[parent] == nil {
				opened[parent] = map[string]bool{}
			}
			opened[parent][n.Relation] = true
		}
		touched[table] += n.touched()
		if n.Type == "Seq Scan" && f.rows[n.Relation] > large {
			faults[p.name()+" on "+table+": reads it from end to end"]++
		}
	})
	for table, n := range touched {
		if n > most {
			faults[p.name()+" on "+table+": looks at many rows"]++
		}
	}
	for table, partitions := range opened {
		if len(partitions) > months {
			faults[p.name()+" on "+table+": opens many partitions"]++
		}
	}
}

// everyTableIsLarge fails for a table that a later migration brings: of a small one every plan is a good one.
func (f *filled) everyTableIsLarge(t *testing.T) {
	t.Helper()
	for table, n := range f.rows {
		if n < large && !isSmall(table) && f.parents[table] == "" {
			t.Errorf("%s has %.0f rows: fill it in fill.sql, or say in allowed_test.go why it stays small", table, n)
		}
	}
}

var generated = regexp.MustCompile("(?s)= `(-- name: .*?)`")

// planStatements judges the plans for any values of all that sqlc has made of a queries.sql.
func (f *filled) planStatements(t *testing.T, faults map[string]int) {
	t.Helper()
	files, err := filepath.Glob("../../internal/*/*.sql.go")
	if err != nil {
		t.Fatal(err)
	}
	f.exec(t, "SET plan_cache_mode = force_generic_plan")
	planned := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, found := range generated.FindAllStringSubmatch(string(text), -1) {
			f.judge(f.plan(t, found[1]), faults)
			planned++
		}
	}
	if planned < 150 {
		t.Errorf("only %d statements were found", planned)
	}
}

// plan of a statement for any values, without running it.
func (f *filled) plan(t *testing.T, sql string) plan {
	t.Helper()
	ctx := context.Background()
	f.exec(t, "DEALLOCATE ALL")
	f.exec(t, "PREPARE statement AS "+sql)
	var parameters int
	if err := f.admin.QueryRow(ctx,
		"SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = 'statement'",
		pgx.QueryExecModeExec).Scan(&parameters); err != nil {
		t.Fatal(err)
	}
	execute := "EXPLAIN (FORMAT JSON) EXECUTE statement"
	if parameters > 0 {
		execute += "(NULL" + strings.Repeat(", NULL", parameters-1) + ")"
	}
	var text string
	if err := f.admin.QueryRow(ctx, execute, pgx.QueryExecModeExec).Scan(&text); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	var plans []plan
	if err := json.Unmarshal([]byte(text), &plans); err != nil || len(plans) != 1 {
		t.Fatalf("%s: %v", text, err)
	}
	plans[0].Text, plans[0].planned = sql, true
	return plans[0]
}

// askEverything sends every row of tests/access, and what succeeds and reads a list also with each of its parameters.
func (f *filled) askEverything(t *testing.T) {
	t.Helper()
	parameters := f.parameters()
	for i, row := range access.Table {
		t.Run(fmt.Sprintf("%s/%d", row.Operation, i), func(t *testing.T) {
			t.Parallel()
			refused := false
			for _, who := range []access.Who{access.Patient, access.OtherPatient, access.Doctor, access.Admin} {
				status := row.Want[who]
				if status >= 300 && refused {
					continue // the statements of a refusal are the same
				}
				refused = refused || status >= 300
				s := access.NewScene(t, f.c, who)
				r := s.Request(row, false)
				if who != access.Nobody {
					f.c.Prove(s.Person(who))
				}
				s.Ask(r).Want(status)
				if status == http.StatusOK && r.Method == http.MethodGet {
					f.askList(t, s, r, parameters[row.Operation])
				}
			}
		})
	}
}

// askList asks with each value of each parameter alone, and together with each of another one.
func (f *filled) askList(t *testing.T, s *access.Scene, r access.Request, parameters map[string][]string) {
	t.Helper()
	path := r.Path
	ask := func(query string) *apptest.Answer {
		r.Path = path + "?" + query
		return s.Ask(r)
	}
	names := slices.Sorted(maps.Keys(parameters))
	for i, name := range names {
		for _, value := range filledIn(s, name, parameters[name]) {
			a := ask(name + "=" + value)
			if a.Status != 200 {
				t.Errorf("%s?%s=%s: %d %s", path, name, value, a.Status, a.Body)
			}
			if next := a.Text("nextCursor"); next != "" {
				ask(name + "=" + value + "&cursor=" + next).Want(200)
			}
			for _, other := range names[i+1:] {
				for _, second := range filledIn(s, other, parameters[other]) {
					ask(name + "=" + value + "&" + other + "=" + second) // some pairs are refused
				}
			}
		}
	}
}

// filledIn has ids of people who are there: what is older than they are can be left out.
func filledIn(s *access.Scene, name string, values []string) []string {
	switch name {
	case "patientId", "actorId":
		return []string{s.Value("patient")}
	case "doctorId":
		return []string{s.Value("doctor")}
	}
	return values
}

// parameters are the values that each operation's query parameters are tried with, by operation and name: those of an
// enum, or the document's example.
func (f *filled) parameters() map[string]map[string][]string {
	all := map[string]map[string][]string{}
	paths, _ := f.c.Document().Root["paths"].(map[string]any)
	for _, methods := range paths {
		described, ok := methods.(map[string]any)
		if !ok {
			continue
		}
		for _, described := range described {
			operation, _ := described.(map[string]any)
			id, _ := operation["operationId"].(string)
			list, _ := operation["parameters"].([]any)
			all[id] = map[string][]string{}
			for _, one := range list {
				parameter, _ := f.c.Document().Resolve(one).(map[string]any)
				name, _ := parameter["name"].(string)
				if parameter["in"] == "query" && name != "cursor" {
					all[id][name] = values(parameter)
				}
			}
		}
	}
	return all
}

func values(parameter map[string]any) (all []string) {
	schema, _ := parameter["schema"].(map[string]any)
	if items, ok := schema["items"].(map[string]any); ok {
		schema = items
	}
	if choice, ok := schema["enum"].([]any); ok {
		for _, v := range choice {
			all = append(all, url.QueryEscape(fmt.Sprint(v)))
		}
		return all
	}
	if example := parameter["example"]; example != nil {
		return []string{url.QueryEscape(fmt.Sprint(example))}
	}
	if examples, ok := schema["examples"].([]any); ok && len(examples) > 0 {
		return []string{url.QueryEscape(fmt.Sprint(examples[0]))}
	}
	return nil
}
