package account_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"amrutam/internal/apptest"
)

func requestReset(t *testing.T, c *apptest.Clinic, email string, n int) string {
	t.Helper()
	same(t, "body", len(c.Post(nobody, "auth/request-password-reset", object{"email": email}).Want(202).Body), 0)
	return mailed(t, c, email, "reset-password", n)
}

func reset(c *apptest.Clinic, token, password string) *apptest.Answer {
	return c.Post(nobody, "auth/reset-password", object{"token": token, "newPassword": password})
}

func change(c *apptest.Clinic, user apptest.User, current, next string) *apptest.Answer {
	return c.Post(user, "auth/change-password", object{"currentPassword": current, "newPassword": next})
}

func TestResetPassword(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := verified(t, c)
	s, other := signIn(t, c, email, password), signIn(t, c, email, password)
	bystander := signIn(t, c, verified(t, c), password)
	token := requestReset(t, c, email, 1)
	same(t, "column", apptest.QueryOne[[]byte](t, c,
		"SELECT password_reset_token FROM users WHERE id = $1", s.user.ID), sha(token))
	c.Get(s.user, "users/me").Want(200)
	c.Post(nobody, "auth/verify-email", object{"token": token}).Want(422, "invalid-token")

	for refused, message := range map[string]string{"fourteen chars": "must have at least 15 characters",
		"for meera, from asha": "must not contain your name or address",
		"abcdefghijklmnop":     "must not be a sequence or a repetition"} {
		same(t, "fault", faultsOf(t, reset(c, token, refused).Want(422, "validation-failed"))["body.newPassword"],
			message)
	}
	reset(c, token[1:], newPassword).Want(422, "invalid-token")
	reset(c, token, newPassword).Want(204)
	reset(c, token, password).Want(422, "invalid-token")
	dead(t, c, s)
	dead(t, c, other)
	c.Get(bystander.user, "users/me").Want(200)
	c.Post(nobody, "auth/login", credentials(email, password)).Want(401)
	signIn(t, c, email, newPassword)
	mailed(t, c, email, "password-changed", 1)
	same(t, "audit rows", audited(t, c, "user.reset-password", s.user.ID.String()), 1)
}

func TestResetTokenExpiresAfterAnHour(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := verified(t, c)
	first := requestReset(t, c, email, 1)
	second := requestReset(t, c, email, 2)
	reset(c, first, newPassword).Want(422, "invalid-token")
	c.Clock.Advance(59 * time.Minute)
	reset(c, second, newPassword).Want(204)
	third := requestReset(t, c, email, 3)
	c.Clock.Advance(time.Hour)
	reset(c, third, password).Want(422, "invalid-token")
	signIn(t, c, email, newPassword)
}

func TestResetVerifiesAddress(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := fresh()
	c.Post(nobody, "auth/signup", registration(email)).Want(201)
	verification := mailed(t, c, email, "verify-email", 1)
	reset(c, requestReset(t, c, email, 1), newPassword).Want(204)
	same(t, "isEmailVerified", held(t, c.Post(nobody, "auth/login", credentials(email, newPassword)).Want(200)).
		user.Email, email)
	c.Post(nobody, "auth/verify-email", object{"token": verification}).Want(422, "invalid-token")
}

func TestConcurrentUsesOfResetToken(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := verified(t, c)
	token := requestReset(t, c, email, 1)
	crowds.Lock()
	answers := atOnce(6, func(i int) *apptest.Answer { return reset(c, token, newPassword+string(rune('a'+i))) })
	crowds.Unlock()
	winner := -1
	for i, a := range answers {
		if a.Status == 204 && winner < 0 {
			winner = i
			continue
		}
		a.Want(422, "invalid-token")
	}
	signIn(t, c, email, newPassword+string(rune('a'+winner)))
	mailed(t, c, email, "password-changed", 1)
}

func TestChangePassword(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := verified(t, c)
	s, other := signIn(t, c, email, password), signIn(t, c, email, password)
	token := requestReset(t, c, email, 1)

	a := change(c, s.user, "not "+password, newPassword).Want(401, "invalid-credentials")
	same(t, "detail", a.Text("detail"), "The current password is wrong.")
	same(t, "fault", faultsOf(t, change(c, s.user, password, "meera looks at lamps").Want(422))["body.newPassword"],
		"must not contain your name or address")
	change(c, nobody, password, newPassword).Want(401, "unauthenticated")
	c.Get(s.user, "users/me").Want(200)

	same(t, "body", len(change(c, s.user, password, newPassword).Want(204).Body), 0)
	dead(t, c, s)
	dead(t, c, other)
	reset(c, token, "a third one, for thieves").Want(422, "invalid-token")
	c.Post(nobody, "auth/login", credentials(email, password)).Want(401)
	signIn(t, c, email, newPassword)
	mailed(t, c, email, "password-changed", 1)
	same(t, "audit rows", audited(t, c, "user.change-password", s.user.ID.String()), 1)
}

