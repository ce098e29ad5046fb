package account_test

import (
	"context"
	"testing"

	"amrutam/internal/account"
	"amrutam/internal/apptest"
)

// TestRevokedSessionChangesNoPassword: requests that wait for a place to hash, authenticated already, do nothing once their
// session has ended. It takes all places, so it runs alone.
func TestRevokedSessionChangesNoPassword(t *testing.T) { //nolint:paralleltest // as it says
	c := open(t)
	email := verified(t, c)
	for path, body := range map[string]object{
		"auth/change-password": {"currentPassword": password, "newPassword": newPassword},
		"auth/change-email":    {"currentPassword": password, "newEmail": fresh()},
		"auth/step-up":         {"currentPassword": password},
		"auth/step-up?":        {"currentPassword": "wrong"},
	} {
		s := signIn(t, c, email, password)
		deeds := func() (n int) {
			must(t, c.DB.Pool.QueryRow(context.Background(), "SELECT count(*) FROM audit_logs WHERE actor_id = $1",
				s.user.ID).Scan(&n))
			return n
		}
		free := account.FillHashing()
		answer := make(chan *apptest.Answer, 1)
		go func() { answer <- c.Post(s.user, path, body) }()
		wait(t, path+" at the gate", func() bool { return account.Waiting() == 1 })
		c.Post(s.user, "auth/logout", nil).Want(204)
		before := deeds()
		free()
		(<-answer).Want(401, "unauthenticated")
		same(t, path+": deeds afterwards", deeds()-before, 0)
	}
	signIn(t, c, email, password) // still the password
}
