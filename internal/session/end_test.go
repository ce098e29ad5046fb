package session_test

import (
	"testing"
	"time"
)

func TestTokensExpire(t *testing.T) {
	t.Parallel()
	c := open(t)
	s := signIn(t, c, signUp(t, c), password)
	c.Clock.Advance(14 * time.Minute)
	c.Get(s.user, "users/me").Want(200)
	c.Clock.Advance(time.Minute)
	a := c.Get(s.user, "users/me").Want(401, "unauthenticated")
	wantEqual(t, "WWW-Authenticate", a.Header.Get("WWW-Authenticate"), `Bearer realm="amrutam"`)
	c.Post(s.user, "auth/logout", nil).Want(401)

	c.Clock.Advance(29 * 24 * time.Hour)
	s = sessionOf(t, refresh(c, s.refresh).Want(200))
	c.Get(s.user, "users/me").Want(200)
	c.Clock.Advance(30*24*time.Hour - time.Minute) // the session lives on from its last use
	s = sessionOf(t, refresh(c, s.refresh).Want(200))
	c.Clock.Advance(30 * 24 * time.Hour)
	wantEnded(t, c, s)
	wantEqual(t, "mails about a thief", c.Count("SELECT count(*) FROM mails WHERE kind = 'session-reuse'"), 0)
}

func TestSignOut(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := signUp(t, c)
	s, other := signIn(t, c, email, password), signIn(t, c, email, password)
	renewed := sessionOf(t, refresh(c, s.refresh).Want(200))
	a := c.Post(s.user, "auth/logout", nil).Want(204)
	wantEqual(t, "body", len(a.Body), 0)
	wantEnded(t, c, s)
	wantEnded(t, c, renewed)
	c.Post(s.user, "auth/logout", nil).Want(401)
	c.Post(anonymous, "auth/logout", nil).Want(401)
	c.Get(other.user, "users/me").Want(200)
	refresh(c, other.refresh).Want(200)
	ends := c.Count("SELECT count(*) FROM audit_logs WHERE action = 'session.end' AND actor_id = $1", s.user.ID)
	wantEqual(t, "audit rows", ends, 1)
}

func TestListAndEndSessions(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := signUp(t, c)
	first := signIn(t, c, email, password)
	c.Do(anonymous, "POST", "auth/login", credentials(email, password), "User-Agent",
		"Mozilla/5.0 (Windows NT 10.0; rv:145.0) Gecko/20100101 Firefox/145.0").Want(200)
	signIn(t, c, email, password)
	awaitMail(t, c, email, "new-device", 1)
	awaitJobs(t, c)
	wantEqual(t, "mails of new devices", c.Count("SELECT count(*) FROM mails WHERE kind = 'new-device'"), 1)
	list := c.Get(first.user, "auth/sessions").Want(200).Items()
	wantEqual(t, "sessions", len(list), 3)
	other := ""
	for _, s := range list {
		if s["device"] == "Firefox on Windows" {
			other = s["id"].(string)
			wantEqual(t, "current", s["current"], any(false))
		}
	}
	stranger := signIn(t, c, signUp(t, c), password)
	c.Do(stranger.user, "DELETE", "auth/sessions/"+other, nil).Want(404)
	c.Do(first.user, "DELETE", "auth/sessions/"+other, nil).Want(204)
	c.Do(first.user, "DELETE", "auth/sessions/"+other, nil).Want(404)
	wantEqual(t, "sessions", len(c.Get(first.user, "auth/sessions").Want(200).Items()), 2)
}

// TestEndSessionNeedsRecentProof checks that a stolen session can't end the others; to end itself it needs no proof.
func TestEndSessionNeedsRecentProof(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := signUp(t, c)
	s, other := signIn(t, c, email, password), signIn(t, c, email, password)
	var own, theirs string
	for _, one := range c.Get(s.user, "auth/sessions").Want(200).Items() {
		if one["current"] == true {
			own = one["id"].(string)
		} else {
			theirs = one["id"].(string)
		}
	}
	c.Clock.Advance(5*time.Minute + time.Second)
	c.Do(s.user, "DELETE", "auth/sessions/"+theirs, nil).Want(403, "reauthentication-required")
	c.Do(s.user, "DELETE", "auth/sessions", nil).Want(403, "reauthentication-required")
	c.Get(other.user, "users/me").Want(200)
	c.Post(s.user, "auth/step-up", object{"currentPassword": password}).Want(204)
	c.Do(s.user, "DELETE", "auth/sessions/"+theirs, nil).Want(204)
	wantEnded(t, c, other)
	c.Clock.Advance(6 * time.Minute)
	c.Do(s.user, "DELETE", "auth/sessions/"+own, nil).Want(204)
	wantEnded(t, c, s)
}
