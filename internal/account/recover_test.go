package account_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"amrutam/internal/apptest"
)

// requestReset requests a reset mail, waits for the nth one to the address and returns its token.
func requestReset(t *testing.T, c *apptest.Clinic, email string, n int) string {
	t.Helper()
	a := c.Post(anonymous, "auth/request-password-reset", object{"email": email}).Want(202)
	wantEqual(t, "length of the body", len(a.Body), 0)
	return awaitMail(t, c, email, "reset-password", n)
}

func resetPassword(c *apptest.Clinic, token, password string) *apptest.Answer {
	return c.Post(anonymous, "auth/reset-password", object{"token": token, "newPassword": password})
}

func changePassword(c *apptest.Clinic, user apptest.User, current, next string) *apptest.Answer {
	return c.Post(user, "auth/change-password", object{"currentPassword": current, "newPassword": next})
}

func TestResetPassword(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := signUp(t, c)
	s, other := signIn(t, c, email, password), signIn(t, c, email, password)
	otherUser := signIn(t, c, signUp(t, c), password)
	token := requestReset(t, c, email, 1)
	stored := apptest.QueryOne[[]byte](t, c, "SELECT password_reset_token FROM users WHERE id = $1", s.user.ID)
	wantEqual(t, "stored token", stored, hashOf(token))
	c.Get(s.user, "users/me").Want(200)
	verifyEmail(c, token).Want(422, "invalid-token")

	for refused, message := range map[string]string{
		"fourteen chars":       "must have at least 15 characters",
		"for meera, from asha": "must not contain your name or address",
		"abcdefghijklmnop":     "must not be a sequence or a repetition",
	} {
		a := resetPassword(c, token, refused).Want(422, "validation-failed")
		wantEqual(t, "message", fieldErrors(t, a)["body.newPassword"], message)
	}
	resetPassword(c, token[1:], newPassword).Want(422, "invalid-token")
	resetPassword(c, token, newPassword).Want(204)
	resetPassword(c, token, password).Want(422, "invalid-token")
	wantEnded(t, c, s)
	wantEnded(t, c, other)
	c.Get(otherUser.user, "users/me").Want(200)
	login(c, email, password).Want(401)
	signIn(t, c, email, newPassword)
	awaitMail(t, c, email, "password-changed", 1)
	wantEqual(t, "audit rows", countAudits(t, c, "user.reset-password", s.user.ID.String()), 1)
}

func TestResetTokenExpiresAfterAnHour(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := signUp(t, c)
	first := requestReset(t, c, email, 1)
	second := requestReset(t, c, email, 2)
	resetPassword(c, first, newPassword).Want(422, "invalid-token")
	c.Clock.Advance(59 * time.Minute)
	resetPassword(c, second, newPassword).Want(204)
	third := requestReset(t, c, email, 3)
	c.Clock.Advance(time.Hour)
	resetPassword(c, third, password).Want(422, "invalid-token")
	signIn(t, c, email, newPassword)
}

func TestResetVerifiesAddress(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := newEmail()
	c.Post(anonymous, "auth/signup", registration(email)).Want(201)
	verification := awaitMail(t, c, email, "verify-email", 1)
	resetPassword(c, requestReset(t, c, email, 1), newPassword).Want(204)
	wantEqual(t, "email", signIn(t, c, email, newPassword).user.Email, email)
	verifyEmail(c, verification).Want(422, "invalid-token")
}

