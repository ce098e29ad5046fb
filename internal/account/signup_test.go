package account_test

import (
	"bytes"
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
	"amrutam/internal/config"
	"amrutam/internal/postgres"
)

func TestSignUp(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := fresh()
	a := c.Post(dummyHash, "auth/signup", registration(email, func(m object) {
		m["role"], m["phone"], m["gender"] = "DOCTOR", "+91 (98123) 45-678", "FEMALE"
	})).Want(201)
	members := slices.Sorted(maps.Keys(a.Map()))
	same(t, "members", members, []string{"createdAt", "email", "fullName", "id", "isEmailVerified", "mfaEnabled",
		"role"})
	same(t, "email", a.Text("email"), email)
	same(t, "role", a.Text("role"), "DOCTOR")
	same(t, "isEmailVerified", a.At("isEmailVerified"), false)
	same(t, "mfaEnabled", a.At("mfaEnabled"), false)
	same(t, "fullName", a.Text("fullName"), "Meera Nair")
	same(t, "Cache-Control", a.Header.Get("Cache-Control"), "no-store")
	same(t, "audit rows", audited(t, c, "user.sign-up", a.Text("id")), 1)

	c.Post(dummyHash, "auth/verify-email", object{"token": mailed(t, c, email, "verify-email", 1)}).Want(204)
	me := c.Get(signIn(t, c, email, password).user, "users/me").Want(200)
	for name, want := range map[string]any{"id": a.Text("id"), "createdAt": a.Text("createdAt"),
		"phone": "+919812345678", "gender": "FEMALE",
		"address": nil, "dateOfBirth": nil, "timezone": "Asia/Kolkata", "isEmailVerified": true, "role": "DOCTOR"} {
		same(t, name, me.At(name), want)
	}
}

func TestSignUpNormalisesTheAddress(t *testing.T) {
	t.Parallel()
	c := open(t)
	tail := uuid.NewString()[:8] + "@example.org"
	kept := "amélie." + tail
	for i, form := range []string{"  Ame\u0301lie." + strings.ToUpper(tail) + "\t", "AMÉLIE." + tail, kept} {
		same(t, "email", c.Post(dummyHash, "auth/signup", registration(form)).Want(201).Text("email"), kept)
		same(t, "users", count(t, c, "SELECT count(*) FROM users"), 1)
		mailed(t, c, kept, "verify-email", i+1)
	}
	c.Post(dummyHash, "auth/verify-email", object{"token": mailed(t, c, kept, "verify-email", 3)}).Want(204)
	signIn(t, c, "ame\u0301LIE."+tail, password)
}

