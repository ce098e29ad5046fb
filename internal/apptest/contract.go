package apptest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net/http"
	"net/url"
	"os"
	"path"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/text/unicode/norm"
)

// contract compares every answer with the document on its way to the test, and fails the test that got a wrong one.
type contract struct {
	t        testing.TB
	log      *Log
	document *Document
	next     http.RoundTripper
	seen     *record
}

// record of which statuses each operation has answered with.
type record struct {
	mu  sync.Mutex
	met map[string]map[int]bool
}

// RoundTrip asks the server and looks at the answer.
func (c *contract) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := c.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	return response, c.check(r, response)
}

// check compares an answer with the document, and fails the test. It leaves the body to be read again. Error: the body
// can't be read.
func (c *contract) check(r *http.Request, response *http.Response) error {
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if kind == "text/event-stream" { // which has no end to wait for
		return nil
	}
	text, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil {
		return err
	}
	response.Body = io.NopCloser(bytes.NewReader(text))
	if response.Header.Get("Content-Encoding") == "gzip" { // asked for by the test: else the transport has unpacked it
		if text, err = unpack(text); err != nil {
			return err
		}
	}
	if response.StatusCode >= http.StatusInternalServerError {
		c.t.Logf("%s %s answers %d; the server's log of it:\n%s", r.Method, r.URL.Path, response.StatusCode,
			c.log.of(response.Header.Get("X-Request-Id")))
	}
	op := c.document.operation(r)
	if op != nil {
		c.seen.note(op.ID, response.StatusCode)
		err = c.document.checkAnswer(op, r, response, kind, text)
	} else {
		err = c.document.checkOther(r, response, kind, text)
	}
	if err != nil {
		c.t.Errorf("%s %s answers %d against its document: %v", r.Method, r.URL.Path, response.StatusCode, err)
	}
	return nil
}

// Check compares the answer to a request that a test wrote itself, as bytes, with the document, and fails the test.
// The body can be read again. Below the pipeline net/http refuses and redirects in words of its own: these it lets
// pass.
func (c *Clinic) Check(request string, response *http.Response) {
	c.t.Helper()
	line := strings.Fields(request)
	if len(line) < 2 || !strings.HasPrefix(line[1], "/api/") || response.Header.Get("X-Request-Id") == "" ||
		response.StatusCode/100 == 3 {
		return
	}
	r, err := http.NewRequest(line[0], c.URL+line[1], nil) //nolint:noctx // it is not sent
	must(c.t, err)
	must(c.t, c.contract.check(r, response))
}

// committed is the document in the repository, read once, by tests two folders below its root.
var committed = sync.OnceValues(func() (*Document, error) {
	text, err := os.ReadFile("../../openapi.json")
	if err != nil {
		return nil, err
	}
	return readDocument(text)
})

// NewClient is for tests of servers that aren't apptest's: it compares their answers with the committed document, and
// fails the test.
func NewClient(t testing.TB) *http.Client {
	t.Helper()
	d, err := committed()
	must(t, err)
	return &http.Client{Timeout: 30 * time.Second, Transport: &contract{t: t, document: d,
		next: &http.Transport{}, seen: &record{met: map[string]map[int]bool{}}}}
}

func unpack(text []byte) ([]byte, error) {
	reader, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(reader)
}

func (s *record) note(operation string, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.met[operation] == nil {
		s.met[operation] = map[int]bool{}
	}
	s.met[operation][status] = true
}

// headers that an answer carries only where the document says so.
var headers = []string{"Allow", "Content-Disposition", "Etag", "Idempotency-Replayed", "Location", "Ratelimit",
	"Ratelimit-Policy", "Retry-After", "Set-Cookie", "Www-Authenticate"}

func (d *Document) checkAnswer(op *Operation, r *http.Request, response *http.Response, kind string,
	text []byte) error {
	said, err := op.status(response.StatusCode)
	if err != nil {
		return err
	}
	var all []error
	documented := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(said.Headers)) {
		documented[http.CanonicalHeaderKey(name)] = true
		if said.Headers[name].Required && response.Header.Get(name) == "" {
			all = append(all, fmt.Errorf("the header %s is missing", name))
		}
	}
	for _, name := range headers {
		if response.Header.Get(name) != "" && !documented[name] {
			all = append(all, fmt.Errorf("the header %s is not documented", name))
		}
	}
	switch _, known := said.Content[kind]; {
	case r.Method == http.MethodHead:
	case len(said.Content) == 0 && len(text) > 0:
		all = append(all, errors.New("no body is documented"))
	case len(said.Content) == 0:
	case !known:
		all = append(all, fmt.Errorf("the content type %q is not documented", kind))
	case strings.HasSuffix(kind, "json"):
		all = append(all, op.declares(said, kind, text), d.CheckText(said.pointer+Pointer("content", kind, "schema"),
			text))
	}
	if response.StatusCode < http.StatusMultipleChoices {
		all = append(all, d.checkTaken(op, r))
	}
	return errors.Join(all...)
}