func TestConcurrentUsesOfResetToken(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := signUp(t, c)
	token := requestReset(t, c, email, 1)
	answers := apptest.Concurrently(6, func(i int) *apptest.Answer {
		return resetPassword(c, token, newPassword+string(rune('a'+i)))
	})
	winner := -1 // the index of the reset that succeeded
	for i, a := range answers {
		if a.Status == 204 && winner < 0 {
			winner = i
			continue
		}
		a.Want(422, "invalid-token")
	}
	signIn(t, c, email, newPassword+string(rune('a'+winner)))
	awaitMail(t, c, email, "password-changed", 1)
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := signUp(t, c)
	s, other := signIn(t, c, email, password), signIn(t, c, email, password)
	token := requestReset(t, c, email, 1)

	a := changePassword(c, s.user, "not "+password, newPassword).Want(401, "invalid-credentials")
	wantEqual(t, "detail", a.Text("detail"), "The current password is wrong.")
	refused := changePassword(c, s.user, password, "meera looks at lamps").Want(422)
	wantEqual(t, "message", fieldErrors(t, refused)["body.newPassword"], "must not contain your name or address")
	changePassword(c, anonymous, password, newPassword).Want(401, "unauthenticated")
	c.Get(s.user, "users/me").Want(200)

	wantEqual(t, "length of the body", len(changePassword(c, s.user, password, newPassword).Want(204).Body), 0)
	wantEnded(t, c, s)
	wantEnded(t, c, other)
	resetPassword(c, token, "a third one, for thieves").Want(422, "invalid-token")
	login(c, email, password).Want(401)
	signIn(t, c, email, newPassword)
	awaitMail(t, c, email, "password-changed", 1)
	wantEqual(t, "audit rows", countAudits(t, c, "user.change-password", s.user.ID.String()), 1)
}

func TestConcurrentPasswordChanges(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := signUp(t, c)
	sessions := [4]session{}
	for i := range sessions {
		sessions[i] = signIn(t, c, email, password)
	}
	answers := apptest.Concurrently(len(sessions), func(i int) *apptest.Answer {
		return changePassword(c, sessions[i].user, password, newPassword+string(rune('a'+i)))
	})
	winner := -1 // the index of the change that succeeded
	for i, a := range answers {
		if a.Status == 204 && winner < 0 {
			winner = i
			continue
		}
		// The queue for hashing may be full on a slow machine.
		if a.Status != 503 {
			a.Want(401)
		}
	}
	signIn(t, c, email, newPassword+string(rune('a'+winner)))
	awaitMail(t, c, email, "password-changed", 1)
}

// TestPasswordChangeDuringRehash checks that a password change succeeds if a sign-in renews the hash after the change
// has compared the password.
func TestPasswordChangeDuringRehash(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := signUp(t, c)
	s := signIn(t, c, email, password)
	renewed := apptest.QueryOne[string](t, c, "SELECT password_hash FROM users")
	storeWeakHash(t, c)
	release := lock(t, c, "SELECT FROM users FOR UPDATE")
	answer := make(chan *apptest.Answer, 1)
	go func() { answer <- changePassword(c, s.user, password, newPassword) }()
	awaitLockWaiters(t, c, 1)
	release("UPDATE users SET password_hash = $1", renewed)
	(<-answer).Want(204)
	signIn(t, c, email, newPassword)
}

// TestPasswordChangeOfDisabledUser checks that a password change is refused if the user is disabled while it runs.
func TestPasswordChangeOfDisabledUser(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := signUp(t, c)
	s := signIn(t, c, email, password)
	release := lock(t, c, "SELECT FROM users FOR UPDATE")
	answer := make(chan *apptest.Answer, 1)
	go func() { answer <- changePassword(c, s.user, password, newPassword) }()
	awaitLockWaiters(t, c, 1)
	release("UPDATE users SET disabled_at = now()")
	(<-answer).Want(401, "unauthenticated")
	c.Exec("UPDATE users SET disabled_at = NULL")
	signIn(t, c, email, password)
}

// lock runs a statement that locks rows or a table in a transaction. release runs another statement in it, unless that
// is empty, and commits.
func lock(t *testing.T, c *apptest.Clinic, sql string) (release func(sql string, args ...any)) {
	t.Helper()
	ctx := context.Background()
	tx, err := c.DB.Pool.BeginTx(ctx, pgx.TxOptions{})
	must(t, err)
	t.Cleanup(func() { _ = tx.Rollback(ctx) })
	_, err = tx.Exec(ctx, sql)
	must(t, err)
	return func(sql string, args ...any) {
		t.Helper()
		if sql != "" {
			_, err := tx.Exec(ctx, sql, args...)
			must(t, err)
		}
		must(t, tx.Commit(ctx))
	}
}

