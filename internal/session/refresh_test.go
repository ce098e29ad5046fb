package session_test

import (
	"testing"
	"time"

	"amrutam/internal/apptest"
)

func TestRefresh(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := signUp(t, c)
	first, other := signIn(t, c, email, password), signIn(t, c, email, password)
	c.Clock.Advance(10 * time.Minute)
	a := refresh(c, first.refresh).Want(200)
	wantEqual(t, "expiresIn", a.At("expiresIn"), 900.0)
	wantEqual(t, "tokenType", a.Text("tokenType"), "Bearer")
	wantEqual(t, "email", a.Text("user", "email"), email)
	wantEqual(t, "fullName", a.Text("user", "fullName"), "Meera Nair")
	second := sessionOf(t, a)
	if second.user.Token == first.user.Token || second.refresh == first.refresh {
		t.Error("the tokens stay the same")
	}
	wantEqual(t, "sessions", c.Count("SELECT count(*) FROM sessions"), 2)
	// A request under way keeps its access token, for what is left of its 15 minutes.
	c.Get(first.user, "users/me").Want(200)
	c.Clock.Advance(5 * time.Minute)
	c.Get(first.user, "users/me").Want(401)
	c.Get(second.user, "users/me").Want(200)
	third := sessionOf(t, refresh(c, second.refresh).Want(200))
	c.Get(third.user, "users/me").Want(200)
	refresh(c, other.refresh).Want(200)
	wantEqual(t, "audit rows", c.Count(
		"SELECT count(*) FROM audit_logs WHERE action = 'session.refresh' AND actor_id = $1", first.user.ID), 3)
}

func TestRefreshRefusesInvalidTokens(t *testing.T) {
	t.Parallel()
	c := open(t)
	s := signIn(t, c, signUp(t, c), password)
	for name, token := range map[string]string{"garbage": "x", "an access token": s.user.Token,
		"almost it": s.refresh[:len(s.refresh)-1], "without its prefix": s.refresh[3:]} {
		a := refresh(c, token)
		if a.Status != 401 || a.Text("type") != "/problems/invalid-refresh-token" {
			t.Errorf("%s: %d %s", name, a.Status, a.Body)
		}
	}
	refresh(c, "").Want(422)
	refresh(c, s.refresh+s.refresh+s.refresh+s.refresh+s.refresh).Want(422)
	c.Get(s.user, "users/me").Want(200)
	// A refresh token is its session's, whoever sends it.
	thief := signIn(t, c, signUp(t, c), password)
	a := c.Post(thief.user, "auth/refresh-token", object{"refreshToken": s.refresh}).Want(200)
	wantEqual(t, "user", a.Text("user", "id"), s.user.ID.String())
	c.Get(thief.user, "users/me").Want(200)
	c.Exec("UPDATE users SET role = 'DOCTOR' WHERE id = $1", s.user.ID)
	wantEqual(t, "role", refresh(c, a.Text("refreshToken")).Want(200).Text("user", "role"), "DOCTOR")
}

func TestRefreshTokenReuse(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := signUp(t, c)
	first, other := signIn(t, c, email, password), signIn(t, c, email, password)
	second := sessionOf(t, refresh(c, first.refresh).Want(200))
	c.Clock.Advance(5 * time.Second)
	again := sessionOf(t, refresh(c, first.refresh).Want(200)) // the answer was lost, say
	wantEqual(t, "the successor", again, second)
	c.Get(second.user, "users/me").Want(200)
	awaitJobs(t, c)
	wantEqual(t, "mails within the grace", len(mails(t, c, email, "session-reuse")), 0)

	c.Clock.Advance(6 * time.Second)
	refresh(c, first.refresh).Want(401, "invalid-refresh-token")
	for _, s := range []session{first, second, again} {
		wantEnded(t, c, s)
	}
	refresh(c, first.refresh).Want(401, "invalid-refresh-token")
	awaitMail(t, c, email, "session-reuse", 1)
	awaitJobs(t, c)
	awaitMail(t, c, email, "session-reuse", 1)
	c.Get(other.user, "users/me").Want(200)
	refresh(c, other.refresh).Want(200)
	id := apptest.QueryOne[string](t, c, "SELECT id::text FROM sessions WHERE ended_at IS NOT NULL")
	wantEqual(t, "audit rows", countAudits(t, c, "session.reuse", id), 1)
	signIn(t, c, email, password)
}

