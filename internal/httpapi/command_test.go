package httpapi_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
	"amrutam/internal/audit"
	"amrutam/internal/httpapi"
	"amrutam/internal/postgres"
)

type none = struct{}

func probe(name string, roles access.Roles) httpapi.Op {
	return httpapi.Op{
		Method: "POST", Path: "/probe/" + name, ID: "probe-" + name, Tag: "health",
		Summary: "Try " + name,
		Roles:   roles, Status: 204,
		NoKeyReason: "it is for tests", Probe: true, Root: true,
	}
}

// createCounters creates a table with two counters.
func createCounters(t *testing.T, c *apptest.Clinic) {
	t.Helper()
	if _, err := c.DB.Pool.Exec(context.Background(), `CREATE TABLE probe (id int PRIMARY KEY, n int NOT NULL);
		INSERT INTO probe VALUES (1, 0), (2, 0)`); err != nil {
		t.Fatal(err)
	}
}

func total(t *testing.T, c *apptest.Clinic) (n int) {
	t.Helper()
	if err := c.DB.Pool.QueryRow(context.Background(), "SELECT sum(n) FROM probe").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// eventually waits until check returns true, and fails the test after 20 s.
func eventually(t *testing.T, what string, check func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(20 * time.Second)
	for !check() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal("timeout: " + what)
		}
	}
}

func TestInvalidRegistrationsPanic(t *testing.T) {
	t.Parallel()
	do := func(context.Context, *postgres.Tx, access.Actor, none) (httpapi.None, error) {
		return httpapi.None{}, nil
	}
	handle := func(context.Context, access.Actor, none) (httpapi.None, error) { return httpapi.None{}, nil }
	read := func(context.Context, *postgres.Read, access.Actor, none) (httpapi.None, error) {
		return httpapi.None{}, nil
	}
	with := func(change func(*httpapi.Op)) httpapi.Op {
		op := probe("x", access.Patient)
		change(&op)
		return op
	}
	noRoles := with(func(o *httpapi.Op) { o.Roles = 0 })
	for name, register := range map[string]func(*httpapi.API){
		"command without roles": func(a *httpapi.API) { httpapi.Command(a, noRoles, do) },
		"query without roles":   func(a *httpapi.API) { httpapi.Query(a, noRoles, read) },
		"handle without roles":  func(a *httpapi.API) { httpapi.Handle(a, noRoles, handle) },
		"no id": func(a *httpapi.API) {
			httpapi.Command(a, with(func(o *httpapi.Op) { o.ID = "" }), do)
		},
		"no summary": func(a *httpapi.API) {
			httpapi.Command(a, with(func(o *httpapi.Op) { o.Summary = "" }), do)
		},
		"no tag": func(a *httpapi.API) {
			httpapi.Command(a, with(func(o *httpapi.Op) { o.Tag = "" }), do)
		},
		"key of nobody": func(a *httpapi.API) {
			httpapi.Command(a, with(func(o *httpapi.Op) { o.Roles, o.Key = access.Public, httpapi.Required }), do)
		},
		"key outside": func(a *httpapi.API) {
			httpapi.Handle(a, with(func(o *httpapi.Op) { o.Key = httpapi.Optional }), handle)
		},
		"nothing said of a key": func(a *httpapi.API) {
			httpapi.Command(a, with(func(o *httpapi.Op) { o.NoKeyReason = "" }), do)
		},
		"twice": func(a *httpapi.API) {
			httpapi.Command(a, probe("twice", access.Patient), do)
			httpapi.Command(a, probe("twice", access.Patient), do)
		},
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s is registered", name)
				}
			}()
			register(httpapi.New(http.NewServeMux(), &httpapi.API{}))
		}()
	}
	httpapi.Command(httpapi.New(http.NewServeMux(), &httpapi.API{}), probe("right", access.Patient), do)
}

func TestCommandWithoutAuditRowIsRolledBack(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	createCounters(t, c)
	add := func(isAudited bool) func(context.Context, *postgres.Tx, access.Actor, none) (httpapi.None, error) {
		return func(ctx context.Context, tx *postgres.Tx, actor access.Actor, _ none) (httpapi.None, error) {
			if isAudited {
				audit.Write(tx, actor, "probe.add", uuid.Must(uuid.NewV7()), nil)
			}
			_, err := tx.Exec(ctx, "UPDATE probe SET n = n + 1 WHERE id = 1")
			return httpapi.None{}, err
		}
	}
	httpapi.Command(c.App.API, probe("without-row", access.Patient), add(false))
	httpapi.Command(c.App.API, probe("with-row", access.Patient), add(true))
	a := c.Post(c.Patient(), "/probe/without-row", nil).Want(500, "internal")
	if total(t, c) != 0 || strings.Contains(string(a.Body), "audit") ||
		!strings.Contains(c.Log.String(), "wrote no audit row") {
		t.Errorf("the change was stored, or the answer gives the reason: %s", a.Body)
	}
	c.Post(c.Patient(), "/probe/with-row", nil).Want(204)
	if total(t, c) != 1 {
		t.Error("the audited change was not stored")
	}
}

