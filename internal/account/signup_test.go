package account_test

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"
	"golang.org/x/text/unicode/norm"

	"amrutam/internal/config"
)

func TestSignUp(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := newEmail()
	a := c.Post(anonymous, "auth/signup", registration(email, func(m object) {
		m["role"], m["phone"], m["gender"] = "DOCTOR", "+91 (98123) 45-678", "FEMALE"
	})).Want(201)
	wantEqual(t, "members", slices.Sorted(maps.Keys(a.Map())),
		[]string{"createdAt", "email", "fullName", "id", "isEmailVerified", "mfaEnabled", "role"})
	wantEqual(t, "email", a.Text("email"), email)
	wantEqual(t, "role", a.Text("role"), "DOCTOR")
	wantEqual(t, "isEmailVerified", a.At("isEmailVerified"), false)
	wantEqual(t, "mfaEnabled", a.At("mfaEnabled"), false)
	wantEqual(t, "fullName", a.Text("fullName"), "Meera Nair")
	wantEqual(t, "Cache-Control", a.Header.Get("Cache-Control"), "no-store")
	wantEqual(t, "audit rows", countAudits(t, c, "user.sign-up", a.Text("id")), 1)

	verifyEmail(c, awaitMail(t, c, email, "verify-email", 1)).Want(204)
	me := c.Get(signIn(t, c, email, password).user, "users/me").Want(200)
	for name, want := range map[string]any{
		"id":              a.Text("id"),
		"createdAt":       a.Text("createdAt"),
		"phone":           "+919812345678",
		"gender":          "FEMALE",
		"address":         nil,
		"dateOfBirth":     nil,
		"timezone":        "Asia/Kolkata",
		"isEmailVerified": true,
		"role":            "DOCTOR",
	} {
		wantEqual(t, name, me.At(name), want)
	}
}

func TestSignUpNormalizesAddress(t *testing.T) {
	t.Parallel()
	c := open(t)
	suffix := uuid.NewString()[:8] + "@example.org"
	email := "amélie." + suffix
	for i, spelling := range []string{"  Ame\u0301lie." + strings.ToUpper(suffix) + "\t", "AMÉLIE." + suffix, email} {
		a := c.Post(anonymous, "auth/signup", registration(spelling)).Want(201)
		wantEqual(t, "email", a.Text("email"), email)
		wantEqual(t, "users", c.Count("SELECT count(*) FROM users"), 1)
		awaitMail(t, c, email, "verify-email", i+1)
	}
	verifyEmail(c, awaitMail(t, c, email, "verify-email", 3)).Want(204)
	signIn(t, c, "ame\u0301LIE."+suffix, password)
}

