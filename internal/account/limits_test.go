package account_test

import (
	"bytes"
	"slices"
	"strconv"
	"testing"
	"time"

	"amrutam/internal/apptest"
	"amrutam/internal/config"
	"amrutam/internal/jobs"
	"amrutam/internal/postgres"
)

func limited(cfg *config.Config) { cfg.LoginLimit = "on" }

func retryAfter(t *testing.T, a *apptest.Answer) time.Duration {
	t.Helper()
	seconds, err := strconv.Atoi(a.Header.Get("Retry-After"))
	must(t, err)
	return time.Duration(seconds) * time.Second
}

// TestConcurrentWrongPasswords: of many, five are looked at.
func TestConcurrentWrongPasswords(t *testing.T) {
	t.Parallel()
	c := open(t, limited)
	c.Clock.Freeze()
	email := verified(t, c)
	for _, address := range []string{email, fresh()} {
		crowds.Lock()
		answers := atOnce(40, func(int) int {
			return c.Post(nobody, "auth/login", credentials(address, "wrong words, wrong words")).Status
		})
		crowds.Unlock()
		looked := 0
		for _, status := range answers {
			switch status {
			case 401:
				looked++
			case 429, 503:
			default:
				t.Errorf("status %d", status)
			}
		}
		if looked > 5 || looked == 0 {
			t.Errorf("%d passwords were looked at", looked)
		}
		c.Clock.Advance(time.Hour)
	}
}

// TestWaitDoubles from a second to a quarter of an hour, is the same without a user, and ends with the right
// password.
func TestWaitDoubles(t *testing.T) {
	t.Parallel()
	c := open(t, limited)
	c.Clock.Freeze()
	email, stranger := verified(t, c), fresh()
	for range 4 {
		for _, address := range []string{email, stranger} {
			c.Post(nobody, "auth/login", credentials(address, "wrong words, wrong words")).Want(401,
				"invalid-credentials")
		}
	}
	for step := range 14 {
		c.Post(nobody, "auth/login", credentials(email, "wrong words, wrong words")).Want(401)
		c.Post(nobody, "auth/login", credentials(stranger, "wrong words, wrong words")).Want(401)
		a := c.Post(nobody, "auth/login", credentials(email, password)).Want(429, "too-many-attempts")
		b := c.Post(nobody, "auth/login", credentials(stranger, password)).Want(429, "too-many-attempts")
		want := min(time.Second<<step, 15*time.Minute)
		if got := retryAfter(t, a); got > want || got < want-2*time.Second {
			t.Errorf("after %d failures the wait is %s, want %s", step+5, got, want)
		}
		if got := retryAfter(t, b) - retryAfter(t, a); got > 2*time.Second || got < -2*time.Second {
			t.Errorf("an address without a user waits %s longer", got)
		}
		if x, y := a.Body[:bytes.Index(a.Body, []byte("requestId"))],
			b.Body[:bytes.Index(b.Body, []byte("requestId"))]; !bytes.Equal(x, y) {
			t.Errorf("they can be told apart:\n%s\n%s", x, y)
		}
		c.Clock.Advance(want + time.Second)
	}
	s := signIn(t, c, email, password)
	for range 5 { // all failures are forgotten
		c.Post(nobody, "auth/login", credentials(email, "wrong words, wrong words")).Want(401)
	}
	c.Post(nobody, "auth/login", credentials(email, "wrong words, wrong words")).Want(429)
	c.Get(s.user, "users/me").Want(200)
}

// TestStrangersCannotLockOut: who signed in from an address before gets in from there, whatever happens elsewhere.
func TestStrangersCannotLockOut(t *testing.T) {
	t.Parallel()
	c := open(t, limited, func(cfg *config.Config) { cfg.TrustedProxies = []string{"127.0.0.0/8"} })
	email := verified(t, c)
	login := func(from, password string) *apptest.Answer {
		return c.Do(nobody, "POST", "auth/login", credentials(email, password), "X-Forwarded-For", from)
	}
	login("203.0.113.7", password).Want(200)
	for range 5 {
		login("198.51.100.9", "wrong words, wrong words").Want(401)
	}
	login("198.51.100.10", password).Want(429)
	login("203.0.113.7", password).Want(200)
	// With the mail one gets in from anywhere.
	c.Post(nobody, "auth/request-password-reset", object{"email": email}).Want(202)
	reset(c, mailed(t, c, email, "reset-password", 1), newPassword).Want(204)
	login("198.51.100.10", newPassword).Want(200)
}

