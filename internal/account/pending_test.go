package account_test

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"amrutam/internal/account"
	"amrutam/internal/apptest"
	"amrutam/internal/postgres"
)

func TestSignUpWithTakenAddress(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := newEmail()
	first := c.Post(anonymous, "auth/signup", registration(email)).Want(201)
	verifyEmail(c, awaitMail(t, c, email, "verify-email", 1)).Want(204)
	readUser := func() string {
		return apptest.QueryOne[string](t, c,
			"SELECT users::text || profiles::text FROM users JOIN profiles ON user_id = users.id")
	}
	before := readUser()

	again := c.Post(anonymous, "auth/signup", registration(strings.ToUpper(email), func(m object) {
		m["password"] = newPassword
		m["phone"] = "+919812345678"
	})).Want(201)
	wantEqual(t, "members", slices.Sorted(maps.Keys(again.Map())), slices.Sorted(maps.Keys(first.Map())))
	for _, name := range []string{"email", "role", "isEmailVerified", "mfaEnabled", "fullName"} {
		wantEqual(t, name, again.At(name), first.At(name))
	}
	if again.Text("id") == first.Text("id") || again.Text("createdAt") == first.Text("createdAt") {
		t.Error("the answer shows the id or the age of the user who has the address")
	}
	id, err := uuid.Parse(again.Text("id"))
	must(t, err)
	wantEqual(t, "version of the id", id.Version(), uuid.Version(7))
	for name := range first.Header {
		if _, ok := again.Header[name]; !ok {
			t.Errorf("the header %s is missing", name)
		}
	}
	awaitMail(t, c, email, "address-taken", 1)
	awaitJobs(t, c)
	wantEqual(t, "mails", c.Count("SELECT count(*) FROM mails"), 2)
	wantEqual(t, "user", readUser(), before)
	wantEqual(t, "data keys", c.Count("SELECT count(*) FROM data_keys"), 1)
	wantEqual(t, "audit rows", countAudits(t, c, "user.refuse-sign-up", first.Text("id")), 1)
	signIn(t, c, email, password)
	third := "ten reeds bend in the wind"
	c.Post(anonymous, "auth/signup", registration(email, withPassword(third))).Want(201)
	// The answers are those for a free address, where these would be the passwords of sign-ups that wait for the
	// address to be verified.
	login(c, email, newPassword).Want(403, "email-not-verified")
	login(c, email, third).Want(403, "email-not-verified")
	login(c, email, wrongPassword).Want(401, "invalid-credentials")
}

// TestReaderOfMailGetsAccount checks that of several sign-ups with one address the one whose link is followed becomes
// the account, and that its owner chooses a new password: none of the sign-ups' passwords works. All of them get the
// same answers afterwards.
func TestReaderOfMailGetsAccount(t *testing.T) {
	t.Parallel()
	c := open(t)
	roles := []string{"DOCTOR", "PATIENT", "DOCTOR"}
	for followed := range 3 { // the sign-up whose link is followed
		email := newEmail()
		var tokens []string
		for i := range 3 {
			c.Post(anonymous, "auth/signup", registration(email, func(m object) {
				m["password"] = password + " " + strconv.Itoa(i)
				m["fullName"] = "Meera " + strconv.Itoa(i)
				m["phone"] = "+91981234500" + strconv.Itoa(i)
				m["role"] = roles[i]
			})).Want(201)
			tokens = append(tokens, awaitMail(t, c, email, "verify-email", i+1))
		}
		for i := range 3 {
			login(c, email, password+" "+strconv.Itoa(i)).Want(403,
				"email-not-verified")
		}
		verifyEmail(c, tokens[followed]).Want(204)
		for i, token := range tokens {
			verifyEmail(c, token).Want(422, "invalid-token")
			login(c, email, password+" "+strconv.Itoa(i)).Want(403,
				"email-not-verified")
		}
		resetPassword(c, awaitMail(t, c, email, "choose-password", 1), newPassword).Want(204)
		me := c.Get(signIn(t, c, email, newPassword).user, "users/me").Want(200)
		wantEqual(t, "fullName", me.Text("fullName"), "Meera "+strconv.Itoa(followed))
		wantEqual(t, "phone", me.Text("phone"), "+91981234500"+strconv.Itoa(followed))
		wantEqual(t, "role", me.Text("role"), roles[followed])
	}
	c.CheckInvariants()
}

