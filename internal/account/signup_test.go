package account_test

import (
	"bytes"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"amrutam/internal/config"
)

func TestSignUp(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := fresh()
	a := c.Post(nobody, "auth/signup", registration(email, func(m object) {
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

	c.Post(nobody, "auth/verify-email", object{"token": mailed(t, c, email, "verify-email", 1)}).Want(204)
	me := c.Get(signIn(t, c, email, password).user, "users/me").Want(200)
	for name, want := range map[string]any{"id": a.Text("id"), "createdAt": a.Text("createdAt"),
		"phone": "+919812345678", "gender": "FEMALE",
		"address": nil, "dateOfBirth": nil, "timezone": "Asia/Kolkata", "isEmailVerified": true, "role": "DOCTOR"} {
		same(t, name, me.At(name), want)
	}
}

func TestSignUpNormalizesAddress(t *testing.T) {
	t.Parallel()
	c := open(t)
	tail := uuid.NewString()[:8] + "@example.org"
	kept := "amélie." + tail
	for i, form := range []string{"  Ame\u0301lie." + strings.ToUpper(tail) + "\t", "AMÉLIE." + tail, kept} {
		same(t, "email", c.Post(nobody, "auth/signup", registration(form)).Want(201).Text("email"), kept)
		same(t, "users", c.Count("SELECT count(*) FROM users"), 1)
		mailed(t, c, kept, "verify-email", i+1)
	}
	c.Post(nobody, "auth/verify-email", object{"token": mailed(t, c, kept, "verify-email", 3)}).Want(204)
	signIn(t, c, "ame\u0301LIE."+tail, password)
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
			a := c.Post(nobody, "auth/signup", registration("asha@example.org", func(m object) {
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
	t.Cleanup(func() { same(t, "users", c.Count("SELECT count(*) FROM users"), 0) })
}

func TestSignUpReportsAllFaults(t *testing.T) {
	t.Parallel()
	c := open(t)
	for want, body := range map[string]object{
		"the schema's": {"email": "x", "password": "short", "fullName": "", "role": "ADMIN",
			"phone": strings.Repeat("9", 41), "gender": "none"},
		"the room's": {"email": "x y z", "password": "fourteen chars", "fullName": "Meera", "role": "PATIENT",
			"phone": "12345"},
	} {
		found := faultsOf(t, c.Post(nobody, "auth/signup", body).Want(422))
		for name := range body {
			if place := "body." + name; found[place] == "" &&
				(want == "the schema's" || (name != "role" && name != "fullName")) {
				t.Errorf("%s faults: nothing about %s in %v", want, place, found)
			}
		}
	}
}

func TestSignUpRefusesUnreadableBodies(t *testing.T) {
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
		a := c.Do(nobody, "POST", "auth/signup", []byte(r.body), "Content-Type", r.kind)
		if a.Status != r.status || a.Text("type") != "/problems/"+r.slug {
			t.Errorf("%s: status %d, want %d %s: %s", name, a.Status, r.status, r.slug, a.Body)
		}
		if r.place != "" && faultsOf(t, a)[r.place] == "" {
			t.Errorf("%s: nothing about %s: %s", name, r.place, a.Body)
		}
		same(t, name+": Content-Type", a.Header.Get("Content-Type"), "application/problem+json")
	}
	same(t, "users", c.Count("SELECT count(*) FROM users"), 0)
	c.Do(nobody, "POST", "auth/signup", []byte(filler(8<<10)), "Content-Type", "application/json; charset=UTF-8").
		Want(201)
}

func TestPasswordLengthCountsCharacters(t *testing.T) {
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
		return faultsOf(t, c.Post(nobody, "auth/signup",
			registration(fresh(), func(m object) { m["password"] = p })).Want(422))["body.password"]
	}
	same(t, "13 composed characters", refused(short), "must have at least 15 characters")
	varied := strings.Repeat("kq7vz3mw", 16)[:127]
	same(t, "129 characters", refused(varied+"é!"), "must have at most 128 characters")
	c.Post(nobody, "auth/signup", registration(fresh(), func(m object) { m["password"] = varied + "é" })).Want(201)

	email := verified(t, c, func(m object) { m["password"] = decomposed })
	signIn(t, c, email, "éxüköåñwçìôäqëûzî")
	c.Post(nobody, "auth/login", credentials(email, "exukoanwcioaqeuzi")).Want(401)
}

func TestPasswordLengthSetting(t *testing.T) {
	t.Parallel()
	c := open(t, func(cfg *config.Config) { cfg.PasswordMin = 8 })
	verified(t, c, func(m object) { m["password"] = "k7!vqz3m" })
	found := faultsOf(t, c.Post(nobody, "auth/signup",
		registration(fresh(), func(m object) { m["password"] = "e\u0301e\u0301vqz3m" })).Want(422))
	same(t, "7 composed characters", found["body.password"], "must have at least 8 characters")
}
