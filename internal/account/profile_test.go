package account_test

import (
	"strings"
	"testing"
	"time"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
)

func full() object {
	return object{"fullName": "Asha Rao", "gender": "FEMALE", "dateOfBirth": "1990-05-17", "phone": "+919812345678",
		"address": "12 Lake Road,\nPune 411001", "timezone": "Europe/Berlin"}
}

func TestPatchMergesEachMember(t *testing.T) {
	t.Parallel()
	c := open(t)
	me := c.Patient()
	empty := c.Get(me, "users/me").Want(200)
	for _, name := range []string{"gender", "dateOfBirth", "phone", "address"} {
		v, there := empty.Map()[name]
		if !there || v != nil {
			t.Errorf("%s of a new user is %v", name, v)
		}
	}
	var last *apptest.Answer
	for name, v := range full() { // one at a time: the others stay
		last = c.Patch(me, "users/me", object{name: v}).Want(200)
		same(t, name, last.At(name), v)
	}
	for name, v := range full() {
		same(t, name, last.At(name), v)
	}
	read := c.Get(me, "users/me").Want(200)
	same(t, "what is read", read.Map(), last.Map())
	same(t, "ETag", read.Header.Get("ETag"), last.Header.Get("ETag"))
	same(t, "Cache-Control", read.Header.Get("Cache-Control"), "no-store")

	same(t, "after {}", c.Patch(me, "users/me", object{}).Want(200).Map(), last.Map())
	for _, name := range []string{"gender", "dateOfBirth", "phone", "address"} {
		last = c.Patch(me, "users/me", object{name: nil}).Want(200)
		same(t, name, last.At(name), nil)
	}
	same(t, "fullName", last.Text("fullName"), "Asha Rao")
	same(t, "timezone", last.Text("timezone"), "Europe/Berlin")
	same(t, "columns", c.Count(
		"SELECT num_nulls(gender, date_of_birth, phone, phone_index, address) FROM profiles"), 5)
	all := c.Do(me, "PATCH", "users/me", full(), "Content-Type", "application/merge-patch+json").Want(200)
	for name, v := range full() {
		same(t, name, all.At(name), v)
	}
	same(t, "id", all.Text("id"), me.ID.String())
	same(t, "audit rows", audited(t, c, "user.update", me.ID.String()), 12)
	fields := apptest.QueryOne[string](t, c,
		"SELECT metadata->>'fields' FROM audit_logs WHERE action = 'user.update' ORDER BY id DESC LIMIT 1")
	same(t, "audited fields", fields, `["fullName", "gender", "dateOfBirth", "phone", "address", "timezone"]`)
}

func TestPatchNormalizes(t *testing.T) {
	t.Parallel()
	c := open(t)
	a := c.Patch(c.Patient(), "users/me", object{"fullName": " Ame\u0301lie ", "phone": "+91 98123-45 (678)",
		"address": "  12 Lake Road\n"}).Want(200)
	same(t, "fullName", a.Text("fullName"), "Amélie")
	same(t, "phone", a.Text("phone"), "+919812345678")
	same(t, "address", a.Text("address"), "12 Lake Road")
	other := c.Patient()
	c.Patch(other, "users/me", object{"phone": "+91.98.12.345678"}).Want(200)
	same(t, "phone indexes", c.Count("SELECT count(DISTINCT phone_index) FROM profiles"), 1)
	same(t, "sealed phones", c.Count("SELECT count(DISTINCT phone) FROM profiles"), 2)
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
			strings.Repeat("Z", 65)}, "email": {"zaphod@example.org"},
		"role":     {"ADMIN"},
		"id":       {"0199f3a2-7c1e-7000-8000-000000000000"},
		"FullName": {"Zaphod"},
	} {
		for _, v := range values {
			a := c.Patch(me, "users/me", object{name: v})
			if a.Status != 422 || len(faultsOf(t, a)) != 1 || faultsOf(t, a)["body."+name] == "" {
				t.Errorf("%s %#v: %d %s", name, v, a.Status, a.Body)
			}
			if strings.Contains(strings.ToLower(string(a.Body)), "zaphod") {
				t.Errorf("%s: the answer repeats the value: %s", name, a.Body)
			}
		}
	}
	found := faultsOf(t, c.Patch(me, "users/me",
		object{"dateOfBirth": afterTomorrow, "phone": "1", "timezone": "Mars"}).Want(422))
	same(t, "faults at once", len(found), 3)
	found = faultsOf(t, c.Patch(me, "users/me", object{"fullName": "\u200b", "address": "\n"}).Want(422))
	same(t, "faults of texts at once", len(found), 2)
	for _, body := range []string{"[]", `"x"`, "null", "5"} {
		if a := c.Do(me, "PATCH", "users/me", []byte(body)); a.Status != 422 && a.Status != 400 {
			t.Errorf("the body %s: %d %s", body, a.Status, a.Body)
		}
	}
	same(t, "the profile", c.Get(me, "users/me").Want(200).Map(), before.Map())
	c.Patch(nobody, "users/me", object{}).Want(401)
	c.Get(nobody, "users/me").Want(401)
}