func TestSignUpOfATakenAddress(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := fresh()
	first := c.Post(dummyHash, "auth/signup", registration(email)).Want(201)
	c.Post(dummyHash, "auth/verify-email", object{"token": mailed(t, c, email, "verify-email", 1)}).Want(204)
	before := row[string](t, c, "SELECT users::text || profiles::text FROM users JOIN profiles ON user_id = users.id")

	again := c.Post(dummyHash, "auth/signup",
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
	same(t, "mails", count(t, c, "SELECT count(*) FROM mails"), 2)
	same(t, "user", row[string](t, c,
		"SELECT users::text || profiles::text FROM users JOIN profiles ON user_id = users.id"), before)
	same(t, "data keys", count(t, c, "SELECT count(*) FROM data_keys"), 1)
	same(t, "audit rows", audited(t, c, "user.refuse-sign-up", first.Text("id")), 1)
	signIn(t, c, email, password)
	third := "ten reeds bend in the wind"
	c.Post(dummyHash, "auth/signup", registration(email, func(m object) { m["password"] = third })).Want(201)
	// As with a free address, where this would be the password of a user who hasn't proven it yet, whoever came after.
	c.Post(dummyHash, "auth/login", credentials(email, newPassword)).Want(403, "email-not-verified")
	c.Post(dummyHash, "auth/login", credentials(email, third)).Want(403, "email-not-verified")
	c.Post(dummyHash, "auth/login", credentials(email, "wrong words, wrong words")).Want(401, "invalid-credentials")
}

// TestWhoReadsTheMailGetsTheAccount, whoever signed up with the address before or after, in which role, and whichever
// link is followed: a stranger's password never becomes that of the account, and no stranger learns of the others.
func TestWhoReadsTheMailGetsTheAccount(t *testing.T) {
	t.Parallel()
	c := open(t)
	for _, followed := range []int{0, 1, 2} { // which of three sign-ups' links
		email := fresh()
		var tokens []string
		for i := range 3 {
			c.Post(dummyHash, "auth/signup", registration(email, func(m object) {
				m["password"], m["fullName"], m["phone"] = password+" "+strconv.Itoa(i), "Meera "+strconv.Itoa(i),
					"+91981234500"+strconv.Itoa(i)
				m["role"] = []string{"DOCTOR", "PATIENT", "DOCTOR"}[i]
			})).Want(201)
			tokens = append(tokens, mailed(t, c, email, "verify-email", i+1))
		}
		for i := range 3 {
			c.Post(dummyHash, "auth/login", credentials(email, password+" "+strconv.Itoa(i))).Want(403,
				"email-not-verified")
		}
		c.Post(dummyHash, "auth/verify-email", object{"token": tokens[followed]}).Want(204)
		for i, token := range tokens { // none is of use, and none tells
			c.Post(dummyHash, "auth/verify-email", object{"token": token}).Want(422, "invalid-token")
			c.Post(dummyHash, "auth/login", credentials(email, password+" "+strconv.Itoa(i))).Want(403,
				"email-not-verified")
		}
		c.Post(dummyHash, "auth/reset-password",
			object{"token": mailed(t, c, email, "choose-password", 1), "newPassword": newPassword}).Want(204)
		me := c.Get(signIn(t, c, email, newPassword).user, "users/me").Want(200)
		same(t, "who", []any{me.At("fullName"), me.At("phone"), me.At("role")},
			[]any{"Meera " + strconv.Itoa(followed), "+91981234500" + strconv.Itoa(followed),
				[]string{"DOCTOR", "PATIENT", "DOCTOR"}[followed]})
	}
	c.CheckInvariants()
}

// TestSigningUpTwice with the same password, as one does who got no answer, is no contest: the password counts.
func TestSigningUpTwice(t *testing.T) {
	t.Parallel()
	c := open(t)
	for _, followed := range []int{0, 1, 2} {
		email := fresh()
		var tokens []string
		for i := range 3 {
			c.Post(dummyHash, "auth/signup", registration(email)).Want(201)
			tokens = append(tokens, mailed(t, c, email, "verify-email", i+1))
		}
		c.Post(dummyHash, "auth/verify-email", object{"token": tokens[followed]}).Want(204)
		signIn(t, c, email, password)
		quiet(t, c)
		same(t, "mails", len(mails(t, c, email, "choose-password")), 0)
	}
}

// TestAStrangerDoesNotLearnOfTheOwner, who proves the address in another way than by the stranger's sign-up.
func TestAStrangerDoesNotLearnOfTheOwner(t *testing.T) {
	t.Parallel()
	c := open(t)
	admin, mover := c.Admin(), signIn(t, c, verified(t, c), password)
	for name, proves := range map[string]func(email string){
		"reset": func(email string) {
			c.Post(dummyHash, "auth/request-password-reset", object{"email": email}).Want(202)
			c.Post(dummyHash, "auth/reset-password",
				object{"token": mailed(t, c, email, "reset-password", 1), "newPassword": newPassword}).Want(204)
			signIn(t, c, email, newPassword)
		},
		"invitation": func(email string) {
			c.Post(admin, "users", object{"email": email, "fullName": "Meera Nair", "role": "SUPPORT"}).Want(201)
		},
		"move": func(email string) {
			c.Post(dummyHash, "auth/confirm-email", object{"token": mailed(t, c, email, "confirm-new-address", 1)}).
				Want(204)
		},
	} {
		email := fresh()
		if name == "move" { // asked for before the strangers came
			c.Post(mover.user, "auth/change-email", object{"currentPassword": password, "newEmail": email}).Want(202)
		}
		for _, strangers := range []string{"ten reeds bend in the wind", "six owls watch the old mill"} {
			c.Post(dummyHash, "auth/signup", registration(email, func(m object) { m["password"] = strangers })).
				Want(201)
		}
		proves(email)
		for _, strangers := range []string{"ten reeds bend in the wind", "six owls watch the old mill"} {
			if a := c.Post(dummyHash, "auth/login", credentials(email, strangers)); a.Status != 403 ||
				a.Text("type") != "/problems/email-not-verified" {
				t.Errorf("%s: %d %s", name, a.Status, a.Body)
			}
		}
	}
}

// TestManySignUpsForATakenAddress are kept to a bound, the newest of them.
func TestManySignUpsForATakenAddress(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := fresh()
	c.Post(dummyHash, "auth/signup", registration(email)).Want(201)
	c.Post(dummyHash, "auth/verify-email", object{"token": mailed(t, c, email, "verify-email", 1)}).Want(204)
	for i := range 22 {
		c.Post(dummyHash, "auth/signup",
			registration(email, func(m object) { m["password"] = newPassword + " " + strconv.Itoa(i) })).Want(201)
	}
	same(t, "waiting", count(t, c, "SELECT count(*) FROM tickets WHERE kind = 'DECOY'"), 20)
	for i, status := range map[int]int{1: 401, 2: 403, 21: 403} {
		c.Post(dummyHash, "auth/login", credentials(email, newPassword+" "+strconv.Itoa(i))).Want(status)
	}
	signIn(t, c, email, password)
}

// TestTheMailIsSentAgainForTheNewestSignUp, also when strangers have used up the mails of the hour.
func TestTheMailIsSentAgainForTheNewestSignUp(t *testing.T) {
	t.Parallel()
	c := open(t, limited)
	email := fresh()
	for i := range 4 {
		c.Post(dummyHash, "auth/signup",
			registration(email, func(m object) { m["password"], m["role"] = password+" "+strconv.Itoa(i), "DOCTOR" })).
			Want(201)
	}
	// the owner's
	c.Post(dummyHash, "auth/signup", registration(email, func(m object) { m["password"] = newPassword })).Want(201)
	quiet(t, c)
	same(t, "mails", len(mails(t, c, email, "verify-email")), 3)
	c.Clock.Advance(61 * time.Minute)
	c.Post(dummyHash, "auth/resend-verification", object{"email": email}).Want(202)
	token := mailed(t, c, email, "verify-email", 4)
	if text := mails(t, c, email, "verify-email")[0]; !strings.Contains(text, "as a patient") {
		t.Errorf("the mail doesn't tell which sign-up it is of: %s", text)
	}
	c.Post(dummyHash, "auth/verify-email", object{"token": token}).Want(204)
	c.Post(dummyHash, "auth/reset-password",
		object{"token": mailed(t, c, email, "choose-password", 1), "newPassword": newPassword}).Want(204)
	same(t, "role", c.Get(signIn(t, c, email, newPassword).user, "users/me").Want(200).Text("role"), "PATIENT")
	for i := range 4 {
		if a := c.Post(dummyHash, "auth/login", credentials(email, password+" "+strconv.Itoa(i))); a.Status == 200 {
			t.Errorf("a stranger's password signs in")
		}
		c.Clock.Advance(16 * time.Minute)
	}
}

// TestSignUpsForAnInvitedAddress get no link: the invitation proves the address.
func TestSignUpsForAnInvitedAddress(t *testing.T) {
	t.Parallel()
	c := open(t)
	admin, email, squatted := c.Admin(), fresh(), fresh()
	invite := func(email string) *apptest.Answer {
		return c.Post(admin, "users", object{"email": email, "fullName": "Meera Nair", "role": "ADMIN"})
	}
	invite(email).Want(201)
	c.Post(dummyHash, "auth/signup", registration(email)).Want(201)
	c.Post(dummyHash, "auth/resend-verification", object{"email": email}).Want(202)
	quiet(t, c)
	same(t, "links", len(mails(t, c, email, "verify-email")), 0)
	leave(c, admin).Want(409, "last-admin")
	// Nobody keeps an address from the staff, or from who moves there, by signing up with it.
	c.Post(dummyHash, "auth/signup", registration(squatted)).Want(201)
	invite(squatted).Want(201)
	same(t, "the sign-up", count(t, c, "SELECT count(*) FROM users WHERE email = $1 AND deleted_at IS NOT NULL",
		squatted), 1)
	mover, next := signIn(t, c, verified(t, c), password), fresh()
	askNewAddress(c, mover.user, next).Want(202)
	c.Post(dummyHash, "auth/signup", registration(next)).Want(201)
	c.Post(dummyHash, "auth/confirm-email", object{"token": mailed(t, c, next, "confirm-new-address", 1)}).Want(204)
	signIn(t, c, next, password)
	c.CheckInvariants()
}

// TestSignUpsThatNobodyProvesEnd after a week, those for an address that has a user too. Nothing is left of them, the
// one that was ended before for whom the address belongs to included.
func TestSignUpsThatNobodyProvesEnd(t *testing.T) {
	t.Parallel()
	c := open(t)
	free, taken := fresh(), verified(t, c)
	for _, email := range []string{free, taken} {
		c.Post(dummyHash, "auth/signup", registration(email, func(m object) { m["password"] = newPassword })).Want(201)
		c.Post(dummyHash, "auth/login", credentials(email, newPassword)).Want(403, "email-not-verified")
	}
	again := func(p string) func(object) { return func(m object) { m["password"] = p } }
	squatted := fresh()
	c.Post(dummyHash, "auth/signup", registration(squatted)).Want(201)
	c.Post(c.Admin(), "users", object{"email": squatted, "fullName": "Meera Nair", "role": "SUPPORT"}).Want(201)
	var gone []string
	for _, email := range []string{free, squatted} {
		gone = append(gone, row[string](t, c,
			"SELECT id::text FROM users WHERE email = $1 AND password_hash <> 'none'", email))
	}
	late := fresh()
	c.Post(dummyHash, "auth/signup", registration(late, again("a stranger's long password"))).Want(201)
	mailed(t, c, late, "verify-email", 1)
	c.Clock.Advance(7*24*time.Hour - time.Hour)
	c.Post(dummyHash, "auth/signup", registration(late, again(newPassword))).Want(201)
	link := mailed(t, c, late, "verify-email", 2)
	c.Clock.Advance(time.Hour + time.Minute)
	must(t, c.App.DB.Write(t.Context(),
		func(tx *postgres.Tx) error { return c.App.Queue.Insert(t.Context(), tx, account.ExpireSignUps{}) }))
	wait(t, "the end of sign-ups", func() bool {
		return count(t, c, "SELECT count(*) FROM users WHERE id = ANY($1::text[]::uuid[])", gone) == 0
	})
	for _, id := range gone {
		same(t, "rows that refer to it", referring(t, c, id), []string(nil))
	}
	same(t, "users of the address", count(t, c, "SELECT count(*) FROM users WHERE email = $1", free), 0)
	same(t, "the invited", count(t, c, "SELECT count(*) FROM users WHERE email = $1 AND deleted_at IS NULL", squatted),
		1)
	for _, email := range []string{free, taken} {
		c.Post(dummyHash, "auth/login", credentials(email, newPassword)).Want(401, "invalid-credentials")
	}
	c.Post(dummyHash, "auth/verify-email", object{"token": link}).Want(204) // of a sign-up that is an hour old
	c.Post(dummyHash, "auth/signup", registration(free)).Want(201)
	signIn(t, c, taken, password)
	same(t, "ended", count(t, c,
		"SELECT count(*) FROM audit_logs WHERE action = 'user.delete' AND metadata ->> 'reason' = 'unverified'"), 2)
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
		if count(t, c, sql, id) > 0 {
			found = append(found, place)
		}
	}
	return found
}