func TestConcurrentPasswordChanges(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := verified(t, c)
	sessions := [4]session{}
	for i := range sessions {
		sessions[i] = signIn(t, c, email, password)
	}
	crowds.Lock()
	answers := atOnce(len(sessions), func(i int) *apptest.Answer {
		return change(c, sessions[i].user, password, newPassword+string(rune('a'+i)))
	})
	crowds.Unlock()
	winner := -1
	for i, a := range answers {
		if a.Status == 204 && winner < 0 {
			winner = i
			continue
		}
		// A machine that hashes for everyone at once may be too busy for one of them.
		if a.Status != 503 {
			a.Want(401)
		}
	}
	signIn(t, c, email, newPassword+string(rune('a'+winner)))
	mailed(t, c, email, "password-changed", 1)
}

func TestPasswordChangeDuringRehash(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := verified(t, c)
	s := signIn(t, c, email, password)
	renewed := apptest.QueryOne[string](t, c, "SELECT password_hash FROM users")
	outdate(t, c)
	release := lock(t, c, "SELECT FROM users FOR UPDATE")
	answer := make(chan *apptest.Answer, 1)
	go func() { answer <- change(c, s.user, password, newPassword) }()
	blocked(t, c, 1)
	release("UPDATE users SET password_hash = $1", renewed)
	(<-answer).Want(204)
	signIn(t, c, email, newPassword)
}

func TestPasswordChangeOfDisabledUser(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := verified(t, c)
	s := signIn(t, c, email, password)
	release := lock(t, c, "SELECT FROM users FOR UPDATE")
	answer := make(chan *apptest.Answer, 1)
	go func() { answer <- change(c, s.user, password, newPassword) }()
	blocked(t, c, 1)
	release("UPDATE users SET disabled_at = now()")
	(<-answer).Want(401, "unauthenticated")
	c.Exec("UPDATE users SET disabled_at = NULL")
	signIn(t, c, email, password)
}

// lock runs a statement that locks, and gives what commits after another one.
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

// blocked waits until n sessions of this database wait for a lock.
func blocked(t *testing.T, c *apptest.Clinic, n int) {
	t.Helper()
	wait(t, "the wait for a lock", func() bool { return waiters(t, c) == n })
}

func waiters(t *testing.T, c *apptest.Clinic) int {
	t.Helper()
	return c.Count("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND " +
		"wait_event_type = 'Lock'")
}

// A sign-in that is checked before a password change and stored after it would outlive the change.
func TestPasswordChangeEndsConcurrentSignIns(t *testing.T) {
	t.Parallel()
	signIns := func(c *apptest.Clinic, email string) chan *apptest.Answer {
		answer := make(chan *apptest.Answer, 1)
		go func() { answer <- c.Post(nobody, "auth/login", credentials(email, password)) }()
		return answer
	}
	changes := func(c *apptest.Clinic, s session) chan *apptest.Answer {
		answer := make(chan *apptest.Answer, 1)
		go func() { answer <- change(c, s.user, password, newPassword) }()
		return answer
	}
	t.Run("the sign-in is first", func(t *testing.T) {
		t.Parallel()
		c := open(t)
		email := verified(t, c)
		s := signIn(t, c, email, password)
		release := lock(t, c, "LOCK TABLE session_tokens IN SHARE MODE")
		signing := signIns(c, email)
		blocked(t, c, 1) // its session is inserted, not committed
		changing := changes(c, s)
		wait(t, "the change", func() bool { return waiters(t, c) == 2 || len(changing) == 1 })
		release("")
		(<-changing).Want(204)
		dead(t, c, held(t, (<-signing).Want(200)))
	})
	t.Run("the change is first", func(t *testing.T) {
		t.Parallel()
		c := open(t)
		email := verified(t, c)
		s := signIn(t, c, email, password)
		release := lock(t, c, "LOCK TABLE sessions IN SHARE MODE")
		changing := changes(c, s)
		blocked(t, c, 1) // it has the new password, not committed
		signing := signIns(c, email)
		blocked(t, c, 2)
		release("")
		(<-changing).Want(204)
		(<-signing).Want(401, "invalid-credentials")
		same(t, "sessions", c.Count("SELECT count(*) FROM sessions WHERE ended_at IS NULL"), 0)
	})
	t.Run("many, and a refresh", func(t *testing.T) {
		t.Parallel()
		c := open(t)
		email := verified(t, c)
		crowds.Lock()
		defer crowds.Unlock()
		old, next := password, newPassword
		for range 4 {
			s, own := signIn(t, c, email, old), signIn(t, c, email, old)
			answers := atOnce(10, func(i int) *apptest.Answer {
				switch i {
				case 4:
					return change(c, own.user, old, next)
				case 5, 6:
					return refresh(c, s.refresh)
				default:
					return c.Post(nobody, "auth/login", credentials(email, old))
				}
			})
			for i, a := range answers {
				switch {
				case i == 4:
					a.Want(204)
				case a.Status == 200:
					dead(t, c, held(t, a))
				default:
					a.Want(401)
				}
			}
			same(t, "sessions alive", c.Count("SELECT count(*) FROM sessions WHERE ended_at IS NULL"), 0)
			old, next = next, old
		}
	})
}