func TestPatchHonorsIfMatch(t *testing.T) {
	t.Parallel()
	c := open(t)
	email := verified(t, c)
	me := signIn(t, c, email, password).user
	patch := func(version string, body object) *apptest.Answer {
		return c.Do(me, "PATCH", "users/me", body, "If-Match", version)
	}
	seen := map[string]bool{}
	version := c.Get(me, "users/me").Want(200).Header.Get("ETag")
	for _, v := range []string{"A", "B", "B"} { // writing the same again is a change too
		seen[version] = true
		a := patch(version, object{"address": v}).Want(200)
		same(t, "stale", patch(version, object{"address": "C"}).Want(412, "precondition-failed").Header.Get("ETag"),
			"")
		version = a.Header.Get("ETag")
		if seen[version] || version == "" {
			t.Fatalf("the ETag %s was there before", version)
		}
		same(t, "ETag of a read", c.Get(me, "users/me").Want(200).Header.Get("ETag"), version)
	}
	patch(`"other"`, object{"address": "C"}).Want(412)
	patch(version, object{"address": strings.Repeat("x", 501)}).Want(422)
	same(t, "address", c.Get(me, "users/me").Text("address"), "B")
	patch("*", object{"address": "D"}).Want(200)
	version = c.Get(me, "users/me").Header.Get("ETag")
	same(t, "ETag after {}", patch(version, object{}).Want(200).Header.Get("ETag"), version)
	// A server whose clock is behind still gives a new version.
	for _, table := range []string{"profiles", "users"} {
		c.Exec("UPDATE " + table + " SET updated_at = now() + interval '1 hour'")
		ahead := c.Get(me, "users/me").Header.Get("ETag")
		patch(ahead, object{"address": "E"}).Want(200)
		if later := c.Get(me, "users/me").Header.Get("ETag"); later == ahead {
			t.Errorf("the ETag stays under a clock that is behind that of %s", table)
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
		for _, a := range atOnce(len(names),
			func(i int) *apptest.Answer { return c.Patch(me, "users/me", object{names[i]: full()[names[i]]}) }) {
			versions[a.Want(200).Header.Get("ETag")] = true
		}
		same(t, "versions", len(versions), len(names))
		after := c.Get(me, "users/me").Want(200)
		for name, v := range full() {
			same(t, name, after.At(name), v)
		}
	}
	me := c.Patient()
	version := c.Get(me, "users/me").Header.Get("ETag")
	won := 0
	for _, a := range atOnce(5, func(int) *apptest.Answer {
		return c.Do(me, "PATCH", "users/me", object{"address": "12 Lake Road"}, "If-Match", version)
	}) {
		if a.Status == 200 {
			won++
			continue
		}
		a.Want(412)
	}
	same(t, "changes of one version", won, 1)
}