func TestSignUpOfADeletedUsersAddress(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := verified(t, c)
	exec(t, c, "UPDATE users SET deleted_at = now()")
	c.Post(dummyHash, "auth/signup", registration(email, func(m object) { m["password"] = newPassword })).Want(201)
	same(t, "users", count(t, c, "SELECT count(*) FROM users"), 2)
	c.Post(dummyHash, "auth/verify-email", object{"token": mailed(t, c, email, "verify-email", 2)}).Want(204)
	c.Post(dummyHash, "auth/login", credentials(email, password)).Want(401)
	signIn(t, c, email, newPassword)
}

func TestSignUpsRaceForAnAddress(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := fresh()
	crowds.Lock()
	answers := atOnce(crowd(), func(i int) *apptest.Answer {
		return c.Post(dummyHash, "auth/signup",
			registration(email, func(m object) { m["fullName"] = fmt.Sprintf("Meera %c", 'A'+i) }))
	})
	crowds.Unlock()
	ids := map[string]bool{}
	for _, a := range answers {
		ids[a.Want(201).Text("id")] = true
	}
	same(t, "ids", len(ids), crowd())
	same(t, "users", count(t, c, "SELECT count(*) FROM users"), 1)
	same(t, "profiles", count(t, c, "SELECT count(*) FROM profiles"), 1)
	c.Post(dummyHash, "auth/verify-email", object{"token": mailed(t, c, email, "verify-email", crowd())}).Want(204)
	s := signIn(t, c, email, password)
	if !ids[s.user.ID.String()] {
		t.Error("nobody was told the id of the user that was made")
	}
}

