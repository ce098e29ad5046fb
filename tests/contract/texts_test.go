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

// notChecked has the fields whose texts people don't read: secrets, and what is compared or normalized.
var notChecked = []string{"password", "currentPassword", "newPassword", "token", "refreshToken", "mfaToken", "otp",
	"recoveryCode", "phone", "email", "newEmail"}

// severalLines has the fields whose texts may have line breaks and tabs.
var severalLines = []string{"reason", "notes", "advice", "instructions", "bio", "address", "text",
	"description"}

// TestInvisibleCharacters adds an invisible character to each text of each operation's body.
func TestInvisibleCharacters(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	done := map[string]bool{"receive-payment-webhook": true} // only programs read it
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
			send := func(other string) *apptest.Answer {
				put(other)
				defer put(text)
				q := r
				q.Body, _ = json.Marshal(body)
				return s.Send(q)
			}
			if slices.Contains(notChecked, name) || strings.Contains(at, "redential") {
				return
			}
			for _, invisible := range []string{"\u200b", "\u202e", "\u2800", "\a"} {
				a := send(text + invisible)
				if a.Status != 422 || !strings.Contains(string(a.Body), at) ||
					strings.Contains(string(a.Body), invisible) {
					t.Errorf("%s: %+q in %s: %d %s", row.Operation, invisible, at, a.Status, a.Body)
				}
			}
			if slices.Contains(severalLines, name) {
				if a := send(text + "\r\n\tmore"); a.Status == 422 && strings.Contains(string(a.Body), at+`"`) {
					t.Errorf("%s: a line break in %s: %s", row.Operation, at, a.Body)
				}
			} else if a := send(text + "\nmore"); a.Status != 422 {
				t.Errorf("%s: a line break in %s: %d", row.Operation, at, a.Status)
			}
		})
	}
}

// eachText calls visit with each text of a JSON value. put replaces the text in the value.
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
