package contract_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"amrutam/internal/apptest"
	"amrutam/tests/access"
)

// notRead are the members that nobody reads as they are: secrets, what is matched to something known, what gets
// another form.
var notRead = []string{"password", "currentPassword", "newPassword", "token", "refreshToken", "mfaToken", "otp",
	"recoveryCode", "phone", "email", "newEmail"}

// severalLines are the members that may hold line breaks and tabs.
var severalLines = []string{"reason", "notes", "advice", "instructions", "bio", "address"}

// TestTextsNobodyCanRead puts a character that can't be seen into each text of each operation's body.
func TestTextsNobodyCanRead(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	done := map[string]bool{"receive-payment-webhook": true} // a program writes and reads it
	for _, row := range access.Table {
		caller := slices.IndexFunc(row.Want[:], func(status int) bool { return status/100 == 2 })
		if done[row.Operation] || caller < 0 {
			continue
		}
		done[row.Operation] = true
		s := access.NewScene(t, c, access.Caller(caller))
		r := s.Request(row, false)
		var body any
		if r.Body == nil || json.Unmarshal(r.Body, &body) != nil {
			continue
		}
		eachText(body, "body", func(at, name, text string, put func(string)) {
			ask := func(other string) *apptest.Answer {
				put(other)
				defer put(text)
				q := r
				q.Body, _ = json.Marshal(body)
				return s.Ask(q)
			}
			if slices.Contains(notRead, name) || strings.Contains(at, "redential") {
				return
			}
			for _, unseen := range []string{"\u200b", "\u202e", "\u2800", "\a"} {
				if a := ask(text + unseen); a.Status != 422 || !strings.Contains(string(a.Body), at) ||
					strings.Contains(string(a.Body), unseen) {
					t.Errorf("%s: %+q in %s: %d %s", row.Operation, unseen, at, a.Status, a.Body)
				}
			}
			if slices.Contains(severalLines, name) {
				if a := ask(text + "\r\n\tmore"); a.Status == 422 && strings.Contains(string(a.Body), at+`"`) {
					t.Errorf("%s: a line break in %s: %s", row.Operation, at, a.Body)
				}
			} else if a := ask(text + "\nmore"); a.Status != 422 {
				t.Errorf("%s: a line break in %s: %d", row.Operation, at, a.Status)
			}
		})
	}
}

// eachText visits the texts of a JSON value; put replaces one.
func eachText(value any, at string, visit func(at, name, text string, put func(string))) {
	switch v := value.(type) {
	case map[string]any:
		for name, member := range v {
			where := at + "." + name
			if text, ok := member.(string); ok {
				visit(where, name, text, func(s string) { v[name] = s })
			}
			eachText(member, where, visit)
		}
	case []any:
		for i, item := range v {
			where := fmt.Sprintf("%s[%d]", at, i)
			if text, ok := item.(string); ok {
				visit(where, "", text, func(s string) { v[i] = s })
			}
			eachText(item, where, visit)
		}
	}
}
