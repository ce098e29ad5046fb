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
	email := fresh()
	first := c.Post(nobody, "auth/signup", registration(email)).Want(201)
	c.Post(nobody, "auth/verify-email", object{"token": mailed(t, c, email, "verify-email", 1)}).Want(204)
	before := apptest.QueryOne[string](t, c,
		"SELECT users::text || profiles::text FROM users JOIN profiles ON user_id = users.id")

	again := c.Post(nobody, "auth/signup",
		registration(strings.ToUpper(email),
			func(m object) { m["password"], m["phone"] = newPassword, "+919812345678" })).Want(201)
	same(t, "members", slices.Sorted(maps.Keys(again.Map())), slices.Sorted(maps.Keys(first.Map())))
	for _, name := range []string{"email", "role", "isEmailVerified", "mfaEnabled", "fullName"} {
		same(t, name, again.At(name), first.At(name))
	}
	if again.Text("id") == first.Text("id") || again.Text("createdAt") == first.Text("createdAt") {
		t.Error("the answer tells who has the address")
	}
	id, err := uuid.Parse(again.Text("id"))
	must(t, err)
	same(t, "version of the id", id.Version(), uuid.Version(7))
	for name := range first.Header {
		if _, there := again.Header[name]; !there {
			t.Errorf("the header %s is missing", name)
		}
	}
	mailed(t, c, email, "address-taken", 1)
	quiet(t, c)
	same(t, "mails", c.Count("SELECT count(*) FROM mails"), 2)
	same(t, "user", apptest.QueryOne[string](t, c,
		"SELECT users::text || profiles::text FROM users JOIN profiles ON user_id = users.id"), before)
	same(t, "data keys", c.Count("SELECT count(*) FROM data_keys"), 1)
	same(t, "audit rows", audited(t, c, "user.refuse-sign-up", first.Text("id")), 1)
	signIn(t, c, email, password)
	third := "ten reeds bend in the wind"
	c.Post(nobody, "auth/signup", registration(email, func(m object) { m["password"] = third })).Want(201)
	// As with a free address, where this would be the password of a user who hasn't proven it yet, whoever came after.
	c.Post(nobody, "auth/login", credentials(email, newPassword)).Want(403, "email-not-verified")
	c.Post(nobody, "auth/login", credentials(email, third)).Want(403, "email-not-verified")
	c.Post(nobody, "auth/login", credentials(email, "wrong words, wrong words")).Want(401, "invalid-credentials")
}

// TestReaderOfMailGetsAccount, whoever signed up with the address before or after, in which role, and whichever
// link is followed: a stranger's password never becomes that of the account, and no stranger learns of the others.
func TestReaderOfMailGetsAccount(t *testing.T) {
	t.Parallel()
	c := open(t)
	for _, followed := range []int{0, 1, 2} { // which of three sign-ups' links
		email := fresh()
		var tokens []string
		for i := range 3 {
			c.Post(nobody, "auth/signup", registration(email, func(m object) {
				m["password"], m["fullName"], m["phone"] = password+" "+strconv.Itoa(i), "Meera "+strconv.Itoa(i),
					"+91981234500"+strconv.Itoa(i)
				m["role"] = []string{"DOCTOR", "PATIENT", "DOCTOR"}[i]
			})).Want(201)
			tokens = append(tokens, mailed(t, c, email, "verify-email", i+1))
		}
		for i := range 3 {
			c.Post(nobody, "auth/login", credentials(email, password+" "+strconv.Itoa(i))).Want(403,
				"email-not-verified")
		}
		c.Post(nobody, "auth/verify-email", object{"token": tokens[followed]}).Want(204)
		for i, token := range tokens { // none is of use, and none tells
			c.Post(nobody, "auth/verify-email", object{"token": token}).Want(422, "invalid-token")
			c.Post(nobody, "auth/login", credentials(email, password+" "+strconv.Itoa(i))).Want(403,
				"email-not-verified")
		}
		c.Post(nobody, "auth/reset-password",
			object{"token": mailed(t, c, email, "choose-password", 1), "newPassword": newPassword}).Want(204)
		me := c.Get(signIn(t, c, email, newPassword).user, "users/me").Want(200)
		same(t, "who", []any{me.At("fullName"), me.At("phone"), me.At("role")},
			[]any{"Meera " + strconv.Itoa(followed), "+91981234500" + strconv.Itoa(followed),
				[]string{"DOCTOR", "PATIENT", "DOCTOR"}[followed]})
	}
	c.CheckInvariants()
}

