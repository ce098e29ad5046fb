package account_test

import (
	"bytes"
	"maps"
	"slices"
	"strconv"
	"testing"
	"time"

	"amrutam/internal/apptest"
	"amrutam/internal/config"
	"amrutam/internal/postgres"
	"amrutam/internal/retention"
)

// enableLoginLimit turns the limits of sign-ins on, which are off in tests.
func enableLoginLimit(cfg *config.Config) { cfg.LoginLimit = "on" }

// trustLocalProxy lets a test choose its network address in X-Forwarded-For.
func trustLocalProxy(cfg *config.Config) { cfg.TrustedProxies = []string{"127.0.0.0/8"} }

// loginFrom signs in from a network address, for clinics with trustLocalProxy.
func loginFrom(c *apptest.Clinic, ip, email, password string) *apptest.Answer {
	return c.Do(anonymous, "POST", "auth/login", credentials(email, password), "X-Forwarded-For", ip)
}

// countChecked returns how many passwords or codes the server compared: it answers those with 401. The others were
// refused before, by a limit or by a full queue.
func countChecked(t *testing.T, answers []*apptest.Answer) int {
	t.Helper()
	checked := 0
	for _, a := range answers {
		switch a.Status {
		case 401:
			checked++
		case 429, 503:
		default:
			t.Errorf("status %d: %s", a.Status, a.Body)
		}
	}
	return checked
}

func retryAfter(t *testing.T, a *apptest.Answer) time.Duration {
	t.Helper()
	seconds, err := strconv.Atoi(a.Header.Get("Retry-After"))
	must(t, err)
	return time.Duration(seconds) * time.Second
}

// TestConcurrentWrongPasswords checks that at most five of many wrong passwords are compared, also for an address that
// has no user.
func TestConcurrentWrongPasswords(t *testing.T) {
	t.Parallel()
	c := open(t, enableLoginLimit)
	c.Clock.Freeze()
	email := signUp(t, c)
	for _, address := range []string{email, newEmail()} {
		answers := apptest.Concurrently(40, func(int) *apptest.Answer { return login(c, address, wrongPassword) })
		if checked := countChecked(t, answers); checked > 5 || checked == 0 {
			t.Errorf("%d passwords were compared", checked)
		}
		c.Clock.Advance(time.Hour)
	}
}

// TestWaitDoubles checks that the wait after a wrong password doubles from a second to 15 minutes, that it is the same
// for an address without a user, and that the right password resets it.
func TestWaitDoubles(t *testing.T) {
	t.Parallel()
	c := open(t, enableLoginLimit)
	c.Clock.Freeze()
	email, unknown := signUp(t, c), newEmail()
	for range 4 {
		for _, address := range []string{email, unknown} {
			login(c, address, wrongPassword).Want(401, "invalid-credentials")
		}
	}
	for step := range 14 {
		login(c, email, wrongPassword).Want(401)
		login(c, unknown, wrongPassword).Want(401)
		a := login(c, email, password).Want(429, "too-many-attempts")
		b := login(c, unknown, password).Want(429, "too-many-attempts")
		want := min(time.Second<<step, 15*time.Minute)
		if got := retryAfter(t, a); got > want || got < want-2*time.Second {
			t.Errorf("after %d failures the wait is %s, want %s", step+5, got, want)
		}
		if got := retryAfter(t, b) - retryAfter(t, a); got > 2*time.Second || got < -2*time.Second {
			t.Errorf("an address without a user waits %s longer", got)
		}
		bodyA, _, _ := bytes.Cut(a.Body, []byte("requestId"))
		bodyB, _, _ := bytes.Cut(b.Body, []byte("requestId"))
		if !bytes.Equal(bodyA, bodyB) {
			t.Errorf("the answers differ:\n%s\n%s", bodyA, bodyB)
		}
		c.Clock.Advance(want + time.Second)
	}
	s := signIn(t, c, email, password)
	for range 5 { // the sign-in has cleared all failures
		login(c, email, wrongPassword).Want(401)
	}
	login(c, email, wrongPassword).Want(429)
	c.Get(s.user, "users/me").Want(200)
}

// TestStrangersCannotLockOut checks that a user can sign in from a network address used before, however many failures
// there are at others.
func TestStrangersCannotLockOut(t *testing.T) {
	t.Parallel()
	c := open(t, enableLoginLimit, trustLocalProxy)
	email := signUp(t, c)
	loginFrom(c, "203.0.113.7", email, password).Want(200)
	for range 5 {
		loginFrom(c, "198.51.100.9", email, wrongPassword).Want(401)
	}
	loginFrom(c, "198.51.100.10", email, password).Want(429)
	loginFrom(c, "203.0.113.7", email, password).Want(200)
	// A reset by mail lets the user sign in from everywhere.
	c.Post(anonymous, "auth/request-password-reset", object{"email": email}).Want(202)
	resetPassword(c, awaitMail(t, c, email, "reset-password", 1), newPassword).Want(204)
	loginFrom(c, "198.51.100.10", email, newPassword).Want(200)
}

