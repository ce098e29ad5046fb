// Package demoserver runs bin/amrutam with demo data, for scripts that open its pages.
package demoserver

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"time"

	"amrutam/scripts/demoserver/cookie"
)

const program = "bin/amrutam"

// Server is a running server.
type Server struct {
	URL string

	password    string
	environment []string
	sessions    map[string]string // by user
	stop        func()
}

// Start starts a server with a database of its own.
func Start(ctx context.Context) (*Server, error) {
	data, err := os.MkdirTemp("", "amrutam-demo")
	if err != nil {
		return nil, err
	}
	s := &Server{sessions: map[string]string{}, stop: func() { _ = os.RemoveAll(data) }}
	s.environment = append(os.Environ(), //nolint:forbidigo // for the program
		"AMRUTAM_DATA_DIR="+data, "AMRUTAM_LISTEN=127.0.0.1:0",
		"AMRUTAM_METRICS_LISTEN=off", "AMRUTAM_LOG_FORMAT=json")
	if err := s.serve(ctx); err != nil {
		s.stop()
		return nil, err
	}
	return s, nil
}

func (s *Server) serve(ctx context.Context) error {
	server := exec.CommandContext(ctx, program, "serve", "--demo")
	server.Env = s.environment
	out, err := server.StdoutPipe()
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return err
	}
	remove := s.stop
	s.stop = func() {
		_ = server.Process.Signal(syscall.SIGTERM)
		_ = server.Wait()
		remove()
	}
	return s.readWelcome(bufio.NewScanner(out))
}

// Stop ends the server, and removes its data.
func (s *Server) Stop() { s.stop() }

var (
	address = regexp.MustCompile(`^Amrutam serves on (\S+)`)
	secret  = regexp.MustCompile(`all with the password (\S+)`)
)

// readWelcome reads the address and the password that a server with demo data prints.
func (s *Server) readWelcome(lines *bufio.Scanner) error {
	for lines.Scan() {
		if found := address.FindStringSubmatch(lines.Text()); found != nil {
			s.URL = found[1]
		}
		if found := secret.FindStringSubmatch(lines.Text()); found != nil {
			s.password = found[1]
			return nil
		}
	}
	return errors.Join(errors.New("the server didn't start"), lines.Err())
}

// Enter gives a browser the language, and the session of a demo user like "dr.nair"; "" means nobody.
func (s *Server) Enter(tab context.Context, user, language string) error {
	cookies := map[string]string{"language": language}
	if user != "" {
		if s.sessions[user] == "" { // a code of the authenticator works once
			session, err := s.signIn(tab, user+"@amrutam.example")
			if err != nil {
				return err
			}
			s.sessions[user] = session
		}
		cookies["__Host-amrutam"] = s.sessions[user]
	}
	for name, value := range cookies {
		if err := cookie.Set(tab, s.URL, name, value); err != nil {
			return err
		}
	}
	return nil
}

// signIn returns the cookie of a new session.
func (s *Server) signIn(ctx context.Context, email string) (string, error) {
	answer, cookie, err := s.post(ctx, "/auth/login", map[string]any{"email": email, "password": s.password,
		"session": "COOKIE"})
	if err != nil || cookie != "" {
		return cookie, err
	}
	code := exec.CommandContext(ctx, program, "code")
	code.Env = s.environment
	otp, err := code.Output()
	if err != nil {
		return "", fmt.Errorf("the code of the authenticator: %w", err)
	}
	_, cookie, err = s.post(ctx, "/auth/verify-mfa", map[string]any{"mfaToken": answer["mfaToken"],
		"otp": strings.TrimSpace(string(otp)), "session": "COOKIE"})
	return cookie, err
}

func (s *Server) post(ctx context.Context, path string, body map[string]any) (
	answer map[string]any, session string, err error,
) {
	sent, err := json.Marshal(body)
	if err != nil {
		return nil, "", err
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL+"/api/v1"+path, bytes.NewReader(sent))
	if err != nil {
		return nil, "", err
	}
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, "", err
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return nil, "", fmt.Errorf("%s answers %d", path, response.StatusCode)
	}
	for _, cookie := range response.Cookies() {
		session = cookie.Value
	}
	return answer, session, json.NewDecoder(response.Body).Decode(&answer)
}
