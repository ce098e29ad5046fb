package privacy_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/url"
	"reflect"
	"strings"
	"testing"

	"amrutam/internal/apptest"
	"amrutam/internal/config"
	"amrutam/internal/jobs"
	"amrutam/internal/postgres"
)

type object = map[string]any

var nobody apptest.User

// open starts a clinic whose log, at the end of the test, must hold no address and no failure.
func open(t *testing.T, configure ...func(*config.Config)) *apptest.Clinic {
	t.Helper()
	c := apptest.Open(t, configure...)
	t.Cleanup(func() {
		for line := range strings.Lines(c.Log.String()) {
			if strings.Contains(line, "@example.org") || strings.Contains(line, "Mark") ||
				strings.Contains(line, `"level":"ERROR"`) {
				t.Errorf("the log holds %s", line)
			}
		}
	})
	return c
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func exec(t *testing.T, c *apptest.Clinic, sql string, args ...any) {
	t.Helper()
	_, err := c.DB.Pool.Exec(context.Background(), sql, args...)
	must(t, err)
}

func row[T any](t *testing.T, c *apptest.Clinic, sql string, args ...any) (v T) {
	t.Helper()
	must(t, c.DB.Pool.QueryRow(context.Background(), sql, args...).Scan(&v))
	return v
}

func count(t *testing.T, c *apptest.Clinic, sql string, args ...any) int {
	t.Helper()
	return row[int](t, c, sql, args...)
}

func audited(t *testing.T, c *apptest.Clinic, action, entity string) int {
	t.Helper()
	return count(t, c, "SELECT count(*) FROM audit_logs WHERE action = $1 AND entity_id = $2", action, entity)
}

// run has the queue work a job, and waits for its end.
func run(t *testing.T, c *apptest.Clinic, args jobs.Args) {
	t.Helper()
	done := func() int {
		return count(t, c, "SELECT count(*) FROM river_job WHERE kind = $1 AND state = 'completed'", args.Kind())
	}
	before := done()
	insert(t, c, args)
	c.Await("worked", func() bool { return done() > before })
	idle(t, c)
}

func insert(t *testing.T, c *apptest.Clinic, args jobs.Args) {
	t.Helper()
	must(t, c.DB.Write(context.Background(),
		func(tx *postgres.Tx) error { return c.App.Queue.Insert(context.Background(), tx, args) }))
}

// idle waits until every job has run, so that what isn't there won't come.
func idle(t *testing.T, c *apptest.Clinic) {
	t.Helper()
	c.Await("idle", func() bool {
		return count(t, c, "SELECT count(*) FROM river_job WHERE state NOT IN ('completed', 'cancelled', "+
			"'discarded') AND kind NOT IN ('partition.upkeep', 'consultation.sweep')") == 0
	})
}

// mails are the texts of an address's mails of a kind, the newest first, once all are sent.
func mails(t *testing.T, c *apptest.Clinic, to, kind string) []string {
	t.Helper()
	idle(t, c)
	var found []string
	for _, m := range c.Get(nobody, "/dev/mailbox.json?to="+url.QueryEscape(to)).Want(200).Items() {
		if text, ok := m["text"].(string); ok && m["kind"] == kind {
			found = append(found, text)
		}
	}
	return found
}

// unzip gives the files of a ZIP, each JSON file read strictly.
func unzip(t *testing.T, body []byte) (files map[string]object, page string) {
	t.Helper()
	r, err := zip.NewReader(bytes.NewReader(body), int64(len(body)))
	must(t, err)
	files = map[string]object{}
	for _, f := range r.File {
		in, err := f.Open()
		must(t, err)
		text, err := io.ReadAll(in) // checks the sum too
		must(t, err)
		if f.Name == "index.html" {
			page = string(text)
			continue
		}
		decoder := json.NewDecoder(bytes.NewReader(text))
		var v object
		must(t, decoder.Decode(&v))
		if _, err := decoder.Token(); err != io.EOF {
			t.Errorf("%s goes on after its end", f.Name)
		}
		if _, twice := files[f.Name]; twice {
			t.Errorf("%s is there twice", f.Name)
		}
		files[f.Name] = v
	}
	return files, page
}

// entries of a list in a file.
func entries(t *testing.T, files map[string]object, name, list string) []object {
	t.Helper()
	all, ok := files[name][list].([]any)
	if !ok {
		t.Fatalf("%s has no list %s: %v", name, list, files[name])
	}
	out := make([]object, len(all))
	for i := range all {
		out[i], _ = all[i].(object)
	}
	return out
}

var upkeep = jobs.Maintenance{}

// blockJobs keeps copies from being made until it is let go.
func blockJobs(t *testing.T, c *apptest.Clinic) (letGo func()) {
	t.Helper()
	tx, err := c.DB.Pool.Begin(context.Background())
	must(t, err)
	_, err = tx.Exec(context.Background(), "LOCK TABLE profiles IN ACCESS EXCLUSIVE MODE")
	must(t, err)
	return func() { must(t, tx.Rollback(context.Background())) }
}

func sha(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
