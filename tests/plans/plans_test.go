// Package plans_test checks the query plans of the server's statements on a database that is large enough to get the
// plans of production.
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
	// largeTable is the number of rows from which a table may not be read with a sequential scan.
	largeTable = 1000
	// maxRowsTouched is how many rows of one table a page, a look-up or a command may read.
	maxRowsTouched = 5000
	// maxPartitions is how many partitions of a table a statement may open. The users of these tests have just signed
	// up, so they can have rows only in the current partition, the previous one, the three created in advance, and the
	// default partition.
	maxPartitions = 6
)

// consultationCount returns how many consultations fill.sql creates.
func consultationCount() string {
	if os.Getenv("AMRUTAM_TEST_LONG") != "" {
		return "100000"
	}
	return "20000"
}

//go:embed fill.sql
var fillSQL string

// fullDatabase is a server on a full database whose query plans are recorded.
type fullDatabase struct {
	*planRecorder
	c     *apptest.Clinic
	admin *pgx.Conn
	// hasAutoExplain means that PostgreSQL has the contrib module auto_explain. The npm packages don't have it; with
	// them the plans of running statements can't be recorded.
	hasAutoExplain bool
	// rows is the number of rows by table or partition.
	rows map[string]float64
	// parents has the table of each partition.
	parents map[string]string
}

func openFullDatabase(t *testing.T) *fullDatabase {
	t.Helper()
	f := &fullDatabase{planRecorder: &planRecorder{}, rows: map[string]float64{}, parents: map[string]string{}}
	f.c = apptest.OpenTuned(t, f.configure)
	ctx := context.Background()
	var err error
	f.admin, err = pgx.Connect(ctx, testdb.SuperuserDSN(t, f.c.DB.Pool.Config().ConnString()))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.admin.Close(ctx) })
	f.exec(t, "SET plans.consultations = "+consultationCount())
	f.exec(t, fillSQL)
	_, err = f.admin.Exec(ctx, "LOAD 'auto_explain'")
	f.hasAutoExplain = err == nil
	if f.hasAutoExplain {
		for name, value := range explainSettings {
			f.setDatabaseSetting(t, name, value)
		}
	}
	f.c.App.DB.Pool.Reset()
	f.readTables(t)
	return f
}

