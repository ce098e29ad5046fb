package account_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
)

// fullProfile returns a patch that sets every member of a profile.
func fullProfile() object {
	return object{
		"fullName":    "Asha Rao",
		"gender":      "FEMALE",
		"dateOfBirth": "1990-05-17",
		"phone":       "+919812345678",
		"address":     "12 Lake Road,\nPune 411001",
		"timezone":    "Europe/Berlin",
	}
}

func TestPatchMergesEachMember(t *testing.T) {
	t.Parallel()
	c := open(t)
	me := c.Patient()
	empty := c.Get(me, "users/me").Want(200)
	for _, name := range []string{"gender", "dateOfBirth", "phone", "address"} {
		v, ok := empty.Map()[name]
		if !ok || v != nil {
			t.Errorf("%s of a new user is %v", name, v)
		}
	}
	var last *apptest.Answer
	for name, v := range fullProfile() { // one member at a time
		last = c.Patch(me, "users/me", object{name: v}).Want(200)
		wantEqual(t, name, last.At(name), v)
	}
	for name, v := range fullProfile() {
		wantEqual(t, name, last.At(name), v)
	}
	read := c.Get(me, "users/me").Want(200)
	wantEqual(t, "profile", read.Map(), last.Map())
	wantEqual(t, "ETag", read.Header.Get("ETag"), last.Header.Get("ETag"))
	wantEqual(t, "Cache-Control", read.Header.Get("Cache-Control"), "no-store")

	wantEqual(t, "after {}", c.Patch(me, "users/me", object{}).Want(200).Map(), last.Map())
	for _, name := range []string{"gender", "dateOfBirth", "phone", "address"} {
		last = c.Patch(me, "users/me", object{name: nil}).Want(200)
		wantEqual(t, name, last.At(name), nil)
	}
	wantEqual(t, "fullName", last.Text("fullName"), "Asha Rao")
	wantEqual(t, "timezone", last.Text("timezone"), "Europe/Berlin")
	wantEqual(t, "columns that are NULL",
		c.Count("SELECT num_nulls(gender, date_of_birth, phone, phone_index, address) FROM profiles"), 5)
	all := c.Do(me, "PATCH", "users/me", fullProfile(), "Content-Type", "application/merge-patch+json").Want(200)
	for name, v := range fullProfile() {
		wantEqual(t, name, all.At(name), v)
	}
	wantEqual(t, "id", all.Text("id"), me.ID.String())
	wantEqual(t, "audit rows", countAudits(t, c, "user.update", me.ID.String()), 12)
	fields := apptest.QueryOne[string](t, c,
		"SELECT metadata->>'fields' FROM audit_logs WHERE action = 'user.update' ORDER BY id DESC LIMIT 1")
	wantEqual(t, "audited fields", fields, `["fullName", "gender", "dateOfBirth", "phone", "address", "timezone"]`)
}

func TestPatchNormalizes(t *testing.T) {
	t.Parallel()
	c := open(t)
	a := c.Patch(c.Patient(), "users/me", object{
		"fullName": " Ame\u0301lie ",
		"phone":    "+91 98123-45 (678)",
		"address":  "  12 Lake Road\n",
	}).Want(200)
	wantEqual(t, "fullName", a.Text("fullName"), "Amélie")
	wantEqual(t, "phone", a.Text("phone"), "+919812345678")
	wantEqual(t, "address", a.Text("address"), "12 Lake Road")
	other := c.Patient()
	c.Patch(other, "users/me", object{"phone": "+91.98.12.345678"}).Want(200)
	wantEqual(t, "different phone indexes", c.Count("SELECT count(DISTINCT phone_index) FROM profiles"), 1)
	wantEqual(t, "different sealed phones", c.Count("SELECT count(DISTINCT phone) FROM profiles"), 2)
}

func TestPatchRefuses(t *testing.T) {
	t.Parallel()
	c := open(t)
	me := c.Patient()
	before := c.Get(me, "users/me").Want(200)
	afterTomorrow := c.Clock.Now().UTC().AddDate(0, 0, 2).Format(time.DateOnly)
	for name, values := range map[string][]any{
		"fullName":    {nil, "", "  ", "\u200b", strings.Repeat("z", 201), "Zaphod\x07", 42},
		"gender":      {"", "zaphod", "female", 1},
		"dateOfBirth": {"", "17.05.1990", "1990-02-30", "1899-12-31", afterTomorrow, "1990-05-17T00:00:00Z", 19900517},
		"phone":       {"", "zaphod", "98123", "+1"},
		"address":     {"", " \n ", "\u200b", strings.Repeat("z", 501), []string{"zaphod"}},
		"timezone": {nil, "", "Zaphod/Beeblebrox", "Local", "asia/kolkata", "../etc/passwd", "Asia",
			strings.Repeat("Z", 65)},
		"email":    {"zaphod@example.org"},
		"role":     {"ADMIN"},
		"id":       {"0199f3a2-7c1e-7000-8000-000000000000"},
		"FullName": {"Zaphod"},
	} {
		for _, v := range values {
			a := c.Patch(me, "users/me", object{name: v})
			found := fieldErrors(t, a)
			if a.Status != 422 || len(found) != 1 || found["body."+name] == "" {
				t.Errorf("%s %#v: %d %s", name, v, a.Status, a.Body)
			}
			if strings.Contains(strings.ToLower(string(a.Body)), "zaphod") {
				t.Errorf("%s: the answer repeats the value: %s", name, a.Body)
			}
		}
	}
	found := fieldErrors(t, c.Patch(me, "users/me",
		object{"dateOfBirth": afterTomorrow, "phone": "1", "timezone": "Mars"}).Want(422))
	wantEqual(t, "messages about three members", len(found), 3)
	found = fieldErrors(t, c.Patch(me, "users/me", object{"fullName": "\u200b", "address": "\n"}).Want(422))
	wantEqual(t, "messages about two texts", len(found), 2)
	for _, body := range []string{"[]", `"x"`, "null", "5"} {
		if a := c.Do(me, "PATCH", "users/me", []byte(body)); a.Status != 422 && a.Status != 400 {
			t.Errorf("the body %s: %d %s", body, a.Status, a.Body)
		}
	}
	wantEqual(t, "profile", c.Get(me, "users/me").Want(200).Map(), before.Map())
	c.Patch(anonymous, "users/me", object{}).Want(401)
	c.Get(anonymous, "users/me").Want(401)
}