// TestSignUpTwice checks that the password of repeated sign-ups works if it is the same in all of them, as when a
// client repeats a request that got no answer.
func TestSignUpTwice(t *testing.T) {
	t.Parallel()
	c := open(t)
	for followed := range 3 { // the sign-up whose link is followed
		email := newEmail()
		var tokens []string
		for i := range 3 {
			c.Post(anonymous, "auth/signup", registration(email)).Want(201)
			tokens = append(tokens, awaitMail(t, c, email, "verify-email", i+1))
		}
		verifyEmail(c, tokens[followed]).Want(204)
		signIn(t, c, email, password)
		awaitJobs(t, c)
		wantEqual(t, "mails to choose a password", len(mails(t, c, email, "choose-password")), 0)
	}
}

// TestSignUpHidesOwnerFromStranger checks that strangers who signed up with an address get the same answers as before
// once its owner has verified it by a reset mail, an invitation or an email change.
func TestSignUpHidesOwnerFromStranger(t *testing.T) {
	t.Parallel()
	c := open(t)
	admin, mover := c.Admin(), signIn(t, c, signUp(t, c), password)
	strangersPasswords := []string{"ten reeds bend in the wind", "six owls watch the old mill"}
	for name, verify := range map[string]func(email string){
		"reset": func(email string) {
			c.Post(anonymous, "auth/request-password-reset", object{"email": email}).Want(202)
			resetPassword(c, awaitMail(t, c, email, "reset-password", 1), newPassword).Want(204)
			signIn(t, c, email, newPassword)
		},
		"invitation": func(email string) {
			c.Post(admin, "users", object{"email": email, "fullName": "Meera Nair", "role": "SUPPORT"}).Want(201)
		},
		"email change": func(email string) {
			confirmEmail(c, awaitMail(t, c, email, "confirm-new-address", 1)).Want(204)
		},
	} {
		email := newEmail()
		if name == "email change" { // requested before the strangers sign up
			requestEmailChange(c, mover.user, email).Want(202)
		}
		for _, password := range strangersPasswords {
			c.Post(anonymous, "auth/signup", registration(email, withPassword(password))).Want(201)
		}
		verify(email)
		for _, password := range strangersPasswords {
			a := login(c, email, password)
			if a.Status != 403 || a.Text("type") != "/problems/email-not-verified" {
				t.Errorf("%s: %d %s", name, a.Status, a.Body)
			}
		}
	}
}

// TestManySignUpsForTakenAddress checks that only the newest 20 sign-ups with a taken address are stored.
func TestManySignUpsForTakenAddress(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := newEmail()
	c.Post(anonymous, "auth/signup", registration(email)).Want(201)
	verifyEmail(c, awaitMail(t, c, email, "verify-email", 1)).Want(204)
	for i := range 22 {
		c.Post(anonymous, "auth/signup", registration(email, withPassword(newPassword+" "+strconv.Itoa(i)))).Want(201)
	}
	wantEqual(t, "stored sign-ups", c.Count("SELECT count(*) FROM tickets WHERE kind = 'DECOY'"), 20)
	for i, status := range map[int]int{1: 401, 2: 403, 21: 403} {
		login(c, email, newPassword+" "+strconv.Itoa(i)).Want(status)
	}
	signIn(t, c, email, password)
}

