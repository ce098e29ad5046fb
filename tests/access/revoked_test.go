package access

import (
	"bufio"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"amrutam/internal/apptest"
)

// endings are the ways in which a session of user ends before it expires. other is another session of the same user.
var endings = []struct {
	name string
	// of has the callers whose sessions can end so; nil is all.
	of  []Caller
	end func(s *Scene, user, other apptest.User)
}{
	{"signed out", nil, func(s *Scene, user, _ apptest.User) { s.C.Post(user, "auth/logout", nil).Want(204) }},
	{"ended from another device", nil, func(s *Scene, user, other apptest.User) {
		s.C.Do(other, "DELETE", "auth/sessions/"+s.sessionID(user), nil).Want(204)
	}},
	{"ended with all others", nil, func(s *Scene, _, other apptest.User) {
		s.C.Do(other, "DELETE", "auth/sessions", nil).Want(204)
	}},
	{"second factor added", []Caller{Patient, Doctor}, func(s *Scene, _, other apptest.User) {
		code := s.C.Authenticator(other, false)
		s.C.Post(other, "auth/confirm-mfa", map[string]any{"otp": code()}).Want(200)
	}},
	{"password changed", nil, func(s *Scene, _, other apptest.User) {
		s.C.Post(other, "auth/change-password", map[string]any{"currentPassword": s.Value("own-password"),
			"newPassword": "nine boats cross the quiet lake"}).Want(204)
	}},
	{"password reset", nil, func(s *Scene, user, _ apptest.User) {
		token := uuid.NewString()
		hash := sha256.Sum256([]byte(token))
		s.exec("UPDATE users SET password_reset_token = $1, password_reset_expiry = $2 WHERE id = $3", hash[:],
			s.C.DB.Now().Add(time.Hour), user.ID)
		s.C.Post(apptest.User{}, "auth/reset-password",
			map[string]any{"token": token, "newPassword": "nine boats cross the quiet lake"}).Want(204)
	}},
	{"role changed", []Caller{Support, Admin}, func(s *Scene, user, _ apptest.User) {
		role := map[Caller]string{Support: "ADMIN", Admin: "SUPPORT"}[s.Caller]
		s.C.Patch(s.C.Admin(), "users/"+user.ID.String()+"/role", map[string]any{"role": role}).Want(200)
	}},
	{"disabled", nil, func(s *Scene, user, _ apptest.User) {
		s.C.Patch(s.C.Admin(), "users/"+user.ID.String()+"/disable",
			map[string]any{"disabled": true, "cancelConsultations": true}).Want(200)
	}},
	{"deleted", nil, func(s *Scene, _, other apptest.User) {
		s.C.Admin() // so that user is not the last administrator
		s.C.Do(other, "DELETE", "users/me", nil).Want(204)
	}},
	{"second factors reset", nil, func(s *Scene, user, _ apptest.User) {
		s.C.Authenticator(user, true)
		s.C.Post(s.C.Admin(), "users/"+user.ID.String()+"/reset-mfa", nil).Want(204)
	}},
}

// sessionOf is the session behind a token.
func (s *Scene) sessionID(u apptest.User) (id string) {
	s.T.Helper()
	hash := sha256.Sum256([]byte(u.Token))
	if err := s.C.DB.Pool.QueryRow(context.Background(), "SELECT session_id FROM session_tokens WHERE hash = $1",
		hash[:]).Scan(&id); err != nil {
		s.T.Fatal(err)
	}
	return id
}

// addSession inserts another session of the user with the same rights.
func (s *Scene) addSession(u apptest.User) apptest.User {
	s.T.Helper()
	id, token := uuid.Must(uuid.NewV7()), uuid.NewString()
	hash := sha256.Sum256([]byte(token))
	s.exec(`INSERT INTO sessions (id, user_id, user_agent, ip_address, created_at, last_used_at, expires_at,
		second_factor_at)
		SELECT $1, user_id, 'another', ip_address, created_at, last_used_at, expires_at, second_factor_at
			FROM sessions WHERE id = $2`, id, s.sessionID(u))
	s.exec("INSERT INTO session_tokens (hash, session_id, kind, created_at, expires_at) VALUES ($1, $2, 'ACCESS', "+
		"$3, $4)", hash[:], id, s.C.DB.Now(), s.C.DB.Now().Add(time.Hour))
	u.Token = token
	return u
}

// changes returns a row of each operation that needs a session and that the caller may call.
func changes(caller Caller) (rows []Row) {
	seen := map[string]bool{}
	for _, row := range Table {
		if row.Want[caller]/100 == 2 && row.Want[Anonymous] == http.StatusUnauthorized && !seen[row.Operation] {
			seen[row.Operation] = true
			rows = append(rows, row)
		}
	}
	return rows
}