func TestSignUpRefuses(t *testing.T) {
	t.Parallel()
	c := open(t)
	long := strings.Repeat("a", 60) + "@" + strings.Repeat(strings.Repeat("b", 60)+".", 4) + "org"
	refused := map[string]struct {
		field string
		value any
	}{
		"role ADMIN":               {"role", "ADMIN"},
		"role SUPPORT":             {"role", "SUPPORT"},
		"role in lower case":       {"role", "patient"},
		"no role":                  {"role", nil},
		"gender":                   {"gender", "female"},
		"gender empty":             {"gender", ""},
		"address: no domain":       {"email", "zaphod"},
		"address: no local part":   {"email", "@zaphod.org"},
		"address: empty domain":    {"email", "zaphod@"},
		"address: with a name":     {"email", "Zaphod <z@zaphod.org>"},
		"address: in brackets":     {"email", "<z@zaphod.org>"},
		"address: two":             {"email", "z@zaphod.org, y@zaphod.org"},
		"address: a space inside":  {"email", "za phod@zaphod.org"},
		"address: a line break":    {"email", "z@zaphod.org\r\nBcc: y@zaphod.org"},
		"address: a comment":       {"email", "z@zaphod.org (zaphod)"},
		"address: quoted":          {"email", `"zaphod z"@zaphod.org`},
		"address: a number":        {"email", "z@[127.0.0.1]"},
		"address: too long":        {"email", long},
		"address: long local":      {"email", strings.Repeat("a", 65) + "@zaphod.org"},
		"address: a hidden space":  {"email", "z@zaphod.org\u200b"},
		"address: turned around":   {"email", "z\u202e@zaphod.org"},
		"address: another space":   {"email", "z\u00a0a@zaphod.org"},
		"address: another line":    {"email", "z@zaphod.org\u2028x"},
		"address: a Braille blank": {"email", "z\u2800@zaphod.org"},
		"address: a filler":        {"email", "z\u3164@zaphod.org"},
		"address: a joiner":        {"email", "z\u200d@zaphod.org"},
		"address: stacked marks":   {"email", "z" + strings.Repeat("\u0335", 9) + "@zaphod.org"},
		"address: a dash first":    {"email", "z@-zaphod.org"},
		"name turned around":       {"fullName", "\u202eZaphod"},
		"name of two lines":        {"fullName", "Zaphod\u2028B"},
		"address: no text":         {"email", 4711},
		"name empty":               {"fullName", ""},
		"name blank":               {"fullName", " \t "},
		"name invisible":           {"fullName", "\u200b\u200d\u00ad"},
		"name with a bell":         {"fullName", "Zaphod\a"},
		"name too long":            {"fullName", strings.Repeat("z", 201)},
		"phone of letters":         {"phone", "+91ZAPHOD"},
		"phone with +0":            {"phone", "+0981234567"},
		"phone too short":          {"phone", "+919812"},
		"phone too long":           {"phone", "+9198123456789012"},
		"phone blank":              {"phone", "   "},
	}
	for name, r := range refused {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := c.Post(dummyHash, "auth/signup", registration("asha@example.org", func(m object) {
				if m[r.field] = r.value; r.value == nil {
					delete(m, r.field)
				}
			})).Want(422, "validation-failed")
			found := faultsOf(t, a)
			place := "body." + r.field
			if len(found) != 1 || found[place] == "" {
				t.Errorf("errors: %v, want one of %s", found, place)
			}
			if text, _ := r.value.(string); strings.TrimSpace(text) != "" && bytes.Contains(a.Body, []byte(text)) &&
				r.field != "role" && r.field != "gender" {
				t.Errorf("the answer repeats the value: %s", a.Body)
			}
			said := bytes.ReplaceAll(a.Body, []byte(a.Header.Get("X-Request-Id")), nil) // which may hold any digits
			if bytes.Contains(bytes.ToLower(said), []byte("zaphod")) || bytes.Contains(said, []byte("4711")) {
				t.Errorf("the answer repeats the value: %s", a.Body)
			}
		})
	}
	t.Cleanup(func() { same(t, "users", count(t, c, "SELECT count(*) FROM users"), 0) })
}

