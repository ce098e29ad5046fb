package account_test

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"amrutam/internal/access"
	"amrutam/internal/apptest"
)

// listed are the ids of a list of users, over all its pages.
func listed(t *testing.T, c *apptest.Clinic, who apptest.User, query url.Values, between func()) []string {
	t.Helper()
	var ids []string
	for page := 0; ; page++ {
		a := c.Get(who, "users?"+query.Encode()).Want(200)
		for _, item := range a.Items() {
			id, _ := item["id"].(string)
			ids = append(ids, id)
		}
		next := a.Text("nextCursor")
		if next == "" {
			return ids
		}
		if page > 100 {
			t.Fatal("the list never ends")
		}
		query.Set("cursor", next)
		between()
	}
}

func TestListUsers(t *testing.T) {
	t.Parallel()
	c := open(t)
	admin, support, patient, doctor, deleted := c.Admin(), c.Support(), c.Patient(), c.User(access.RoleDoctor),
		c.Patient()
	c.Exec("UPDATE users SET deleted_at = now() WHERE id = $1", deleted.ID)
	c.Exec("UPDATE users SET email = upper(email), disabled_at = now() WHERE id = $1", doctor.ID)
	ids := func(users ...apptest.User) (all []string) {
		for _, u := range users {
			all = append(all, u.ID.String())
		}
		return all
	}
	for query, want := range map[string][]string{
		"":                                ids(doctor, patient, support, admin),
		"role=PATIENT":                    ids(patient),
		"role=ADMIN":                      ids(admin),
		"role=SUPPORT":                    ids(support),
		"role=DOCTOR&limit=1":             ids(doctor),
		"deleted=true":                    ids(deleted),
		"deleted=false&role=PATIENT":      ids(patient),
		"deleted=true&role=DOCTOR":        nil,
		"email=" + patient.Email:          ids(patient),
		"email=USER-":                     ids(admin, support, patient, doctor), // in the order of their addresses
		"name=doct+test":                  ids(doctor),
		"name=d%C3%B6ctor":                ids(doctor),
		"name=octor":                      nil,
		"name=+%27":                       nil,
		"email=" + doctor.Email[:30]:      ids(doctor),
		"email=++" + doctor.Email[:30]:    ids(doctor),
		"email=user-&role=ADMIN":          ids(admin),
		"email=" + deleted.Email:          nil,
		"deleted=true&email=user-":        ids(deleted),
		"email=%25":                       nil,
		"email=user_":                     nil,
		"email=ser-":                      nil,
		"email=%27%3B+DROP+TABLE+users--": nil,
	} {
		parsed, err := url.ParseQuery(query)
		must(t, err)
		for _, who := range []apptest.User{admin, support} {
			same(t, "users of "+query, listed(t, c, who, parsed, func() {}), want)
		}
	}
	same(t, "by their addresses, page by page", listed(t, c, admin, url.Values{"email": {"user-"}, "limit": {"1"}},
		func() {}), ids(admin, support, patient, doctor))
	same(t, "by their names, page by page", listed(t, c, admin, url.Values{"name": {"test"}, "limit": {"1"}},
		func() {}), ids(doctor, patient, support, admin))
	same(t, "items of an empty list", string(c.Get(admin, "users?email=x").Want(200).Body), `{"items":[]}`)

	one := c.Get(support, "users/"+doctor.ID.String()).Want(200)
	item := c.Get(support, "users?role=DOCTOR").Want(200).Items()[0]
	same(t, "one", one.Map(), item)
	if one.At("disabledAt") == nil || one.At("deletedAt") != nil || one.Text("fullName") != "Test DOCTOR" ||
		one.Text("role") != "DOCTOR" {
		t.Errorf("user: %s", one.Body)
	}
	for _, name := range []string{"phone", "address", "dateOfBirth", "gender", "passwordHash"} {
		if _, there := item[name]; there {
			t.Errorf("staff sees %s", name)
		}
	}
	if gone := c.Get(admin, "users/"+deleted.ID.String()).Want(200); gone.At("deletedAt") == nil ||
		gone.Text("email") != deleted.Email {
		t.Errorf("a deleted user: %s", gone.Body)
	}
	c.Get(admin, "users/"+uuid.NewString()).Want(404, "not-found")
	c.Get(admin, "users/x").Want(422)
}

// Staff and the person see one version of a user, and of the name, whichever row changed last.
func TestStaffAndUserSeeSameVersion(t *testing.T) {
	t.Parallel()
	c := open(t)
	admin, patient := c.Admin(), c.Patient()
	path := "users/" + patient.ID.String()
	agree := func(after string) string {
		t.Helper()
		own, staff := c.Get(patient, "users/me").Want(200), c.Get(admin, path).Want(200)
		tag := own.Header.Get("ETag")
		if tag == "" || version(tag) != version(staff.Header.Get("ETag")) ||
			own.Text("updatedAt") != staff.Text("updatedAt") {
			t.Errorf("after %s: %s at %s and %s at %s", after, tag, own.Text("updatedAt"), staff.Header.Get("ETag"),
				staff.Text("updatedAt"))
		}
		if listed := c.Get(admin, "users?email="+patient.Email).Want(200).Items(); len(listed) != 1 ||
			listed[0]["updatedAt"] != own.Text("updatedAt") {
			t.Errorf("after %s the list says %v", after, listed)
		}
		return tag
	}
	made := agree("sign-up")
	c.Patch(patient, "users/me", map[string]any{"fullName": "Another Name"}).Want(200)
	named := agree("a change of the profile")
	c.Exec("UPDATE users SET is_email_verified = true, updated_at = now() + interval '1 hour' WHERE id = $1",
		patient.ID)
	if user := agree("a change of the user"); made == named || named == user {
		t.Errorf("the version stays: %s %s %s", made, named, user)
	}
}

