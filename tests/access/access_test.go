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

var roles = map[Caller]string{
	Patient: "PATIENT", OtherPatient: "PATIENT",
	Doctor: "DOCTOR", OtherDoctor: "DOCTOR",
	Support: "SUPPORT", Admin: "ADMIN",
}

func TestTableHasEveryOperation(t *testing.T) {
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
		o, exists := documented[row.Operation]
		if !exists {
			t.Errorf("the table has a row of %s, which isn't an operation", row.Operation)
			continue
		}
		succeeds[row.Operation] = succeeds[row.Operation] ||
			slices.ContainsFunc(row.Want[:], func(status int) bool { return status/100 == 2 })
		for caller, role := range roles {
			allowed := len(o.Roles) == 0 || slices.Contains(o.Roles, role)
			if want := row.Want[caller]; allowed == (want == http.StatusForbidden) {
				t.Errorf("%s: the document has the roles %v, the table wants %d for %s", o.ID, o.Roles, want, caller)
			}
		}
	}
	for id := range documented {
		if !succeeds[id] {
			t.Errorf("operation %s has no row in tests/access/table.go with a caller who succeeds", id)
		}
	}
	for _, op := range c.App.API.Operations {
		o := documented[op.ID]
		isPublic := len(o.Roles) == 0
		if !slices.Equal(o.Roles, op.Roles.Names()) || isPublic != (op.Roles == access.Public) {
			t.Errorf("%s: registered for %v, documented for %v", op.ID, op.Roles, o.Roles)
		}
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	c.Admin() // so that no other one is the last administrator
	for i, row := range Table {
		t.Run(fmt.Sprintf("%s/%d", row.Operation, i), func(t *testing.T) {
			t.Parallel()
			for caller := range callers {
				t.Run(caller.String(), func(t *testing.T) {
					t.Parallel()
					checkRow(t, NewScene(t, c, caller), row)
				})
			}
		})
	}
}

// checkRow sends a row's request as the scene's caller, and checks the status, what was audited, and that a response
// to a stranger has none of the patient's data.
func checkRow(t *testing.T, s *Scene, row Row) {
	r := s.Request(row, false)
	if s.Caller != Anonymous && hasAuthenticator(row) && slices.Contains(Recent, row.Operation) {
		s.C.Prove(s.User(s.Caller)) // TestRecentProof has the requests without a proof
	}
	stranger := s.Caller == OtherPatient || s.Caller == OtherDoctor
	if stranger && r.Method == http.MethodGet && len(r.Operation.Roles) > 0 {
		s.Value("completed") // a consultation that must not be in a stranger's list
	}
	a := s.Send(r).Want(row.Want[s.Caller])
	switch {
	case a.Status == http.StatusForbidden:
		if got := denials(t, s); len(got) != 1 || got[0] != "operation "+row.Operation {
			t.Errorf("the audit log has the denials %v", got)
		}
	case a.Status == http.StatusNotFound && len(r.IDs) > 0:
		if got := denials(t, s); len(got) != 1 || strings.HasPrefix(got[0], "operation") {
			t.Errorf("the audit log has the denials %v", got)
		}
		checkIndistinguishable(t, a, r, s, row)
	case stranger && a.Status < 300 && r.Method == http.MethodGet && len(r.Operation.Roles) > 0:
		secrets := []string{s.Value("patient"), s.User(Patient).Email, s.Value("completed"), s.Value("prescription")}
		for _, secret := range secrets {
			if bytes.Contains(a.Body, []byte(secret)) {
				t.Errorf("a stranger reads %s", a.Body)
			}
		}
	}
}

// checkIndistinguishable checks that the response for something that belongs to others is the same as for something
// that doesn't exist.
func checkIndistinguishable(t *testing.T, hidden *apptest.Answer, r Request, s *Scene, row Row) {
	t.Helper()
	other := s.Request(row, true)
	missing := s.Send(other).Want(hidden.Status)
	checkIDs(t, hidden, r)
	checkIDs(t, missing, other)
	if a, b := normalize(hidden, r), normalize(missing, other); a != b {
		t.Errorf("the responses differ:\n%s\n%s", a, b)
	}
}

// checkIDs checks that a problem names its own request.
func checkIDs(t *testing.T, a *apptest.Answer, r Request) {
	t.Helper()
	if a.Text("instance") != r.Path || a.Text("requestId") != a.Header.Get("X-Request-Id") {
		t.Errorf("instance or requestId is another request's: %s", a.Body)
	}
}