// sendHead sends the head of a request, and returns when the server asks for the body (RFC 9110, section 10.1.1).
// finish sends the body and returns the status and body of the response.
func sendHead(t *testing.T, c *apptest.Clinic, token, method, path string, headers []string,
	body []byte) (finish func() (int, string)) {
	t.Helper()
	var dialer net.Dialer
	conn, err := dialer.DialContext(t.Context(), "tcp", strings.TrimPrefix(c.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	head := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: "+
		"application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n",
		method, (&url.URL{Path: path}).EscapedPath(), strings.TrimPrefix(c.URL, "http://"), token, len(body))
	for i := 0; i+1 < len(headers); i += 2 {
		head += headers[i] + ": " + headers[i+1] + "\r\n"
	}
	if _, err := io.WriteString(conn, head+"\r\n"); err != nil {
		t.Fatal(err)
	}
	in := bufio.NewReader(conn)
	if line, err := in.ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 100") {
		t.Fatalf("%s %s: %q %v", method, path, line, err)
	}
	if _, err := in.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	return func() (int, string) {
		_, _ = conn.Write(body)
		answer, err := http.ReadResponse(in, nil)
		if err != nil {
			t.Errorf("%s %s: %v", method, path, err)
			return 0, ""
		}
		defer answer.Body.Close()
		c.Check(head, answer)
		text, _ := io.ReadAll(answer.Body)
		return answer.StatusCode, string(text)
	}
}

// TestPendingRequestsAfterSessionEnd sends the heads of requests that change something, ends the session in each way,
// and then sends the bodies: all are refused and change nothing.
func TestPendingRequestsAfterSessionEnd(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	c.Admin()
	for _, way := range endings {
		for _, caller := range []Caller{Patient, Doctor, Support, Admin} {
			if way.of != nil && !slices.Contains(way.of, caller) {
				continue
			}
			t.Run(way.name+"/"+caller.String(), func(t *testing.T) {
				t.Parallel()
				s := NewScene(t, c, caller)
				user := s.User(caller)
				other := s.addSession(user)
				s.Value("own-password")
				finish := map[string]func() (int, string){}
				for _, row := range changes(caller) {
					o := s.operation(row.Operation)
					if o.Method == http.MethodGet {
						continue
					}
					path := o.Path
					if len(o.Params) > 0 {
						path = strings.Replace(path, "{"+o.Params[0]+"}", uuid.NewString(), 1)
					}
					body := []byte("{}")
					if o.Example != nil {
						body = s.body(o.Example, "")
					}
					finish[row.Operation] = sendHead(t, s.C, user.Token, o.Method, path,
						[]string{"Idempotency-Key", uuid.NewString()}, body)
				}
				way.end(s, user, other)
				before := s.countAudits(user)
				for operation, finish := range finish {
					status, text := finish()
					if status != http.StatusUnauthorized || !strings.Contains(text, "/problems/unauthenticated") {
						t.Errorf("%s: %d %s", operation, status, text)
					}
				}
				if after := s.countAudits(user); after != before {
					t.Errorf("%d actions of a session that had ended", after-before)
				}
			})
		}
	}
}

// countAudits counts the audit rows of the user's actions.
func (s *Scene) countAudits(u apptest.User) (n int) {
	s.T.Helper()
	if err := s.C.DB.Pool.QueryRow(context.Background(), "SELECT count(*) FROM audit_logs WHERE actor_id = $1", u.ID).
		Scan(&n); err != nil {
		s.T.Fatal(err)
	}
	return n
}

// onlyReads are operations that change nothing and write no audit row.
var onlyReads = []string{"create-passkey-options"}

// TestOpenTransactionAfterSessionEnd ends the session, in a transaction that hasn't committed yet, while a request is
// between its authentication and its COMMIT. The request waits for that transaction, and is then refused.
func TestOpenTransactionAfterSessionEnd(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	c.Admin()
	seen := map[string]bool{}
	for _, caller := range []Caller{Patient, Doctor, Support, Admin} {
		for _, row := range changes(caller) {
			if seen[row.Operation] || slices.Contains(onlyReads, row.Operation) {
				continue
			}
			seen[row.Operation] = true
			t.Run(row.Operation, func(t *testing.T) {
				t.Parallel()
				s := NewScene(t, c, caller)
				r := s.Request(row, false)
				u := s.User(caller)
				s.endSessionMeanwhile(r, u)
			})
		}
	}
}

