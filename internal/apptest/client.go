package apptest

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// Answer is an answer of the server.
type Answer struct {
	t       testing.TB
	request string
	Status  int
	Header  http.Header
	Body    []byte
}

// Do sends a request as a user; the zero User is not signed in. body is marshalled unless it is []byte. headers are
// pairs of names and values. A path that does not begin with "/" is below /api/v1.
func (c *Clinic) Do(user User, method, path string, body any, headers ...string) *Answer {
	c.t.Helper()
	if !strings.HasPrefix(path, "/") {
		path = "/api/v1/" + path
	}
	var reader io.Reader
	switch v := body.(type) {
	case nil:
	case []byte:
		reader = bytes.NewReader(v)
	default:
		text, err := json.Marshal(v)
		must(c.t, err)
		reader = bytes.NewReader(text)
	}
	r, err := http.NewRequest(method, c.URL+path, reader) //nolint:noctx // the client has a timeout
	must(c.t, err)
	if reader != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if user.Token != "" {
		r.Header.Set("Authorization", "Bearer "+user.Token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	response, err := c.http.Do(r)
	must(c.t, err)
	defer response.Body.Close()
	var text []byte
	if response.Header.Get("Content-Type") != "text/event-stream" { // it has no end
		text, err = io.ReadAll(response.Body)
		must(c.t, err)
	}
	if response.StatusCode == http.StatusForbidden || response.StatusCode == http.StatusNotFound {
		c.App.API.WaitForDenials() // denials are audited after the answer
	}
	return &Answer{
		t: c.t, request: method + " " + path,
		Status: response.StatusCode, Header: response.Header, Body: text,
	}
}

// Get sends a GET.
func (c *Clinic) Get(user User, path string) *Answer {
	c.t.Helper()
	return c.Do(user, "GET", path, nil)
}

// Post sends a POST with a new Idempotency-Key.
func (c *Clinic) Post(user User, path string, body any) *Answer {
	c.t.Helper()
	return c.Do(user, "POST", path, body, "Idempotency-Key", uuid.NewString())
}

// Patch sends a PATCH.
func (c *Clinic) Patch(user User, path string, body any) *Answer {
	c.t.Helper()
	return c.Do(user, "PATCH", path, body)
}

// Want fails the test unless the answer has this status and, if a slug is given, is this problem.
func (a *Answer) Want(status int, slug ...string) *Answer {
	a.t.Helper()
	if a.Status != status {
		a.t.Fatalf("%s: status %d, want %d: %s", a.request, a.Status, status, a.Body)
	}
	if len(slug) > 0 && a.Text("type") != "/problems/"+slug[0] {
		a.t.Fatalf("%s: %s, want %s", a.request, a.Body, slug[0])
	}
	return a
}

// Map returns the body as a JSON object.
func (a *Answer) Map() map[string]any {
	a.t.Helper()
	m := map[string]any{}
	if err := json.Unmarshal(a.Body, &m); err != nil {
		a.t.Fatalf("%s: not a JSON object: %s", a.request, a.Body)
	}
	return m
}

// At returns the value at a path of field names in the body, or nil.
func (a *Answer) At(path ...string) any {
	a.t.Helper()
	var v any = a.Map()
	for _, name := range path {
		m, ok := v.(map[string]any)
		if !ok {
			return nil
		}
		v = m[name]
	}
	return v
}

// Text returns the string at a path of field names in the body, or "".
func (a *Answer) Text(path ...string) string {
	a.t.Helper()
	s, _ := a.At(path...).(string)
	return s
}

// Items returns the items of a list.
func (a *Answer) Items() []map[string]any {
	a.t.Helper()
	var list struct {
		Items []map[string]any `json:"items"`
	}
	if err := json.Unmarshal(a.Body, &list); err != nil {
		a.t.Fatalf("%s: not a list: %s", a.request, a.Body)
	}
	return list.Items
}

// Await waits until done returns true, for the effect of a job. It fails the test after a minute.
func (c *Clinic) Await(what string, done func() bool) {
	c.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond) // not more often, because the job needs the machine too
	defer tick.Stop()
	timeout := time.After(time.Minute)
	for !done() {
		select {
		case <-tick.C:
		case <-timeout:
			c.t.Fatalf("never %s", what)
		}
	}
}

// Export waits until the requested copy of the user's data is ready, and returns its id. It gives the user a recent
// proof first, which reading the copy needs.
func (c *Clinic) Export(user User) (id string) {
	c.t.Helper()
	c.Prove(user)
	c.Await("exported", func() bool {
		a := c.Get(user, "users/me/export")
		id = a.Text("id")
		return a.Status == http.StatusOK
	})
	return id
}