func TestSignUpTellsAllFaultsAtOnce(t *testing.T) {
	t.Parallel()
	c := open(t)
	for want, body := range map[string]object{
		"the schema's": {"email": "x", "password": "short", "fullName": "", "role": "ADMIN",
			"phone": strings.Repeat("9", 41), "gender": "none"},
		"the room's": {"email": "x y z", "password": "fourteen chars", "fullName": "Meera", "role": "PATIENT",
			"phone": "12345"},
	} {
		found := faultsOf(t, c.Post(dummyHash, "auth/signup", body).Want(422))
		for name := range body {
			if place := "body." + name; found[place] == "" &&
				(want == "the schema's" || (name != "role" && name != "fullName")) {
				t.Errorf("%s faults: nothing about %s in %v", want, place, found)
			}
		}
	}
}

func TestSignUpRefusesWhatItCannotRead(t *testing.T) {
	t.Parallel()
	c := open(t)
	valid := `{"email":"asha@example.org","password":"` + password + `","fullName":"Asha","role":"PATIENT"`
	filler := func(n int) string { return valid + `}` + strings.Repeat(" ", n-len(valid)-1) }
	for name, r := range map[string]struct {
		body, kind string
		status     int
		slug       string
		place      string
	}{
		"unknown field": {valid + `,"admin":true}`, "application/json", 422, "validation-failed", "body.admin"},
		"name in another case": {strings.Replace(valid, `"email"`, `"Email"`, 1) + `}`, "application/json", 422,
			"validation-failed", "body.Email"},
		"both cases": {valid + `,"EMAIL":"other@example.org"}`, "application/json", 422, "validation-failed",
			"body.EMAIL"}, "duplicate key": {valid + `,"role":"DOCTOR"}`, "application/json", 422, "validation-failed",
			"body.role"}, "NUL": {strings.Replace(valid, "Asha", `As\u0000ha`, 1) + `}`, "application/json", 422,
			"validation-failed", "body.fullName"},
		"NUL in the password": {strings.Replace(valid, "lamps", `la\u0000mps`, 1) + `}`, "application/json", 422,
			"validation-failed", "body.password"}, "not UTF-8": {strings.Replace(valid, "Asha", "As\xffha", 1) + `}`,
			"application/json", 400, "malformed-request", ""},
		"broken JSON":       {valid, "application/json", 400, "malformed-request", ""},
		"two values":        {valid + `}{}`, "application/json", 400, "malformed-request", ""},
		"an array":          {`[` + valid + `}]`, "application/json", 422, "validation-failed", "body"},
		"nothing":           {"", "application/json", 400, "malformed-request", ""},
		"64 KiB and a byte": {filler(64<<10 + 1), "application/json", 413, "body-too-large", ""},
		"text":              {valid + `}`, "text/plain", 415, "unsupported-media-type", ""},
		"a form": {"email=asha%40example.org", "application/x-www-form-urlencoded", 415,
			"unsupported-media-type", ""}, "Latin 1": {valid + `}`, "application/json; charset=iso-8859-1", 415,
			"unsupported-media-type", ""},
	} {
		a := c.Do(dummyHash, "POST", "auth/signup", []byte(r.body), "Content-Type", r.kind)
		if a.Status != r.status || a.Text("type") != "/problems/"+r.slug {
			t.Errorf("%s: status %d, want %d %s: %s", name, a.Status, r.status, r.slug, a.Body)
		}
		if r.place != "" && faultsOf(t, a)[r.place] == "" {
			t.Errorf("%s: nothing about %s: %s", name, r.place, a.Body)
		}
		same(t, name+": Content-Type", a.Header.Get("Content-Type"), "application/problem+json")
	}
	same(t, "users", count(t, c, "SELECT count(*) FROM users"), 0)
	c.Do(dummyHash, "POST", "auth/signup", []byte(filler(8<<10)), "Content-Type", "application/json; charset=UTF-8").
		Want(201)
}