// race runs two commands whose first attempts wait for each other between two updates, so that PostgreSQL must end
// one.
func race(t *testing.T, begin string, first, second [2]int) {
	t.Helper()
	c := apptest.Open(t)
	createCounters(t, c)
	var meet sync.WaitGroup
	meet.Add(2)
	var attempts atomic.Int32
	command := func(name string, rows [2]int) {
		var own atomic.Int32
		httpapi.Command(c.App.API, probe(name, access.Patient),
			func(ctx context.Context, tx *postgres.Tx, actor access.Actor, _ none) (httpapi.None, error) {
				attempts.Add(1)
				if _, err := tx.Exec(ctx, begin); err != nil {
					return httpapi.None{}, err
				}
				for i, row := range rows {
					if i == 1 && own.Add(1) == 1 {
						meet.Done()
						meet.Wait()
					}
					if _, err := tx.Exec(ctx, "UPDATE probe SET n = n + 1 WHERE id = $1", row); err != nil {
						return httpapi.None{}, err
					}
				}
				audit.Write(tx, actor, "probe.add", uuid.Must(uuid.NewV7()), nil)
				return httpapi.None{}, nil
			})
	}
	command("first", first)
	command("second", second)
	var both sync.WaitGroup
	for _, path := range []string{"/probe/first", "/probe/second"} {
		patient := c.Patient()
		both.Go(func() {
			if a := c.Post(patient, path, nil); a.Status != 204 {
				t.Errorf("%s: %d %s", path, a.Status, a.Body)
			}
		})
	}
	both.Wait()
	if n := total(t, c); n != 4 || attempts.Load() < 3 {
		t.Errorf("the counters hold %d after %d attempts", n, attempts.Load())
	}
}

func TestDeadlockIsRetried(t *testing.T) {
	t.Parallel()
	race(t, "SELECT 1", [2]int{1, 2}, [2]int{2, 1})
}

func TestSerializationFailureIsRetried(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	createCounters(t, c)
	var meet sync.WaitGroup
	meet.Add(2)
	var attempts atomic.Int32
	httpapi.Command(c.App.API, probe("serial", access.Patient),
		func(ctx context.Context, tx *postgres.Tx, actor access.Actor, _ none) (httpapi.None, error) {
			attempt := attempts.Add(1)
			if _, err := tx.Exec(ctx, "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ"); err != nil {
				return httpapi.None{}, err
			}
			var n int
			if err := tx.QueryRow(ctx, "SELECT n FROM probe WHERE id = 1").Scan(&n); err != nil {
				return httpapi.None{}, err
			}
			if attempt <= 2 { // both read before one of them writes
				meet.Done()
				meet.Wait()
			}
			audit.Write(tx, actor, "probe.add", uuid.Must(uuid.NewV7()), nil)
			_, err := tx.Exec(ctx, "UPDATE probe SET n = $1 WHERE id = 1", n+1)
			return httpapi.None{}, err
		})
	var both sync.WaitGroup
	for range 2 {
		patient := c.Patient()
		both.Go(func() {
			if a := c.Post(patient, "/probe/serial", nil); a.Status != 204 {
				t.Errorf("%d %s", a.Status, a.Body)
			}
		})
	}
	both.Wait()
	if n := total(t, c); n != 2 || attempts.Load() != 3 {
		t.Errorf("the counter holds %d after %d attempts", n, attempts.Load())
	}
	var rows int
	if err := c.DB.Pool.QueryRow(context.Background(), "SELECT count(*) FROM audit_logs WHERE action = 'probe.add'").
		Scan(&rows); err != nil || rows != 2 {
		t.Errorf("%d audit rows of two changes: %v", rows, err)
	}
}

