package account_test

import (
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"amrutam/internal/apptest"
)

func TestDependants(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, stranger := c.Patient(), c.Patient()
	created := c.Post(patient, "users/me/dependants", object{"fullName": "  A\u0301nil Rao ",
		"dateOfBirth": "2016-05-17", "gender": "MALE", "relation": "CHILD"}).Want(201)
	if created.Text("fullName") != "\u00c1nil Rao" || created.Text("dateOfBirth") != "2016-05-17" ||
		created.Text("gender") != "MALE" || created.Text("relation") != "CHILD" {
		t.Errorf("created: %s", created.Body)
	}
	path := "users/me/dependants/" + created.Text("id")
	parent := c.Post(patient, "users/me/dependants", object{"fullName": "Ela", "dateOfBirth": "1950-01-02",
		"relation": "PARENT"}).Want(201)
	if parent.At("gender") != nil {
		t.Errorf("a gender that nobody told: %s", parent.Body)
	}
	items := c.Get(patient, "users/me/dependants").Want(200).Items()
	if len(items) != 2 || items[0]["id"] != created.Text("id") {
		t.Errorf("the list: %v", items)
	}
	if items := c.Get(stranger, "users/me/dependants").Want(200).Items(); len(items) != 0 {
		t.Errorf("a stranger's list: %v", items)
	}

	etag := created.Header.Get("ETag")
	changed := c.Do(patient, "PATCH", path, object{"gender": nil, "relation": "OTHER"}, "If-Match", etag).Want(200)
	if changed.At("gender") != nil || changed.Text("relation") != "OTHER" ||
		changed.Text("fullName") != "\u00c1nil Rao" ||
		changed.Text("dateOfBirth") != "2016-05-17" || changed.Header.Get("ETag") == etag {
		t.Errorf("changed: %s", changed.Body)
	}
	c.Do(patient, "PATCH", path, object{"relation": "CHILD"}, "If-Match", etag).Want(412, "precondition-failed")
	c.Patch(stranger, path, object{"relation": "CHILD"}).Want(404, "not-found")
	c.Do(stranger, "DELETE", path, nil).Want(404, "not-found")
	c.Do(patient, "DELETE", path, nil).Want(204)
	c.Do(patient, "DELETE", path, nil).Want(404, "not-found")
	c.Patch(patient, path, object{"relation": "CHILD"}).Want(404, "not-found")
	if items := c.Get(patient, "users/me/dependants").Want(200).Items(); len(items) != 1 {
		t.Errorf("after the deletion: %v", items)
	}
	c.CheckInvariants()
}

func TestDependantRefusals(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient := c.Patient()
	good := func(change object) object {
		body := object{"fullName": "Anil", "dateOfBirth": "2016-05-17", "gender": "MALE", "relation": "CHILD"}
		for k, v := range change {
			body[k] = v
		}
		return body
	}
	path := "users/me/dependants/" + c.Post(patient, "users/me/dependants", good(nil)).Want(201).Text("id")
	tomorrow := c.DB.Now().Add(48 * time.Hour).Format(time.DateOnly)
	for field, values := range map[string][]any{
		"fullName":    {"", "  ", strings.Repeat("a", 201), "a\x00b", "a\nb", nil, 7},
		"dateOfBirth": {"", tomorrow, "1899-12-31", "2026-02-30", "17.05.2016", nil},
		"gender":      {"BOY"},
		"relation":    {"", "SELF", "DOG", nil},
	} {
		for _, value := range values {
			a := c.Post(patient, "users/me/dependants", good(object{field: value})).Want(422, "validation-failed")
			if !strings.Contains(string(a.Body), `"body.`+field+`"`) {
				t.Errorf("%s = %v: %s", field, value, a.Body)
			}
			c.Patch(patient, path, object{field: value}).Want(422, "validation-failed")
		}
	}
	for _, field := range []string{"fullName", "dateOfBirth", "relation"} {
		body := good(nil)
		delete(body, field)
		c.Post(patient, "users/me/dependants", body).Want(422, "validation-failed")
	}
	c.Post(patient, "users/me/dependants", good(object{"userId": patient.ID})).Want(422, "validation-failed")
}

// TestDependantLimit: of simultaneous requests only as many succeed as are allowed.
func TestDependantLimit(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient := c.Patient()
	answers := make([]int, 24)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() {
			answers[i] = c.Post(patient, "users/me/dependants", object{"fullName": "Child " + strconv.Itoa(i),
				"dateOfBirth": "2016-05-17", "relation": "CHILD"}).Status
		})
	}
	all.Wait()
	made := 0
	for _, status := range answers {
		switch status {
		case 201:
			made++
		case 409, 503:
		default:
			t.Errorf("status %d", status)
		}
	}
	for ; made < 20; made++ {
		c.Post(patient, "users/me/dependants", object{"fullName": "Late", "dateOfBirth": "2016-05-17",
			"relation": "CHILD"}).Want(201)
	}
	c.Post(patient, "users/me/dependants", object{"fullName": "One more", "dateOfBirth": "2016-05-17",
		"relation": "CHILD"}).Want(409, "too-many-dependants")
	if n := c.Count("SELECT count(*) FROM dependants WHERE user_id = $1", patient.ID); n != 20 {
		t.Errorf("%d dependants", n)
	}
}

// TestDeletedDependantsCount: the records of deleted dependants stay, so nobody makes and deletes them without end.
func TestDeletedDependantsCount(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient := c.Patient()
	for range 60 {
		id := c.Dependant(patient, 9*365*24*time.Hour)
		c.Do(patient, "DELETE", "users/me/dependants/"+id.String(), nil).Want(204)
	}
	c.Post(patient, "users/me/dependants", object{"fullName": "One more", "dateOfBirth": "2016-05-17",
		"relation": "CHILD"}).Want(409, "too-many-dependants")
}

// TestDependantIsNoUser: nobody signs in as a dependant, and staff see no such account.
func TestDependantIsNoUser(t *testing.T) {
	t.Parallel()
	c := apptest.Open(t)
	patient, admin := c.Patient(), c.Admin()
	id := c.Dependant(patient, 9*365*24*time.Hour)
	for _, u := range c.Get(admin, "users?limit=100").Want(200).Items() {
		if u["id"] == id.String() {
			t.Error("the list of users has a dependant")
		}
	}
	path := "users/" + id.String()
	c.Get(admin, path).Want(404)
	c.Patch(admin, path+"/role", object{"role": "ADMIN"}).Want(404)
	c.Patch(admin, path+"/disable", object{"disabled": true}).Want(404)
	c.Post(admin, path+"/reset-mfa", nil).Want(404)
	c.Post(admin, path+"/erasure", nil).Want(404)
	var address string
	if err := c.DB.Pool.QueryRow(t.Context(), "SELECT email FROM users WHERE id = $1", id).Scan(&address); err != nil {
		t.Fatal(err)
	}
	c.Post(apptest.User{}, "auth/login", object{"email": address, "password": "none"}).Want(401)
	c.Post(apptest.User{}, "auth/login", object{"email": address, "password": "seven lamps light the well"}).Want(401)
	for _, change := range []string{"password_hash = 'x'", "is_email_verified = true", "mfa_enabled = true"} {
		if _, err := c.DB.Pool.Exec(t.Context(), "UPDATE users SET "+change+" WHERE id = $1", id); err == nil {
			t.Errorf("a dependant may have %s", change)
		}
	}
}