// TestConcurrentCorrectPasswords checks that several users can sign in many times at once from one network address,
// without a deadlock.
func TestConcurrentCorrectPasswords(t *testing.T) {
	t.Parallel()
	c := open(t, enableLoginLimit)
	c.Clock.Freeze()
	emails := []string{signUp(t, c), signUp(t, c), signUp(t, c), signUp(t, c)}
	countDeadlocks := func() int {
		return c.Count("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
	}
	before := countDeadlocks()
	for range 5 {
		answers := apptest.Concurrently(12, func(i int) *apptest.Answer { return login(c, emails[i%4], password) })
		for _, a := range answers {
			if a.Status != 200 && a.Status != 429 { // an account has few attempts at once
				t.Errorf("status %d", a.Status)
			}
		}
		c.Clock.Advance(time.Hour)
	}
	wantEqual(t, "deadlocks", countDeadlocks(), before)
}

// TestCorrectPasswordIsNoFailure checks that a right password doesn't count as a failure, even if the request is
// refused for another reason.
func TestCorrectPasswordIsNoFailure(t *testing.T) {
	t.Parallel()
	c := open(t, enableLoginLimit)
	c.Clock.Freeze()
	email, unverified := signUp(t, c), newEmail()
	s := signIn(t, c, email, password)
	c.Post(anonymous, "auth/signup", registration(unverified)).Want(201)
	for range 7 {
		changePassword(c, s.user, password, "too short").Want(422)
		c.Post(s.user, "auth/change-email", object{"currentPassword": password, "newEmail": "no address"}).Want(422)
		login(c, unverified, password).Want(403, "email-not-verified")
	}
	for range 4 {
		c.Post(s.user, "auth/step-up", object{"currentPassword": wrongPassword}).Want(401)
	}
	c.Post(s.user, "auth/step-up", object{"currentPassword": password}).Want(204)
	signIn(t, c, email, password)
}

// TestOwnSignUpClearsNoFailures checks that a stranger who signs up with a user's address, and signs in with the
// password of that sign-up, doesn't clear the failures at the user's password.
func TestOwnSignUpClearsNoFailures(t *testing.T) {
	t.Parallel()
	c := open(t, enableLoginLimit)
	c.Clock.Freeze()
	email := signUp(t, c)
	c.Post(anonymous, "auth/signup", registration(email, withPassword(newPassword))).Want(201)
	checked := 0
	for range 30 {
		if login(c, email, wrongPassword).Status == 401 {
			checked++
		}
		login(c, email, newPassword)
	}
	if checked > 5 {
		t.Errorf("%d guesses were compared", checked)
	}
}

// TestUsersOfOneNetworkDoNotLockOut checks that a /64 of IPv6 counts as one network address, that a user who signed in
// from it before can do so however many failures others have there, and that a user who is new there has a few
// attempts.
func TestUsersOfOneNetworkDoNotLockOut(t *testing.T) {
	t.Parallel()
	c := open(t, enableLoginLimit, trustLocalProxy)
	email, other := signUp(t, c), signUp(t, c)
	loginFrom(c, "2001:db8:0:1::7", email, password).Want(200)
	for i := range 50 {
		ip := "2001:db8:0:1::" + strconv.FormatInt(int64(i+100), 16)
		loginFrom(c, ip, newEmail(), wrongPassword).Want(401)
	}
	loginFrom(c, "2001:db8:0:1::7", email, password).Want(200)
	loginFrom(c, "2001:db8:0:1::99", other, wrongPassword).Want(401)
	loginFrom(c, "2001:db8:0:1::9a", other, wrongPassword).Want(401)
	loginFrom(c, "2001:db8:0:1::9b", other, password).Want(200)
}

// TestPairLimit checks that after fifty failures at a network address an account that is new there has three attempts,
// that these count for each account alone, and that a reset by mail ends the wait.
func TestPairLimit(t *testing.T) {
	t.Parallel()
	c := open(t, enableLoginLimit, trustLocalProxy)
	email, other := signUp(t, c), signUp(t, c)
	c.Clock.Freeze()
	const ip = "203.0.113.7"
	for range 50 {
		loginFrom(c, ip, newEmail(), wrongPassword).Want(401)
	}
	guess := func(int) *apptest.Answer { return loginFrom(c, ip, email, wrongPassword) }
	answers := apptest.Concurrently(20, guess)
	for i := range 3 { // in place of guesses that a full queue refused
		answers = append(answers, guess(i))
	}
	wantEqual(t, "passwords that were compared", countChecked(t, answers), 3)
	loginFrom(c, ip, email, password).Want(429, "too-many-attempts")
	loginFrom(c, ip, other, password).Want(200)
	c.Post(anonymous, "auth/request-password-reset", object{"email": email}).Want(202)
	token := awaitMail(t, c, email, "reset-password", 1)
	c.Do(anonymous, "POST", "auth/reset-password", object{"token": token, "newPassword": newPassword},
		"X-Forwarded-For", ip).Want(204)
	loginFrom(c, ip, email, newPassword).Want(200)
	// A network address that tries very many accounts is limited too.
	c.Exec("UPDATE attempts SET failures = 999 WHERE key = $1", hashOf("pairs of an address\x00"+ip))
	loginFrom(c, ip, newEmail(), password).Want(401)
	loginFrom(c, ip, newEmail(), password).Want(429, "too-many-attempts")
}

// TestGuessesWithStolenToken checks that five passwords and ten codes of a signed-in user are compared, over all
// network addresses, sessions and operations together. The user can still sign in.
func TestGuessesWithStolenToken(t *testing.T) {
	t.Parallel()
	c := open(t, enableLoginLimit, trustLocalProxy)
	email := signUp(t, c)
	c.Clock.Freeze()
	sessions := []session{signIn(t, c, email, password), signIn(t, c, email, password), signIn(t, c, email, password)}
	guess := func(bodies map[string]object) (checked int) {
		paths := slices.Collect(maps.Keys(bodies))
		answers := apptest.Concurrently(30, func(i int) *apptest.Answer {
			path, ip := paths[i%len(paths)], "198.51.100."+strconv.Itoa(i+1)
			return c.Do(sessions[i%3].user, "POST", "auth/"+path, bodies[path], "X-Forwarded-For", ip)
		})
		checked = countChecked(t, answers)
		for _, path := range slices.Repeat(paths, 4) { // in place of guesses that a full queue refused
			if c.Post(sessions[0].user, "auth/"+path, bodies[path]).Status == 401 {
				checked++
			}
		}
		return checked
	}
	passwords := map[string]object{
		"step-up":         {"currentPassword": wrongPassword},
		"change-email":    {"currentPassword": wrongPassword, "newEmail": newEmail()},
		"change-password": {"currentPassword": wrongPassword, "newPassword": newPassword},
	}
	wantEqual(t, "passwords that were compared", guess(passwords), 5)
	for i, ip := range []string{"192.0.2.1", "2001:db8::1"} {
		c.Do(sessions[i].user, "POST", "auth/step-up", object{"currentPassword": password}, "X-Forwarded-For", ip).
			Want(429, "too-many-attempts")
	}
	signIn(t, c, email, password)
	c.Clock.Advance(time.Minute)
	a, _ := enrolAuthenticator(t, c, sessions[0].user)
	sessions = []session{sessions[0], sessions[0], sessions[0]}
	c.Clock.Advance(3 * time.Minute)
	code := object{"otp": a.code(t, 40)}
	wantEqual(t, "codes that were compared",
		guess(map[string]object{"step-up": code, "disable-mfa": code, "recovery-codes": code}), 10)
	// After a reset by mail passwords and codes are compared again.
	c.Post(anonymous, "auth/request-password-reset", object{"email": email}).Want(202)
	resetPassword(c, awaitMail(t, c, email, "reset-password", 1), newPassword).Want(204)
	ticket := login(c, email, newPassword).Want(200).Text("mfaToken")
	s := sessionOf(t, c.Post(anonymous, "auth/verify-mfa", object{"mfaToken": ticket, "otp": a.code(t, 0)}).Want(200))
	c.Post(s.user, "auth/step-up", object{"currentPassword": newPassword}).Want(204)
}

// TestResetEndsEveryWait checks that a reset by mail ends the wait also at a network address that the user signed in
// from before.
func TestResetEndsEveryWait(t *testing.T) {
	t.Parallel()
	c := open(t, enableLoginLimit)
	c.Clock.Freeze()
	email := signUp(t, c)
	signIn(t, c, email, password)
	for range 5 {
		login(c, email, wrongPassword).Want(401)
	}
	login(c, email, password).Want(429)
	c.Post(anonymous, "auth/request-password-reset", object{"email": email}).Want(202)
	resetPassword(c, awaitMail(t, c, email, "reset-password", 1), newPassword).Want(204)
	signIn(t, c, email, newPassword)
}

// TestMailsToOneAddress checks that mails are limited by the address they go to, if several users request them.
func TestMailsToOneAddress(t *testing.T) {
	t.Parallel()
	c := open(t, enableLoginLimit)
	c.Clock.Freeze()
	known, unknown := signUp(t, c), newEmail()
	for range 4 {
		s := signIn(t, c, signUp(t, c), password)
		requestEmailChange(c, s.user, known).Want(202)
		requestEmailChange(c, s.user, unknown).Want(202)
	}
	awaitJobs(t, c)
	wantEqual(t, "mails to a user", len(mails(t, c, known, "address-taken")), 3)
	wantEqual(t, "mails to an address without a user", len(mails(t, c, unknown, "confirm-new-address")), 3)
}

// TestNetworkAddressTriesManyAccounts checks that after fifty failures at a network address an account that is new
// there has three attempts, for as long as the wait lasts.
func TestNetworkAddressTriesManyAccounts(t *testing.T) {
	t.Parallel()
	c := open(t, enableLoginLimit)
	c.Clock.Freeze()
	email := signUp(t, c)
	for range 50 {
		login(c, newEmail(), wrongPassword).Want(401)
	}
	for range 3 {
		login(c, email, wrongPassword).Want(401)
	}
	login(c, email, password).Want(429, "too-many-attempts")
	c.Clock.Advance(16 * time.Minute)
	signIn(t, c, email, password)
}

// TestMailsAreLimitedByHour checks that an address gets three mails of a kind in an hour, and that requests for more
// get the same answer.
func TestMailsAreLimitedByHour(t *testing.T) {
	t.Parallel()
	c := open(t, enableLoginLimit)
	c.Clock.Freeze()
	email := signUp(t, c)
	for range 6 {
		c.Post(anonymous, "auth/request-password-reset", object{"email": email}).Want(202)
		c.Post(anonymous, "auth/signup", registration(email)).Want(201)
	}
	awaitMail(t, c, email, "reset-password", 3)
	awaitMail(t, c, email, "address-taken", 3)
	awaitJobs(t, c)
	wantEqual(t, "mails", c.Count("SELECT count(*) FROM mails WHERE kind IN ('reset-password', 'address-taken')"), 6)
	c.Clock.Advance(61 * time.Minute)
	c.Post(anonymous, "auth/request-password-reset", object{"email": email}).Want(202)
	awaitMail(t, c, email, "reset-password", 4)
}

// TestCodeLimitSpansTickets checks that new sign-ins don't allow more than ten codes.
func TestCodeLimitSpansTickets(t *testing.T) {
	t.Parallel()
	c := open(t, enableLoginLimit)
	c.Clock.Freeze()
	email := signUp(t, c)
	s := signIn(t, c, email, password)
	a, _ := enrolAuthenticator(t, c, s.user)
	c.Clock.Advance(time.Hour)
	attempts := 0
	for status := 401; status != 429; attempts++ {
		ticket := login(c, email, password).Want(200).Text("mfaToken")
		status = c.Post(anonymous, "auth/verify-mfa", object{"mfaToken": ticket, "otp": a.code(t, 40)}).Status
	}
	wantEqual(t, "codes that were compared", attempts-1, 10)
	c.Post(s.user, "auth/step-up", object{"otp": a.code(t, 0)}).Want(401) // the access token has expired
	c.Clock.Advance(16 * time.Minute)
	ticket := login(c, email, password).Want(200).Text("mfaToken")
	c.Post(anonymous, "auth/verify-mfa", object{"mfaToken": ticket, "otp": a.code(t, 0)}).Want(200)
}

// TestOldAttemptsAreDeleted checks that the hourly purge deletes counts of failures after two days.
func TestOldAttemptsAreDeleted(t *testing.T) {
	t.Parallel()
	c := open(t, enableLoginLimit)
	c.Clock.Freeze()
	login(c, newEmail(), wrongPassword).Want(401)
	wantEqual(t, "counts", c.Count("SELECT count(*) FROM attempts"), 2)
	c.Clock.Advance(49 * time.Hour)
	must(t, c.DB.Write(t.Context(), func(tx *postgres.Tx) error {
		return c.App.Queue.Insert(t.Context(), tx, retention.Purge{})
	}))
	waitFor(t, "the purge", func() bool { return c.Count("SELECT count(*) FROM attempts") == 0 })
}