// endSessionMeanwhile sends the request while a transaction has ended its session, commits that, and checks the
// response.
func (s *Scene) endSessionMeanwhile(r Request, u apptest.User) {
	t, ctx := s.T, context.Background()
	session, before := s.sessionID(u), s.countAudits(u)
	tx, err := s.C.DB.Pool.Begin(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = tx.Rollback(ctx) }()
	var backend int
	if err := tx.QueryRow(ctx, "UPDATE sessions SET ended_at = now() WHERE id = $1 RETURNING pg_backend_pid()",
		session).Scan(&backend); err != nil {
		t.Fatal(err)
	}
	answered := make(chan *apptest.Answer, 1)
	go func() { answered <- s.Send(r) }()
	var early *apptest.Answer
	s.C.Await("waited for the session's end: "+r.Operation.ID, func() bool {
		select {
		case early = <-answered:
			return true
		default:
		}
		var waiting int
		err := s.C.DB.Pool.QueryRow(ctx, "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND "+
			"$1 = ANY (pg_blocking_pids(pid))", backend).Scan(&waiting)
		return err == nil && waiting > 0
	})
	if early != nil {
		// Only a read without an audit row may have ended before the session did.
		isRead := r.Method == http.MethodGet || r.Operation.ID == "preview-availability-rule"
		if !isRead || early.Status/100 != 2 || s.countAudits(u) != before {
			t.Errorf("%s didn't check that its session hasn't ended: %d %s", r.Operation.ID, early.Status, early.Body)
		}
		return
	}
	if err := tx.Commit(ctx); err != nil {
		t.Fatal(err)
	}
	(<-answered).Want(http.StatusUnauthorized, "unauthenticated")
	if after := s.countAudits(u); after != before {
		t.Errorf("%d actions of a session that had ended", after-before)
	}
}

// TestSessionEndsDuringRequests sends a patient's requests from two devices while the sessions end in each way. There
// must be no deadlock, which PostgreSQL would resolve with an error and the server with a retry.
func TestSessionEndsDuringRequests(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	c.Admin()
	for round := range 3 {
		for _, way := range endings {
			// The requests enable a second factor themselves.
			if way.of != nil && !slices.Contains(way.of, Patient) || way.name == "second factor added" {
				continue
			}
			s := NewScene(t, c, Patient)
			endSessionDuringRequests(t, s, fmt.Sprint(way.name, " ", round), way.end)
		}
	}
	if n := c.App.DB.Retried(); n > 0 {
		t.Errorf("%d transactions were retried", n)
	}
}

// endSessionDuringRequests sends requests of two sessions at once, and ends the sessions meanwhile.
func endSessionDuringRequests(t *testing.T, s *Scene, name string, end func(s *Scene, user, other apptest.User)) {
	t.Helper()
	user := s.User(Patient)
	other, third := s.addSession(user), s.addSession(user)
	s.Value("own-password")
	thirdID := s.sessionID(third)
	requests := []func(as apptest.User) *apptest.Answer{
		func(as apptest.User) *apptest.Answer {
			return s.C.Patch(as, "users/me", map[string]any{"fullName": "Asha " + uuid.NewString()})
		},
		func(as apptest.User) *apptest.Answer {
			return s.C.Post(as, "auth/step-up", map[string]any{"currentPassword": password})
		},
		func(as apptest.User) *apptest.Answer { return s.C.Post(as, "auth/enable-mfa", nil) },
		func(as apptest.User) *apptest.Answer { return s.C.Post(as, "users/me/export", nil) },
		func(as apptest.User) *apptest.Answer { return s.C.Do(as, "DELETE", "auth/sessions/"+thirdID, nil) },
	}
	for range 3 {
		slot := s.C.Slot(s.User(Doctor), 48*time.Hour+s.slots, 1)
		s.slots += time.Hour
		requests = append(requests, func(as apptest.User) *apptest.Answer {
			return s.C.Post(as, "consultations", map[string]any{"slotId": slot, "reason": "Back pain"})
		})
	}
	answers := make(chan *apptest.Answer, len(requests)) // fewer than there are connections
	for i, send := range requests {
		as := [2]apptest.User{user, third}[i%2]
		go func() { answers <- send(as) }()
	}
	first := <-answers // the others are running
	end(s, user, other)
	for i := range cap(answers) {
		a := first
		if i > 0 {
			a = <-answers
		}
		if a.Status >= 500 && a.Status != http.StatusServiceUnavailable { // 503: the machine is busy
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	s.C.Get(user, "users/me").Want(http.StatusUnauthorized)
}
