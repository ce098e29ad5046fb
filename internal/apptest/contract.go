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

// contract is a RoundTripper that compares every answer with the OpenAPI document, and fails the test if they differ.
type contract struct {
	t        testing.TB
	log      fmt.Stringer // the server's
	document *Document
	next     http.RoundTripper
	answered *statusRecord
}

// statusRecord records which statuses each operation has answered with.
type statusRecord struct {
	mu       sync.Mutex
	statuses map[string]map[int]bool
}

// RoundTrip sends the request and checks the answer.
func (c *contract) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := c.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	return response, c.check(r, response)
}

// check compares an answer with the document, and fails the test if they differ. The body can be read again after it.
// Returns an error if the body can't be read.
func (c *contract) check(r *http.Request, response *http.Response) error {
	kind, _, _ := mime.ParseMediaType(response.Header.Get("Content-Type"))
	if kind == "text/event-stream" { // it has no end
		if op := c.document.operation(r); op != nil {
			c.answered.add(op.ID, response.StatusCode)
		}
		return nil
	}
	text, err := io.ReadAll(response.Body)
	_ = response.Body.Close()
	if err != nil {
		return err
	}
	response.Body = io.NopCloser(bytes.NewReader(text))
	if response.Header.Get("Content-Encoding") == "gzip" { // the test asked for it, so the transport didn't decompress
		if text, err = gunzip(text); err != nil {
			return err
		}
	}
	if response.StatusCode >= http.StatusInternalServerError {
		c.t.Logf("%s %s answers %d; the server's log of it:\n%s", r.Method, r.URL.Path, response.StatusCode,
			linesOf(c.log, response.Header.Get("X-Request-Id")))
	}
	op := c.document.operation(r)
	if op != nil {
		c.answered.add(op.ID, response.StatusCode)
		err = c.document.checkAnswer(op, r, response, kind, text)
	} else {
		err = c.document.checkUndocumented(r, response, kind, text)
	}
	if err != nil {
		c.t.Errorf("%s %s answers %d against its document: %v", r.Method, r.URL.Path, response.StatusCode, err)
	}
	return nil
}

// Check compares the answer to a request that a test sent as bytes with the document. It ignores redirects and errors
// of net/http itself, which don't reach the pipeline.
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

// committedDocument reads the document of the repository, for tests two folders below its root.
var committedDocument = sync.OnceValues(func() (*Document, error) {
	text, err := os.ReadFile("../../openapi.json")
	if err != nil {
		return nil, err
	}
	return readDocument(text)
})

// NewClient returns a client for servers that apptest didn't start. It compares their answers with the committed
// document. log is what the server logs.
func NewClient(t testing.TB, log fmt.Stringer) *http.Client {
	t.Helper()
	d, err := committedDocument()
	must(t, err)
	return &http.Client{Timeout: 30 * time.Second, Transport: &contract{t: t, log: log, document: d,
		next: &http.Transport{}, answered: &statusRecord{statuses: map[string]map[int]bool{}}}}
}

func gunzip(text []byte) ([]byte, error) {
	reader, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(reader)
}

func (s *statusRecord) add(operation string, status int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.statuses[operation] == nil {
		s.statuses[operation] = map[int]bool{}
	}
	s.statuses[operation][status] = true
}

// headers are those that an answer may have only if the document says so.
var headers = []string{"Allow", "Content-Disposition", "Etag", "Idempotency-Replayed", "Location", "Ratelimit",
	"Ratelimit-Policy", "Retry-After", "Set-Cookie", "Www-Authenticate"}