func TestSignUpRefuses(t *testing.T) {
	t.Parallel()
	c := open(t)
	long := strings.Repeat("a", 60) + "@" + strings.Repeat(strings.Repeat("b", 60)+".", 4) + "org"
	refused := map[string]struct {
		field string
		value any
	}{
		"role: ADMIN":              {"role", "ADMIN"},
		"role: SUPPORT":            {"role", "SUPPORT"},
		"role: lower case":         {"role", "patient"},
		"role: none":               {"role", nil},
		"gender: lower case":       {"gender", "female"},
		"gender: empty":            {"gender", ""},
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
		"address: an IP address":   {"email", "z@[127.0.0.1]"},
		"address: too long":        {"email", long},
		"address: long local part": {"email", strings.Repeat("a", 65) + "@zaphod.org"},
		"address: no-width space":  {"email", "z@zaphod.org\u200b"},
		"address: text direction":  {"email", "z\u202e@zaphod.org"},
		"address: no-break space":  {"email", "z\u00a0a@zaphod.org"},
		"address: line separator":  {"email", "z@zaphod.org\u2028x"},
		"address: a Braille blank": {"email", "z\u2800@zaphod.org"},
		"address: Hangul filler":   {"email", "z\u3164@zaphod.org"},
		"address: a joiner":        {"email", "z\u200d@zaphod.org"},
		"address: stacked marks":   {"email", "z" + strings.Repeat("\u0335", 9) + "@zaphod.org"},
		"address: a dash first":    {"email", "z@-zaphod.org"},
		"name: text direction":     {"fullName", "\u202eZaphod"},
		"name: two lines":          {"fullName", "Zaphod\u2028B"},
		"address: a number":        {"email", 4711},
		"name: empty":              {"fullName", ""},
		"name: blank":              {"fullName", " \t "},
		"name: invisible":          {"fullName", "\u200b\u200d\u00ad"},
		"name: a control code":     {"fullName", "Zaphod\a"},
		"name: too long":           {"fullName", strings.Repeat("z", 201)},
		"phone: letters":           {"phone", "+91ZAPHOD"},
		"phone: +0":                {"phone", "+0981234567"},
		"phone: too short":         {"phone", "+919812"},
		"phone: too long":          {"phone", "+9198123456789012"},
		"phone: blank":             {"phone", "   "},
	}
	for name, r := range refused {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			body := registration("asha@example.org")
			if r.value == nil {
				delete(body, r.field)
			} else {
				body[r.field] = r.value
			}
			a := c.Post(anonymous, "auth/signup", body).Want(422, "validation-failed")
			found := fieldErrors(t, a)
			location := "body." + r.field
			if len(found) != 1 || found[location] == "" {
				t.Errorf("errors: %v, want one at %s", found, location)
			}
			isEnum := r.field == "role" || r.field == "gender" // whose answer may name the allowed values
			text, _ := r.value.(string)
			if !isEnum && strings.TrimSpace(text) != "" && bytes.Contains(a.Body, []byte(text)) {
				t.Errorf("the answer repeats the value: %s", a.Body)
			}
			// The request id may contain any digits.
			rest := bytes.ReplaceAll(a.Body, []byte(a.Header.Get("X-Request-Id")), nil)
			if bytes.Contains(bytes.ToLower(rest), []byte("zaphod")) || bytes.Contains(rest, []byte("4711")) {
				t.Errorf("the answer repeats the value: %s", a.Body)
			}
		})
	}
	t.Cleanup(func() { wantEqual(t, "users", c.Count("SELECT count(*) FROM users"), 0) })
}

func TestSignUpReportsAllFaults(t *testing.T) {
	t.Parallel()
	c := open(t)
	for name, r := range map[string]struct {
		body   object
		faulty []string
	}{
		"faults that the schema finds": {
			object{"email": "x", "password": "short", "fullName": "", "role": "ADMIN",
				"phone": strings.Repeat("9", 41), "gender": "none"},
			[]string{"email", "password", "fullName", "role", "phone", "gender"},
		},
		"faults that the account package finds": {
			object{"email": "x y z", "password": "fourteen chars", "fullName": "Meera", "role": "PATIENT",
				"phone": "12345"},
			[]string{"email", "password", "phone"},
		},
	} {
		found := fieldErrors(t, c.Post(anonymous, "auth/signup", r.body).Want(422))
		for _, field := range r.faulty {
			if found["body."+field] == "" {
				t.Errorf("%s: nothing about %s in %v", name, field, found)
			}
		}
	}
	// The least length is the server's, whichever package finds the fault.
	for _, short := range []string{"short", "fourteen chars"} {
		found := fieldErrors(t, c.Post(anonymous, "auth/signup", object{"email": "a@example.org", "password": short,
			"fullName": "Meera", "role": "PATIENT"}).Want(422))
		if fault := found["body.password"]; fault != "must have at least 15 characters" {
			t.Errorf("a password of %d characters: %s", len(short), fault)
		}
	}
}

