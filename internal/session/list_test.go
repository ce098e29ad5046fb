package session_test

import (
	"testing"
	"time"
)

// TestSessionPages checks that each session is on one page, also if sessions are used in between.
func TestSessionPages(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := signUp(t, c)
	var all []session
	for range 5 {
		all = append(all, signIn(t, c, email, password))
	}
	stranger := signIn(t, c, signUp(t, c), password)
	seen, cursor := map[any]bool{}, ""
	for page := 0; page == 0 || cursor != ""; page++ {
		a := c.Get(all[2].user, "auth/sessions?limit=2&cursor="+cursor).Want(200)
		for _, s := range a.Items() {
			seen[s["id"]] = true
		}
		cursor = a.Text("nextCursor")
		c.Clock.Advance(time.Second)
		refresh(c, all[0].refresh).Want(200) // the oldest is used
	}
	wantEqual(t, "sessions", len(seen), 5)
	c.Get(all[2].user, "auth/sessions?cursor=forged").Want(422)
	c.Do(all[2].user, "DELETE", "auth/sessions", nil).Want(204)
	for i, s := range all {
		if i != 2 {
			wantEnded(t, c, s)
		}
	}
	wantEqual(t, "sessions", len(c.Get(all[2].user, "auth/sessions").Want(200).Items()), 1)
	refresh(c, all[2].refresh).Want(200)
	c.Get(stranger.user, "users/me").Want(200)
}