// declares tells whether a problem is one of those that the operation says it can answer with.
func (o *Operation) declares(said response, kind string, text []byte) error {
	if kind != problemType {
		return nil
	}
	var p struct {
		Type string `json:"type"`
	}
	// What can't be read breaks the schema, which says so.
	_ = json.Unmarshal(text, &p)
	if p.Type == "" || slices.Contains(said.types, p.Type) {
		return nil
	}
	return fmt.Errorf("%s is not declared: add it to Refusals where the operation %s is registered", p.Type, o.ID)
}

// checkTaken refuses a document that is narrower than the server: a body which was taken has to be allowed.
func (d *Document) checkTaken(op *Operation, r *http.Request) error {
	if !op.body || r.GetBody == nil || r.ContentLength == 0 {
		return nil
	}
	body, err := r.GetBody()
	if err != nil {
		return err
	}
	text, err := io.ReadAll(body)
	if err != nil {
		return err
	}
	// The server measures texts in NFC, takes amounts as numbers too, and keeps a null amount of a webhook for
	// reconciliation.
	text = amountNumber.ReplaceAll(text, []byte(`"$1":"$2"`))
	text = bytes.ReplaceAll(norm.NFC.Bytes(text), []byte(`"amount":null`), []byte(`"amount":"0"`))
	text = bytes.ReplaceAll(text, []byte(`"currency":null`), []byte(`"currency":""`))
	if err := d.CheckText(op.pointer+Pointer("requestBody", "content", "application/json", "schema"),
		text); err != nil {
		return fmt.Errorf("it took a body that it does not document: %w", err)
	}
	return nil
}

var amountNumber = regexp.MustCompile(`"(amount|consultationFee)":\s*([0-9.]+)`)

// checkOther looks at answers outside the operations: refusals below the API are problems, and nothing else is there.
func (d *Document) checkOther(r *http.Request, response *http.Response, kind string, text []byte) error {
	if !strings.HasPrefix(r.URL.Path, "/api/") || path.Clean(r.URL.Path) != r.URL.Path {
		return nil
	}
	var all []error
	if response.StatusCode < http.StatusBadRequest {
		all = append(all, errors.New("no operation of the document is there"))
	}
	if kind != problemType {
		all = append(all, fmt.Errorf("the content type is %q", kind))
	} else if r.Method != http.MethodHead {
		all = append(all, d.CheckText(Pointer("components", "schemas", "Problem"), text))
	}
	if (response.StatusCode == http.StatusMethodNotAllowed) != (response.Header.Get("Allow") != "") {
		all = append(all, errors.New("405 and the header Allow belong together"))
	}
	return errors.Join(all...)
}

// In is the same clinic in a subtest, which then fails instead of its parent.
func (c *Clinic) In(t testing.TB) *Clinic {
	in := *c
	in.t = t
	if c.contract != nil {
		its := *c.contract
		its.t = t
		in.contract, in.http = &its, &http.Client{Timeout: c.http.Timeout, Transport: &its}
	}
	return &in
}

// Document is that of the running server.
func (c *Clinic) Document() *Document { return c.contract.document }

// Met tells which statuses each operation has answered with.
func (c *Clinic) Met() map[string][]int {
	c.contract.seen.mu.Lock()
	defer c.contract.seen.mu.Unlock()
	all := map[string][]int{}
	for operation, statuses := range c.contract.seen.met {
		all[operation] = slices.Sorted(maps.Keys(statuses))
	}
	return all
}

// Client has no user of its own; its answers are compared with the document like all others.
func (c *Clinic) Client() *http.Client { return c.http }

// Submit sends a form, like a browser's page.
func (c *Clinic) Submit(path string, form url.Values) *Answer {
	c.t.Helper()
	return c.Do(User{}, http.MethodPost, path, []byte(form.Encode()), "Content-Type",
		"application/x-www-form-urlencoded")
}