// TestResendForNewestSignUp checks that a verification mail that was requested again is for the newest sign-up with
// the address, also when strangers have used up the mails of the hour.
func TestResendForNewestSignUp(t *testing.T) {
	t.Parallel()
	c := open(t, enableLoginLimit)
	email := newEmail()
	for i := range 4 {
		c.Post(anonymous, "auth/signup", registration(email, func(m object) {
			m["password"] = password + " " + strconv.Itoa(i)
			m["role"] = "DOCTOR"
		})).Want(201)
	}
	// The owner of the address signs up last.
	c.Post(anonymous, "auth/signup", registration(email, withPassword(newPassword))).Want(201)
	awaitJobs(t, c)
	wantEqual(t, "mails", len(mails(t, c, email, "verify-email")), 3)
	c.Clock.Advance(61 * time.Minute)
	c.Post(anonymous, "auth/resend-verification", object{"email": email}).Want(202)
	token := awaitMail(t, c, email, "verify-email", 4)
	if text := mails(t, c, email, "verify-email")[0]; !strings.Contains(text, "as a patient") {
		t.Errorf("the mail doesn't say which sign-up it is for: %s", text)
	}
	verifyEmail(c, token).Want(204)
	resetPassword(c, awaitMail(t, c, email, "choose-password", 1), newPassword).Want(204)
	wantEqual(t, "role", c.Get(signIn(t, c, email, newPassword).user, "users/me").Want(200).Text("role"), "PATIENT")
	for i := range 4 {
		if a := login(c, email, password+" "+strconv.Itoa(i)); a.Status == 200 {
			t.Errorf("a stranger's password signs in")
		}
		c.Clock.Advance(16 * time.Minute)
	}
}

// TestSignUpWithInvitedAddress checks that a sign-up with the address of an invitation gets no verification mail, and
// that a sign-up can't reserve an address: an invitation and an email change take it.
func TestSignUpWithInvitedAddress(t *testing.T) {
	t.Parallel()
	c := open(t)
	admin, email, reserved := c.Admin(), newEmail(), newEmail()
	invite := func(email string) *apptest.Answer {
		return c.Post(admin, "users", object{"email": email, "fullName": "Meera Nair", "role": "ADMIN"})
	}
	invite(email).Want(201)
	c.Post(anonymous, "auth/signup", registration(email)).Want(201)
	c.Post(anonymous, "auth/resend-verification", object{"email": email}).Want(202)
	awaitJobs(t, c)
	wantEqual(t, "verification mails", len(mails(t, c, email, "verify-email")), 0)
	deleteAccount(c, admin).Want(409, "last-admin")
	c.Post(anonymous, "auth/signup", registration(reserved)).Want(201)
	invite(reserved).Want(201)
	wantEqual(t, "deleted sign-ups",
		c.Count("SELECT count(*) FROM users WHERE email = $1 AND deleted_at IS NOT NULL", reserved), 1)
	mover, next := signIn(t, c, signUp(t, c), password), newEmail()
	requestEmailChange(c, mover.user, next).Want(202)
	c.Post(anonymous, "auth/signup", registration(next)).Want(201)
	confirmEmail(c, awaitMail(t, c, next, "confirm-new-address", 1)).Want(204)
	signIn(t, c, next, password)
	c.CheckInvariants()
}

// TestUnverifiedSignUpsExpire checks that sign-ups whose address isn't verified are deleted after a week, with every
// row about them, also those that an invitation has replaced and those for an address that has a user.
func TestUnverifiedSignUpsExpire(t *testing.T) {
	t.Parallel()
	c := open(t)
	free, taken := newEmail(), signUp(t, c)
	for _, email := range []string{free, taken} {
		c.Post(anonymous, "auth/signup", registration(email, withPassword(newPassword))).Want(201)
		login(c, email, newPassword).Want(403, "email-not-verified")
	}
	invited := newEmail()
	c.Post(anonymous, "auth/signup", registration(invited)).Want(201)
	c.Post(c.Admin(), "users", object{"email": invited, "fullName": "Meera Nair", "role": "SUPPORT"}).Want(201)
	var expiring []string // ids of users
	for _, email := range []string{free, invited} {
		expiring = append(expiring, apptest.QueryOne[string](t, c,
			"SELECT id::text FROM users WHERE email = $1 AND password_hash <> 'none'", email))
	}
	renewed := newEmail()
	c.Post(anonymous, "auth/signup", registration(renewed, withPassword("a stranger's long password"))).Want(201)
	awaitMail(t, c, renewed, "verify-email", 1)
	c.Clock.Advance(7*24*time.Hour - time.Hour)
	c.Post(anonymous, "auth/signup", registration(renewed, withPassword(newPassword))).Want(201)
	token := awaitMail(t, c, renewed, "verify-email", 2)
	c.Clock.Advance(time.Hour + time.Minute)
	must(t, c.App.DB.Write(t.Context(), func(tx *postgres.Tx) error {
		return c.App.Queue.Insert(t.Context(), tx, account.ExpireSignUps{})
	}))
	waitFor(t, "the end of sign-ups", func() bool {
		return c.Count("SELECT count(*) FROM users WHERE id = ANY($1::text[]::uuid[])", expiring) == 0
	})
	for _, id := range expiring {
		wantEqual(t, "references to the user", referencesTo(t, c, id), []string(nil))
	}
	wantEqual(t, "users of the address", c.Count("SELECT count(*) FROM users WHERE email = $1", free), 0)
	wantEqual(t, "invited users",
		c.Count("SELECT count(*) FROM users WHERE email = $1 AND deleted_at IS NULL", invited), 1)
	for _, email := range []string{free, taken} {
		login(c, email, newPassword).Want(401, "invalid-credentials")
	}
	verifyEmail(c, token).Want(204) // this sign-up is an hour old
	c.Post(anonymous, "auth/signup", registration(free)).Want(201)
	signIn(t, c, taken, password)
	wantEqual(t, "audited deletions", c.Count(
		"SELECT count(*) FROM audit_logs WHERE action = 'user.delete' AND metadata ->> 'reason' = 'unverified'"), 2)
}

