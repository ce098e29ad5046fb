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

// listAll returns the ids of all pages of a list of users.
func listAll(t *testing.T, c *apptest.Clinic, actor apptest.User, query url.Values) []string {
	t.Helper()
	return listPages(t, c, actor, query, func() {})
}

// listPages is listAll that calls between before each page but the first.
func listPages(t *testing.T, c *apptest.Clinic, actor apptest.User, query url.Values, between func()) []string {
	t.Helper()
	var ids []string
	for page := 0; ; page++ {
		a := c.Get(actor, "users?"+query.Encode()).Want(200)
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
	admin, support := c.Admin(), c.Support()
	patient, doctor, deleted := c.Patient(), c.User(access.RoleDoctor), c.Patient()
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
		for _, actor := range []apptest.User{admin, support} {
			wantEqual(t, "users of "+query, listAll(t, c, actor, parsed), want)
		}
	}
	byAddress := listAll(t, c, admin, url.Values{"email": {"user-"}, "limit": {"1"}})
	wantEqual(t, "pages ordered by address", byAddress, ids(admin, support, patient, doctor))
	byName := listAll(t, c, admin, url.Values{"name": {"test"}, "limit": {"1"}})
	wantEqual(t, "pages of users found by name", byName, ids(doctor, patient, support, admin))
	wantEqual(t, "an empty list", string(c.Get(admin, "users?email=x").Want(200).Body), `{"items":[]}`)

	one := c.Get(support, "users/"+doctor.ID.String()).Want(200)
	item := c.Get(support, "users?role=DOCTOR").Want(200).Items()[0]
	wantEqual(t, "the user and its list item", one.Map(), item)
	if one.At("disabledAt") == nil || one.At("deletedAt") != nil || one.Text("fullName") != "Test DOCTOR" ||
		one.Text("role") != "DOCTOR" {
		t.Errorf("user: %s", one.Body)
	}
	for _, name := range []string{"phone", "address", "dateOfBirth", "gender", "passwordHash"} {
		if _, ok := item[name]; ok {
			t.Errorf("staff sees %s", name)
		}
	}
	a := c.Get(admin, "users/"+deleted.ID.String()).Want(200)
	if a.At("deletedAt") == nil || a.Text("email") != deleted.Email {
		t.Errorf("a deleted user: %s", a.Body)
	}
	c.Get(admin, "users/"+uuid.NewString()).Want(404, "not-found")
	c.Get(admin, "users/x").Want(422)
}

// TestStaffAndUserSeeSameVersion checks this after a change of the profile's row and after one of the user's row.
func TestStaffAndUserSeeSameVersion(t *testing.T) {
	t.Parallel()
	c := open(t)
	admin, patient := c.Admin(), c.Patient()
	path := "users/" + patient.ID.String()
	checkVersion := func(after string) (etag string) {
		t.Helper()
		own, staff := c.Get(patient, "users/me").Want(200), c.Get(admin, path).Want(200)
		ownETag, staffETag := own.Header.Get("ETag"), staff.Header.Get("ETag")
		if ownETag == "" || etagVersion(ownETag) != etagVersion(staffETag) {
			t.Errorf("after %s the user sees the ETag %s, staff %s", after, ownETag, staffETag)
		}
		updatedAt := own.Text("updatedAt")
		if staff.Text("updatedAt") != updatedAt {
			t.Errorf("after %s the user sees updatedAt %s, staff %s", after, updatedAt, staff.Text("updatedAt"))
		}
		items := c.Get(admin, "users?email="+patient.Email).Want(200).Items()
		if len(items) != 1 || items[0]["updatedAt"] != updatedAt {
			t.Errorf("after %s the list shows %v", after, items)
		}
		return ownETag
	}
	first := checkVersion("sign-up")
	c.Patch(patient, "users/me", object{"fullName": "Another Name"}).Want(200)
	second := checkVersion("a change of the profile")
	c.Exec("UPDATE users SET is_email_verified = true, updated_at = now() + interval '1 hour' WHERE id = $1",
		patient.ID)
	third := checkVersion("a change of the user")
	if first == second || second == third {
		t.Errorf("the version stays: %s %s %s", first, second, third)
	}
}

