// Package contract_test compares the server with the OpenAPI document that it serves. The responses to all tests'
// requests are compared by apptest.
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

// TestEveryOperationSucceeds calls each operation with the example body of the document.
func TestEveryOperationSucceeds(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	for _, row := range access.Table {
		for caller, status := range row.Want {
			if status/100 == 2 {
				s := access.NewScene(t, c, access.Caller(caller))
				s.Send(s.Request(row, false)).Want(status)
				break
			}
		}
	}
	met := c.AnsweredStatuses()
	for _, o := range c.Document().Operations {
		if !slices.ContainsFunc(met[o.ID], func(status int) bool { return status/100 == 2 }) {
			t.Errorf("%s (%s %s) never succeeded: give it a row in tests/access/table.go", o.ID, o.Method, o.Path)
		}
	}
}

// TestRefusals sends each operation the invalid requests that the pipeline refuses.
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
			checkRefusals(s, row)
		})
	}
}

func checkRefusals(s *access.Scene, row access.Row) {
	r := s.Request(row, false)
	try := func(status int, slug string, change func(*access.Request)) {
		s.T.Helper()
		q := r
		q.Headers = slices.Clone(r.Headers)
		change(&q)
		s.Send(q).Want(status, slug)
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
	if slices.Contains(r.Headers, "Idempotency-Key") && takesKey(s, row.Operation) {
		try(400, "idempotency-key-malformed",
			func(q *access.Request) { q.Headers = append(q.Headers, "Idempotency-Key", strings.Repeat("k", 256)) })
		checkReplay(s, r)
	}
}

// takesKey reports whether the document has the header Idempotency-Key for the operation.
func takesKey(s *access.Scene, operation string) bool {
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

// checkReplay sends a request twice with the same key, and another request with that key.
func checkReplay(s *access.Scene, r access.Request) {
	first := s.Send(r)
	again := s.Send(r).Want(first.Status)
	if first.Status/100 != 2 || again.Header.Get("Idempotency-Replayed") != "true" ||
		!bytes.Equal(first.Body, again.Body) ||
		again.Header.Get("Location") != first.Header.Get("Location") ||
		again.Header.Get("ETag") != first.Header.Get("ETag") {
		s.T.Errorf("%s: the response to the second request differs: %v %s", r.Operation.ID, again.Header, again.Body)
	}
	r.Body = append([]byte(" "), r.Body...)
	s.Send(r).Want(422, "idempotency-key-reused")
}

// TestExamples checks every example and every default of the document against its schema.
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
			if value, ok := v["default"]; ok && !isMap(at) {
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
					if ok && !isMap(at) {
						object = resolve(d.Root, object)
						check(schema, example+"/"+name, object["value"])
					}
				}
			}
			for name, inner := range v {
				if name != "example" && name != "examples" && name != "default" || isMap(at) {
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

// isMap reports whether the object at a place of the document is a map by names, and not an object of OpenAPI.
func isMap(at []string) bool {
	containers := []string{"properties", "schemas", "responses", "paths", "headers", "parameters", "components"}
	return len(at) > 0 && slices.Contains(containers, at[len(at)-1])
}

// TestDocument checks that the served document is the committed one, and that its operations and problems are the
// server's.
func TestDocument(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	for _, fault := range c.App.API.DocumentFaults() {
		t.Error(fault + " (internal/app/story.go, internal/httpapi/schemas.go)")
	}
	served := c.Get(apptest.User{}, "/openapi.json").Want(200)
	committed, err := os.ReadFile("../../openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(committed, served.Body) {
		t.Error("openapi.json isn't the served document: run make generate")
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

// checkResponse checks that a response has a description, each body an example, and its problems are defined.
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
				t.Errorf("%s shows the problem %s, which is defined otherwise", place, slug)
			}
		}
	}
}

// TestPages checks the content types and statuses of pages outside the API.
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
	c.SubmitForm(page, url.Values{"outcome": {"pay"}}).Want(404)
}

// TestEveryPostDocumentsItsKey checks that clients can know of each POST whether it may be repeated after a lost
// response.
func TestEveryPostDocumentsItsKey(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	s := access.NewScene(t, c, access.Anonymous)
	keyed := 0
	for _, op := range c.App.API.Operations {
		if op.Method != http.MethodPost {
			continue
		}
		documented := takesKey(s, op.ID)
		if documented != (op.Key != httpapi.NoKey) {
			t.Errorf("%s: the document and the server differ about the Idempotency-Key", op.ID)
		}
		if !documented && op.Roles != role.Public && op.NoKeyReason == "" {
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
