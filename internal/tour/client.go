package tour

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// person takes part in the tour. The zero person is an anonymous caller.
type person struct {
	name, email, password, token, id string
}

// request is one request to the API. A path without a leading slash is below /api/v1/.
type request struct {
	caller person
	method string
	path   string
	body   any
	key    string // Idempotency-Key
}

// call sends the request, checks the status and decodes a JSON response into out. If the status is another one, the
// error has the type and the detail of the problem.
func (t *Tour) call(ctx context.Context, r request, want int, out any) (http.Header, error) {
	requestBody, err := json.Marshal(r.body)
	if err != nil {
		return nil, err
	}
	path := r.path
	if !strings.HasPrefix(path, "/") {
		path = "/api/v1/" + path
	}
	httpRequest, err := http.NewRequestWithContext(ctx, r.method, t.URL+path, bytes.NewReader(requestBody))
	if err != nil {
		return nil, err
	}
	if r.body == nil {
		httpRequest.Body, httpRequest.ContentLength = nil, 0
	} else {
		httpRequest.Header.Set("Content-Type", "application/json")
	}
	if r.caller.token != "" {
		httpRequest.Header.Set("Authorization", "Bearer "+r.caller.token)
	}
	if r.key != "" {
		httpRequest.Header.Set("Idempotency-Key", r.key)
	}
	response, err := t.http.Do(httpRequest)
	if err != nil {
		return nil, err
	}
	defer func() { _ = response.Body.Close() }()
	responseBody, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	if response.StatusCode != want {
		var problem struct{ Type, Detail string }
		_ = json.Unmarshal(responseBody, &problem) // an HTML page has none
		return nil, fmt.Errorf("%s %s returned status %d instead of %d: %s %s",
			r.method, r.path, response.StatusCode, want, problem.Type, problem.Detail)
	}
	if out == nil {
		return response.Header, nil
	}
	if err := json.Unmarshal(responseBody, out); err != nil {
		return nil, fmt.Errorf("%s %s: the response can't be read: %w", r.method, r.path, err)
	}
	return response.Header, nil
}

func (t *Tour) get(ctx context.Context, caller person, path string, out any) error {
	_, err := t.call(ctx, request{caller: caller, method: http.MethodGet, path: path}, http.StatusOK, out)
	return err
}

func (t *Tour) post(ctx context.Context, caller person, path string, body any, want int, out any) error {
	r := request{caller: caller, method: http.MethodPost, path: path, body: body, key: t.nextKey()}
	_, err := t.call(ctx, r, want, out)
	return err
}

func (t *Tour) patch(ctx context.Context, caller person, path string, body, out any) error {
	r := request{caller: caller, method: http.MethodPatch, path: path, body: body}
	_, err := t.call(ctx, r, http.StatusOK, out)
	return err
}

func (t *Tour) nextKey() string {
	t.keyCount++
	return fmt.Sprintf("tour-%s-%d", t.runID, t.keyCount)
}

// waitTimeout is how long waitFor waits for the effect of a background job.
const waitTimeout = 15 * time.Second

var errNotYet = errors.New("not yet")

// waitFor repeats check until it returns something other than errNotYet.
func waitFor(ctx context.Context, check func() error) error {
	ctx, cancel := context.WithTimeout(ctx, waitTimeout)
	defer cancel()
	for {
		err := check()
		if !errors.Is(err, errNotYet) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("the expected change did not happen within %s", waitTimeout)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