func TestSignUpRefusesUnreadableBodies(t *testing.T) {
	t.Parallel()
	c := open(t)
	valid := `{"email":"asha@example.org","password":"` + password + `","fullName":"Asha","role":"PATIENT"`
	padded := func(length int) string { return valid + `}` + strings.Repeat(" ", length-len(valid)-1) }
	replaced := func(old, replacement string) string { return strings.Replace(valid, old, replacement, 1) + `}` }
	for name, r := range map[string]struct {
		body, contentType string
		status            int
		slug, location    string
	}{
		"unknown field": {valid + `,"admin":true}`, "application/json",
			422, "validation-failed", "body.admin"},
		"name in another case": {replaced(`"email"`, `"Email"`), "application/json",
			422, "validation-failed", "body.Email"},
		"name in both cases": {valid + `,"EMAIL":"other@example.org"}`, "application/json",
			422, "validation-failed", "body.EMAIL"},
		"duplicate key": {valid + `,"role":"DOCTOR"}`, "application/json",
			422, "validation-failed", "body.role"},
		"NUL": {replaced("Asha", `As\u0000ha`), "application/json",
			422, "validation-failed", "body.fullName"},
		"NUL in the password": {replaced("lamps", `la\u0000mps`), "application/json",
			422, "validation-failed", "body.password"},
		"not UTF-8":         {replaced("Asha", "As\xffha"), "application/json", 400, "malformed-request", ""},
		"broken JSON":       {valid, "application/json", 400, "malformed-request", ""},
		"two values":        {valid + `}{}`, "application/json", 400, "malformed-request", ""},
		"an array":          {`[` + valid + `}]`, "application/json", 422, "validation-failed", "body"},
		"nothing":           {"", "application/json", 400, "malformed-request", ""},
		"64 KiB and a byte": {padded(64<<10 + 1), "application/json", 413, "body-too-large", ""},
		"text":              {valid + `}`, "text/plain", 415, "unsupported-media-type", ""},
		"a form": {"email=asha%40example.org", "application/x-www-form-urlencoded",
			415, "unsupported-media-type", ""},
		"Latin 1": {valid + `}`, "application/json; charset=iso-8859-1", 415, "unsupported-media-type", ""},
	} {
		a := c.Do(anonymous, "POST", "auth/signup", []byte(r.body), "Content-Type", r.contentType)
		if a.Status != r.status || a.Text("type") != "/problems/"+r.slug {
			t.Errorf("%s: status %d, want %d %s: %s", name, a.Status, r.status, r.slug, a.Body)
		}
		if r.location != "" && fieldErrors(t, a)[r.location] == "" {
			t.Errorf("%s: nothing about %s: %s", name, r.location, a.Body)
		}
		wantEqual(t, name+": Content-Type", a.Header.Get("Content-Type"), "application/problem+json")
	}
	wantEqual(t, "users", c.Count("SELECT count(*) FROM users"), 0)
	c.Do(anonymous, "POST", "auth/signup", []byte(padded(8<<10)), "Content-Type", "application/json; charset=UTF-8").
		Want(201)
}

// TestPasswordLengthCountsCharacters checks that a letter with an accent counts once, composed or decomposed.
func TestPasswordLengthCountsCharacters(t *testing.T) {
	t.Parallel()
	c := open(t)
	const composed = "éxüköåñwçìôäqëûzî" // 17 characters
	decomposed := norm.NFD.String(composed)
	short := decomposed[:strings.LastIndex(decomposed, "e\u0308")] // 13 characters
	messageAbout := func(password string) string {
		a := c.Post(anonymous, "auth/signup", registration(newEmail(), withPassword(password))).Want(422)
		return fieldErrors(t, a)["body.password"]
	}
	wantEqual(t, "13 characters", messageAbout(short), "must have at least 15 characters")
	long := strings.Repeat("kq7vz3mw", 16)[:127]
	wantEqual(t, "129 characters", messageAbout(long+"é!"), "must have at most 128 characters")
	c.Post(anonymous, "auth/signup", registration(newEmail(), withPassword(long+"é"))).Want(201)

	email := signUp(t, c, withPassword(decomposed))
	signIn(t, c, email, composed)
	login(c, email, "exukoanwcioaqeuzi").Want(401)
}

func TestPasswordLengthSetting(t *testing.T) {
	t.Parallel()
	c := open(t, func(cfg *config.Config) { cfg.PasswordMin = 8 })
	signUp(t, c, withPassword("k7!vqz3m"))
	a := c.Post(anonymous, "auth/signup", registration(newEmail(), withPassword("e\u0301e\u0301vqz3m"))).Want(422)
	wantEqual(t, "7 characters", fieldErrors(t, a)["body.password"], "must have at least 8 characters")
}
