package account_test

import (
	"testing"

	"amrutam/internal/apptest"
)

// TestRevokedSessionChangesNoPassword checks that an authenticated request that waits in the queue for hashing changes
// nothing if its session ends meanwhile.
func TestRevokedSessionChangesNoPassword(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := signUp(t, c)
	for name, r := range map[string]struct {
		path string
		body object
	}{
		"password change": {"auth/change-password", object{"currentPassword": password, "newPassword": newPassword}},
		"email change":    {"auth/change-email", object{"currentPassword": password, "newEmail": newEmail()}},
		"right password":  {"auth/step-up", object{"currentPassword": password}},
		"wrong password":  {"auth/step-up", object{"currentPassword": "wrong"}},
	} {
		s := signIn(t, c, email, password)
		countActions := func() int {
			return c.Count("SELECT count(*) FROM audit_logs WHERE actor_id = $1", s.user.ID)
		}
		release := fillHashing(c)
		answer := make(chan *apptest.Answer, 1)
		go func() { answer <- c.Post(s.user, r.path, r.body) }()
		waitFor(t, name+" in the queue", func() bool { return c.App.Passwords.Waiting.Load() == 1 })
		c.Post(s.user, "auth/logout", nil).Want(204)
		before := countActions()
		release()
		(<-answer).Want(401, "unauthenticated")
		wantEqual(t, name+": audit rows after the end of the session", countActions()-before, 0)
	}
	signIn(t, c, email, password) // the password is unchanged
}