// TestSignUpTwice with the same password, as one does who got no answer, is no contest: the password counts.
func TestSignUpTwice(t *testing.T) {
	t.Parallel()
	c := open(t)
	for _, followed := range []int{0, 1, 2} {
		email := fresh()
		var tokens []string
		for i := range 3 {
			c.Post(nobody, "auth/signup", registration(email)).Want(201)
			tokens = append(tokens, mailed(t, c, email, "verify-email", i+1))
		}
		c.Post(nobody, "auth/verify-email", object{"token": tokens[followed]}).Want(204)
		signIn(t, c, email, password)
		quiet(t, c)
		same(t, "mails", len(mails(t, c, email, "choose-password")), 0)
	}
}

// TestSignUpHidesOwnerFromStranger, who proves the address in another way than by the stranger's sign-up.
func TestSignUpHidesOwnerFromStranger(t *testing.T) {
	t.Parallel()
	c := open(t)
	admin, mover := c.Admin(), signIn(t, c, verified(t, c), password)
	for name, proves := range map[string]func(email string){
		"reset": func(email string) {
			c.Post(nobody, "auth/request-password-reset", object{"email": email}).Want(202)
			c.Post(nobody, "auth/reset-password",
				object{"token": mailed(t, c, email, "reset-password", 1), "newPassword": newPassword}).Want(204)
			signIn(t, c, email, newPassword)
		},
		"invitation": func(email string) {
			c.Post(admin, "users", object{"email": email, "fullName": "Meera Nair", "role": "SUPPORT"}).Want(201)
		},
		"move": func(email string) {
			c.Post(nobody, "auth/confirm-email", object{"token": mailed(t, c, email, "confirm-new-address", 1)}).
				Want(204)
		},
	} {
		email := fresh()
		if name == "move" { // asked for before the strangers came
			c.Post(mover.user, "auth/change-email", object{"currentPassword": password, "newEmail": email}).Want(202)
		}
		for _, strangers := range []string{"ten reeds bend in the wind", "six owls watch the old mill"} {
			c.Post(nobody, "auth/signup", registration(email, func(m object) { m["password"] = strangers })).
				Want(201)
		}
		proves(email)
		for _, strangers := range []string{"ten reeds bend in the wind", "six owls watch the old mill"} {
			if a := c.Post(nobody, "auth/login", credentials(email, strangers)); a.Status != 403 ||
				a.Text("type") != "/problems/email-not-verified" {
				t.Errorf("%s: %d %s", name, a.Status, a.Body)
			}
		}
	}
}

// TestManySignUpsForTakenAddress are kept to a bound, the newest of them.
func TestManySignUpsForTakenAddress(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := fresh()
	c.Post(nobody, "auth/signup", registration(email)).Want(201)
	c.Post(nobody, "auth/verify-email", object{"token": mailed(t, c, email, "verify-email", 1)}).Want(204)
	for i := range 22 {
		c.Post(nobody, "auth/signup",
			registration(email, func(m object) { m["password"] = newPassword + " " + strconv.Itoa(i) })).Want(201)
	}
	same(t, "waiting", c.Count("SELECT count(*) FROM tickets WHERE kind = 'DECOY'"), 20)
	for i, status := range map[int]int{1: 401, 2: 403, 21: 403} {
		c.Post(nobody, "auth/login", credentials(email, newPassword+" "+strconv.Itoa(i))).Want(status)
	}
	signIn(t, c, email, password)
}