func TestSignUpWithAddressOfDeletedUser(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := signUp(t, c)
	c.Exec("UPDATE users SET deleted_at = now()")
	c.Post(anonymous, "auth/signup", registration(email, withPassword(newPassword))).Want(201)
	wantEqual(t, "users", c.Count("SELECT count(*) FROM users"), 2)
	verifyEmail(c, awaitMail(t, c, email, "verify-email", 2)).Want(204)
	login(c, email, password).Want(401)
	signIn(t, c, email, newPassword)
}

func TestConcurrentSignUpsWithOneAddress(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := newEmail()
	answers := apptest.Concurrently(burstSize(), func(i int) *apptest.Answer {
		body := registration(email, func(m object) { m["fullName"] = fmt.Sprintf("Meera %c", 'A'+i) })
		return c.Post(anonymous, "auth/signup", body)
	})
	ids := map[string]bool{}
	for _, a := range answers {
		ids[a.Want(201).Text("id")] = true
	}
	wantEqual(t, "ids", len(ids), burstSize())
	wantEqual(t, "users", c.Count("SELECT count(*) FROM users"), 1)
	wantEqual(t, "profiles", c.Count("SELECT count(*) FROM profiles"), 1)
	verifyEmail(c, awaitMail(t, c, email, "verify-email", burstSize())).Want(204)
	s := signIn(t, c, email, password)
	if !ids[s.user.ID.String()] {
		t.Error("no answer has the id of the new user")
	}
}

// referencesTo returns the columns, as table.column, that refer to a user.
func referencesTo(t *testing.T, c *apptest.Clinic, id string) (found []string) {
	t.Helper()
	//nolint:rowserrcheck // ForEachRow checks it
	rows, err := c.DB.Pool.Query(t.Context(), `SELECT conrelid::regclass || '.' || a.attname,
		format('SELECT count(*) FROM %s WHERE %I = $1', conrelid::regclass, a.attname)
		FROM pg_constraint k JOIN pg_class r ON r.oid = k.conrelid JOIN pg_attribute a ON a.attrelid = k.conrelid
		AND a.attnum = k.conkey[1]
		WHERE k.contype = 'f' AND k.confrelid = 'users'::regclass AND NOT r.relispartition`)
	must(t, err)
	var column, sql string
	columns := map[string]string{} // each with the statement that counts its references
	_, err = pgx.ForEachRow(rows, []any{&column, &sql}, func() error {
		columns[column] = sql
		return nil
	})
	must(t, err)
	if len(columns) < 15 {
		t.Fatalf("only %d columns refer to users", len(columns))
	}
	for column, sql := range columns {
		if c.Count(sql, id) > 0 {
			found = append(found, column)
		}
	}
	return found
}