// normalize returns a response without what differs between any two requests: the ids in the request, the request id
// and the date.
func normalize(a *apptest.Answer, r Request) string {
	text := string(a.Body)
	for _, id := range append([]string{a.Header.Get("X-Request-Id")}, r.IDs...) {
		text = strings.ReplaceAll(text, id, "·")
	}
	h := a.Header.Clone()
	h.Del("X-Request-Id")
	h.Del("Date")
	return fmt.Sprint(a.Status, h, text)
}

// denials returns what the caller was refused according to the audit log.
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

// TestSecondFactor calls every operation as staff that has proven a second factor not at all, long ago, or recently.
// Which operations need it follows from the table and its lists.
func TestSecondFactor(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	c.Admin() // so that no other one is the last administrator
	for i, row := range Table {
		for _, caller := range []Caller{Support, Admin} {
			for _, state := range []string{"unproven", "stale", "fresh"} {
				t.Run(fmt.Sprintf("%s/%d/%s/%s", row.Operation, i, caller, state), func(t *testing.T) {
					t.Parallel()
					s := NewScene(t, c, caller)
					r := s.Request(row, false)
					want, slug := wantWithFactor(row, caller, r.Operation.Roles, state)
					switch state {
					case "unproven":
						c.ClearSecondFactor(s.User(caller))
					case "stale":
						s.exec("UPDATE sessions SET second_factor_at = $2 WHERE user_id = $1", s.User(caller).ID,
							c.DB.Now().Add(-5*time.Minute-time.Second))
					}
					a := s.Send(r).Want(want)
					if want != row.Want[caller] && a.Text("type") != "/problems/"+slug {
						t.Errorf("refused with %s, want %s", a.Text("type"), slug)
					}
				})
			}
		}
	}
}

// wantWithFactor returns the status that staff get whose second factor is unproven, stale or fresh, and the slug if
// that is why they are refused.
func wantWithFactor(row Row, caller Caller, roles []string, state string) (status int, slug string) {
	status = row.Want[caller]
	enrolment := slices.Contains(Enrolment, row.Operation)
	needsFresh := slices.Contains(Fresh, row.Operation) || (caller == Admin && slices.Equal(row.Headers, purpose))
	switch {
	case len(roles) == 0, status == http.StatusForbidden, enrolment && !hasAuthenticator(row):
		return status, ""
	case enrolment:
		if state != "fresh" && slices.Contains(Recent, row.Operation) {
			return http.StatusForbidden, "reauthentication-required"
		}
	case state == "unproven", state == "stale" && needsFresh:
		return http.StatusForbidden, "mfa-required"
	}
	return status, ""
}

// hasAuthenticator reports whether the caller of the row has an authenticator.
func hasAuthenticator(row Row) bool { return strings.Contains(row.Body, "<own-code>") }

// TestRecentProof calls the operations that need a recent proof, with each kind of proof: recent, long ago, or of the
// password only although the user has a second factor.
func TestRecentProof(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	c.Admin() // so that no other one is the last administrator
	registered := []string{}
	for _, op := range c.App.API.Operations {
		if op.RecentProof {
			registered = append(registered, op.ID)
		}
	}
	listed := slices.Clone(Recent)
	slices.Sort(registered)
	slices.Sort(listed)
	if !slices.Equal(registered, listed) {
		t.Errorf("the operations %v are registered, the table has %v", registered, listed)
	}
	const stale = "UPDATE sessions SET authenticated_at = $2, second_factor_at = $3 WHERE user_id = $1"
	for i, row := range Table {
		if !slices.Contains(Recent, row.Operation) || row.Want[Patient] >= 300 {
			continue
		}
		states := []string{"signed in long ago", "password proven", "factor proven long ago", "factor proven"}
		for _, state := range states {
			t.Run(fmt.Sprintf("%s/%d/%s", row.Operation, i, state), func(t *testing.T) {
				t.Parallel()
				s := NewScene(t, c, Patient)
				r := s.Request(row, false)
				caller, now := s.User(Patient), c.DB.Now()
				ago := now.Add(-5*time.Minute - time.Second)
				want := row.Want[Patient]
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
				a := s.Send(r).Want(want)
				if want == http.StatusForbidden && a.Text("type") != "/problems/reauthentication-required" {
					t.Errorf("refused with %s", a.Text("type"))
				}
			})
		}
	}
}
