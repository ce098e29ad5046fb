package access

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
)

var roles = map[Caller]string{Patient: "PATIENT", OtherPatient: "PATIENT", Doctor: "DOCTOR", OtherDoctor: "DOCTOR",
	Support: "SUPPORT", Admin: "ADMIN"}

func TestEveryOperationHasItsRows(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	documented := map[string]apptest.Operation{}
	for _, o := range c.Document().Operations {
		documented[o.ID] = o
	}
	if len(documented) != len(c.App.API.Operations) {
		t.Errorf("%d operations are registered, %d documented", len(c.App.API.Operations), len(documented))
	}
	succeeds := map[string]bool{}
	for _, row := range Table {
		o, there := documented[row.Operation]
		if !there {
			t.Errorf("the table has a row of %s, which is no operation", row.Operation)
			continue
		}
		succeeds[row.Operation] = succeeds[row.Operation] ||
			slices.ContainsFunc(row.Want[:], func(status int) bool { return status/100 == 2 })
		for caller, role := range roles {
			if may := len(o.Roles) == 0 ||
				slices.Contains(o.Roles, role); may == (row.Want[caller] == http.StatusForbidden) {
				t.Errorf("%s: the document says %v may call, the table wants %d for %s", o.ID, o.Roles,
					row.Want[caller],
					caller)
			}
		}
	}
	for id := range documented {
		if !succeeds[id] {
			t.Errorf("operation %s has no row in tests/access/table.go with a caller who succeeds", id)
		}
	}
	for _, op := range c.App.API.Operations {
		if o := documented[op.ID]; !slices.Equal(o.Roles, op.Roles.Names()) ||
			(len(o.Roles) == 0) != (op.Roles == access.Public) {
			t.Errorf("%s: registered for %v, documented for %v", op.ID, op.Roles, o.Roles)
		}
	}
}

func TestWhoMayDoWhat(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	c.Admin() // who stays: the others may leave
	for i, row := range Table {
		t.Run(fmt.Sprintf("%s/%d", row.Operation, i), func(t *testing.T) {
			t.Parallel()
			for caller := range callers {
				t.Run(caller.String(), func(t *testing.T) {
					t.Parallel()
					ask(t, NewScene(t, c, caller), row)
				})
			}
		})
	}
}

func ask(t *testing.T, s *Scene, row Row) {
	r := s.Request(row, false)
	if s.Caller != Nobody && enrolled(row) && slices.Contains(Recent, row.Operation) {
		s.C.Prove(s.User(s.Caller)) // what comes without is TestRecentProof's
	}
	stranger := s.Caller == OtherPatient || s.Caller == OtherDoctor
	if stranger && r.Method == http.MethodGet && len(r.Operation.Roles) > 0 {
		s.Value("completed") // which a stranger's list must not hold
	}
	a := s.Ask(r).Want(row.Want[s.Caller])
	switch {
	case a.Status == http.StatusForbidden:
		if got := denials(t, s); len(got) != 1 || got[0] != "operation "+row.Operation {
			t.Errorf("the audit log has the denials %v", got)
		}
	case a.Status == http.StatusNotFound && len(r.IDs) > 0:
		if got := denials(t, s); len(got) != 1 || strings.HasPrefix(got[0], "operation") {
			t.Errorf("the audit log has the denials %v", got)
		}
		alike(t, a, r, s, row)
	case stranger && a.Status < 300 && r.Method == http.MethodGet && len(r.Operation.Roles) > 0:
		for _, secret := range []string{s.Value("patient"), s.User(Patient).Email, s.Value("completed"),
			s.Value("prescription")} {
			if bytes.Contains(a.Body, []byte(secret)) {
				t.Errorf("a stranger reads %s", a.Body)
			}
		}
	}
}

// alike asks for something that doesn't exist: what is somebody else's must answer the same.
func alike(t *testing.T, hidden *apptest.Answer, r Request, s *Scene, row Row) {
	t.Helper()
	other := s.Request(row, true)
	nothing := s.Ask(other).Want(hidden.Status)
	for _, one := range []struct {
		answer  *apptest.Answer
		request Request
	}{{hidden, r}, {nothing, other}} {
		if one.answer.Text("instance") != one.request.Path ||
			one.answer.Text("requestId") != one.answer.Header.Get("X-Request-Id") {
			t.Errorf("instance or requestId is not this request's: %s", one.answer.Body)
		}
	}
	if a, b := anonymous(hidden, r), anonymous(nothing, other); a != b {
		t.Errorf("they can be told apart:\n%s\n%s", a, b)
	}
}

// anonymous is an answer without what differs between any two requests: ids that were asked for, the request's id, the
// date.
func anonymous(a *apptest.Answer, r Request) string {
	text := string(a.Body)
	cut := []string{a.Header.Get("X-Request-Id")}
	for _, id := range append(cut, r.IDs...) {
		text = strings.ReplaceAll(text, id, "·")
	}
	h := a.Header.Clone()
	h.Del("X-Request-Id")
	h.Del("Date")
	return fmt.Sprint(a.Status, h, text)
}

