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

// person is somebody who takes part in the tour.
type person struct {
	name, email, password, token, id string
}

// request is one call of the API; the zero person is nobody signed in.
type request struct {
	as     person
	method string
	path   string
	body   any
	key    string // Idempotency-Key
}

// call sends it, checks the status and reads a JSON answer into out. A refusal's own words go into the error.
func (t *Tour) call(ctx context.Context, r request, want int, out any) (http.Header, error) {
	text, err := json.Marshal(r.body)
	if err != nil {
		return nil, err
	}
	path := r.path
	if !strings.HasPrefix(path, "/") {
		path = "/api/v1/" + path
	}
	sent, err := http.NewRequestWithContext(ctx, r.method, t.URL+path, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	if r.body == nil {
		sent.Body, sent.ContentLength = nil, 0
	} else {
		sent.Header.Set("Content-Type", "application/json")
	}
	if r.as.token != "" {
		sent.Header.Set("Authorization", "Bearer "+r.as.token)
	}
	if r.key != "" {
		sent.Header.Set("Idempotency-Key", r.key)
	}
	answer, err := t.http.Do(sent)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	said, err := io.ReadAll(io.LimitReader(answer.Body, 1<<20))
	if err != nil {
		return nil, err
	}
	if answer.StatusCode != want {
		var problem struct{ Type, Detail string }
		_ = json.Unmarshal(said, &problem) // a page has none
		return nil, fmt.Errorf("%s %s answered %d instead of %d: %s %s", r.method, r.path, answer.StatusCode, want,
			problem.Type, problem.Detail)
	}
	if out == nil {
		return answer.Header, nil
	}
	if err := json.Unmarshal(said, out); err != nil {
		return nil, fmt.Errorf("%s %s: the answer can't be read: %w", r.method, r.path, err)
	}
	return answer.Header, nil
}

func (t *Tour) get(ctx context.Context, as person, path string, out any) error {
	_, err := t.call(ctx, request{as: as, method: http.MethodGet, path: path}, http.StatusOK, out)
	return err
}

func (t *Tour) post(ctx context.Context, as person, path string, body any, want int, out any) error {
	_, err := t.call(ctx, request{as: as, method: http.MethodPost, path: path, body: body, key: t.nextKey()}, want,
		out)
	return err
}

func (t *Tour) patch(ctx context.Context, as person, path string, body, out any) error {
	_, err := t.call(ctx, request{as: as, method: http.MethodPatch, path: path, body: body}, http.StatusOK, out)
	return err
}

func (t *Tour) nextKey() string {
	t.keys++
	return fmt.Sprintf("tour-%s-%d", t.run, t.keys)
}

// patience with what a job does.
const patience = 15 * time.Second

var errNotYet = errors.New("not yet")

// await asks again until look finds it.
func await(ctx context.Context, look func() error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		err := look()
		if !errors.Is(err, errNotYet) {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("it did not happen within %s", patience)
		case <-time.After(20 * time.Millisecond):
		}
	}
}
