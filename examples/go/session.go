package main

import (
	"encoding/json"
	"fmt"
	"net/http"

	"amrutam/examples/go/amrutam"
)

// session sends the requests of a client.
type session struct {
	token string // of the sign-in
}

// Do sends a request with the token. Returns an error for a refusal too: an answer without one is what was asked for.
func (s *session) Do(r *http.Request) (*http.Response, error) {
	if s.token != "" {
		r.Header.Set("Authorization", "Bearer "+s.token)
	}
	response, err := http.DefaultClient.Do(r)
	if err != nil || response.StatusCode < http.StatusBadRequest {
		return response, err
	}
	defer func() { _ = response.Body.Close() }()
	var problem amrutam.Problem
	if err := json.NewDecoder(response.Body).Decode(&problem); err != nil {
		return nil, fmt.Errorf("%s: the refusal can't be read: %w", response.Status, err)
	}
	return nil, fmt.Errorf("%s: %s (%s, request %s)", problem.Title, problem.Detail, problem.Type, problem.RequestID)
}