func TestPasswordsAreMeasuredInCharacters(t *testing.T) {
	t.Parallel()
	c := open(t)
	decomposed := strings.Repeat("e\u0301zu\u0308k", 5)[:0]
	for _, r := range "éxüköåñwçìôäqëûzî" { // 17 characters, more when each accent counts
		decomposed += map[rune]string{'é': "e\u0301", 'ü': "u\u0308", 'ö': "o\u0308", 'å': "a\u030a", 'ñ': "n\u0303",
			'ç': "c\u0327", 'ì': "i\u0300", 'ô': "o\u0302", 'ä': "a\u0308", 'ë': "e\u0308", 'û': "u\u0302",
			'î': "i\u0302"}[r]
		if r < 0x80 {
			decomposed += string(r)
		}
	}
	short := decomposed[:strings.LastIndex(decomposed, "e\u0308")] // 13 of them
	refused := func(p string) string {
		return faultsOf(t, c.Post(dummyHash, "auth/signup",
			registration(fresh(), func(m object) { m["password"] = p })).Want(422))["body.password"]
	}
	same(t, "13 composed characters", refused(short), "must have at least 15 characters")
	varied := strings.Repeat("kq7vz3mw", 16)[:127]
	same(t, "129 characters", refused(varied+"é!"), "must have at most 128 characters")
	c.Post(dummyHash, "auth/signup", registration(fresh(), func(m object) { m["password"] = varied + "é" })).Want(201)

	email := verified(t, c, func(m object) { m["password"] = decomposed })
	signIn(t, c, email, "éxüköåñwçìôäqëûzî")
	c.Post(dummyHash, "auth/login", credentials(email, "exukoanwcioaqeuzi")).Want(401)
}

func TestThePasswordsLengthIsASetting(t *testing.T) {
	t.Parallel()
	c := open(t, func(cfg *config.Config) { cfg.PasswordMin = 8 })
	verified(t, c, func(m object) { m["password"] = "k7!vqz3m" })
	found := faultsOf(t, c.Post(dummyHash, "auth/signup",
		registration(fresh(), func(m object) { m["password"] = "e\u0301e\u0301vqz3m" })).Want(422))
	same(t, "7 composed characters", found["body.password"], "must have at least 8 characters")
}