// TestResendForNewestSignUp, also when strangers have used up the mails of the hour.
func TestResendForNewestSignUp(t *testing.T) {
	t.Parallel()
	c := open(t, limited)
	email := fresh()
	for i := range 4 {
		c.Post(nobody, "auth/signup",
			registration(email, func(m object) { m["password"], m["role"] = password+" "+strconv.Itoa(i), "DOCTOR" })).
			Want(201)
	}
	// the owner's
	c.Post(nobody, "auth/signup", registration(email, func(m object) { m["password"] = newPassword })).Want(201)
	quiet(t, c)
	same(t, "mails", len(mails(t, c, email, "verify-email")), 3)
	c.Clock.Advance(61 * time.Minute)
	c.Post(nobody, "auth/resend-verification", object{"email": email}).Want(202)
	token := mailed(t, c, email, "verify-email", 4)
	if text := mails(t, c, email, "verify-email")[0]; !strings.Contains(text, "as a patient") {
		t.Errorf("the mail doesn't tell which sign-up it is of: %s", text)
	}
	c.Post(nobody, "auth/verify-email", object{"token": token}).Want(204)
	c.Post(nobody, "auth/reset-password",
		object{"token": mailed(t, c, email, "choose-password", 1), "newPassword": newPassword}).Want(204)
	same(t, "role", c.Get(signIn(t, c, email, newPassword).user, "users/me").Want(200).Text("role"), "PATIENT")
	for i := range 4 {
		if a := c.Post(nobody, "auth/login", credentials(email, password+" "+strconv.Itoa(i))); a.Status == 200 {
			t.Errorf("a stranger's password signs in")
		}
		c.Clock.Advance(16 * time.Minute)
	}
}

// TestSignUpWithInvitedAddress get no link: the invitation proves the address.
func TestSignUpWithInvitedAddress(t *testing.T) {
	t.Parallel()
	c := open(t)
	admin, email, squatted := c.Admin(), fresh(), fresh()
	invite := func(email string) *apptest.Answer {
		return c.Post(admin, "users", object{"email": email, "fullName": "Meera Nair", "role": "ADMIN"})
	}
	invite(email).Want(201)
	c.Post(nobody, "auth/signup", registration(email)).Want(201)
	c.Post(nobody, "auth/resend-verification", object{"email": email}).Want(202)
	quiet(t, c)
	same(t, "links", len(mails(t, c, email, "verify-email")), 0)
	leave(c, admin).Want(409, "last-admin")
	// Nobody keeps an address from the staff, or from who moves there, by signing up with it.
	c.Post(nobody, "auth/signup", registration(squatted)).Want(201)
	invite(squatted).Want(201)
	same(t, "the sign-up", c.Count("SELECT count(*) FROM users WHERE email = $1 AND deleted_at IS NOT NULL",
		squatted), 1)
	mover, next := signIn(t, c, verified(t, c), password), fresh()
	askNewAddress(c, mover.user, next).Want(202)
	c.Post(nobody, "auth/signup", registration(next)).Want(201)
	c.Post(nobody, "auth/confirm-email", object{"token": mailed(t, c, next, "confirm-new-address", 1)}).Want(204)
	signIn(t, c, next, password)
	c.CheckInvariants()
}

// TestUnverifiedSignUpsExpire after a week, those for an address that has a user too. Nothing is left of them, the
// one that was ended before for whom the address belongs to included.
func TestUnverifiedSignUpsExpire(t *testing.T) {
	t.Parallel()
	c := open(t)
	free, taken := fresh(), verified(t, c)
	for _, email := range []string{free, taken} {
		c.Post(nobody, "auth/signup", registration(email, func(m object) { m["password"] = newPassword })).Want(201)
		c.Post(nobody, "auth/login", credentials(email, newPassword)).Want(403, "email-not-verified")
	}
	again := func(p string) func(object) { return func(m object) { m["password"] = p } }
	squatted := fresh()
	c.Post(nobody, "auth/signup", registration(squatted)).Want(201)
	c.Post(c.Admin(), "users", object{"email": squatted, "fullName": "Meera Nair", "role": "SUPPORT"}).Want(201)
	var gone []string
	for _, email := range []string{free, squatted} {
		gone = append(gone, apptest.QueryOne[string](t, c,
			"SELECT id::text FROM users WHERE email = $1 AND password_hash <> 'none'", email))
	}
	late := fresh()
	c.Post(nobody, "auth/signup", registration(late, again("a stranger's long password"))).Want(201)
	mailed(t, c, late, "verify-email", 1)
	c.Clock.Advance(7*24*time.Hour - time.Hour)
	c.Post(nobody, "auth/signup", registration(late, again(newPassword))).Want(201)
	link := mailed(t, c, late, "verify-email", 2)
	c.Clock.Advance(time.Hour + time.Minute)
	must(t, c.App.DB.Write(t.Context(),
		func(tx *postgres.Tx) error { return c.App.Queue.Insert(t.Context(), tx, account.ExpireSignUps{}) }))
	wait(t, "the end of sign-ups", func() bool {
		return c.Count("SELECT count(*) FROM users WHERE id = ANY($1::text[]::uuid[])", gone) == 0
	})
	for _, id := range gone {
		same(t, "rows that refer to it", referring(t, c, id), []string(nil))
	}
	same(t, "users of the address", c.Count("SELECT count(*) FROM users WHERE email = $1", free), 0)
	same(t, "the invited", c.Count("SELECT count(*) FROM users WHERE email = $1 AND deleted_at IS NULL", squatted),
		1)
	for _, email := range []string{free, taken} {
		c.Post(nobody, "auth/login", credentials(email, newPassword)).Want(401, "invalid-credentials")
	}
	c.Post(nobody, "auth/verify-email", object{"token": link}).Want(204) // of a sign-up that is an hour old
	c.Post(nobody, "auth/signup", registration(free)).Want(201)
	signIn(t, c, taken, password)
	same(t, "ended", c.Count(
		"SELECT count(*) FROM audit_logs WHERE action = 'user.delete' AND metadata ->> 'reason' = 'unverified'"), 2)
}