// TestConcurrentCorrectPasswords: many of one's own sign in from one address, and wait for nobody.
func TestConcurrentCorrectPasswords(t *testing.T) {
	t.Parallel()
	c := open(t, limited)
	c.Clock.Freeze()
	emails := []string{verified(t, c), verified(t, c), verified(t, c), verified(t, c)}
	before := apptest.QueryOne[int64](t, c,
		"SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
	crowds.Lock()
	for range 5 {
		for _, status := range atOnce(12,
			func(i int) int { return c.Post(nobody, "auth/login", credentials(emails[i%4], password)).Status }) {
			if status != 200 && status != 429 { // more tries at once than an account has
				t.Errorf("status %d", status)
			}
		}
		c.Clock.Advance(time.Hour)
	}
	crowds.Unlock()
	same(t, "deadlocks", apptest.QueryOne[int64](t, c,
		"SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"),
		before)
}

// TestCorrectPasswordIsNoFailure, whatever becomes of the request.
func TestCorrectPasswordIsNoFailure(t *testing.T) {
	t.Parallel()
	c := open(t, limited)
	c.Clock.Freeze()
	email, waiting := verified(t, c), fresh()
	s := signIn(t, c, email, password)
	c.Post(nobody, "auth/signup", registration(waiting)).Want(201)
	for range 7 {
		c.Post(s.user, "auth/change-password", object{"currentPassword": password, "newPassword": "too short"}).
			Want(422)
		c.Post(s.user, "auth/change-email", object{"currentPassword": password, "newEmail": "no address"}).Want(422)
		c.Post(nobody, "auth/login", credentials(waiting, password)).Want(403, "email-not-verified")
	}
	for range 4 {
		c.Post(s.user, "auth/step-up", object{"currentPassword": "wrong words, wrong words"}).Want(401)
	}
	c.Post(s.user, "auth/step-up", object{"currentPassword": password}).Want(204)
	signIn(t, c, email, password)
}

// TestOwnSignUpClearsNoFailures at the password of who has the address.
func TestOwnSignUpClearsNoFailures(t *testing.T) {
	t.Parallel()
	c := open(t, limited)
	c.Clock.Freeze()
	email := verified(t, c)
	c.Post(nobody, "auth/signup", registration(email, func(m object) { m["password"] = newPassword })).Want(201)
	looked := 0
	for range 30 {
		if c.Post(nobody, "auth/login", credentials(email, "wrong words, wrong words")).Status == 401 {
			looked++
		}
		c.Post(nobody, "auth/login", credentials(email, newPassword))
	}
	if looked > 5 {
		t.Errorf("%d guesses were looked at", looked)
	}
}

// TestUsersOfOneNetworkDoNotLockOut: a subscriber's network is one address. Who is known there gets in whatever others do, and
// who is new there has a few tries of their own.
func TestUsersOfOneNetworkDoNotLockOut(t *testing.T) {
	t.Parallel()
	c := open(t, limited, func(cfg *config.Config) { cfg.TrustedProxies = []string{"127.0.0.0/8"} })
	email, other := verified(t, c), verified(t, c)
	login := func(from, email, password string) *apptest.Answer {
		return c.Do(nobody, "POST", "auth/login", credentials(email, password), "X-Forwarded-For", from)
	}
	login("2001:db8:0:1::7", email, password).Want(200)
	for i := range 50 {
		login("2001:db8:0:1::"+strconv.FormatInt(int64(i+100), 16), fresh(), "wrong words, wrong words").Want(401)
	}
	login("2001:db8:0:1::7", email, password).Want(200)
	login("2001:db8:0:1::99", other, "wrong words, wrong words").Want(401)
	login("2001:db8:0:1::9a", other, "wrong words, wrong words").Want(401)
	login("2001:db8:0:1::9b", other, password).Want(200)
}

// TestPairLimit: of an account that is new at an address without tries, three passwords are looked at, one is at
// another address, and the mail opens it again.
func TestPairLimit(t *testing.T) {
	t.Parallel()
	c := open(t, limited, func(cfg *config.Config) { cfg.TrustedProxies = []string{"127.0.0.0/8"} })
	email, other := verified(t, c), verified(t, c)
	c.Clock.Freeze()
	from := func(address, path string, body object) *apptest.Answer {
		return c.Do(nobody, "POST", "auth/"+path, body, "X-Forwarded-For", address)
	}
	for range 50 {
		from("203.0.113.7", "login", credentials(fresh(), "wrong words, wrong words")).Want(401)
	}
	crowds.Lock()
	guess := func(int) int {
		return from("203.0.113.7", "login", credentials(email, "wrong words, wrong words")).Status
	}
	answers := atOnce(20, guess)
	crowds.Unlock()
	looked := 0
	for i := range 20 + 3 { // the last make up for those that a full queue handed back
		if i >= len(answers) {
			answers = append(answers, guess(i))
		}
		if answers[i] == 401 {
			looked++
		}
	}
	same(t, "passwords that were looked at", looked, 3)
	from("203.0.113.7", "login", credentials(email, password)).Want(429, "too-many-attempts")
	from("203.0.113.7", "login", credentials(other, password)).Want(200)
	c.Post(nobody, "auth/request-password-reset", object{"email": email}).Want(202)
	token := mailed(t, c, email, "reset-password", 1)
	from("203.0.113.7", "reset-password", object{"token": token, "newPassword": newPassword}).Want(204)
	from("203.0.113.7", "login", credentials(email, newPassword)).Want(200)
	// Whoever goes through many accounts so is slowed down in the end.
	c.Exec("UPDATE attempts SET failures = 999 WHERE key = $1", sha("pairs of an address\x00203.0.113.7"))
	from("203.0.113.7", "login", credentials(fresh(), password)).Want(401)
	from("203.0.113.7", "login", credentials(fresh(), password)).Want(429, "too-many-attempts")
}

// TestGuessesWithStolenToken are counted by its user: from however many addresses, with however many sessions, at
// whichever operations and all at once, five passwords and ten codes are looked at. It keeps nobody from signing in.
func TestGuessesWithStolenToken(t *testing.T) {
	t.Parallel()
	c := open(t, limited, func(cfg *config.Config) { cfg.TrustedProxies = []string{"127.0.0.0/8"} })
	email := verified(t, c)
	c.Clock.Freeze()
	sessions := []session{signIn(t, c, email, password), signIn(t, c, email, password), signIn(t, c, email, password)}
	guess := func(bodies map[string]object) (looked int) {
		var paths []string
		for path := range bodies {
			paths = append(paths, path)
		}
		crowds.Lock()
		defer crowds.Unlock()
		for _, a := range atOnce(30, func(i int) *apptest.Answer {
			path := paths[i%len(paths)]
			return c.Do(sessions[i%3].user, "POST", "auth/"+path, bodies[path], "X-Forwarded-For",
				"198.51.100."+strconv.Itoa(i+1))
		}) {
			switch a.Status {
			case 401:
				looked++
			case 429, 503:
			default:
				t.Errorf("status %d: %s", a.Status, a.Body)
			}
		}
		for _, path := range slices.Repeat(paths, 4) { // those that a full queue handed back
			if c.Post(sessions[0].user, "auth/"+path, bodies[path]).Status == 401 {
				looked++
			}
		}
		return looked
	}
	wrong := "wrong words, wrong words"
	passwords := map[string]object{"step-up": {"currentPassword": wrong},
		"change-email":    {"currentPassword": wrong, "newEmail": fresh()},
		"change-password": {"currentPassword": wrong, "newPassword": newPassword}}
	same(t, "passwords that were looked at", guess(passwords), 5)
	for i, address := range []string{"192.0.2.1", "2001:db8::1"} {
		c.Do(sessions[i].user, "POST", "auth/step-up", object{"currentPassword": password}, "X-Forwarded-For",
			address).Want(429, "too-many-attempts")
	}
	signIn(t, c, email, password)
	c.Clock.Advance(time.Minute)
	a, _ := enrol(t, c, sessions[0].user)
	sessions = []session{sessions[0], sessions[0], sessions[0]}
	c.Clock.Advance(3 * time.Minute)
	code := object{"otp": a.code(t, 40)}
	same(t, "codes that were looked at",
		guess(map[string]object{"step-up": code, "disable-mfa": code, "recovery-codes": code}), 10)
	// With the mail one gets in from anywhere, and the codes are looked at again.
	c.Post(nobody, "auth/request-password-reset", object{"email": email}).Want(202)
	reset(c, mailed(t, c, email, "reset-password", 1), newPassword).Want(204)
	ticket := c.Post(nobody, "auth/login", credentials(email, newPassword)).Want(200).Text("mfaToken")
	s := held(t, c.Post(nobody, "auth/verify-mfa", object{"mfaToken": ticket, "otp": a.code(t, 0)}).Want(200))
	c.Post(s.user, "auth/step-up", object{"currentPassword": newPassword}).Want(204)
}

// TestResetEndsEveryWait, that of an address from which the user signed in before too.
func TestResetEndsEveryWait(t *testing.T) {
	t.Parallel()
	c := open(t, limited)
	c.Clock.Freeze()
	email := verified(t, c)
	signIn(t, c, email, password)
	for range 5 {
		c.Post(nobody, "auth/login", credentials(email, "wrong words, wrong words")).Want(401)
	}
	c.Post(nobody, "auth/login", credentials(email, password)).Want(429)
	c.Post(nobody, "auth/request-password-reset", object{"email": email}).Want(202)
	reset(c, mailed(t, c, email, "reset-password", 1), newPassword).Want(204)
	signIn(t, c, email, newPassword)
}

// TestMailsToOneAddress are counted by the address, whoever has them sent.
func TestMailsToOneAddress(t *testing.T) {
	t.Parallel()
	c := open(t, limited)
	c.Clock.Freeze()
	victim, nobodys := verified(t, c), fresh()
	for range 4 {
		s := signIn(t, c, verified(t, c), password)
		askNewAddress(c, s.user, victim).Want(202)
		askNewAddress(c, s.user, nobodys).Want(202)
	}
	quiet(t, c)
	same(t, "mails to a user", len(mails(t, c, victim, "address-taken")), 3)
	same(t, "mails to nobody", len(mails(t, c, nobodys, "confirm-new-address")), 3)
}

// TestNetworkAddressTriesManyAccounts is slowed down after fifty failures: a few tries are left for an account that is new
// there.
func TestNetworkAddressTriesManyAccounts(t *testing.T) {
	t.Parallel()
	c := open(t, limited)
	c.Clock.Freeze()
	email := verified(t, c)
	for range 50 {
		c.Post(nobody, "auth/login", credentials(fresh(), "wrong words, wrong words")).Want(401)
	}
	for range 3 {
		c.Post(nobody, "auth/login", credentials(email, "wrong words, wrong words")).Want(401)
	}
	c.Post(nobody, "auth/login", credentials(email, password)).Want(429, "too-many-attempts")
	c.Clock.Advance(16 * time.Minute)
	signIn(t, c, email, password)
}

// TestMailsAreLimitedByHour: three of a kind, and the asker learns nothing.
func TestMailsAreLimitedByHour(t *testing.T) {
	t.Parallel()
	c := open(t, limited)
	c.Clock.Freeze()
	email := verified(t, c)
	for range 6 {
		c.Post(nobody, "auth/request-password-reset", object{"email": email}).Want(202)
		c.Post(nobody, "auth/signup", registration(email)).Want(201)
	}
	mailed(t, c, email, "reset-password", 3)
	mailed(t, c, email, "address-taken", 3)
	quiet(t, c)
	same(t, "mails", c.Count("SELECT count(*) FROM mails WHERE kind IN ('reset-password', 'address-taken')"), 6)
	c.Clock.Advance(61 * time.Minute)
	c.Post(nobody, "auth/request-password-reset", object{"email": email}).Want(202)
	mailed(t, c, email, "reset-password", 4)
}

// TestCodeLimitSpansTickets: new tickets don't give new codes for ever.
func TestCodeLimitSpansTickets(t *testing.T) {
	t.Parallel()
	c := open(t, limited)
	c.Clock.Freeze()
	email := verified(t, c)
	s := signIn(t, c, email, password)
	a, _ := enrol(t, c, s.user)
	c.Clock.Advance(time.Hour)
	tried := 0
	for status := 401; status != 429; tried++ {
		ticket := c.Post(nobody, "auth/login", credentials(email, password)).Want(200).Text("mfaToken")
		status = c.Post(nobody, "auth/verify-mfa", object{"mfaToken": ticket, "otp": a.code(t, 40)}).Status
	}
	same(t, "codes", tried-1, 10)
	c.Post(s.user, "auth/step-up", object{"otp": a.code(t, 0)}).Want(401) // the access token has expired by now
	c.Clock.Advance(16 * time.Minute)
	ticket := c.Post(nobody, "auth/login", credentials(email, password)).Want(200).Text("mfaToken")
	c.Post(nobody, "auth/verify-mfa", object{"mfaToken": ticket, "otp": a.code(t, 0)}).Want(200)
}

// TestOldAttemptsAreDeleted by the upkeep.
func TestOldAttemptsAreDeleted(t *testing.T) {
	t.Parallel()
	c := open(t, limited)
	c.Clock.Freeze()
	c.Post(nobody, "auth/login", credentials(fresh(), "wrong words, wrong words")).Want(401)
	same(t, "kept", c.Count("SELECT count(*) FROM attempts"), 2)
	c.Clock.Advance(49 * time.Hour)
	must(t, c.DB.Write(t.Context(),
		func(tx *postgres.Tx) error { return c.App.Queue.Insert(t.Context(), tx, jobs.Maintenance{}) }))
	wait(t, "the upkeep", func() bool { return c.Count("SELECT count(*) FROM attempts") == 0 })
}
