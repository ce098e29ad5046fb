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

// anonymous sends requests without a session.
var anonymous apptest.User

// open starts a clinic, and checks at the end of the test that its log has no address, no private text and no error.
func open(t *testing.T, configure ...func(*config.Config)) *apptest.Clinic {
	t.Helper()
	c := apptest.Open(t, configure...)
	t.Cleanup(func() {
		for line := range strings.Lines(c.Log.String()) {
			if strings.Contains(line, "@example.org") || strings.Contains(line, "Mark") ||
				strings.Contains(line, `"level":"ERROR"`) {
				t.Errorf("the log has %s", line)
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

func countAudits(t *testing.T, c *apptest.Clinic, action, entity string) int {
	t.Helper()
	return c.Count("SELECT count(*) FROM audit_logs WHERE action = $1 AND entity_id = $2", action, entity)
}

// run runs a job, and waits until every job has ended. Periodic jobs of the same kind may run beside it, so it waits
// for all that began before.
func run(t *testing.T, c *apptest.Clinic, args jobs.Args) {
	t.Helper()
	insert(t, c, args)
	last := apptest.QueryOne[int64](t, c, "SELECT max(id) FROM river_job WHERE kind = $1", args.Kind())
	c.Await("worked", func() bool {
		return c.Count("SELECT count(*) FROM river_job WHERE kind = $1 AND id <= $2 "+
			"AND state NOT IN ('completed', 'cancelled', 'discarded')", args.Kind(), last) == 0
	})
	idle(t, c)
}

func insert(t *testing.T, c *apptest.Clinic, args jobs.Args) {
	t.Helper()
	must(t, c.DB.Write(context.Background(),
		func(tx *postgres.Tx) error { return c.App.Queue.Insert(context.Background(), tx, args) }))
}

// idle waits until every job has ended: what doesn't exist then won't be created later.
func idle(t *testing.T, c *apptest.Clinic) {
	t.Helper()
	c.Await("idle", func() bool {
		return c.Count("SELECT count(*) FROM river_job WHERE state NOT IN ('completed', 'cancelled', "+
			"'discarded') AND kind NOT IN ('partition.upkeep', 'retention.purge', 'consultation.sweep')") == 0
	})
}

// mails returns the texts of the mails of a kind to an address, the newest first, once all are sent.
func mails(t *testing.T, c *apptest.Clinic, to, kind string) []string {
	t.Helper()
	idle(t, c)
	var found []string
	for _, m := range c.Get(anonymous, "/dev/mailbox.json?to="+url.QueryEscape(to)).Want(200).Items() {
		if text, ok := m["text"].(string); ok && m["kind"] == kind {
			found = append(found, text)
		}
	}
	return found
}

// unzip returns the JSON files of a ZIP and its page. Each file must have one JSON value and a name of its own.
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
			t.Errorf("%s has data after its JSON value", f.Name)
		}
		if _, twice := files[f.Name]; twice {
			t.Errorf("%s is in the archive twice", f.Name)
		}
		files[f.Name] = v
	}
	return files, page
}

// entries returns the entries of a list in a file.
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

// blockJobs prevents exports from being made until release is called.
func blockJobs(t *testing.T, c *apptest.Clinic) (release func()) {
	t.Helper()
	tx, err := c.DB.Pool.Begin(context.Background())
	must(t, err)
	_, err = tx.Exec(context.Background(), "LOCK TABLE profiles IN ACCESS EXCLUSIVE MODE")
	must(t, err)
	return func() { must(t, tx.Rollback(context.Background())) }
}

func sha256Hex(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}