func TestReuseOfExpiredRefreshToken(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := signUp(t, c)
	first := signIn(t, c, email, password)
	c.Clock.Advance(29 * 24 * time.Hour)
	second := sessionOf(t, refresh(c, first.refresh).Want(200))
	c.Clock.Advance(2 * 24 * time.Hour)
	refresh(c, first.refresh).Want(401)
	wantEnded(t, c, second)
	awaitMail(t, c, email, "session-reuse", 1)
}

func TestConcurrentRefresh(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := signUp(t, c)
	s := signIn(t, c, email, password)
	for _, tabs := range []int{2, 20} {
		answers := apptest.Concurrently(tabs, func(int) *apptest.Answer { return refresh(c, s.refresh) })
		tokens := map[string]bool{}
		for _, a := range answers {
			s = sessionOf(t, a.Want(200))
			c.Get(s.user, "users/me").Want(200)
			tokens[s.refresh] = true
		}
		wantEqual(t, "refresh tokens", len(tokens), 1)
	}
	wantEqual(t, "sessions", c.Count("SELECT count(*) FROM sessions WHERE ended_at IS NULL"), 1)
	wantEqual(t, "tokens", c.Count("SELECT count(*) FROM session_tokens"), 2*(1+1+1))
	awaitJobs(t, c)
	wantEqual(t, "mails", len(mails(t, c, email, "session-reuse")), 0)
}

func TestConcurrentRefreshWithStolenToken(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := signUp(t, c)
	stolen := signIn(t, c, email, password)
	s := sessionOf(t, refresh(c, stolen.refresh).Want(200))
	c.Clock.Advance(11 * time.Second)
	pairs := apptest.Concurrently(20, func(i int) *apptest.Answer {
		if i%2 == 0 {
			return refresh(c, stolen.refresh)
		}
		return refresh(c, s.refresh)
	})
	for i, a := range pairs {
		switch {
		case i%2 == 0:
			a.Want(401, "invalid-refresh-token")
		case a.Status == 200: // came before the first thief
			wantEnded(t, c, sessionOf(t, a))
		default:
			a.Want(401, "invalid-refresh-token")
		}
	}
	wantEnded(t, c, s)
	awaitMail(t, c, email, "session-reuse", 1)
	awaitJobs(t, c)
	awaitMail(t, c, email, "session-reuse", 1)
}

// TestSessionHasMaximumLife checks that a session ends AMRUTAM_SESSION_MAX after its sign-in, however often it is
// refreshed.
func TestSessionHasMaximumLife(t *testing.T) {
	t.Parallel()
	c := open(t)
	s := signIn(t, c, signUp(t, c), password)
	for range 4 { // 88 days
		c.Clock.Advance(22 * 24 * time.Hour)
		s = sessionOf(t, refresh(c, s.refresh).Want(200))
	}
	c.Clock.Advance(3 * 24 * time.Hour)
	refresh(c, s.refresh).Want(401, "invalid-refresh-token")
}

// TestLostAnswerGetsLatestTokens checks that a client that uses an old token within the grace gets the latest tokens
// of the session, and later ends the session.
func TestLostAnswerGetsLatestTokens(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := signUp(t, c)
	first := signIn(t, c, email, password)
	second := sessionOf(t, refresh(c, first.refresh).Want(200))
	c.Clock.Advance(4 * time.Second)
	third := sessionOf(t, refresh(c, second.refresh).Want(200))
	c.Clock.Advance(4 * time.Second)
	behind := refresh(c, first.refresh).Want(200)
	wantEqual(t, "the chain's end", sessionOf(t, behind), third)
	if left, ok := behind.At("expiresIn").(float64); !ok || left > 896 || left < 890 {
		t.Errorf("expiresIn is %v for a token of 4 s ago", left)
	}
	wantEqual(t, "unused refresh tokens",
		c.Count("SELECT count(*) FROM session_tokens WHERE kind = 'REFRESH' AND used_at IS NULL"), 1)
	c.Clock.Advance(time.Hour)
	last := sessionOf(t, refresh(c, third.refresh).Want(200))
	c.Get(last.user, "users/me").Want(200)
	awaitJobs(t, c)
	wantEqual(t, "mails", len(mails(t, c, email, "session-reuse")), 0)
	c.Clock.Advance(time.Minute)
	refresh(c, second.refresh).Want(401, "invalid-refresh-token")
	wantEnded(t, c, last)
}