func TestRepeatedConflictsAnswerBusy(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	for code, attempts := range map[string]int32{"40001": 5, "40P01": 5, "55P03": 1, "57014": 1} {
		var tried atomic.Int32
		httpapi.Command(c.App.API, probe("lose-"+code, access.Patient),
			func(ctx context.Context, tx *postgres.Tx, _ access.Actor, _ none) (httpapi.None, error) {
				tried.Add(1)
				_, err := tx.Exec(ctx, "DO $$ BEGIN RAISE EXCEPTION 'a row of Asha' USING ERRCODE = '"+code+
					"'; END $$")
				return httpapi.None{}, err
			})
		a := c.Post(c.Patient(), "/probe/lose-"+code, nil).Want(503, "busy")
		if tried.Load() != attempts || a.Header.Get("Retry-After") == "" {
			t.Errorf("%s: %d attempts, %v", code, tried.Load(), a.Header)
		}
	}
	if strings.Contains(c.Log.String(), "Asha") {
		t.Error("the log quotes a value")
	}
}

func TestInternalErrorsHideDetails(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	const secret = "sensitive-7731"
	httpapi.Command(c.App.API, probe("panic", access.Patient),
		func(context.Context, *postgres.Tx, access.Actor, none) (httpapi.None, error) { panic(secret) })
	httpapi.Command(c.App.API, probe("sql", access.Patient),
		func(ctx context.Context, tx *postgres.Tx, _ access.Actor, _ none) (httpapi.None, error) {
			_, err := tx.Exec(ctx, "INSERT INTO users (id, email, password_hash, role, created_at, updated_at) "+
				"VALUES ($1, $2, '', 'PATIENT', now(), now())", uuid.New(), "@"+secret[:1])
			return httpapi.None{}, err
		})
	httpapi.Handle(c.App.API, probe("error", access.Public),
		func(context.Context, access.Actor, none) (httpapi.None, error) {
			return httpapi.None{}, errors.New("pq: relation users at /srv/db.go:12")
		})
	for _, name := range []string{"panic", "sql", "error"} {
		a := c.Post(c.Patient(), "/probe/"+name, nil).Want(500, "internal")
		if a.Text("detail") != "The server met an error of its own; nothing was changed." ||
			a.Text("requestId") == "" || len(a.Map()) != 6 {
			t.Errorf("%s: %s", name, a.Body)
		}
		if !strings.Contains(c.Log.String(), a.Text("requestId")) {
			t.Errorf("%s: the log does not know %s", name, a.Text("requestId"))
		}
	}
	if strings.Contains(c.Log.String(), secret) || strings.Contains(c.Log.String(), "@s") {
		t.Error("the log quotes a value")
	}
	c.Get(c.Patient(), "users/me").Want(200) // the server and its connections still work
}

// TestClientDisconnectCancelsStatement tests that the statement is cancelled when the client disconnects, and that the
// connection to the database can be used again.
func TestClientDisconnectCancelsStatement(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	ended := make(chan error, 1)
	httpapi.Command(c.App.API, probe("slow", access.Patient),
		func(ctx context.Context, tx *postgres.Tx, actor access.Actor, _ none) (httpapi.None, error) {
			audit.Write(tx, actor, "probe.slow", uuid.Must(uuid.NewV7()), nil)
			_, err := tx.Exec(ctx, "SELECT pg_sleep(9)")
			ended <- err
			return httpapi.None{}, err
		})
	running := func() (n int) {
		if err := c.DB.Pool.QueryRow(context.Background(), `SELECT count(*) FROM pg_stat_activity
			WHERE datname = current_database()
			AND state = 'active' AND query = 'SELECT pg_sleep(9)'`).Scan(&n); err != nil {
			t.Fatal(err)
		}
		return n
	}
	patient := c.Patient()
	ctx, hangUp := context.WithCancel(t.Context())
	defer hangUp()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL+"/probe/slow", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+patient.Token)
	gone := make(chan error, 1)
	go func() {
		answer, err := c.Client().Do(r)
		if err == nil {
			_ = answer.Body.Close()
		}
		gone <- err
	}()
	eventually(t, "the statement runs", func() bool { return running() == 1 })
	hangUp()
	if err := <-gone; !errors.Is(err, context.Canceled) {
		t.Errorf("the client got %v", err)
	}
	if err := <-ended; err == nil {
		t.Error("the statement ran to its end")
	}
	eventually(t, "the statement is cancelled", func() bool { return running() == 0 })
	eventually(t, "the log has the hang-up", func() bool { return strings.Contains(c.Log.String(), `"status":499`) })
	if strings.Contains(c.Log.String(), `"level":"ERROR"`) {
		t.Errorf("the disconnect is logged as an error: %s", c.Log)
	}
	var rows int
	if err := c.DB.Pool.QueryRow(context.Background(), "SELECT count(*) FROM audit_logs WHERE action = 'probe.slow'").
		Scan(&rows); err != nil || rows != 0 {
		t.Errorf("%d rows of a command that was not finished: %v", rows, err)
	}
	c.Get(patient, "users/me").Want(200)
}
