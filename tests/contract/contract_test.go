// Package contract_test compares what the server answers with the OpenAPI document it serves. The comparison itself is
// in apptest: the answers to all tests' requests go through it.
package contract_test

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"

	role "amrutam/internal/access"
	"amrutam/internal/apptest"
	"amrutam/internal/httpapi"
	"amrutam/internal/problem"
	"amrutam/tests/access"
)

// TestEveryOperationSucceeds asks each operation as somebody who may, with the body of the document's examples.
func TestEveryOperationSucceeds(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	for _, row := range access.Table {
		for caller, status := range row.Want {
			if status/100 == 2 {
				s := access.NewScene(t, c, access.Caller(caller))
				s.Ask(s.Request(row, false)).Want(status)
				break
			}
		}
	}
	met := c.Met()
	for _, o := range c.Document().Operations {
		if !slices.ContainsFunc(met[o.ID], func(status int) bool { return status/100 == 2 }) {
			t.Errorf("%s (%s %s) never succeeded: give it a row in tests/access/table.go", o.ID, o.Method, o.Path)
		}
	}
}

// TestRefusals meets, at every operation, what the pipeline refuses.
func TestRefusals(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	done := map[string]bool{}
	for _, row := range access.Table {
		caller := slices.IndexFunc(row.Want[:], func(status int) bool { return status/100 == 2 })
		if done[row.Operation] || caller < 0 {
			continue
		}
		done[row.Operation] = true
		t.Run(row.Operation, func(t *testing.T) {
			t.Parallel()
			s := access.NewScene(t, c, access.Caller(caller))
			refused(s, row)
		})
	}
}

func refused(s *access.Scene, row access.Row) {
	r := s.Request(row, false)
	try := func(status int, slug string, change func(*access.Request)) {
		s.T.Helper()
		q := r
		q.Headers = slices.Clone(r.Headers)
		change(&q)
		s.Ask(q).Want(status, slug)
	}
	try(422, "validation-failed", func(q *access.Request) { q.Path += "?no-such-parameter=1" })
	try(422, "validation-failed", func(q *access.Request) { q.Path += "?twice=1&twice=2" })
	try(400, "malformed-request", func(q *access.Request) { q.Path += "?q=%00" })
	try(400, "malformed-request", func(q *access.Request) { q.Path += "?q=%FF" })
	try(405, "method-not-allowed", func(q *access.Request) { q.Method = http.MethodTrace })
	if len(r.IDs) > 0 && strings.Contains(r.Path, r.IDs[0]) {
		try(422, "validation-failed",
			func(q *access.Request) { q.Path = strings.Replace(q.Path, r.IDs[0], "1234", 1) })
	}
	if r.Method == http.MethodGet {
		return
	}
	try(413, "body-too-large", func(q *access.Request) { q.Body = bytes.Repeat([]byte(" "), 1<<20+1) })
	if r.Body == nil || row.Operation == "receive-payment-webhook" {
		return
	}
	try(415, "unsupported-media-type",
		func(q *access.Request) { q.Headers = append(q.Headers, "Content-Type", "text/plain") })
	try(400, "malformed-request", func(q *access.Request) { q.Body = []byte(`{"a":`) })
	try(422, "validation-failed", func(q *access.Request) { q.Body = []byte(`[]`) })
	try(422, "validation-failed", func(q *access.Request) { q.Body = []byte(`{"noSuchField": 1}`) })
	if slices.Contains(r.Headers, "Idempotency-Key") && keeps(s, row.Operation) {
		try(400, "idempotency-key-malformed",
			func(q *access.Request) { q.Headers = append(q.Headers, "Idempotency-Key", strings.Repeat("k", 256)) })
		replayed(s, r)
	}
}

// keeps tells whether the operation documents an Idempotency-Key.
func keeps(s *access.Scene, operation string) bool {
	root := s.C.Document().Root
	for _, methods := range root["paths"].(map[string]any) {
		for _, o := range methods.(map[string]any) {
			o := o.(map[string]any)
			parameters, _ := o["parameters"].([]any)
			for _, p := range parameters {
				if o["operationId"] == operation && resolve(root, p)["name"] == "Idempotency-Key" {
					return true
				}
			}
		}
	}
	return false
}

// replayed sends a keyed request twice, and another one with its key.
func replayed(s *access.Scene, r access.Request) {
	first := s.Ask(r)
	again := s.Ask(r).Want(first.Status)
	if first.Status/100 != 2 || again.Header.Get("Idempotency-Replayed") != "true" ||
		!bytes.Equal(first.Body, again.Body) ||
		again.Header.Get("Location") != first.Header.Get("Location") ||
		again.Header.Get("ETag") != first.Header.Get("ETag") {
		s.T.Errorf("%s: the second answer is another one: %v %s", r.Operation.ID, again.Header, again.Body)
	}
	r.Body = append([]byte(" "), r.Body...)
	s.Ask(r).Want(422, "idempotency-key-reused")
}

// TestExamples checks every example of the document, and every default, against the schema beside it.
func TestExamples(t *testing.T) {
	t.Parallel()
	d := apptest.Open(t).Document()
	n := 0
	check := func(schema, place string, value any) {
		n++
		if err := d.Check(schema, value); err != nil {
			t.Errorf("%s: %v", place, err)
		}
	}
	var walk func(at []string, value any)
	walk = func(at []string, value any) {
		here := apptest.Pointer(at...)
		switch v := value.(type) {
		case []any:
			for i, item := range v {
				walk(append(slices.Clone(at), strconv.Itoa(i)), item)
			}
		case map[string]any:
			schema, example := here, here
			if _, media := v["schema"]; media {
				schema = here + "/schema"
			}
			if value, ok := v["example"]; ok {
				check(schema, example, value)
			}
			if value, ok := v["default"]; ok && !named(at) {
				check(schema, example, value)
			}
			switch all := v["examples"].(type) {
			case []any:
				for _, value := range all {
					check(schema, example, value)
				}
			case map[string]any:
				for name, one := range all {
					object, ok := one.(map[string]any)
					if ok && !named(at) {
						object = resolve(d.Root, object)
						check(schema, example+"/"+name, object["value"])
					}
				}
			}
			for name, inner := range v {
				if name != "example" && name != "examples" && name != "default" || named(at) {
					walk(append(slices.Clone(at), name), inner)
				}
			}
		}
	}
	walk(nil, d.Root)
	if n < 400 {
		t.Errorf("only %d examples were found", n)
	}
}