func TestListUsersRefusesOtherRoles(t *testing.T) {
	t.Parallel()
	c := open(t)
	patient, doctor := c.Patient(), c.User(access.RoleDoctor)
	for _, path := range []string{"users", "users/" + patient.ID.String(), "users/" + uuid.NewString()} {
		c.Get(patient, path).Want(403, "forbidden")
		c.Get(doctor, path).Want(403, "forbidden")
		c.Get(nobody, path).Want(401, "unauthenticated")
	}
	same(t, "denials", audited(t, c, "access.deny", "list-users"), 2)
	same(t, "denials", audited(t, c, "access.deny", "read-user"), 2)
}

func TestListUsersDuringSignUps(t *testing.T) {
	t.Parallel()
	c := open(t)
	admin := c.Admin()
	want := []string{admin.ID.String()}
	for range 11 {
		want = append(want, c.Patient().ID.String())
	}
	slices.Reverse(want)
	for limit := 1; limit <= 12; limit += 3 {
		late := map[string]bool{}
		got := listed(t, c, admin, url.Values{"limit": {strconv.Itoa(limit)}}, func() {
			late[c.Patient().ID.String()] = true
		})
		same(t, "users by "+strconv.Itoa(limit), got, want)
		c.Exec("UPDATE users SET deleted_at = now() WHERE id = ANY($1::uuid[])",
			slices.Collect(func(yield func(string) bool) {
				for id := range late {
					if !yield(id) {
						return
					}
				}
			}))
	}
}

func TestListUsersRefusesInvalidFilters(t *testing.T) {
	t.Parallel()
	c := open(t)
	admin := c.Admin()
	c.Patient()
	c.Doctor("100.00")
	c.Doctor("200.00")
	own := c.Get(admin, "users?limit=1").Want(200).Text("nextCursor")
	foreign := c.Get(nobody, "doctors?limit=1").Want(200).Text("nextCursor")
	if own == "" || foreign == "" {
		t.Fatal("there is no cursor to try")
	}
	flipped := "A" + own[1:]
	if own[0] == 'A' {
		flipped = "B" + own[1:]
	}
	for name, cursor := range map[string]string{"foreign": foreign, "forged": flipped, "cut": own[:len(own)-2],
		"an id": admin.ID.String(), "garbage": "x", "not base64": "*"} {
		if found := faultsOf(t, c.Get(admin, "users?limit=1&cursor="+url.QueryEscape(cursor)).Want(422,
			"validation-failed")); found["query.cursor"] == "" {
			t.Errorf("%s: %v", name, found)
		}
	}
	for query, status := range map[string]int{"limit=0": 422, "limit=101": 422, "limit=x": 422, "role=admin": 422,
		"deleted=maybe": 422,
		"sort=email":    422, "limit=1&limit=2": 422, "email=" + strings.Repeat("x", 321): 422, "email=%00": 400,
		"email=%ff": 400} {
		if a := c.Get(admin, "users?"+query); a.Status != status {
			t.Errorf("%s: %d, want %d: %s", query, a.Status, status, a.Body)
		}
	}
}

// TestReadingsByStaffAreAudited, page by page: who was seen, and by which filters, but not what they asked for.
func TestReadingsByStaffAreAudited(t *testing.T) {
	t.Parallel()
	c := open(t)
	support, email := c.Support(), verified(t, c, func(m object) { m["phone"] = "+919812345678" })
	s := signIn(t, c, email, password)
	c.Get(support, "users?limit=1&role=PATIENT").Want(200)
	for _, query := range []string{"email=" + email, "phone=%2B919812345678"} {
		same(t, "found", len(c.Get(support, "users?"+query).Want(200).Items()), 1)
	}
	c.Get(support, "users/"+s.user.ID.String()).Want(200)
	c.Get(support, "consultations?status=CONFIRMED&patientId="+s.user.ID.String()).Want(200)
	rows, err := c.DB.Pool.Query(t.Context(), `SELECT action || ' ' || coalesce(metadata ->> 'filters',
		entity_id) || ' ' || coalesce(metadata ->> 'userIds', '-')
		FROM audit_logs WHERE actor_id = $1 ORDER BY created_at, id`, support.ID)
	must(t, err)
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	must(t, err)
	id := s.user.ID.String()
	same(t, "the log", got, []string{`user.list ["role"] ["` + id + `"]`, `user.list ["email"] ["` + id + `"]`,
		`user.list ["phone"] ["` + id + `"]`, "user.read " + id + " -",
		`consultation.search ["status", "patientId"] -`})
	same(t, "values", c.Count(
		"SELECT count(*) FROM audit_logs WHERE metadata::text LIKE '%@%' OR metadata::text LIKE '%98123%'"), 0)
	c.Get(support, "users/"+c.Admin().ID.String()+"?phone=1").Want(422)
}

// version is what the ETags of a resource have in common, whoever is shown it.
func version(etag string) string {
	v, _, _ := strings.Cut(etag, ".")
	return v
}