func (d *Document) checkAnswer(op *Operation, r *http.Request, response *http.Response, kind string,
	text []byte) error {
	documented, err := op.response(response.StatusCode)
	if err != nil {
		return err
	}
	var all []error
	known := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(documented.Headers)) {
		known[http.CanonicalHeaderKey(name)] = true
		if documented.Headers[name].Required && response.Header.Get(name) == "" {
			all = append(all, fmt.Errorf("the header %s is missing", name))
		}
	}
	for _, name := range headers {
		if response.Header.Get(name) != "" && !known[name] {
			all = append(all, fmt.Errorf("the header %s is not documented", name))
		}
	}
	switch _, isKnown := documented.Content[kind]; {
	case r.Method == http.MethodHead:
	case len(documented.Content) == 0 && len(text) > 0:
		all = append(all, errors.New("no body is documented"))
	case len(documented.Content) == 0:
	case !isKnown:
		all = append(all, fmt.Errorf("the content type %q is not documented", kind))
	case strings.HasSuffix(kind, "json"):
		schema := documented.pointer + Pointer("content", kind, "schema")
		all = append(all, op.checkDeclared(documented, kind, text), d.CheckText(schema, text))
	}
	if response.StatusCode < http.StatusMultipleChoices {
		all = append(all, d.checkAcceptedBody(op, r))
	}
	return errors.Join(all...)
}

// checkDeclared returns an error if a problem is not one of those that the document declares for the operation.
func (o *Operation) checkDeclared(documented response, kind string, text []byte) error {
	if kind != problemType {
		return nil
	}
	var p struct {
		Type string `json:"type"`
	}
	_ = json.Unmarshal(text, &p) // the check against the schema reports malformed JSON
	if p.Type == "" || slices.Contains(documented.types, p.Type) {
		return nil
	}
	return fmt.Errorf("%s is not declared: add it to Refusals where the operation %s is registered", p.Type, o.ID)
}

// checkAcceptedBody returns an error if the server accepted a body that the document doesn't allow.
func (d *Document) checkAcceptedBody(op *Operation, r *http.Request) error {
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
	// The server measures texts in NFC and takes amounts as numbers too. It accepts null as the amount or currency of
	// a webhook, which the document does not allow, and stores such an event for reconciliation.
	text = amountNumber.ReplaceAll(text, []byte(`"$1":"$2"`))
	text = bytes.ReplaceAll(norm.NFC.Bytes(text), []byte(`"amount":null`), []byte(`"amount":"0"`))
	text = bytes.ReplaceAll(text, []byte(`"currency":null`), []byte(`"currency":""`))
	schema := op.pointer + Pointer("requestBody", "content", "application/json", "schema")
	if err := d.CheckText(schema, text); err != nil {
		return fmt.Errorf("the server accepted a body that it does not document: %w", err)
	}
	return nil
}

var amountNumber = regexp.MustCompile(`"(amount|consultationFee)":\s*([0-9.]+)`)

// checkUndocumented checks answers outside the operations: below /api/ there must be only problems.
func (d *Document) checkUndocumented(r *http.Request, response *http.Response, kind string, text []byte) error {
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

// In returns the same clinic for a subtest, which fails instead of its parent.
func (c *Clinic) In(t testing.TB) *Clinic {
	in := *c
	in.t = t
	if c.contract != nil {
		contract := *c.contract
		contract.t = t
		in.contract = &contract
		in.http = &http.Client{Timeout: c.http.Timeout, Transport: &contract}
	}
	return &in
}

// Document returns the OpenAPI document of the running server.
func (c *Clinic) Document() *Document { return c.contract.document }

// AnsweredStatuses returns the statuses that each operation has answered with.
func (c *Clinic) AnsweredStatuses() map[string][]int {
	c.contract.answered.mu.Lock()
	defer c.contract.answered.mu.Unlock()
	all := map[string][]int{}
	for operation, statuses := range c.contract.answered.statuses {
		all[operation] = slices.Sorted(maps.Keys(statuses))
	}
	return all
}

// Client returns the HTTP client of the clinic, for requests that Do can't send. Its answers are compared with the
// document.
func (c *Clinic) Client() *http.Client { return c.http }

// SubmitForm sends a form, as a browser does.
func (c *Clinic) SubmitForm(path string, form url.Values) *Answer {
	c.t.Helper()
	return c.Do(User{}, http.MethodPost, path, []byte(form.Encode()),
		"Content-Type", "application/x-www-form-urlencoded")
}