func TestPatchHonorsIfMatch(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := signUp(t, c)
	me := signIn(t, c, email, password).user
	patch := func(version string, body object) *apptest.Answer {
		return c.Do(me, "PATCH", "users/me", body, "If-Match", version)
	}
	seen := map[string]bool{}
	version := c.Get(me, "users/me").Want(200).Header.Get("ETag")
	for _, v := range []string{"A", "B", "B"} { // the same value again is a change too
		seen[version] = true
		a := patch(version, object{"address": v}).Want(200)
		outdated := patch(version, object{"address": "C"}).Want(412, "precondition-failed")
		wantEqual(t, "ETag of a refusal", outdated.Header.Get("ETag"), "")
		version = a.Header.Get("ETag")
		if seen[version] || version == "" {
			t.Fatalf("the ETag %q is not a new one", version)
		}
		wantEqual(t, "ETag of a read", c.Get(me, "users/me").Want(200).Header.Get("ETag"), version)
	}
	patch(`"other"`, object{"address": "C"}).Want(412)
	patch(version, object{"address": strings.Repeat("x", 501)}).Want(422)
	wantEqual(t, "address", c.Get(me, "users/me").Text("address"), "B")
	patch("*", object{"address": "D"}).Want(200)
	version = c.Get(me, "users/me").Header.Get("ETag")
	wantEqual(t, "ETag after {}", patch(version, object{}).Want(200).Header.Get("ETag"), version)
	// The ETag changes even if the server's clock is behind the time of the row.
	for _, table := range []string{"profiles", "users"} {
		c.Exec("UPDATE " + table + " SET updated_at = now() + interval '1 hour'")
		ahead := c.Get(me, "users/me").Header.Get("ETag")
		patch(ahead, object{"address": "E"}).Want(200)
		if later := c.Get(me, "users/me").Header.Get("ETag"); later == ahead {
			t.Errorf("the ETag stays if the clock is behind the row of %s", table)
		}
	}
}

func TestConcurrentPatchesOfDifferentMembers(t *testing.T) {
	t.Parallel()
	c := open(t)
	for range 3 {
		me := c.User(access.RoleDoctor)
		names := []string{"fullName", "gender", "dateOfBirth", "phone", "address", "timezone"}
		versions := map[string]bool{}
		answers := apptest.Concurrently(len(names), func(i int) *apptest.Answer {
			return c.Patch(me, "users/me", object{names[i]: fullProfile()[names[i]]})
		})
		for _, a := range answers {
			versions[a.Want(200).Header.Get("ETag")] = true
		}
		wantEqual(t, "versions", len(versions), len(names))
		after := c.Get(me, "users/me").Want(200)
		for name, v := range fullProfile() {
			wantEqual(t, name, after.At(name), v)
		}
	}
	me := c.Patient()
	version := c.Get(me, "users/me").Header.Get("ETag")
	answers := apptest.Concurrently(5, func(int) *apptest.Answer {
		return c.Do(me, "PATCH", "users/me", object{"address": "12 Lake Road"}, "If-Match", version)
	})
	succeeded := 0
	for _, a := range answers {
		if a.Status == 200 {
			succeeded++
			continue
		}
		a.Want(412)
	}
	wantEqual(t, "successful changes of one version", succeeded, 1)
}

// TestLanguage tests that a language is kept as the nearest of ours, from the sign-up on, and that mails are in it.
func TestLanguage(t *testing.T) {
	t.Parallel()
	c := open(t)
	for _, one := range []struct{ header, body, want string }{{"", "", "en"}, {"hi-IN,en;q=0.5", "", "hi"},
		{"hi", "en-GB", "en"}, {"", "hi-IN", "hi"}, {";;", "", "en"}} {
		email := newEmail()
		in := registration(email)
		if one.body != "" {
			in["language"] = one.body
		}
		body, err := json.Marshal(in)
		if err != nil {
			t.Fatal(err)
		}
		headers := []string{"Content-Type", "application/json"}
		if one.header != "" {
			headers = append(headers, "Accept-Language", one.header)
		}
		c.Do(anonymous, "POST", "auth/signup", body, headers...).Want(201)
		awaitMail(t, c, email, "verify-email", 1)
		text := mails(t, c, email, "verify-email")[0]
		if isHindi := strings.Contains(text, "स्वागत"); isHindi != (one.want == "hi") {
			t.Errorf("%v: the mail is %s", one, text)
		}
	}
	p := c.Patient()
	wantEqual(t, "language", c.Get(p, "users/me").Want(200).Text("language"), "en")
	for tag, want := range map[string]string{"hi": "hi", "en-AU": "en", "hi-Deva-IN": "hi", "ta": "en"} {
		wantEqual(t, tag, c.Patch(p, "users/me", map[string]any{"language": tag}).Want(200).Text("language"), want)
		wantEqual(t, tag, c.Get(p, "users/me").Want(200).Text("language"), want)
	}
	for _, tag := range []any{"", "hindi language", "h", "hi_IN", 5, nil} {
		c.Patch(p, "users/me", map[string]any{"language": tag}).Want(422, "validation-failed")
	}
}
