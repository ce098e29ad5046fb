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

// Answer is what the server said.
type Answer struct {
	t      testing.TB
	what   string
	Status int
	Header http.Header
	Body   []byte
}

// Do sends a request as user (the zero User: nobody). body is marshalled unless it is []byte. headers are name, value
// pairs. A path that does not start with "/" is below /api/v1.
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
	text, err := io.ReadAll(response.Body)
	must(c.t, err)
	if response.StatusCode == http.StatusForbidden || response.StatusCode == http.StatusNotFound {
		c.App.API.Settle() // the denial is noted after the answer
	}
	return &Answer{t: c.t, what: method + " " + path, Status: response.StatusCode, Header: response.Header, Body: text}
}

// Get, Post and Patch are Do with the method in the name. Post always sends a fresh Idempotency-Key.
func (c *Clinic) Get(user User, path string) *Answer {
	c.t.Helper()
	return c.Do(user, "GET", path, nil)
}

// Post sends a POST with a fresh Idempotency-Key.
func (c *Clinic) Post(user User, path string, body any) *Answer {
	c.t.Helper()
	return c.Do(user, "POST", path, body, "Idempotency-Key", uuid.NewString())
}

// Patch sends a PATCH.
func (c *Clinic) Patch(user User, path string, body any) *Answer {
	c.t.Helper()
	return c.Do(user, "PATCH", path, body)
}

// Want fails the test unless the status is as expected; for a refusal, name its slug too.
func (a *Answer) Want(status int, slug ...string) *Answer {
	a.t.Helper()
	if a.Status != status {
		a.t.Fatalf("%s: status %d, want %d: %s", a.what, a.Status, status, a.Body)
	}
	if len(slug) > 0 && a.Text("type") != "/problems/"+slug[0] {
		a.t.Fatalf("%s: %s, want %s", a.what, a.Body, slug[0])
	}
	return a
}

// Map is the body as a JSON object.
func (a *Answer) Map() map[string]any {
	a.t.Helper()
	m := map[string]any{}
	if err := json.Unmarshal(a.Body, &m); err != nil {
		a.t.Fatalf("%s: not a JSON object: %s", a.what, a.Body)
	}
	return m
}

// At walks the body by field names and gives what is there, or nil.
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

// Text is At as a string.
func (a *Answer) Text(path ...string) string {
	a.t.Helper()
	s, _ := a.At(path...).(string)
	return s
}

// Items of a list.
func (a *Answer) Items() []map[string]any {
	a.t.Helper()
	var list struct {
		Items []map[string]any `json:"items"`
	}
	if err := json.Unmarshal(a.Body, &list); err != nil {
		a.t.Fatalf("%s: not a list: %s", a.what, a.Body)
	}
	return list.Items
}

// Await waits for what a job does, and asks gently: the job needs the machine too.
func (c *Clinic) Await(what string, done func() bool) {
	c.t.Helper()
	again, late := time.NewTicker(20*time.Millisecond), time.After(time.Minute)
	defer again.Stop()
	for !done() {
		select {
		case <-again.C:
		case <-late:
			c.t.Fatalf("never %s", what)
		}
	}
}

// Export waits until the copy of the user's data that was asked for is ready, and gives its id. The user proves
// themselves first.
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