// readTables fills rows and parents.
func (f *fullDatabase) readTables(t *testing.T) {
	t.Helper()
	//nolint:rowserrcheck // ForEachRow checks it
	rows, err := f.admin.Query(context.Background(), `SELECT c.relname, c.reltuples,
			coalesce(i.inhparent::regclass::text, '')
		FROM pg_class c LEFT JOIN pg_inherits i ON i.inhrelid = c.oid
		WHERE c.relkind = 'r' AND c.relnamespace = 'public'::regnamespace`)
	if err != nil {
		t.Fatal(err)
	}
	var table, parent string
	var n float64
	_, err = pgx.ForEachRow(rows, []any{&table, &n, &parent}, func() error {
		f.rows[table] = n
		if parent != "" {
			f.parents[table] = parent
			f.rows[parent] += max(n, 0) // reltuples is -1 before the first ANALYZE
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// setDatabaseSetting changes a setting of the database for new connections.
func (f *fullDatabase) setDatabaseSetting(t *testing.T, name, value string) {
	t.Helper()
	f.exec(t, "ALTER DATABASE "+pgx.Identifier{f.admin.Config().Database}.Sanitize()+" SET "+name+" = '"+value+"'")
}

func (f *fullDatabase) exec(t *testing.T, sql string) {
	t.Helper()
	if _, err := f.admin.Exec(context.Background(), sql); err != nil {
		t.Fatal(err)
	}
}

// TestPlans calls every operation with the requests of tests/access and with all query parameters, and checks the
// plans of all statements that run. It also checks the generic plans of all statements in the queries.sql files, so
// that statements of jobs and of rare cases are checked too.
func TestPlans(t *testing.T) {
	t.Parallel()
	f := openFullDatabase(t)
	f.requireLargeTables(t)
	if err := f.c.App.Rollups.CatchUp(context.Background()); err != nil {
		t.Fatal(err)
	}
	if f.hasAutoExplain {
		t.Run("requests", f.callEverything)
	}
	statements := map[string]bool{}
	findings := map[string]int{}
	for _, p := range f.drain(t) {
		statements[p.name()] = true
		f.checkPlan(p, findings)
	}
	if f.hasAutoExplain && len(statements) < 150 {
		t.Errorf("only %d statements were recorded", len(statements))
	}
	f.checkGeneratedStatements(t, findings)
	f.checkRetention(t, findings)
	for finding, times := range findings {
		if allowedFindings[finding] == "" {
			t.Errorf("%s, %d times", finding, times)
		}
	}
}

// checkPlan counts what is wrong with a plan, as "statement on table: finding".
func (f *fullDatabase) checkPlan(p plan, findings map[string]int) {
	opened := map[string]map[string]bool{} // the partitions of each table
	touched := map[string]float64{}        // the rows of each table
	p.Root.forEachScan(p.onlyPlanned, func(n node) {
		table := n.Relation
		if isSmall(table) {
			return
		}
		if parent := f.parents[table]; parent != "" {
			table = parent
			if opened[parent] == nil {
				opened[parent] = map[string]bool{}
			}
			opened[parent][n.Relation] = true
		}
		touched[table] += n.rowsTouched()
		if n.Type == "Seq Scan" && f.rows[n.Relation] > largeTable {
			findings[p.name()+" on "+table+": has a sequential scan"]++
		}
	})
	for table, n := range touched {
		if n > maxRowsTouched {
			findings[p.name()+" on "+table+": reads many rows"]++
		}
	}
	for table, partitions := range opened {
		if len(partitions) > maxPartitions {
			findings[p.name()+" on "+table+": opens many partitions"]++
		}
	}
}

// requireLargeTables fails the test if a table has few rows, like one that a new migration adds: on a small table
// every plan is good.
func (f *fullDatabase) requireLargeTables(t *testing.T) {
	t.Helper()
	for table, n := range f.rows {
		if n < largeTable && !isSmall(table) && f.parents[table] == "" {
			t.Errorf("%s has %.0f rows: fill it in fill.sql, or say in allowed_test.go why it stays small", table, n)
		}
	}
}

var statementPattern = regexp.MustCompile("(?s)= `(-- name: .*?)`")

// checkGeneratedStatements checks the generic plans of all statements that sqlc has generated.
func (f *fullDatabase) checkGeneratedStatements(t *testing.T, findings map[string]int) {
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
		for _, found := range statementPattern.FindAllStringSubmatch(string(text), -1) {
			f.checkPlan(f.explainGeneric(t, found[1]), findings)
			planned++
		}
	}
	if planned < 150 {
		t.Errorf("only %d statements were found", planned)
	}
}

// checkRetention checks the generic plans of the statements that rules of retention are made into.
func (f *fullDatabase) checkRetention(t *testing.T, findings map[string]int) {
	t.Helper()
	for _, rule := range f.c.App.Retention.Rules {
		oldest, count, remove := rule.Statements()
		for name, sql := range map[string]string{"oldest": oldest, "count": count, "remove": remove} {
			if sql == "" {
				continue
			}
			sql, _, err := pgx.NamedArgs{}.RewriteQuery(context.Background(), nil, sql, nil)
			if err != nil {
				t.Fatal(err)
			}
			f.checkPlan(f.explainGeneric(t, "-- name: "+rule.Name+"/"+name+" \n"+sql), findings)
		}
	}
}

// explainGeneric returns the generic plan of a statement, which doesn't depend on its parameters, without running it.
func (f *fullDatabase) explainGeneric(t *testing.T, sql string) plan {
	t.Helper()
	ctx := context.Background()
	f.exec(t, "DEALLOCATE ALL")
	f.exec(t, "PREPARE statement AS "+sql)
	var parameters int
	err := f.admin.QueryRow(ctx,
		"SELECT cardinality(parameter_types) FROM pg_prepared_statements WHERE name = 'statement'",
		pgx.QueryExecModeExec).Scan(&parameters)
	if err != nil {
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
	plans[0].Text, plans[0].onlyPlanned = sql, true
	return plans[0]
}

// callEverything sends the requests of every row of tests/access. It sends each GET request that succeeds also with
// its query parameters.
func (f *fullDatabase) callEverything(t *testing.T) {
	t.Helper()
	parameters := f.parameters()
	for i, row := range access.Table {
		t.Run(fmt.Sprintf("%s/%d", row.Operation, i), func(t *testing.T) {
			t.Parallel()
			refused := false
			for _, caller := range []access.Caller{access.Patient, access.OtherPatient, access.Doctor, access.Admin} {
				status := row.Want[caller]
				if status >= 300 && refused {
					continue // one refusal is enough: the others run the same statements
				}
				refused = refused || status >= 300
				s := access.NewScene(t, f.c, caller)
				r := s.Request(row, false) // with ids that exist
				f.c.Prove(s.User(caller))
				a := s.Send(r).Want(status)
				if status == http.StatusOK && r.Method == http.MethodGet &&
					strings.HasPrefix(a.Header.Get("Content-Type"), "application/json") {
					f.callList(t, s, r, parameters[row.Operation])
				}
			}
		})
	}
}

// callList sends a request with each value of each query parameter, and with each pair of values of two parameters.
func (f *fullDatabase) callList(t *testing.T, s *access.Scene, r access.Request, parameters map[string][]string) {
	t.Helper()
	path := r.Path
	send := func(query string) *apptest.Answer {
		r.Path = path + "?" + query
		return s.Send(r)
	}
	names := slices.Sorted(maps.Keys(parameters))
	for i, name := range names {
		for _, value := range existingIDs(s, name, parameters[name]) {
			a := send(name + "=" + value)
			if a.Status != 200 {
				t.Errorf("%s?%s=%s: %d %s", path, name, value, a.Status, a.Body)
			}
			if a.Header.Get("Content-Type") != "application/json" {
				continue // a table
			}
			if next := a.Text("nextCursor"); next != "" {
				send(name + "=" + value + "&cursor=" + next).Want(200)
			}
			for _, other := range names[i+1:] {
				for _, second := range existingIDs(s, other, parameters[other]) {
					send(name + "=" + value + "&" + other + "=" + second) // some pairs are refused
				}
			}
		}
	}
}

// existingIDs replaces the values of an id parameter by the id of an existing user, so that the server can skip the
// partitions before the user's sign-up.
func existingIDs(s *access.Scene, name string, values []string) []string {
	switch name {
	case "patientId", "actorId":
		return []string{s.Value("patient")}
	case "dependantId":
		if s.Caller != access.Patient {
			return nil // it is theirs
		}
		return []string{s.Value("dependant")}
	case "doctorId":
		return []string{s.Value("doctor")}
	}
	return values
}

// parameters returns the values to send for each query parameter, by operation and name: the values of an enum, or the
// example in the OpenAPI document.
func (f *fullDatabase) parameters() map[string]map[string][]string {
	all := map[string]map[string][]string{}
	paths, _ := f.c.Document().Root["paths"].(map[string]any)
	for _, methods := range paths {
		operations, ok := methods.(map[string]any)
		if !ok {
			continue
		}
		for _, described := range operations {
			operation, _ := described.(map[string]any)
			id, _ := operation["operationId"].(string)
			list, _ := operation["parameters"].([]any)
			all[id] = map[string][]string{}
			for _, one := range list {
				parameter, _ := f.c.Document().Resolve(one).(map[string]any)
				name, _ := parameter["name"].(string)
				if parameter["in"] == "query" && name != "cursor" {
					all[id][name] = parameterValues(parameter)
				}
			}
		}
	}
	return all
}

func parameterValues(parameter map[string]any) (all []string) {
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