// denials are what the audit log says the caller was refused.
func denials(t *testing.T, s *Scene) (objects []string) {
	t.Helper()
	rows, err := s.C.DB.Pool.Query(context.Background(),
		`SELECT CASE entity_type WHEN 'operation' THEN 'operation ' || entity_id ELSE entity_type END
		FROM audit_logs WHERE action = 'access.deny' AND actor_id = $1`, s.User(s.Caller).ID)
	if err != nil {
		t.Fatal(err)
	}
	objects, err = pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return objects
}

// TestSecondFactor asks every operation as staff that has not proven a second factor, and as staff that did long ago.
// The answers follow from the table: what is for anyone, what enrolls, and what must be fresh is listed there.
func TestSecondFactor(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	c.Admin() // who stays: the others may leave
	for i, row := range Table {
		for _, caller := range []Caller{Support, Admin} {
			for _, state := range []string{"unproven", "stale", "fresh"} {
				t.Run(fmt.Sprintf("%s/%d/%s/%s", row.Operation, i, caller, state), func(t *testing.T) {
					t.Parallel()
					s := NewScene(t, c, caller)
					r := s.Request(row, false)
					want, slug := row.Want[caller], "mfa-required"
					switch {
					case len(r.Operation.Roles) == 0 || want == http.StatusForbidden ||
						slices.Contains(Enrolment, row.Operation) && !enrolled(row):
					case slices.Contains(Enrolment, row.Operation):
						if state != "fresh" && slices.Contains(Recent, row.Operation) {
							want, slug = http.StatusForbidden, "reauthentication-required"
						}
					case state == "unproven", state == "stale" &&
						(slices.Contains(Fresh, row.Operation) ||
							(caller == Admin && slices.Equal(row.Headers, purpose))):
						want = http.StatusForbidden
					}
					switch state {
					case "unproven":
						c.ClearSecondFactor(s.User(caller))
					case "stale":
						s.exec("UPDATE sessions SET second_factor_at = $2 WHERE user_id = $1", s.User(caller).ID,
							c.DB.Now().Add(-5*time.Minute-time.Second))
					}
					a := s.Ask(r).Want(want)
					if forbidden := want == http.StatusForbidden && row.Want[caller] != want; forbidden &&
						a.Text("type") != "/problems/"+slug {
						t.Errorf("refused by %s", a.Text("type"))
					}
				})
			}
		}
	}
}

// enrolled: the caller of the row has an authenticator.
func enrolled(row Row) bool { return strings.Contains(row.Body, "<own-code>") }

// TestRecentProof asks what needs one when the sign-in was long ago, when the password was proven since, and as
// somebody whose second factor was proven long ago, whatever of the password.
func TestRecentProof(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	c.Admin() // who stays: the others may leave
	registered := []string{}
	for _, op := range c.App.API.Operations {
		if op.RecentProof {
			registered = append(registered, op.ID)
		}
	}
	listed := slices.Clone(Recent)
	slices.Sort(registered)
	if slices.Sort(listed); !slices.Equal(registered, listed) {
		t.Errorf("registered are %v, the table has %v", registered, listed)
	}
	const stale = "UPDATE sessions SET authenticated_at = $2, second_factor_at = $3 WHERE user_id = $1"
	for i, row := range Table {
		for _, state := range []string{"signed in long ago", "password proven", "factor proven long ago",
			"factor proven"} {
			if !slices.Contains(Recent, row.Operation) || row.Want[Patient] >= 300 {
				continue
			}
			t.Run(fmt.Sprintf("%s/%d/%s", row.Operation, i, state), func(t *testing.T) {
				t.Parallel()
				s := NewScene(t, c, Patient)
				r := s.Request(row, false)
				caller, now := s.User(Patient), c.DB.Now()
				ago, want := now.Add(-5*time.Minute-time.Second), row.Want[Patient]
				switch state {
				case "signed in long ago":
					s.exec(stale, caller.ID, ago, nil)
					want = http.StatusForbidden
				case "password proven":
					s.exec(stale, caller.ID, now, nil)
				case "factor proven long ago":
					s.exec(stale, caller.ID, now, ago)
					s.exec("UPDATE users SET mfa_enabled = true WHERE id = $1", caller.ID)
					want = http.StatusForbidden
				case "factor proven":
					s.exec(stale, caller.ID, ago, now)
					s.exec("UPDATE users SET mfa_enabled = true WHERE id = $1", caller.ID)
				}
				if a := s.Ask(r).Want(want); want == http.StatusForbidden &&
					a.Text("type") != "/problems/reauthentication-required" {
					t.Errorf("refused by %s", a.Text("type"))
				}
			})
		}
	}
}