// named tells whether the names of an object there are the document's own, of fields or answers.
func named(at []string) bool {
	return len(at) > 0 && slices.Contains([]string{"properties", "schemas", "responses", "paths", "headers",
		"parameters", "components"}, at[len(at)-1])
}

// TestDocument: it is served as it is committed, tells its operations in the story's order, and every refusal it shows
// is one that exists.
func TestDocument(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	for _, fault := range c.App.API.DocumentFaults() {
		t.Error(fault + " (internal/app/story.go, internal/httpapi/schemas.go)")
	}
	served := c.Get(apptest.User{}, "/openapi.json").Want(200)
	committed, err := os.ReadFile("../../openapi.json")
	if err != nil || !bytes.Equal(committed, served.Body) {
		t.Errorf("openapi.json isn't what is served: run make generate (%v)", err)
	}
	root := c.Document().Root
	if root["openapi"] != "3.1.0" {
		t.Errorf("openapi is %v", root["openapi"])
	}
	for path, methods := range root["paths"].(map[string]any) {
		for _, o := range methods.(map[string]any) {
			o := o.(map[string]any)
			var schemes []string
			security, own := o["security"].([]any)
			if !own {
				security = root["security"].([]any)
			}
			for _, way := range security {
				schemes = append(schemes, slices.Collect(maps.Keys(way.(map[string]any)))...)
			}
			secured := slices.Contains(schemes, "bearer") && slices.Contains(schemes, "cookie")
			if secured != (len(o["x-roles"].([]any)) > 0) || o["summary"] == nil || !strings.HasPrefix(path, "/") {
				t.Errorf("%s: security %v and roles %v", o["operationId"], security, o["x-roles"])
			}
			for status, response := range o["responses"].(map[string]any) {
				checkResponse(t, root, o["operationId"].(string)+" "+status, status, resolve(root, response))
			}
		}
	}
	yaml := c.Get(apptest.User{}, "/openapi.yaml").Want(200)
	if yaml.Header.Get("Content-Type") != "application/yaml" || !bytes.Contains(yaml.Body, []byte("openapi: 3.1.0")) {
		t.Errorf("/openapi.yaml: %v %.80s", yaml.Header, yaml.Body)
	}
}

// checkResponse: it has a description and every body an example, and its problems are those of the catalogue.
func checkResponse(t *testing.T, root map[string]any, place, status string, response map[string]any) {
	t.Helper()
	if response["description"] == nil {
		t.Errorf("%s has no description", place)
	}
	contents, _ := response["content"].(map[string]any)
	for kind, content := range contents {
		content := content.(map[string]any)
		examples, _ := content["examples"].(map[string]any)
		if content["example"] == nil && len(examples) == 0 {
			t.Errorf("%s %s has no example", place, kind)
		}
		if kind != "application/problem+json" {
			continue
		}
		for slug, example := range examples {
			p, defined := problem.Find(slug)
			shown, _ := resolve(root, example)["value"].(map[string]any)
			if !defined || shown["type"] != "/problems/"+slug || fmt.Sprint(shown["status"]) != status ||
				strconv.Itoa(p.Status) != status || shown["title"] != p.Title {
				t.Errorf("%s shows the refusal %s, which is another one", place, slug)
			}
		}
	}
}

// TestPages: what people meet outside the API answers too, each with the headers of its kind.
func TestPages(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	for path, kind := range map[string]string{"/docs/": "text/html; charset=utf-8",
		"/style.css": "text/css; charset=utf-8"} {
		if got := c.Get(apptest.User{}, path).Want(200).Header.Get("Content-Type"); got != kind {
			t.Errorf("%s is %s", path, got)
		}
	}
	page := "/dev/checkout/" + uuid.NewString()
	c.Get(apptest.User{}, page).Want(404)
	c.Submit(page, url.Values{"outcome": {"pay"}}).Want(404)
}

// TestEveryPostSaysWhatAKeyDoes: who repeats a POST after a lost answer has to know whether it counts twice.
func TestEveryPostSaysWhatAKeyDoes(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	s := access.NewScene(t, c, access.Nobody)
	keyed := 0
	for _, op := range c.App.API.Operations {
		if op.Method != http.MethodPost {
			continue
		}
		documented := keeps(s, op.ID)
		if documented != (op.Key != httpapi.NoKey) {
			t.Errorf("%s: the document's key is not the server's", op.ID)
		}
		if !documented && op.Roles != role.Public && op.Unkeyed == "" {
			t.Errorf("%s takes no Idempotency-Key and doesn't say why", op.ID)
		}
		if documented {
			keyed++
		}
	}
	for _, id := range []string{"book-consultation", "start-payment", "write-prescription"} {
		if i := slices.IndexFunc(c.App.API.Operations, func(o httpapi.Op) bool { return o.ID == id }); i < 0 ||
			c.App.API.Operations[i].Key != httpapi.Required {
			t.Errorf("%s needs no key", id)
		}
	}
	if keyed < 16 {
		t.Errorf("only %d operations take a key", keyed)
	}
}