func TestListUsersRefusesOtherRoles(t *testing.T) {
	t.Parallel()
	c := open(t)
	patient, doctor := c.Patient(), c.User(access.RoleDoctor)
	for _, path := range []string{"users", "users/" + patient.ID.String(), "users/" + uuid.NewString()} {
		c.Get(patient, path).Want(403, "forbidden")
		c.Get(doctor, path).Want(403, "forbidden")
		c.Get(anonymous, path).Want(401, "unauthenticated")
	}
	wantEqual(t, "audited denials of the list", countAudits(t, c, "access.deny", "list-users"), 2)
	wantEqual(t, "audited denials of one user", countAudits(t, c, "access.deny", "read-user"), 2)
}

// TestListUsersDuringSignUps checks that every user is on exactly one page, though others sign up between the pages.
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
		var added []string
		got := listPages(t, c, admin, url.Values{"limit": {strconv.Itoa(limit)}}, func() {
			added = append(added, c.Patient().ID.String())
		})
		wantEqual(t, "users in pages of "+strconv.Itoa(limit), got, want)
		c.Exec("UPDATE users SET deleted_at = now() WHERE id = ANY($1::uuid[])", added)
	}
}

func TestListUsersRefusesInvalidFilters(t *testing.T) {
	t.Parallel()
	c := open(t)
	admin := c.Admin()
	c.Patient()
	c.Doctor("100.00")
	c.Doctor("200.00")
	valid := c.Get(admin, "users?limit=1").Want(200).Text("nextCursor")
	foreign := c.Get(anonymous, "doctors?limit=1").Want(200).Text("nextCursor")
	if valid == "" || foreign == "" {
		t.Fatal("a list has no next page")
	}
	forged := "A" + valid[1:]
	if valid[0] == 'A' {
		forged = "B" + valid[1:]
	}
	for name, cursor := range map[string]string{
		"of another list": foreign,
		"forged":          forged,
		"cut":             valid[:len(valid)-2],
		"an id":           admin.ID.String(),
		"garbage":         "x",
		"not base64":      "*",
	} {
		a := c.Get(admin, "users?limit=1&cursor="+url.QueryEscape(cursor)).Want(422, "validation-failed")
		if found := fieldErrors(t, a); found["query.cursor"] == "" {
			t.Errorf("%s: %v", name, found)
		}
	}
	for query, status := range map[string]int{
		"limit=0":                           422,
		"limit=101":                         422,
		"limit=x":                           422,
		"role=admin":                        422,
		"deleted=maybe":                     422,
		"sort=email":                        422,
		"limit=1&limit=2":                   422,
		"email=" + strings.Repeat("x", 321): 422,
		"email=%00":                         400,
		"email=%ff":                         400,
	} {
		if a := c.Get(admin, "users?"+query); a.Status != status {
			t.Errorf("%s: %d, want %d: %s", query, a.Status, status, a.Body)
		}
	}
}

// TestReadingsByStaffAreAudited checks that each page leaves an audit row with the users that it showed and the names
// of the filters, but without their values.
func TestReadingsByStaffAreAudited(t *testing.T) {
	t.Parallel()
	c := open(t)
	support := c.Support()
	email := signUp(t, c, func(m object) { m["phone"] = "+919812345678" })
	s := signIn(t, c, email, password)
	c.Get(support, "users?limit=1&role=PATIENT").Want(200)
	for _, query := range []string{"email=" + email, "phone=%2B919812345678"} {
		wantEqual(t, "users found by "+query, len(c.Get(support, "users?"+query).Want(200).Items()), 1)
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
	wantEqual(t, "audit rows", got, []string{
		`user.list ["role"] ["` + id + `"]`,
		`user.list ["email"] ["` + id + `"]`,
		`user.list ["phone"] ["` + id + `"]`,
		"user.read " + id + " -",
		`consultation.search ["status", "patientId"] -`,
	})
	wantEqual(t, "audit rows with a filter's value", c.Count(
		"SELECT count(*) FROM audit_logs WHERE metadata::text LIKE '%@%' OR metadata::text LIKE '%98123%'"), 0)
	c.Get(support, "users/"+c.Admin().ID.String()+"?phone=1").Want(422)
}

// etagVersion returns the part of an ETag that is the same for staff and for the user.
func etagVersion(etag string) string {
	v, _, _ := strings.Cut(etag, ".")
	return v
}