// awaitLockWaiters waits until n connections to the clinic's database wait for a lock.
func awaitLockWaiters(t *testing.T, c *apptest.Clinic, n int) {
	t.Helper()
	waitFor(t, "connections that wait for a lock", func() bool { return countLockWaiters(t, c) == n })
}

func countLockWaiters(t *testing.T, c *apptest.Clinic) int {
	t.Helper()
	return c.Count("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND " +
		"wait_event_type = 'Lock'")
}

// TestPasswordChangeEndsConcurrentSignIns checks that no session is left of sign-ins with the old password, even if
// the password was compared before the change and the session is stored after it.
func TestPasswordChangeEndsConcurrentSignIns(t *testing.T) {
	t.Parallel()
	startSignIn := func(c *apptest.Clinic, email string) chan *apptest.Answer {
		answer := make(chan *apptest.Answer, 1)
		go func() { answer <- login(c, email, password) }()
		return answer
	}
	startChange := func(c *apptest.Clinic, s session) chan *apptest.Answer {
		answer := make(chan *apptest.Answer, 1)
		go func() { answer <- changePassword(c, s.user, password, newPassword) }()
		return answer
	}
	t.Run("the sign-in is first", func(t *testing.T) {
		t.Parallel()
		c := open(t)
		email := signUp(t, c)
		s := signIn(t, c, email, password)
		release := lock(t, c, "LOCK TABLE session_tokens IN SHARE MODE")
		signInAnswer := startSignIn(c, email)
		awaitLockWaiters(t, c, 1) // the new session is inserted and not committed
		changeAnswer := startChange(c, s)
		waitFor(t, "the change", func() bool { return countLockWaiters(t, c) == 2 || len(changeAnswer) == 1 })
		release("")
		(<-changeAnswer).Want(204)
		wantEnded(t, c, sessionOf(t, (<-signInAnswer).Want(200)))
	})
	t.Run("the change is first", func(t *testing.T) {
		t.Parallel()
		c := open(t)
		email := signUp(t, c)
		s := signIn(t, c, email, password)
		release := lock(t, c, "LOCK TABLE sessions IN SHARE MODE")
		changeAnswer := startChange(c, s)
		awaitLockWaiters(t, c, 1) // the new password is stored and not committed
		signInAnswer := startSignIn(c, email)
		awaitLockWaiters(t, c, 2)
		release("")
		(<-changeAnswer).Want(204)
		(<-signInAnswer).Want(401, "invalid-credentials")
		wantEqual(t, "active sessions", c.Count("SELECT count(*) FROM sessions WHERE ended_at IS NULL"), 0)
	})
	t.Run("many sign-ins and refreshes", func(t *testing.T) {
		t.Parallel()
		c := open(t)
		email := signUp(t, c)
		current, next := password, newPassword
		for range 4 {
			s, other := signIn(t, c, email, current), signIn(t, c, email, current)
			answers := apptest.Concurrently(10, func(i int) *apptest.Answer {
				switch i {
				case 4:
					return changePassword(c, s.user, current, next)
				case 5, 6:
					return refresh(c, other.refresh)
				default:
					return login(c, email, current)
				}
			})
			for i, a := range answers {
				switch {
				case i == 4:
					a.Want(204)
				case a.Status == 200:
					wantEnded(t, c, sessionOf(t, a))
				default:
					a.Want(401)
				}
			}
			wantEqual(t, "active sessions", c.Count("SELECT count(*) FROM sessions WHERE ended_at IS NULL"), 0)
			current, next = next, current
		}
	})
}