func TestSignUpWithAddressOfDeletedUser(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := verified(t, c)
	c.Exec("UPDATE users SET deleted_at = now()")
	c.Post(nobody, "auth/signup", registration(email, func(m object) { m["password"] = newPassword })).Want(201)
	same(t, "users", c.Count("SELECT count(*) FROM users"), 2)
	c.Post(nobody, "auth/verify-email", object{"token": mailed(t, c, email, "verify-email", 2)}).Want(204)
	c.Post(nobody, "auth/login", credentials(email, password)).Want(401)
	signIn(t, c, email, newPassword)
}

func TestConcurrentSignUpsWithOneAddress(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := fresh()
	crowds.Lock()
	answers := atOnce(crowd(), func(i int) *apptest.Answer {
		return c.Post(nobody, "auth/signup",
			registration(email, func(m object) { m["fullName"] = fmt.Sprintf("Meera %c", 'A'+i) }))
	})
	crowds.Unlock()
	ids := map[string]bool{}
	for _, a := range answers {
		ids[a.Want(201).Text("id")] = true
	}
	same(t, "ids", len(ids), crowd())
	same(t, "users", c.Count("SELECT count(*) FROM users"), 1)
	same(t, "profiles", c.Count("SELECT count(*) FROM profiles"), 1)
	c.Post(nobody, "auth/verify-email", object{"token": mailed(t, c, email, "verify-email", crowd())}).Want(204)
	s := signIn(t, c, email, password)
	if !ids[s.user.ID.String()] {
		t.Error("nobody was told the id of the user that was made")
	}
}

// referring are the tables, with their columns, that refer to a user.
func referring(t *testing.T, c *apptest.Clinic, id string) (found []string) {
	t.Helper()
	//nolint:rowserrcheck // ForEachRow checks it
	rows, err := c.DB.Pool.Query(t.Context(), `SELECT conrelid::regclass || '.' || a.attname,
		format('SELECT count(*) FROM %s WHERE %I = $1', conrelid::regclass, a.attname)
		FROM pg_constraint k JOIN pg_class r ON r.oid = k.conrelid JOIN pg_attribute a ON a.attrelid = k.conrelid
		AND a.attnum = k.conkey[1]
		WHERE k.contype = 'f' AND k.confrelid = 'users'::regclass AND NOT r.relispartition`)
	must(t, err)
	var place, sql string
	columns := map[string]string{}
	_, err = pgx.ForEachRow(rows, []any{&place, &sql}, func() error {
		columns[place] = sql
		return nil
	})
	must(t, err)
	if len(columns) < 15 {
		t.Fatalf("only %d columns refer to users", len(columns))
	}
	for place, sql := range columns {
		if c.Count(sql, id) > 0 {
			found = append(found, place)
		}
	}
	return found
}
